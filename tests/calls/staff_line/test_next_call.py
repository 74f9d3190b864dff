"""Staff take the next callback in the same call, and key its outcome."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Staff, Talk
from models.cases.registrant import Phone as RegisteredPhone
from models.overview.outcome import note_outcome
from tests.calls.callbacks.test_callbacks import (
    CALLER,
    accepted_by,
    allows_a_message,
    asks_express,
    nobody_is_held,
    the_callback,
)
from tests.calls.conftest import Clock, Hotline
from tests.calls.staff_line.staff_calls import asks_from, signs_in, takes_the_next_call
from tests.calls.stories import opens_the_case
from tests.calls.talks.talking import a_colleague_is_rung, joins
from tests.conftest import ON_BOTH
from tests.factories import MadeCase, make_callback
from tests.fake_carrier import FakeCarrier
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
FIRST_CALLER, SECOND_CALLER = "+12025550123", "+12025550124"


@ON_BOTH
def test_staff_hear_that_nobody_is_waiting(phone: Phone, hotline: Hotline, number: str) -> None:
    staff = signs_in(phone, hotline, number)
    staff.presses("2")
    assert staff.hears("No one is waiting")
    staff.presses("1")
    staff.presses("1")
    assert staff.hears("There is no call to take now")


def test_staff_take_the_next_callback_in_the_same_call_talk_and_key_its_outcome(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, carrier: FakeCarrier
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    allows_a_message(hotline)
    hotline.jobs.waiting.clear()
    staff = signs_in(phone, hotline, number)
    staff.presses("1")

    staff.presses("1")
    assert staff.hears("We are calling them now")
    hotline.jobs.works_off()
    (to_caller,) = carrier.placed
    assert to_caller.to == CALLER
    called = phone.answers(to_caller)
    called.presses("1")
    hotline.jobs.works_off()
    assert (staff.is_talking, called.is_talking) == (True, True)
    assert the_callback(hotline).state == "talking"

    staff.presses("*")
    assert staff.hears("The caller is on hold")
    staff.presses("1")
    hotline.jobs.works_off()
    assert called.is_talking
    called.hangs_up()
    hotline.jobs.works_off()
    assert staff.hears("The call is over. How did it end?")
    staff.presses("2")
    staff.presses("1")
    assert staff.hears("It is saved", "You are on shift")
    assert the_callback(hotline).outcome == "message_left"
    assert nobody_is_held(hotline)


def test_staff_take_one_call_after_another_without_hanging_up(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, carrier: FakeCarrier, clock: Clock
) -> None:
    for caller in ("+12025550123", "+12025550124"):
        opens_the_case(phone, make_case(custody_status="in_custody"), from_=caller)
        phone.presses("2")
        phone.presses("1")
        phone.hangs_up()
        clock.passes(seconds=1)
    hotline.jobs.waiting.clear()
    staff = signs_in(phone, hotline, number)
    staff.presses("1")

    for caller in ("+12025550123", "+12025550124"):
        staff.presses("1")
        hotline.jobs.works_off()
        assert carrier.ringing[-1].to == caller
        called = phone.answers(carrier.ringing[-1])
        called.presses("1")
        hotline.jobs.works_off()
        assert staff.is_talking
        called.hangs_up()
        hotline.jobs.works_off()
        staff.presses("1")
        assert staff.hears("It is saved")

    assert hotline.rows(select(Callback.state)) == ["reached", "reached"]


def test_staff_are_back_at_the_menu_after_a_caller_who_is_not_reached(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, carrier: FakeCarrier
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    staff = takes_the_next_call(phone, hotline, number)

    phone.another().declines(carrier.ringing[-1], "no-answer")
    hotline.jobs.works_off()

    assert staff.hears("We could not connect you now", "To take the next call, press 1")
    assert the_callback(hotline).state == "requested"
    assert nobody_is_held(hotline)
    asks_express(phone, make_case(custody_status="in_custody"), from_="+12025550124")
    hotline.jobs.waiting.clear()
    staff.presses("1")
    assert staff.hears("We are calling them now")


def test_staff_who_hang_up_while_the_caller_is_rung_stop_the_ringing(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, carrier: FakeCarrier
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    staff = takes_the_next_call(phone, hotline, number)

    staff.hangs_up()
    hotline.jobs.works_off()

    assert carrier.placed[-1].status == "canceled"
    assert the_callback(hotline).state == "requested"
    assert nobody_is_held(hotline)


def test_key_delivered_twice_takes_one_callback(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, carrier: FakeCarrier
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    hotline.jobs.waiting.clear()
    staff = signs_in(phone, hotline, number)
    staff.presses("1")
    staff.presses("1")
    staff.redelivers_last()
    hotline.jobs.works_off()

    assert [call.to for call in carrier.placed] == [CALLER]


def test_staff_can_key_the_outcome_of_the_last_call_from_the_menu(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, carrier: FakeCarrier
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    allows_a_message(hotline)
    staff = takes_the_next_call(phone, hotline, number)
    called = phone.answers(carrier.ringing[-1])
    called.presses("1")
    staff.hangs_up()
    assert the_callback(hotline).outcome == "reached"

    again = signs_in(phone, hotline, number)
    again.presses("4")
    again.presses("1")
    again.presses("2")
    again.presses("1")

    assert the_callback(hotline).outcome == "message_left"
    assert again.hears("It is saved")


def test_staff_who_save_the_outcome_in_the_console_are_back_at_the_menu_and_can_still_correct_it_there(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, carrier: FakeCarrier
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    allows_a_message(hotline)
    staff = takes_the_next_call(phone, hotline, number)
    called = phone.answers(carrier.ringing[-1])
    called.presses("1")
    hotline.jobs.works_off()
    called.hangs_up()
    hotline.jobs.works_off()
    assert staff.hears("How did it end?")

    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk)).one()
        assert talk.staff_id is not None
        _, jobs = note_outcome(session, talk, "reached", talk.staff_id, hotline.clock.now, hotline.policy)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)
    hotline.jobs.works_off()
    assert staff.hears("It is saved", "You are on shift")
    assert the_callback(hotline).outcome == "reached"

    for key in "4121":
        staff.presses(key)

    assert staff.hears("It is saved")
    assert the_callback(hotline).outcome == "message_left"


@pytest.mark.parametrize(("taken", "first"), [(2, "verified"), (3, "without a PIN")])
def test_caller_without_a_pin_is_next_on_the_staff_line_after_three_verified_callbacks_in_a_row(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, taken: int, first: str
) -> None:
    def waits(case: MadeCase | None, hours: int) -> int:
        with hotline.database.transaction() as session:
            due_at = hotline.clock.now + timedelta(hours=hours)
            return int(make_callback(session, case, due_at=due_at, next_attempt_at=hotline.clock.now).id)

    staff = signs_in(phone, hotline, number)
    staff.presses("1")
    for _ in range(taken):
        waits(make_case(custody_status="in_custody"), 20)
        staff.presses("1")
        hotline.jobs.works_off()
        called = phone.answers(hotline.carrier.ringing[-1])
        called.presses("1")
        hotline.jobs.works_off()
        called.hangs_up()
        hotline.jobs.works_off()
        staff.presses("1")
        assert staff.hears("You are on shift")
    verified, without_pin = waits(make_case(custody_status="in_custody"), 20), waits(None, 22)

    staff.presses("1")

    taken_now = hotline.row(select(Callback.id).where(Callback.state.not_in(("requested", "reached"))))
    assert taken_now == (verified if first == "verified" else without_pin)


def test_promise_that_is_nearly_due_goes_before_an_urgent_one_on_the_staff_line_too(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase
) -> None:
    staff = signs_in(phone, hotline, number)
    staff.presses("1")
    urgent_case, soon_case = make_case(), make_case()
    with hotline.database.transaction() as session:
        now = hotline.clock.now
        make_callback(
            session, urgent_case, urgency="urgent", due_at=now + timedelta(minutes=40), next_attempt_at=now
        )
        soon = make_callback(session, soon_case, due_at=now + timedelta(minutes=14), next_attempt_at=now).id

    staff.presses("1")

    assert hotline.row(select(Callback.id).where(Callback.state != "requested")) == soon


def _talks_with(phone: Phone, hotline: Hotline, make_case: MakeCase, from_: str) -> tuple[Phone, Phone]:
    """The liaison on shift and a person who asked to be called back talk; returns both phones."""
    asks_from(phone.another(), make_case(custody_status="in_custody", phone=from_), from_)
    liaison, rings = accepted_by(phone, hotline)
    called = phone.answers(rings)
    called.presses("1")
    hotline.jobs.works_off()
    assert (liaison.is_talking, called.is_talking) == (True, True)
    hotline.clock.passes(minutes=2)
    return liaison, called


def _begins_shift(hotline: Hotline) -> None:
    with hotline.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = True


def test_staff_who_correct_their_last_call_hear_which_call_is_meant(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase
) -> None:
    _begins_shift(hotline)
    liaison, called = _talks_with(phone, hotline, make_case, FIRST_CALLER)
    called.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("1")
    hotline.clock.passes(minutes=3)

    staff = signs_in(phone, hotline, number)
    staff.presses("4")
    staff.presses("1")

    assert staff.hears("Your last call was a callback. It ended 3 minutes ago.", "How did the call end?")


def test_staff_who_handed_their_last_call_over_change_no_other_call(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    """Their "wrong person" stopped the right phone of the person before."""
    _begins_shift(hotline)
    liaison, called = _talks_with(phone, hotline, make_case, FIRST_CALLER)
    called.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("1")
    hotline.clock.passes(minutes=1)
    liaison, called = _talks_with(phone, hotline, make_case, SECOND_CALLER)
    joins(phone, hotline, a_colleague_is_rung(phone, hotline, make_staff, liaison))
    called.says_nothing()
    called.says_nothing()
    liaison.presses("*")
    liaison.presses("2")
    hotline.jobs.works_off()
    assert liaison.hears("Your colleague goes on with the call")
    hotline.clock.passes(minutes=1)

    staff = signs_in(phone, hotline, number)
    for key in ("4", "1"):
        staff.presses(key)

    assert staff.hears("You were last in a call with a colleague. They say how it ended.")
    for key in ("2", "3"):
        staff.presses(key)
    assert hotline.rows(select(RegisteredPhone.stopped_at)) == [None, None]


def test_staff_take_one_who_is_afraid_before_ten_whose_part_of_the_day_has_ended(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, carrier: FakeCarrier, clock: Clock
) -> None:
    """They heard that nobody was to be called now: the first eight of the list could not be."""
    now, minute = clock(), timedelta(minutes=1)
    asks_from(phone, make_case(), FIRST_CALLER, key="3")
    phone.hangs_up()
    mornings = [make_case() for _ in range(10)]
    with hotline.database.transaction() as session:
        for case in mornings:
            make_callback(
                session, case, phone=SECOND_CALLER, rank=1, due_at=now - minute,
                next_attempt_at=now - 60 * minute,
                window_starts=now - 180 * minute, window_ends=now - minute,
            )  # fmt: skip

    takes_the_next_call(phone, hotline, number)

    assert [call.to for call in carrier.ringing] == [FIRST_CALLER]


def test_staff_whose_own_phone_is_refused_take_the_next_call_on_the_staff_line(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, carrier: FakeCarrier, clock: Clock
) -> None:
    """They dialed in because the line could not call them, and heard that there was no call to take."""
    asks_from(phone, make_case(), FIRST_CALLER, key="3")
    phone.hangs_up()
    hotline.jobs.waiting.clear()
    staff = signs_in(phone, hotline, number)
    staff.presses("1")
    with hotline.database.transaction() as session:
        for person in session.scalars(select(Staff)):
            person.spared_until = clock() + timedelta(minutes=32)

    staff.presses("1")

    assert staff.hears("We are calling them now")
    hotline.jobs.works_off()
    assert [call.to for call in carrier.ringing] == [FIRST_CALLER]
