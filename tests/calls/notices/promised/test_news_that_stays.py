"""News that nobody told, after the call in which it was to be told was promised anew (R28, R34)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Notice, Staff
from models.audit.audit import AuditEntry
from models.callbacks.appointment import reschedule
from models.callbacks.follow_up import promise_anew
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import Registered, reports, sweeps
from tests.calls.notices.promised.test_news_beside_promise import (
    call_about_news,
    calls_in,
    cancels,
    is_promised_later,
)
from tests.calls.notices.staff_tells import (
    ends,
    forgets_the_code,
    has_time,
    is_left_to_staff,
    is_reported_and_left_to_staff,
    newer_news_is_left_to_staff,
    staff_ring,
    talk_again,
    tasks,
)
from tests.conftest import ON_SQLITE
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]


def on_the_list(hotline: Hotline) -> list[Callback]:
    """The tasks about news that staff find on the list."""
    return [
        one
        for one in tasks(hotline)
        if (one.state, one.reason) == ("left_for_staff", "notice")
        and one.outcome not in ("promised_anew", "behind_news")
    ]


def hours_pass(phone: Phone, hotline: Hotline, hours: int) -> None:
    """Nobody answers whatever rings in these hours."""
    for _ in range(2 * hours):
        sweeps(hotline, minutes=30)
        for call in list(hotline.carrier.ringing):
            phone.another().lets_ring(call)


def test_escape_is_a_task_again_when_the_call_that_staff_promised_anew_told_nobody(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("escaped")
    is_left_to_staff(phone, made, "escaped")
    sweeps(hotline, seconds=30)
    (task,) = on_the_list(hotline)
    with hotline.database.transaction() as session:
        jobs = promise_anew(session, task.id, hotline.policy, f"staff:{who.id}", hotline.clock.now)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)

    liaison, stranger = talk_again(phone.another(), hotline)
    ends(hotline, stranger, who, "reached", recognized=False)
    liaison.hangs_up()
    hours_pass(phone, hotline, 3)

    assert [one.urgency for one in on_the_list(hotline)] == ["urgent"]


@pytest.mark.parametrize("how", ["she cancels it", "a stranger answers"])
def test_news_is_a_task_again_once_the_promise_that_came_before_an_agreed_call_is_over(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, how: str
) -> None:
    who = make_staff()
    made = registered("transferred")
    is_left_to_staff(phone, made, "transferred")
    sweeps(hotline, seconds=30)
    is_promised_later(made, hours=1)
    liaison, to_person = call_about_news(phone.another(), hotline, who)
    stranger = has_time(phone.another(), hotline, to_person)
    ends(hotline, stranger, who, "call_later", recognized=False)
    liaison.hangs_up()
    sweeps(hotline, seconds=5)

    if how == "she cancels it":
        cancels(phone, made)
    else:
        sweeps(hotline, minutes=60)
        liaison, stranger = talk_again(phone.another(), hotline)
        ends(hotline, stranger, who, "reached", recognized=False)
        liaison.hangs_up()
    hours_pass(phone, hotline, 3)

    assert len(on_the_list(hotline)) == 1


@ON_SQLITE
@pytest.mark.parametrize("how", ["they said call again later", "staff set another time"])
def test_escape_that_nobody_was_told_does_not_wait_for_the_agreed_call_that_waited_behind_it(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, how: str
) -> None:
    who = make_staff()
    made = registered("in_custody")
    is_reported_and_left_to_staff(phone, made, "transferred")
    in_five_days = hotline.clock.now + timedelta(days=5)
    if how == "staff set another time":
        with hotline.database.transaction() as session:
            mine, task = session.get_one(Staff, who.id), tasks(hotline)[-1].id
            reschedule(session, task, mine, in_five_days, hotline.clock.now, hotline.policy)
    else:
        liaison, to_person = staff_ring(phone.another(), hotline, who)
        person = has_time(phone.another(), hotline, to_person)
        ends(hotline, person, who, "call_later", recognized=True, call_at=in_five_days)
        liaison.hangs_up()
    newer_news_is_left_to_staff(phone, made)
    (escape,) = on_the_list(hotline)

    liaison, to_person = staff_ring(phone.another(), hotline, who, escape)
    stranger = has_time(phone.another(), hotline, to_person)
    sweeps(hotline, seconds=5)
    ends(hotline, stranger, who, "reached", recognized=False)
    liaison.hangs_up()
    hours_pass(phone, hotline, 3)

    assert [one.urgency for one in on_the_list(hotline)] == ["urgent"]
    (agreed,) = [one for one in tasks(hotline) if one.state == "requested"]
    assert agreed.next_attempt_at == in_five_days


def test_person_who_cancels_an_agreed_call_while_staff_call_about_an_escape_settles_no_news(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    court = {"next_hearing_at": hotline.clock.now + timedelta(days=1), "next_hearing_place": "Lumpkin Court"}
    made = registered("in_custody", record=court)
    sweeps(hotline)
    sweeps(hotline, minutes=5)
    forgets_the_code(phone, hotline)
    in_five_days = hotline.clock.now + timedelta(days=5)
    with hotline.database.transaction() as session:
        mine, task = session.get_one(Staff, who.id), tasks(hotline)[-1].id
        reschedule(session, task, mine, in_five_days, hotline.clock.now, hotline.policy)
    hotline.clock.passes(minutes=10)
    reports(hotline, "escaped", made, hours_ago=0.1, **court)
    sweeps(hotline)
    forgets_the_code(phone, hotline)
    (escape,) = on_the_list(hotline)
    liaison, to_person = staff_ring(phone.another(), hotline, who, escape)
    stranger = has_time(phone.another(), hotline, to_person)
    sweeps(hotline, seconds=5)

    caller = calls_in(phone, made, "1", "2", "4", "2")
    assert caller.hears("Your callback is canceled")
    caller.hangs_up()
    sweeps(hotline, seconds=5)
    ends(hotline, stranger, who, "nobody_there", recognized=False)
    liaison.hangs_up()
    sweeps(hotline, seconds=5)

    news = hotline.rows(select(Notice).order_by(Notice.id))
    assert [(one.state, one.outcome) for one in news] == [("left_for_staff", "no_code")] * 2
    assert hotline.rows(select(AuditEntry).where(AuditEntry.action == "stop_notice")) == []
    assert not [one for one in tasks(hotline) if one.next_attempt_at == in_five_days and not one.closed_at]
