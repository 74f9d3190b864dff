"""An account that is refused for more than an hour: what is still so is told once it works (R34, R36)."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models import Alert, Callback, Staff
from models.staff.alert import LEFT, NEW_APPROVER, ONLY_YOU, PIN_LOCKS, Told, tell, tell_both_roles
from models.staff.schedule import set_schedule
from tests.call_center import CallCenter
from tests.conftest import ON_SQLITE
from tests.factories import (
    make_callback,
    make_case,
    make_event,
    make_notice,
    make_office,
    make_registration,
    make_staff,
)
from workers.carrier import CarrierUnknown

ON_CALL, SUPERVISOR = "+12025550171", "+12025550172"
NOBODY_TOOK_IT = "One urgent call is waiting and nobody has taken it"
NOT_TOLD_YET = "One person has not been told of a change yet"

pytestmark = ON_SQLITE


@pytest.fixture
def team(empty_call_center: CallCenter) -> CallCenter:
    """A liaison on call at any hour, and a supervisor; nobody is on shift."""
    with empty_call_center.database.transaction() as session:
        make_staff(session, "nia@office.example.org", phone=ON_CALL, on_shift=False)
        set_schedule(
            session, "nia@office.example.org", kind="on_call", weekdays=range(7), span=(time(0), time(0)),
            actor="shell", now=empty_call_center.now,
        )  # fmt: skip
        make_staff(session, "ruth@office.example.org", role="supervisor", phone=SUPERVISOR, on_shift=False)
    return empty_call_center


def passes(team: CallCenter, minutes: int) -> None:
    """The sweeper and the workers do what there is to do for so long."""
    for _ in range(minutes // 5):
        team.sweeps(minutes=5)
        team.works_off()


def is_refused_for(team: CallCenter, minutes: int) -> None:
    """The carrier refuses the account for so long, and then no more."""
    team.carrier.refuses_calls = team.carrier.refuses_texts = 20003
    passes(team, minutes)
    assert [one for one in team.rows(Alert) if one.state == "sent"] == []
    team.carrier.refuses_calls = team.carrier.refuses_texts = None


def readers(team: CallCenter, words: str) -> list[str]:
    """The phones of those who read this in the next hour, in order."""
    passes(team, 60)
    return sorted(to for to, body in team.carrier.texts if words in body)


def is_left_as_unknown(team: CallCenter) -> None:
    """Nobody knows whether an afraid person was called."""
    with team.database.transaction() as session:
        make_callback(
            session, make_case(session), state="left_for_staff", outcome="unknown", urgency="urgent",
            reason="afraid", closed_at=team.now,
        )  # fmt: skip


@pytest.mark.parametrize("minutes", [40, 90, 200])
def test_those_on_call_and_the_supervisor_are_paged_about_an_urgent_callback_after_any_outage(
    team: CallCenter, minutes: int
) -> None:
    is_left_as_unknown(team)
    is_refused_for(team, minutes)

    assert readers(team, NOBODY_TOOK_IT) == [ON_CALL, SUPERVISOR], "each is told once"
    assert ON_CALL in [call.to for call in team.carrier.placed]


def test_nobody_is_paged_about_an_urgent_callback_that_was_settled_in_the_outage(team: CallCenter) -> None:
    is_left_as_unknown(team)
    is_refused_for(team, 30)
    with team.database.transaction() as session:
        session.execute(update(Callback).values(state="cancelled", outcome="settled_otherwise"))
    is_refused_for(team, 60)

    assert readers(team, NOBODY_TOOK_IT) == []


def test_news_that_nobody_confirmed_is_paged_after_any_outage(team: CallCenter) -> None:
    with team.database.transaction() as session:
        case = make_case(session, custody_status="released")
        event = make_event(session, case.subject_id, "released", at=team.now, made_at=team.now)
        make_notice(
            session, make_registration(session, case), event, made_at=team.now - timedelta(minutes=31),
            next_attempt_at=team.now + timedelta(hours=20),
        )  # fmt: skip
    is_refused_for(team, 90)

    assert ON_CALL in readers(team, NOT_TOLD_YET)


def test_late_promise_and_one_that_was_left_are_told_after_any_outage(team: CallCenter) -> None:
    with team.database.transaction() as session:
        make_callback(
            session, make_case(session), due_at=team.now + timedelta(minutes=15),
            next_attempt_at=team.now + timedelta(hours=12),
        )  # fmt: skip
        make_callback(
            session, make_case(session), state="left_for_staff", outcome="no_answer", closed_at=team.now
        )
    is_refused_for(team, 90)
    passes(team, 60)

    sent = {one.level for one in team.rows(Alert) if one.state == "sent"}
    assert {LEFT, "staff_before", "supervisor_before"} <= sent


def test_callback_that_nobody_is_there_to_make_is_told_after_any_outage(team: CallCenter) -> None:
    team.office = make_office(always_open=False)
    with team.database.transaction() as session:
        # They work at night alone, when nobody is called.
        set_schedule(
            session, "nia@office.example.org", kind="on_shift", weekdays=range(7), span=(time(22), time(23)),
            actor="shell", now=team.now,
        )  # fmt: skip
        make_callback(
            session, make_case(session), due_at=team.now + timedelta(hours=30),
            next_attempt_at=team.now + timedelta(hours=6),
        )  # fmt: skip
    is_refused_for(team, 90)
    passes(team, 60)

    assert "supervisor_before" in {one.level for one in team.rows(Alert) if one.state == "sent"}


def test_what_is_told_once_is_told_after_an_outage_of_hours(team: CallCenter) -> None:
    with team.database.transaction() as session:
        tell_both_roles(session, NEW_APPROVER, team.now, but=0)
    is_refused_for(team, 200)
    passes(team, 60)

    assert NEW_APPROVER in {one.level for one in team.rows(Alert) if one.state == "sent"}


def test_supervisors_are_called_once_about_each_level_while_texts_alone_are_refused(team: CallCenter) -> None:
    with team.database.transaction() as session:
        make_callback(
            session, make_case(session), due_at=team.now + timedelta(minutes=15),
            next_attempt_at=team.now + timedelta(hours=40),
        )  # fmt: skip
    team.carrier.refuses_texts = 20003

    passes(team, 300)

    told = [one for one in team.rows(Alert) if one.level == "supervisor_before" and one.channel == "call"]
    # Before the promised moment, and when it had passed.
    assert [one.state for one in told] == ["sent", "sent"]


@pytest.mark.parametrize(
    "change", [{"role": "administrator"}, {"left_at": datetime(2026, 11, 25, tzinfo=UTC)}]
)
def test_matter_for_one_person_alone_is_not_told_to_who_has_left_or_has_another_role(
    team: CallCenter, change: dict[str, Any]
) -> None:
    with team.database.transaction() as session:
        (nia,) = session.scalars(select(Staff).where(Staff.role == "liaison")).all()
        tell(session, ONLY_YOU, [Told(nia.id, 1, is_rung=True)], team.now)
    is_refused_for(team, 20)
    with team.database.transaction() as session:
        session.execute(update(Staff).where(Staff.role == "liaison").values(**change))

    passes(team, 60)

    assert [to for to, _body in team.carrier.texts if to == ON_CALL] == []
    assert ON_CALL not in [call.to for call in team.carrier.placed]
    assert {one.state for one in team.rows(Alert) if one.level == ONLY_YOU} == {"refused"}


def test_nobody_is_called_about_what_is_told_once_in_a_later_hour(team: CallCenter) -> None:
    """Whether the office is open was asked when it was told."""
    with team.database.transaction() as session:
        (ruth,) = session.scalars(select(Staff).where(Staff.role == "supervisor")).all()
        tell(session, PIN_LOCKS, [Told(ruth.id, 1, is_rung=True)], team.now)
    is_refused_for(team, 200)

    passes(team, 60)

    sent = [one.channel for one in team.rows(Alert) if one.level == PIN_LOCKS and one.state == "sent"]
    assert sent == ["text"]


@pytest.mark.parametrize("minutes", [20, 90])
def test_what_is_still_so_is_told_after_an_outage_of_which_every_answer_was_lost(
    team: CallCenter, minutes: int
) -> None:
    """The carrier answered 503 for 20 minutes, and of an afraid person nobody was ever told."""
    is_left_as_unknown(team)
    with team.database.transaction() as session:
        make_callback(
            session, make_case(session), due_at=team.now + timedelta(minutes=5),
            next_attempt_at=team.now + timedelta(hours=12),
        )  # fmt: skip
        make_callback(
            session, make_case(session), state="left_for_staff", outcome="no_answer", closed_at=team.now
        )
        (ruth,) = session.scalars(select(Staff).where(Staff.role == "supervisor")).all()
        tell(session, PIN_LOCKS, [Told(ruth.id, 1)], team.now)
        tell(session, ONLY_YOU, [Told(ruth.id, 1)], team.now)
    answers_nothing_for(team, minutes)
    assert [one for one in team.rows(Alert) if one.state == "sent"] == []

    passes(team, 30)

    sent = [one for one in team.rows(Alert) if one.state == "sent"]
    assert {"urgent_untaken", "supervisor_before", LEFT, PIN_LOCKS, ONLY_YOU} <= {one.level for one in sent}
    for level in (LEFT, PIN_LOCKS, ONLY_YOU):
        assert len([one for one in sent if one.level == level]) == 1


def answers_nothing_for(team: CallCenter, minutes: int) -> None:
    """Of no request does anybody know what the carrier did with it: it answers 503, or half a page."""
    carrier = team.carrier
    kept = carrier.place_call, carrier.send_text

    def is_unknown(**_asked: object) -> Any:
        raise CarrierUnknown("The carrier failed (503).")

    carrier.place_call = carrier.send_text = is_unknown  # type: ignore[method-assign]
    for _ in range(minutes):
        team.sweeps(minutes=1)
        team.works_off()
    carrier.place_call, carrier.send_text = kept  # type: ignore[method-assign]
