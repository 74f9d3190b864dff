"""While staff are signed in their phone is not rung."""

from collections.abc import Callable

import pytest

from models.staff.staff import change_shift
from tests.calls.callbacks.test_callbacks import asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.staff_line.staff_calls import (
    STAFF_PHONE,
    signs_in,
    takes_the_next_call,
)
from tests.factories import MadeCase
from tests.fake_carrier import FakeCarrier
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]


def test_staff_who_are_signed_in_take_the_next_callback_in_that_call_and_their_phone_does_not_ring(
    phone: Phone, make_case: MakeCase, hotline: Hotline, number: str, carrier: FakeCarrier, clock: Clock
) -> None:
    staff = signs_in(phone, hotline, number)
    staff.presses("1")
    asks_express(phone, make_case(custody_status="in_custody"))
    for _ in range(4):
        hotline.jobs.works_off()
        clock.passes(seconds=20)
        staff.presses("2")
        assert staff.hears("The next callback is due", "To go back, press 2")
        staff.presses("2")
        hotline.sweeps()
    assert carrier.placed == []

    staff.presses("1")

    assert staff.hears("We are calling them now")
    assert (the_callback(hotline).state, the_callback(hotline).liaison_tries) == ("ringing_caller", 0)


@pytest.mark.parametrize("word_comes", [True, False])
def test_phone_of_staff_rings_after_they_hang_up_even_if_the_carrier_sends_no_event(
    phone: Phone,
    make_case: MakeCase,
    hotline: Hotline,
    number: str,
    carrier: FakeCarrier,
    clock: Clock,
    word_comes: bool,
) -> None:
    staff = signs_in(phone, hotline, number)
    staff.presses("1")
    asks_express(phone, make_case(custody_status="in_custody"))
    if word_comes:
        staff.hangs_up()
    else:
        clock.passes(minutes=2)

    hotline.sweeps()
    hotline.jobs.works_off()

    (rung,) = carrier.placed
    assert rung.to == STAFF_PHONE


def test_staff_who_hear_the_outcome_menu_on_the_staff_line_are_not_rung_meanwhile(
    phone: Phone, make_case: MakeCase, hotline: Hotline, number: str, carrier: FakeCarrier
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    staff = takes_the_next_call(phone, hotline, number)
    called = phone.answers(carrier.ringing[-1])
    called.presses("1")
    asks_express(phone, make_case(custody_status="in_custody"), from_="+12025550124")
    called.hangs_up()
    hotline.jobs.works_off()
    assert staff.hears("The call is over. How did it end?")

    hotline.sweeps()
    hotline.jobs.works_off()

    assert carrier.ringing == []
    staff.presses("1")
    staff.presses("1")
    assert staff.hears("We are calling them now")


def test_ring_that_meets_a_phone_on_the_staff_line_is_no_miss(
    phone: Phone, make_case: MakeCase, hotline: Hotline, number: str, carrier: FakeCarrier, clock: Clock
) -> None:
    with hotline.database.transaction() as session:
        change_shift(session, "lea@office.example.org", on_shift=True, actor="test", now=hotline.clock.now)
    asks_express(phone, make_case(custody_status="in_custody"))
    hotline.jobs.works_off()
    staff = signs_in(phone, hotline, number)

    phone.declines(carrier.ringing[-1])
    clock.passes(seconds=16)
    staff.presses("1")

    assert staff.hears("We are calling them now")
    assert (the_callback(hotline).state, the_callback(hotline).liaison_tries) == ("ringing_caller", 0)
