"""Callers who wait at 0 for a person who tells them hard news: what follows is urgent (R19, R36)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Callback, Staff
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case, talks_at_0
from tests.factories import MadeCase, make_callback
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
FIRST = "+12025550130"


def asks_to_be_told(phone: Phone, hotline: Hotline, case: MadeCase) -> Phone:
    """The person calls, and would rather hear the news from a person; returns their phone."""
    caller = phone.another()
    opens_the_case(caller, case, from_=FIRST)
    assert caller.hears("To have a person tell you, press 2")
    caller.presses("2")
    hotline.jobs.works_off()
    return caller


def holds(hotline: Hotline, caller: Phone, minutes: int) -> None:
    """The caller waits without a key."""
    for _ in range(minutes):
        caller.says_nothing()
        hotline.clock.passes(minutes=1)
        hotline.jobs.works_off()


@pytest.mark.parametrize(
    "how", ["hangs up", "keeps the place", "is cut off on hold", "call later", "for the supervisor"]
)
def test_caller_who_holds_for_longer_than_the_pin_counts_is_called_back_urgently(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, busy: Phone, hotline: Hotline, how: str
) -> None:
    case = make_case("released", phone=FIRST)
    caller = phone.another()
    opens_the_case(caller, case, from_=FIRST)
    assert caller.hears("I have news that may be hard to hear")
    caller.presses("0")
    assert caller.hears("You are next in line")
    holds(hotline, caller, 13)
    if how == "keeps the place":
        caller.presses("1")
    elif how != "hangs up":
        make_staff()
        holds(hotline, caller, 1)
        liaison = talks_at_0(phone, hotline, caller)
        hotline.clock.passes(minutes=1)
        if how == "is cut off on hold":
            liaison.presses("*")
    caller.hangs_up()
    hotline.jobs.works_off()
    if how in ("call later", "for the supervisor"):
        liaison.presses("3" if how == "call later" else "4")

    callback = hotline.rows(select(Callback))[-1]
    assert (callback.urgency, callback.case_id) == ("urgent", case.id)
    assert callback.due_at <= hotline.clock.now + timedelta(hours=4)


@pytest.mark.parametrize("how", ["hangs up", "is cut off on hold", "call later", "for the supervisor"])
def test_caller_whom_no_person_told_hard_news_is_called_back_urgently(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, how: str
) -> None:
    make_staff()
    case = make_case("released", phone=FIRST)
    caller = asks_to_be_told(phone, hotline, case)
    if how == "hangs up":
        hotline.clock.passes(seconds=40)
        caller.hangs_up()
    else:
        liaison = talks_at_0(phone, hotline, caller)
        hotline.clock.passes(minutes=1)
        if how == "is cut off on hold":
            liaison.presses("*")
        caller.hangs_up()
        hotline.jobs.works_off()
        if how != "is cut off on hold":
            liaison.presses("3" if how == "call later" else "4")
    hotline.jobs.works_off()

    (callback,) = hotline.rows(select(Callback))
    assert callback.urgency == "urgent"
    assert callback.due_at <= hotline.clock.now + timedelta(hours=4)


@pytest.mark.parametrize("language", ["1", "2"])
def test_caller_who_keeps_the_place_is_called_within_the_hour_however_old_the_untold_news_is(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, language: str
) -> None:
    """They heard "no later than tomorrow at 8:00 PM"; without the key they were called within the hour."""
    five_days_ago = {"status_at": hotline.clock.now - timedelta(days=5)}
    case = make_case("released", phone=FIRST, record=five_days_ago)
    opens_the_case(phone, case, language=language, from_=FIRST)
    phone.presses("0")
    holds(hotline, phone, 2)

    phone.presses("1")

    assert phone.hears(
        {"1": "no later than today at 11:02 AM", "2": "a más tardar hoy a las 11:02"}[language]
    )
    callback = hotline.rows(select(Callback))[-1]
    assert (callback.urgency, callback.reason) == ("urgent", "hard_news")


def test_caller_who_heard_the_news_and_waits_at_0_is_not_urgent(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    case = make_case("released", phone=FIRST)
    caller = phone.another()
    opens_the_case(caller, case, from_=FIRST)
    caller.presses("1")
    assert caller.hears("was released")
    caller.presses("0")
    hotline.jobs.works_off()
    hotline.clock.passes(seconds=40)
    caller.hangs_up()
    hotline.jobs.works_off()

    assert [one.urgency for one in hotline.rows(select(Callback))] == ["other"]


def test_later_after_a_talk_at_0_brings_the_promise_of_another_day_forward(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    case = make_case("in_custody", phone=FIRST)
    friday = hotline.clock.now + timedelta(days=2)
    caller = phone.another()
    opens_the_case(caller, case, from_=FIRST)
    caller.presses("0")
    hotline.jobs.works_off()
    liaison = talks_at_0(phone, hotline, caller)
    with hotline.database.transaction() as session:
        make_callback(session, case, phone=FIRST, next_attempt_at=friday, due_at=friday + timedelta(hours=8))
        hours = {"window_starts": friday, "window_ends": friday + timedelta(hours=4)}
        session.execute(update(Callback).values(**hours))
    hotline.clock.passes(minutes=1)
    caller.hangs_up()
    hotline.jobs.works_off()

    liaison.presses("3")

    assert liaison.hears("saved")
    (callback,) = hotline.rows(select(Callback))
    assert callback.next_attempt_at <= hotline.clock.now + timedelta(hours=2)
    assert callback.window_starts is None


@pytest.mark.parametrize("how", ["hangs up", "call later"])
@pytest.mark.parametrize("minutes", [12, 2 * 24 * 60], ids=["soon", "in two days"])
def test_callback_that_stands_becomes_urgent_for_a_caller_whom_no_person_told_hard_news(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, how: str, minutes: int
) -> None:
    make_staff()
    case = make_case("released", phone=FIRST)
    caller = asks_to_be_told(phone, hotline, case)
    at = hotline.clock.now + timedelta(minutes=minutes)
    with hotline.database.transaction() as session:
        make_callback(session, case, phone=FIRST, next_attempt_at=at, due_at=at + timedelta(hours=8))
    if how == "hangs up":
        hotline.clock.passes(seconds=40)
        caller.hangs_up()
    else:
        liaison = talks_at_0(phone, hotline, caller)
        hotline.clock.passes(minutes=1)
        caller.hangs_up()
        hotline.jobs.works_off()
        liaison.presses("3")
    hotline.jobs.works_off()

    (callback,) = hotline.rows(select(Callback))
    assert callback.urgency == "urgent"
    assert callback.next_attempt_at <= min(at, hotline.clock.now + timedelta(hours=2))
    assert callback.due_at <= hotline.clock.now + timedelta(hours=4)
