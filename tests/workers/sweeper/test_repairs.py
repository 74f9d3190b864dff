"""What the sweeper repairs: lost jobs, dead workers, lost answers, Redis that is down."""

import logging
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models import Alert, Callback, Callout, Guard, Staff, Talk
from models.calls.role import AT_0
from models.overview.trouble import page_troubles
from models.talks import leg as legs
from models.talks.dispatch import claim_callback
from models.talks.queue_ring import take_liaison_for
from models.talks.talk import begin_talk
from tests.call_center import CallCenter, accept
from tests.conftest import ON_BOTH
from tests.factories import make_call, make_callback, make_case, make_import, make_staff
from workers import sweeper


def test_request_whose_job_was_lost_is_offered_again(call_center: CallCenter) -> None:
    call_center.jobs.waiting.clear()
    call_center.sweeps(seconds=2)
    assert [name for name, _ in call_center.jobs.waiting] == ["dial_liaison"]
    call_center.works_off()
    assert call_center.state() == "ringing_liaison"


def test_sweeper_rings_both_legs_itself_with_redis_down(call_center: CallCenter) -> None:
    call_center.jobs.waiting.clear()
    call_center.jobs.is_down = True
    call_center.sweeps()
    (liaison,) = call_center.carrier.placed
    call_center.answers(liaison)
    call_center.presses(liaison, legs.accept_by_liaison)
    call_center.sweeps(seconds=3)
    assert [call.to for call in call_center.carrier.placed] == ["+12025550170", "+12025550110"]
    call_center.hangs_up(call_center.carrier.placed[1], "no-answer")
    call_center.sweeps(seconds=2)
    assert call_center.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]
    call_center.sweeps(seconds=2)
    assert len(call_center.carrier.redirected) == 1


def test_only_as_many_are_offered_as_liaisons_are_free_verified_and_urgent_first(
    empty_call_center: CallCenter,
) -> None:
    with empty_call_center.database.transaction() as session:
        for _ in range(2):
            make_staff(session)
        make_callback(session, phone="+12025550120")
        late = make_callback(session, make_case(session), due_at=empty_call_center.now)
        make_callback(session, make_case(session), due_at=empty_call_center.now + timedelta(hours=3))
        urgent = make_callback(session, make_case(session), urgency="urgent")
        make_callback(session, make_case(session), next_attempt_at=empty_call_center.now + timedelta(hours=1))
    empty_call_center.sweeps(seconds=1)
    offered = [job for job in empty_call_center.jobs.waiting if job[0] == "dial_liaison"]
    assert offered == [("dial_liaison", late.id), ("dial_liaison", urgent.id)]
    waiting = list(empty_call_center.jobs.waiting)
    empty_call_center.sweeps(seconds=2)
    assert empty_call_center.jobs.waiting == waiting, "a queue that nobody works does not grow"


def test_verified_one_of_equal_callbacks_goes_first_whatever_callback_the_job_names(
    empty_call_center: CallCenter,
) -> None:
    with empty_call_center.database.transaction() as session:
        unverified = make_callback(session, phone="+12025550120")
        verified = make_callback(session, make_case(session))
        make_staff(session)
    empty_call_center.sweeps()
    empty_call_center.jobs.waiting.clear()
    empty_call_center.dialler.dial_liaison(unverified.id)
    (ringing,) = empty_call_center.rows(Callback, Callback.state == "ringing_liaison")
    assert ringing.id == verified.id


def test_worker_that_died_after_its_claim_leaves_a_callback_that_is_requested_again(
    call_center: CallCenter,
) -> None:
    row = call_center.callback()
    with call_center.database.transaction() as session:
        assert claim_callback(session, row.id, call_center.now, call_center.policy)
    call_center.sweeps(seconds=11)
    assert call_center.state() == "claimed"
    call_center.sweeps(seconds=2)
    assert call_center.state() == "requested"
    call_center.works_off()
    assert len(call_center.carrier.placed) == 1


@pytest.mark.parametrize("dialled", [True, False])
def test_unproven_liaison_call_is_left_for_staff_and_never_dialed_again(
    call_center: CallCenter, dialled: bool
) -> None:
    call_center.carrier.loses_next_answer(dialled=dialled)
    call_center.works_off()
    placed = len(call_center.carrier.placed)
    call_center.sweeps(seconds=31)
    assert call_center.state() == "ringing_liaison"
    call_center.sweeps(seconds=2)
    row = call_center.callback()
    assert (row.state, row.outcome) == ("left_for_staff", "unknown_offer")
    assert call_center.busy() == 0
    call_center.sweeps(minutes=60)
    call_center.works_off()
    assert len(call_center.carrier.placed) == placed


def test_unproven_caller_call_is_left_for_staff_and_the_liaison_is_told(
    call_center: CallCenter,
) -> None:
    call_center.works_off()
    (liaison,) = call_center.carrier.placed
    call_center.answers(liaison)
    call_center.presses(liaison, legs.accept_by_liaison)
    call_center.carrier.loses_next_answer()
    call_center.works_off()
    call_center.sweeps(minutes=3)
    call_center.works_off()
    assert call_center.state() == "left_for_staff"
    assert call_center.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]
    assert len(call_center.carrier.placed) == 2
    late = call_center.carrier.placed[1]
    call_center.tells(late, "in-progress", leg_id=late.leg_id)
    assert call_center.presses(late, legs.join_caller) == "gone"
    assert call_center.state() == "left_for_staff"


def test_end_whose_event_was_lost_is_proven_by_the_carrier(call_center: CallCenter) -> None:
    call_center.works_off()
    call_center.carrier.placed[0].status = "no-answer"
    call_center.sweeps(seconds=111)
    assert (call_center.state(), call_center.busy(), call_center.callback().liaison_tries) == (
        "requested",
        0,
        1,
    )


def test_liaison_who_listens_for_long_keeps_the_callback(call_center: CallCenter) -> None:
    call_center.works_off()
    call_center.answers(call_center.carrier.placed[0])
    call_center.sweeps(seconds=111)
    assert call_center.state() == "ringing_liaison"
    assert call_center.callback().lease_until == call_center.now + timedelta(seconds=12)


def test_carrier_that_cannot_be_asked_is_asked_again_before_a_person_must_decide(
    call_center: CallCenter,
) -> None:
    call_center.works_off()
    call_center.carrier.is_deaf = True
    call_center.sweeps(seconds=34)
    assert call_center.state() == "ringing_liaison"
    call_center.sweeps(seconds=4)
    assert call_center.state() == "left_for_staff"


def test_accepted_callback_whose_job_was_lost_is_dialed_within_one_sweep(call_center: CallCenter) -> None:
    call_center.works_off()
    call_center.presses(call_center.carrier.placed[0], legs.accept_by_liaison)
    call_center.jobs.waiting.clear()
    call_center.sweeps(seconds=3)
    call_center.works_off()
    assert len(call_center.carrier.placed) == 2
    call_center.sweeps(seconds=3)
    call_center.works_off()
    assert len(call_center.carrier.placed) == 2


def test_talk_whose_end_event_never_came_is_closed_after_asking_the_carrier(call_center: CallCenter) -> None:
    _, caller = accept(call_center)
    call_center.answers(caller)
    call_center.presses(caller, legs.join_caller)
    call_center.sweeps(minutes=30)
    assert call_center.state() == "talking"
    caller.status = "completed"
    call_center.sweeps(minutes=2)
    assert (call_center.state(), call_center.busy()) == ("reached", 0)


def test_talk_of_which_nothing_is_known_is_closed_after_four_hours(call_center: CallCenter) -> None:
    _, caller = accept(call_center)
    call_center.answers(caller)
    call_center.presses(caller, legs.join_caller)
    call_center.carrier.is_deaf = True
    call_center.sweeps(hours=3)
    assert call_center.state() == "talking"
    call_center.sweeps(hours=1, minutes=5)
    assert (call_center.state(), call_center.busy()) == ("reached", 0)


def test_liaison_held_by_a_leg_that_should_be_over_is_freed(call_center: CallCenter) -> None:
    liaison, caller = accept(call_center)
    call_center.hangs_up(caller, "no-answer")
    call_center.works_off()
    assert call_center.busy() == 1
    call_center.sweeps(seconds=210)
    assert call_center.carrier.ended == [liaison.call_sid], "told to end once more"
    call_center.sweeps(seconds=2)
    assert call_center.busy() == 0


@pytest.mark.parametrize("fault", ["is_away", "is_overloaded"])
def test_liaison_whose_leg_could_not_be_ended_now_is_not_free_while_they_are_on_it(
    call_center: CallCenter, fault: str
) -> None:
    """They were called again on a phone in use, and each busy signal was a missed offer."""
    _, caller = accept(call_center)
    call_center.hangs_up(caller, "no-answer")
    call_center.works_off()
    setattr(call_center.carrier, fault, True)

    call_center.sweeps(seconds=210)

    assert call_center.busy() == 1
    setattr(call_center.carrier, fault, False)
    call_center.sweeps(seconds=2)
    call_center.sweeps(seconds=2)
    assert call_center.busy() == 0


def test_liaison_who_declined_is_free_within_a_minute_when_the_end_event_never_came(
    call_center: CallCenter,
) -> None:
    call_center.works_off()
    (liaison,) = call_center.carrier.placed
    call_center.answers(liaison)
    call_center.presses(liaison, legs.decline_by_liaison, call_center.policy)
    call_center.sweeps(seconds=35)
    assert call_center.carrier.ended == [], "one who still listens is not cut off"
    liaison.status = "completed"

    call_center.sweeps(seconds=2)

    assert not any(staff.busy_call_id == 1 for staff in call_center.rows(Staff))


@pytest.mark.parametrize("ends", ["never answered", "hung up"])
def test_liaison_rung_for_a_caller_who_is_gone_is_freed(empty_call_center: CallCenter, ends: str) -> None:
    with empty_call_center.database.transaction() as session:
        make_staff(session)
        call = make_call(session, leg_id="0" * 32)
    state = empty_call_center.leg("0" * 32)
    with empty_call_center.database.transaction() as session:
        assert take_liaison_for(session, state, empty_call_center.now, verified=True)
    if ends == "hung up":
        empty_call_center.tells(call, "completed")
        assert empty_call_center.busy() == 0
        return
    empty_call_center.sweeps(seconds=31)
    assert empty_call_center.busy() == 1
    empty_call_center.sweeps(seconds=2)
    assert empty_call_center.busy() == 0


def test_number_that_no_key_opens_does_not_hold_up_those_behind_it(empty_call_center: CallCenter) -> None:
    with empty_call_center.database.transaction() as session:
        make_staff(session)
        broken = make_callback(session, make_case(session), due_at=empty_call_center.now)
        broken.number_sealed = broken.number_sealed[:-4] + "AAA="
        good = make_callback(session, make_case(session), due_at=empty_call_center.now + timedelta(hours=3))
        ids = broken.id, good.id

    for _ in range(3):
        empty_call_center.sweeps(seconds=2)
        empty_call_center.works_off()

    with empty_call_center.database.reading() as session:
        states = [session.get_one(Callback, row_id).state for row_id in ids]
    assert states == ["left_for_staff", "ringing_liaison"]


def test_fault_in_one_part_stops_no_other_and_reveals_only_its_class(
    call_center: CallCenter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a part of the sweep, +12025550110")

    monkeypatch.setattr(sweeper, "is_any_change", fails)
    monkeypatch.setattr(sweeper, "is_any_unfinished", fails)
    call_center.jobs.waiting.clear()
    with caplog.at_level(logging.INFO):
        call_center.sweeps()
    assert [name for name, _ in call_center.jobs.waiting] == ["dial_liaison"]
    assert [record.getMessage() for record in caplog.records] == ["A part of the sweep failed."] * 2
    assert len(call_center.rows(Guard)) == 1


def test_pass_without_a_database_says_so_in_one_line(
    call_center: CallCenter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise OperationalError("SELECT", {}, psycopg.OperationalError())

    for name in ("reading", "transaction"):
        monkeypatch.setattr(call_center.database, name, fails)
    with caplog.at_level(logging.INFO):
        call_center.sweeps()
    assert [record.getMessage() for record in caplog.records] == ["A part of the sweep failed."]


@ON_BOTH
def test_fault_in_one_matter_for_supervisors_stops_no_other(
    empty_call_center: CallCenter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """On PostgreSQL a refused statement spoils the transaction in which the other matters are read."""

    def fails(session: Session, *_: object) -> bool:
        return bool(session.scalar(text("SELECT missing FROM staff")))

    monkeypatch.setattr(sweeper, "_MATTERS", ((fails, page_troubles), *sweeper._MATTERS[1:]))
    with empty_call_center.database.transaction() as session:
        make_staff(session, role="supervisor")
        make_import(session, state="held")

    empty_call_center.sweeps()

    assert {alert.level for alert in empty_call_center.rows(Alert)} == {"import_held"}
    assert [record.getMessage() for record in caplog.records] == ["A part of the sweep failed."]


def test_pass_with_nothing_to_do_sends_few_statements(empty_call_center: CallCenter) -> None:
    """It runs all day and night, every ten seconds."""
    with empty_call_center.database.transaction() as session:
        make_staff(session)
    empty_call_center.sweeps()
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    empty_call_center.sweeps(seconds=10)
    event.remove(Engine, "before_cursor_execute", note)

    assert 0 < len(sent) <= 45, sent


def test_leg_of_yesterday_that_nobody_dialed_is_handed_on_while_nothing_else_goes_on(
    empty_call_center: CallCenter,
) -> None:
    with empty_call_center.database.transaction() as session:
        yesterday = empty_call_center.now - timedelta(days=1)
        caller = make_call(session, started_at=yesterday, ended_at=yesterday)
        leg = make_call(session, parent_call_id=caller.id, role=AT_0, started_at=yesterday)
        leg.call_sid = None

    empty_call_center.sweeps()

    assert empty_call_center.jobs.waiting == [("ring_direct", leg.id)]


def test_talk_of_yesterday_is_closed_while_nothing_else_goes_on(empty_call_center: CallCenter) -> None:
    with empty_call_center.database.transaction() as session:
        yesterday = empty_call_center.now - timedelta(days=1)
        caller = make_call(session, started_at=yesterday, ended_at=yesterday)
        talk = begin_talk(
            session, caller_call_id=caller.id, leader_call_id=caller.id, staff_id=make_staff(session).id,
            language="en", now=yesterday,
        )  # fmt: skip

    empty_call_center.sweeps()

    assert [one.id for one in empty_call_center.rows(Talk, Talk.closed_at.is_not(None))] == [talk.id]


def test_call_out_whose_leg_is_over_is_closed_while_nothing_else_goes_on(
    empty_call_center: CallCenter,
) -> None:
    with empty_call_center.database.transaction() as session:
        now = empty_call_center.now
        leg = make_call(session, direction="outbound", role="calling_out", ended_at=now)
        case, person = make_case(session), make_staff(session)
        session.add(
            Callout(case_id=case.id, staff_id=person.id, call_id=leg.id, party="agency:1", requested_at=now)
        )

    empty_call_center.sweeps()

    assert [one.outcome for one in empty_call_center.rows(Callout)] == ["unmade"]


def test_guard_against_spraying_is_measured_once_a_minute(empty_call_center: CallCenter) -> None:
    start = empty_call_center.now
    empty_call_center.sweeps()
    empty_call_center.sweeps(seconds=30)
    with empty_call_center.database.reading() as session:
        assert session.scalar(select(Guard.measured_at)) == start
    empty_call_center.sweeps(seconds=31)
    with empty_call_center.database.reading() as session:
        assert session.scalar(select(Guard.measured_at)) == empty_call_center.now


def test_liaison_who_went_off_shift_is_not_offered_anything(call_center: CallCenter) -> None:
    call_center.jobs.waiting.clear()
    with call_center.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = False
    call_center.sweeps()
    assert call_center.jobs.waiting == []
    assert call_center.rows(Callback)[0].state == "requested"
