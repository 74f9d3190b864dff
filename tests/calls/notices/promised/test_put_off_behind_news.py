"""Whoever cannot talk now is left alone, also by the callback that waits behind news (R22, R30, R35)."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from models import Callback, Staff
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import FIRST, Registered, sweeps
from tests.calls.notices.promised.test_news_beside_promise import calls_in, is_called_about_news, open_ones
from tests.calls.notices.staff_tells import is_left_to_staff, tasks
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import make_callback
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]
Person = tuple[Registered, Phone]


@pytest.fixture
def person(phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline) -> Person:
    """A liaison is called about news of somebody who calls in at that moment and is afraid."""
    who = make_staff()
    made = registered("transferred")
    is_left_to_staff(phone, made, "transferred")
    sweeps(hotline, seconds=30)
    is_called_about_news(hotline, who)
    caller = calls_in(phone, made, "2", "3")
    assert caller.hears("We will call you")
    assert ("afraid", "urgent", "left_for_staff") in open_ones(hotline)
    return made, caller


def rings_within(phone: Phone, hotline: Hotline, minutes: int) -> bool:
    """Whether the person's phone rings in this time; every liaison who is called accepts."""
    for _ in range(minutes // 4):
        sweeps(hotline, minutes=4)
        if ("afraid", "urgent", "ringing_liaison") in open_ones(hotline):
            accepted_by(phone.another(), hotline)
        if FIRST in hotline.rung():
            return True
    return False


@ON_BOTH
def test_phone_is_left_alone_after_not_now_though_an_afraid_person_was_promised_a_call(
    phone: Phone, person: Person, hotline: Hotline
) -> None:
    _, caller = person
    caller.hangs_up()
    liaison, to_person = accepted_by(phone, hotline)

    answers = phone.another().answers(to_person)
    answers.presses("2")
    assert answers.hears("We will call at another time")
    answers.hangs_up()
    hotline.jobs.works_off()
    liaison.hangs_up()

    assert not rings_within(phone, hotline, minutes=28)
    assert rings_within(phone, hotline, minutes=8)


def test_phone_is_left_alone_when_somebody_listened_in_the_call_that_asked(
    phone: Phone, person: Person, hotline: Hotline
) -> None:
    _, caller = person

    caller.presses("7")
    caller.hangs_up()
    hotline.jobs.works_off()

    assert not rings_within(phone, hotline, minutes=28)
    assert rings_within(phone, hotline, minutes=8)


@ON_SQLITE
def test_phone_is_left_alone_when_somebody_listened_in_a_later_call(
    phone: Phone, person: Person, hotline: Hotline
) -> None:
    made, caller = person
    caller.hangs_up()

    again = calls_in(phone, made, "2")
    again.presses("7")
    again.hangs_up()
    hotline.jobs.works_off()

    assert not rings_within(phone, hotline, minutes=28)
    assert rings_within(phone, hotline, minutes=8)


def test_staff_decide_about_the_promise_after_the_last_not_now_in_calls_without_pin(
    phone: Phone, person: Person, make_staff: MakeStaff, hotline: Hotline
) -> None:
    _, caller = person
    caller.hangs_up()
    make_staff(email="second@example.org", phone="+12025550171")
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        session.execute(update(Callback).where(Callback.reason == "afraid").values(caller_tries=2))
        make_callback(session, phone=FIRST, requested_at=now, due_at=now, next_attempt_at=now)
    sweeps(hotline, seconds=5)
    _, to_person = accepted_by(phone, hotline)

    answers = phone.another().answers(to_person)
    answers.presses("2")
    answers.hangs_up()
    sweeps(hotline, seconds=5)

    (promise,) = [one for one in tasks(hotline) if one.reason == "afraid"]
    assert (promise.state, promise.outcome, promise.caller_tries) == ("left_for_staff", "not_safe", 3)
    assert promise.rank is not None
