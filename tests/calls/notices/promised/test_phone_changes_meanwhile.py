"""What staff learn of a phone in a talk counts for the calls that are promised at it (R09, R31, R36)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Case, Staff
from models import Phone as PhoneRow
from models.callbacks.follow_up import NotAgainError, promise_anew
from models.callbacks.refusals import CallbackRefusal
from models.callbacks.wishes import SAFEST
from models.overview.case_opening import Grounds
from models.overview.phone_list import PhoneWishes, keep_wishes, mark_unsafe
from tests.calls.callbacks.test_callbacks import accepted_by, allows_a_message
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import FIRST, SECOND, Registered, sweeps
from tests.calls.notices.promised.test_news_beside_promise import (
    call_about_news,
    calls_in,
    is_called_about_news,
    is_promised_later,
    open_ones,
)
from tests.calls.notices.staff_tells import Reader, ends, has_time, is_left_to_staff, saves, talk_again, tasks
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]
PROMISED = "You already have a callback"
MESSAGE = "This is a message from the information line."


def learns_that_first_phone_is_unsafe(hotline: Hotline, who: Staff) -> None:
    """Staff mark the person's first phone unsafe on the page of the case."""
    with hotline.database.transaction() as session:
        phone = session.scalars(select(PhoneRow).order_by(PhoneRow.position).limit(1)).one()
        case = session.scalars(select(Case)).one()
        me = Reader(who.id, who.email, who.role)
        jobs = mark_unsafe(session, me, case, phone.id, hotline.clock.now, hotline.policies)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)


def is_told_to_leave_no_message(hotline: Hotline, who: Staff) -> None:
    """The person says so in the talk, and staff save it on the page of the phone."""
    with hotline.database.transaction() as session:
        phone = session.scalars(select(PhoneRow)).one()
        case = session.scalars(select(Case)).one()
        me = Reader(who.id, who.email, who.role)
        grounds = Grounds("callback", "verified_callback", None)
        keep_wishes(session, me, case, phone.id, PhoneWishes(SAFEST), grounds, hotline.clock.now)


def machine_records(phone: Phone, hotline: Hotline) -> str:
    """The line calls within some hours, a liaison accepts, and a machine answers; returns what it records."""
    for _ in range(30):
        if hotline.rung():
            break
        sweeps(hotline, minutes=5)
    _, to_person = accepted_by(phone, hotline)
    machine = phone.answers(to_person, AnsweredBy="machine_end_beep")
    while not machine.is_over:
        machine.says_nothing()
    return machine.heard_so_far


def calls_from_second(phone: Phone, made: Registered, *keys: str) -> Phone:
    """The person calls from their second phone, enters number and PIN, and presses these keys."""
    caller = phone.another()
    opens_the_case(caller, made.case, from_=SECOND)
    for one in keys:
        caller.presses(one)
    return caller


def asks_anew_and_is_rung(phone: Phone, made: Registered) -> None:
    """From the second phone the person hears of no promise, asks, and that phone rings."""
    caller = calls_from_second(phone, made, "2")
    assert caller.does_not_hear(PROMISED)
    caller.presses("1")
    assert caller.hears("We will call you")
    caller.hangs_up()
    sweeps(made.hotline, seconds=5)
    _, to_person = accepted_by(phone, made.hotline)
    assert to_person.to == SECOND


@ON_SQLITE
def test_phone_marked_unsafe_in_a_talk_about_news_keeps_no_promise_that_waits(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("transferred", phones=(FIRST, SECOND))
    is_left_to_staff(phone, made, "transferred")
    is_promised_later(made)
    liaison, to_person = call_about_news(phone, hotline, who)
    person = phone.answers(to_person)
    person.presses("1")
    hotline.jobs.works_off()

    learns_that_first_phone_is_unsafe(hotline, who)

    assert ("afraid", "urgent", "left_for_staff") in open_ones(hotline)
    afraid = next(one for one in tasks(hotline) if one.reason == "afraid")
    assert (afraid.outcome, afraid.rank is None) == ("cannot_dial", False)
    during = calls_from_second(phone, made, "2")
    assert during.does_not_hear(PROMISED)
    during.hangs_up()
    ends(hotline, person, who, "reached")
    liaison.hangs_up()
    sweeps(hotline, minutes=1)
    assert [one.outcome for one in tasks(hotline) if one.reason == "afraid"] == ["cannot_dial"]
    asks_anew_and_is_rung(phone, made)


@ON_BOTH
def test_phone_marked_unsafe_while_a_liaison_is_called_about_news_keeps_no_promise_that_waits(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("transferred", phones=(FIRST, SECOND))
    is_left_to_staff(phone, made, "transferred")
    is_promised_later(made)
    is_called_about_news(hotline, who)

    learns_that_first_phone_is_unsafe(hotline, who)
    phone.another().declines(hotline.carrier.ringing[-1], "no-answer")
    sweeps(hotline, minutes=1)

    assert [one.outcome for one in tasks(hotline) if one.reason == "afraid"] == ["cannot_dial"]
    asks_anew_and_is_rung(phone, made)


@pytest.mark.parametrize("code", ["call_later", "nobody_there", "to_supervisor"])
def test_phone_marked_unsafe_in_its_own_talk_is_not_promised_the_next_call(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, code: str
) -> None:
    who = make_staff()
    made = registered("in_custody", phones=(FIRST, SECOND))
    calls_in(phone, made, "2", "3").hangs_up()
    sweeps(hotline, seconds=5)
    liaison, person = talk_again(phone, hotline)

    learns_that_first_phone_is_unsafe(hotline, who)
    ends(hotline, person, who, code)

    liaison.hangs_up()
    assert [(one.state, one.outcome) for one in tasks(hotline)] == [
        ("reached", code), ("left_for_staff", "cannot_dial"),
    ]  # fmt: skip
    asks_anew_and_is_rung(phone, made)


def test_liaison_hears_at_once_that_there_is_no_phone_for_the_call_that_they_promised(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("in_custody", phones=(FIRST, SECOND))
    calls_in(phone, made, "2", "3").hangs_up()
    sweeps(hotline, seconds=5)
    liaison, person = talk_again(phone, hotline)
    person.hangs_up()
    hotline.jobs.works_off()
    learns_that_first_phone_is_unsafe(hotline, who)

    liaison.presses("3")

    assert liaison.hears("There is no phone number that we can call for this.")
    saves(hotline, who, "reached")
    assert [one.state for one in tasks(hotline)] == ["reached", "cancelled"]


def test_callback_is_not_promised_once_more_at_a_phone_that_is_unsafe(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("in_custody", phones=(FIRST, SECOND))
    calls_in(phone, made, "2", "3").hangs_up()
    learns_that_first_phone_is_unsafe(hotline, who)
    (left,) = tasks(hotline)

    with hotline.database.transaction() as session, pytest.raises(NotAgainError) as refused:
        promise_anew(session, left.id, hotline.policy, who.email, hotline.clock.now)

    assert refused.value.code == CallbackRefusal.PHONE_BARRED
    assert [one.id for one in tasks(hotline)] == [left.id]


def test_no_message_is_left_by_the_call_that_follows_a_talk_in_which_none_was_wanted(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("in_custody")
    calls_in(phone, made, "2", "1").hangs_up()
    allows_a_message(hotline)
    sweeps(hotline, seconds=5)
    liaison, person = talk_again(phone, hotline)

    is_told_to_leave_no_message(hotline, who)
    ends(hotline, person, who, "call_later")

    liaison.hangs_up()
    assert MESSAGE not in machine_records(phone, hotline)


def test_no_message_is_left_by_a_promised_call_after_a_talk_about_news_in_which_none_was_wanted(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("transferred")
    is_left_to_staff(phone, made, "transferred")
    is_promised_later(made, hours=1)
    allows_a_message(hotline)
    liaison, to_person = call_about_news(phone, hotline, who)
    person = has_time(phone, hotline, to_person)

    is_told_to_leave_no_message(hotline, who)
    ends(hotline, person, who, "reached")

    liaison.hangs_up()
    assert MESSAGE not in machine_records(phone, hotline)
    rung = [one.reason for one in tasks(hotline) if one.state == "requested" and one.caller_tries]
    assert rung == ["afraid"]


def test_no_message_is_left_by_a_call_that_staff_make_after_they_heard_that_none_is_wanted(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("transferred")
    made.changes(PhoneRow, voicemail_allowed=True, voicemail_text="please_call")
    is_left_to_staff(phone, made, "transferred")

    is_told_to_leave_no_message(hotline, who)
    is_called_about_news(hotline, who)

    assert MESSAGE not in machine_records(phone, hotline)
