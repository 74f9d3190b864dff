"""News of a case whose duress PIN was used: one liaison and the supervisors know, and nobody else (R10)."""

import pytest
from sqlalchemy import select

from models import Alert
from models.cases.duress import duress_case
from models.notices.notice_counts import counts_by_state, late_notices
from models.overview.duress_use import resume_calls, uses_for
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    Registered,
    is_called,
    misses,
    picks_up,
    sweeps,
    the_notice,
)
from tests.calls.notices.duress.team import MakeStaff, Registering, Team, texts_to
from tests.calls.notices.staff_tells import tasks
from tests.conftest import ON_SQLITE
from tests.factories import make_duress_pin
from tests.phone import Phone


def somebody_makes_them_call(hotline: Hotline, made: Registered) -> None:
    """The person's duress PIN is used in a call."""
    with hotline.database.transaction() as session:
        if duress_case(session, made.case.id) is None:
            make_duress_pin(session, made.case, now=hotline.clock.now)
        duress = duress_case(session, made.case.id)
        assert duress is not None
        duress.last_verified_at = hotline.clock.now


def alerts(hotline: Hotline) -> set[tuple[int, str]]:
    """Who was told, and at which level."""
    return {(one.staff_id, one.level) for one in hotline.rows(select(Alert))}


def counted(hotline: Hotline) -> tuple[int, int, int]:
    """What wallboard and doctor show: late notices, those late for supervisors, and all open ones."""
    with hotline.database.reading() as session:
        late = late_notices(session, hotline.clock.now, hotline.policies)
        states = counts_by_state(session)
    open_ones = states["waiting"] + states["ringing"] + states["left_for_staff"]
    return late.on_call, late.supervisors, open_ones


@pytest.mark.parametrize("used", ["before the news", "after the first call"])
def test_news_under_duress_is_told_to_the_liaison_who_knows_and_the_supervisor_alone(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, used: str
) -> None:
    team, made = Team(make_staff), registered("released")
    if used == "before the news":
        somebody_makes_them_call(hotline, made)
        sweeps(hotline, minutes=1)
    made.is_dialed()
    if used == "after the first call":
        misses(phone, hotline)
        somebody_makes_them_call(hotline, made)

    for minutes in (1, 1, 35, 35, 70):
        sweeps(hotline, minutes=minutes)

    assert alerts(hotline) == {(team.knows.staff_id, "only_you"), (team.supervisor.staff_id, "only_you")}
    assert the_notice(hotline).state == "left_for_staff"
    assert [one.reason for one in tasks(hotline)] == []
    assert counted(hotline) == (0, 0, 0)
    with hotline.database.reading() as session:
        assert [use.notices for use in uses_for(session, team.knows)] == [1]
        assert uses_for(session, team.colleague) == []


def test_news_that_comes_after_the_liaison_was_told_of_the_use_is_told_to_them_again(
    registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """No list names it, and no page of others: an escape would wait until somebody looks by chance."""
    team, made = Team(make_staff), registered("escaped")
    somebody_makes_them_call(hotline, made)
    sweeps(hotline, minutes=1)
    assert texts_to(hotline, team.knows) == ["only_you"]
    sweeps(hotline, hours=3)

    made.is_due("escaped")
    for _ in range(4):
        sweeps(hotline, minutes=1)

    assert texts_to(hotline, team.knows) == ["only_you", "only_you"]
    assert texts_to(hotline, team.colleague) == []
    assert FIRST not in hotline.carrier.asked_for


def test_news_that_waited_is_on_everybodys_list_with_its_page_once_calls_resume(
    registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    team, made = Team(make_staff), registered("released")
    somebody_makes_them_call(hotline, made)
    made.is_due()
    for _ in range(3):
        sweeps(hotline, minutes=1)

    with hotline.database.transaction() as session:
        (use,) = uses_for(session, team.supervisor)
        resume_calls(session, team.supervisor, use.id, hotline.clock.now)
    for _ in range(3):
        sweeps(hotline, minutes=1)

    assert (team.colleague.staff_id, "notices_late") in alerts(hotline)
    assert [one.reason for one in tasks(hotline)] == ["notice"]
    assert counted(hotline)[2] == 1


def test_other_peoples_late_news_pages_as_ever_and_does_not_count_the_case_under_duress(
    registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    team, made = Team(make_staff), registered("released", cap=0)
    somebody_makes_them_call(hotline, made)
    made.is_due()
    registered("released", phones=("+12025550139",), cap=0).is_due()

    for _ in range(3):
        sweeps(hotline, minutes=1)

    late = select(Alert.promises).where(Alert.level == "notices_late")
    assert set(hotline.rows(late)) == {1}
    assert "notices_late" in texts_to(hotline, team.colleague)


@ON_SQLITE
@pytest.mark.parametrize(
    ("before", "then"),
    [((), "2"), (("1", CODE), "2"), (("1", CODE), ""), (("1", CODE, "1"), "2"), (("1", CODE, "1"), "")],
    ids=["not now", "at the warning", "silence at the warning", "after the news", "no confirmation"],
)
def test_person_in_a_call_while_the_duress_pin_is_used_hears_no_promise_that_nobody_keeps(
    phone: Phone,
    registered: Registering,
    make_staff: MakeStaff,
    hotline: Hotline,
    before: tuple[str, ...],
    then: str,
) -> None:
    team, made = Team(make_staff), registered("released")
    called = is_called(phone, made)
    for keys in before:
        called.presses(keys)

    somebody_makes_them_call(hotline, made)
    while not called.is_over:
        if then:
            called.presses(then)
        else:
            called.says_nothing()

    assert called.hears("The call is over. You can call us at any time")
    assert not any(word in called.heard_so_far for word in ("We will call", "will call you", "no later than"))
    for minutes in (1, 31, 120):
        sweeps(hotline, minutes=minutes)
    assert hotline.carrier.asked_for.count(FIRST) == 1
    assert tasks(hotline) == []
    assert the_notice(hotline).state == "left_for_staff"
    assert texts_to(hotline, team.knows)[:1] == ["only_you"]
    assert texts_to(hotline, team.colleague) == []


def test_person_who_asks_for_a_person_under_duress_is_told_of_to_the_liaison_at_once_and_listed_later(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    team, made = Team(make_staff), registered("released")
    called = is_called(phone, made, "1", CODE)
    somebody_makes_them_call(hotline, made)
    called.presses("2")

    sweeps(hotline, seconds=5)
    with hotline.database.transaction() as session:
        (use,) = uses_for(session, team.knows)
        assert use.notices == 1
        resume_calls(session, team.knows, use.id, hotline.clock.now)
    sweeps(hotline, minutes=1)
    sweeps(hotline, minutes=1)

    assert texts_to(hotline, team.knows)[0] == "only_you"
    assert [(one.reason, one.outcome) for one in tasks(hotline)] == [("notice", "notice_asked_person")]


def test_machine_that_answers_while_the_duress_pin_is_used_records_no_message(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released", phone={"voicemail_allowed": True, "voicemail_text": "we_call_again"})
    made.is_dialed()
    somebody_makes_them_call(hotline, made)

    machine = picks_up(phone, hotline, AnsweredBy="machine_end_beep")
    while not machine.is_over:
        machine.says_nothing()

    assert "We will call" not in machine.heard_so_far
