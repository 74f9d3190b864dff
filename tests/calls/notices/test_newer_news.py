"""News that comes while staff still have a task about older news, or an hour after it (R30, R34, R36)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from models import Callback, Notice, Staff
from models.callbacks.appointment import cancel, reschedule, stamp_of
from models.callbacks.claim import claim, release
from models.store.refusal import RefusedError
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, FIRST, SECOND, Registered, picks_up, reports, sweeps
from tests.calls.notices.staff_tells import (
    ends,
    has_time,
    is_reported_and_left_to_staff,
    newer_news_is_left_to_staff,
    staff_call,
    staff_ring,
    talks_with_a_person,
    tasks,
)
from tests.conftest import ON_SQLITE
from tests.factories import make_callback
from tests.phone import Phone

EVENING = timedelta(hours=8)
Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]


def nobody_answers(phone: Phone, hotline: Hotline, minutes: int, every: int = 30) -> None:
    """For so long every phone that rings is let ring; the sweeper runs once in ``every`` minutes."""
    for _ in range(minutes // every):
        sweeps(hotline, minutes=every)
        for call in list(hotline.carrier.ringing):
            phone.another().lets_ring(call)


def on_the_list(hotline: Hotline) -> list[tuple[str, str]]:
    """The class and the outcome of the tasks that wait on the list for a member of staff."""
    return [
        (one.urgency, one.outcome or "")
        for one in tasks(hotline)
        if (one.state, one.reason) == ("left_for_staff", "notice")
    ]


@pytest.mark.parametrize("how", ["they said call again later", "staff set another time"])
def test_escape_does_not_wait_for_a_call_that_was_agreed_on_before_it(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, how: str
) -> None:
    who = make_staff()
    made = registered("in_custody")
    is_reported_and_left_to_staff(phone, made, "transferred")
    in_five_days = hotline.clock.now + timedelta(days=5)
    if how == "staff set another time":
        with hotline.database.transaction() as session:
            mine = session.get_one(Staff, who.id)
            task = tasks(hotline)[-1].id
            reschedule(session, task, mine, in_five_days, hotline.clock.now, hotline.policy)
    else:
        ends(
            hotline, staff_call(phone, hotline, who), who, "call_later", recognized=True,
            call_at=in_five_days,
        )  # fmt: skip
    assert on_the_list(hotline) == []

    hotline.clock.passes(minutes=10)
    reports(hotline, "escaped", made, hours_ago=0.1)
    nobody_answers(phone, hotline, minutes=60, every=15)

    assert on_the_list(hotline) == [("urgent", "notice_late")]
    agreed = [one for one in tasks(hotline) if one.state == "requested"]
    assert [one.next_attempt_at for one in agreed] == [in_five_days]


def test_news_of_which_its_person_was_promised_a_call_waits_for_that_call(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("in_custody")
    is_reported_and_left_to_staff(phone, made, "released")
    tomorrow = hotline.clock.now + timedelta(days=1)

    ends(hotline, staff_call(phone, hotline, who), who, "call_later", recognized=True, call_at=tomorrow)
    nobody_answers(phone, hotline, minutes=180)

    assert on_the_list(hotline) == []


@pytest.mark.parametrize("how", ["staff called", "they had asked for a person"])
def test_stranger_who_says_call_in_two_weeks_puts_off_no_escape(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, how: str
) -> None:
    who = make_staff()
    made = registered("in_custody")
    if how == "staff called":
        is_reported_and_left_to_staff(phone, made, "escaped")
        stranger = staff_call(phone, hotline, who)
    else:
        reports(hotline, "escaped", made, hours_ago=0.1)
        _, stranger = talks_with_a_person(phone, hotline)
    in_two_weeks = hotline.clock.now + timedelta(days=13)
    ends(hotline, stranger, who, "call_later", recognized=False, call_at=in_two_weeks)
    sweeps(hotline, minutes=5)
    assert on_the_list(hotline) == []

    nobody_answers(phone, hotline, minutes=120)
    ((urgency, _),) = on_the_list(hotline)
    assert urgency == "urgent"
    news = next(one for one in tasks(hotline) if (one.state, one.reason) == ("left_for_staff", "notice"))
    _, to_person = staff_ring(phone, hotline, who, news)
    person = has_time(phone, hotline, to_person)
    hotline.clock.passes(minutes=2)
    ends(hotline, person, who, "reached", recognized=True)
    sweeps(hotline, minutes=1)

    assert [one.state for one in hotline.rows(select(Notice))] == ["confirmed"]
    assert on_the_list(hotline) == []
    agreed = [one for one in tasks(hotline) if one.state == "requested"]
    assert [one.next_attempt_at for one in agreed] == [in_two_weeks]


@ON_SQLITE
def test_escape_after_news_that_was_confirmed_is_a_task_at_once(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody", phones=(FIRST, SECOND))
    is_reported_and_left_to_staff(phone, made, "released")
    sweeps(hotline, minutes=30)
    called = picks_up(phone.another(), hotline, SECOND)
    for key in ("1", CODE, "1", "1"):
        called.presses(key)
    called.hangs_up()
    sweeps(hotline, seconds=5)
    assert [one.outcome for one in tasks(hotline)] == ["notice_over"]

    newer_news_is_left_to_staff(phone, made)

    assert on_the_list(hotline) == [("urgent", "notice_no_code")]


@ON_SQLITE
def test_escape_soon_after_a_talk_about_older_news_is_a_task_at_once(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("in_custody")
    is_reported_and_left_to_staff(phone, made, "released")
    ends(hotline, staff_call(phone, hotline, who), who, "reached", recognized=True)

    newer_news_is_left_to_staff(phone, made)

    assert on_the_list(hotline) == [("urgent", "notice_no_code")]


def asked_for_a_call(made: Registered) -> None:
    """The person has asked for an ordinary callback in the evening."""
    now = made.hotline.clock.now
    with made.hotline.database.transaction() as session:
        make_callback(
            session, made.case, phone=FIRST, verified=True, urgency="other", reason="asked", rank=None,
            requested_at=now, due_at=now + timedelta(days=1), next_attempt_at=now + EVENING,
        )  # fmt: skip


def promised(hotline: Hotline) -> list[tuple[str, datetime, datetime]]:
    """The callbacks that persons have asked for and that the line will make."""
    return [
        (one.reason, one.requested_at, one.next_attempt_at)
        for one in tasks(hotline)
        if (one.state, one.reason) == ("requested", "asked")
    ]


def news_task(hotline: Hotline) -> Callback:
    return next(one for one in tasks(hotline) if (one.state, one.reason) == ("left_for_staff", "notice"))


@ON_SQLITE
def test_person_who_is_promised_a_callback_is_called_about_an_escape_and_keeps_it(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("in_custody")
    asked_for_a_call(made)
    before = promised(hotline)
    is_reported_and_left_to_staff(phone, made, "escaped")

    person = staff_call(phone, hotline, who)
    ends(hotline, person, who, "reached", recognized=True)
    sweeps(hotline, seconds=5)

    assert [one.state for one in hotline.rows(select(Notice))] == ["confirmed"]
    assert len(before) == 1
    assert promised(hotline) == before


def test_callback_of_a_person_whom_staff_did_not_reach_about_an_escape_is_made_as_promised(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("in_custody")
    asked_for_a_call(made)
    before = promised(hotline)
    is_reported_and_left_to_staff(phone, made, "escaped")
    task = news_task(hotline).id

    with hotline.database.transaction() as session:
        claim(session, task, who.id, hotline.clock.now, hotline.policies)
    assert promised(hotline) == []
    with hotline.database.transaction() as session:
        release(session, task, session.get_one(Staff, who.id), hotline.clock.now)
    sweeps(hotline, seconds=5)

    assert promised(hotline) == before
    assert on_the_list(hotline) == [("urgent", "notice_no_code")]


def test_task_that_is_cancelled_beside_a_callback_leaves_that_callback_alone(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("in_custody")
    asked_for_a_call(made)
    is_reported_and_left_to_staff(phone, made, "escaped")
    ids = [one.id for one in tasks(hotline)]

    with hotline.database.transaction() as session:
        mine = session.get_one(Staff, who.id)
        cancel(session, news_task(hotline).id, mine, "person_asked", hotline.clock.now, hotline.policies)
    sweeps(hotline, seconds=5)

    assert [one.id for one in tasks(hotline)] == ids
    assert len(promised(hotline)) == 1


def test_task_cancelled_on_an_old_page_does_not_stop_an_escape_that_the_page_did_not_show(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("in_custody", phones=(FIRST, SECOND))
    is_reported_and_left_to_staff(phone, made, "released")
    old_page = stamp_of(news_task(hotline))
    newer_news_is_left_to_staff(phone.another(), made)
    sweeps(hotline, seconds=5)

    mine, task = hotline.row(select(Staff).where(Staff.id == who.id)), news_task(hotline).id
    with hotline.database.transaction() as session, pytest.raises(RefusedError, match="changed"):
        cancel(session, task, mine, "settled_otherwise", hotline.clock.now, hotline.policies, old_page)
    sweeps(hotline, seconds=5)

    assert "staff_cancelled" not in [one.outcome for one in hotline.rows(select(Notice))]
    assert on_the_list(hotline) == [("urgent", "notice_no_code")]


def test_task_cancelled_once_its_agreed_moment_came_settles_what_came_before_that_moment(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("in_custody")
    is_reported_and_left_to_staff(phone, made, "released")
    agreed = hotline.clock.now + timedelta(hours=3)
    mine, task = hotline.row(select(Staff).where(Staff.id == who.id)), news_task(hotline).id
    with hotline.database.transaction() as session:
        reschedule(session, task, mine, agreed, hotline.clock.now, hotline.policy)
    newer_news_is_left_to_staff(phone.another(), made, "returned_to_custody")
    sweeps(hotline, hours=3)
    for call in list(hotline.carrier.ringing):
        phone.another().lets_ring(call)
    sweeps(hotline, seconds=5)

    with hotline.database.transaction() as session:
        cancel(session, task, mine, "settled_otherwise", hotline.clock.now, hotline.policies)
    nobody_answers(phone, hotline, minutes=180)

    assert {one.state for one in hotline.rows(select(Notice))} == {"stopped"}
    assert on_the_list(hotline) == []
