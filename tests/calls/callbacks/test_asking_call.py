"""No phone rings for a caller who still listens to their promise, until they have hung up (R35, R36)."""

from collections.abc import Callable

import pytest

from models import Staff
from tests.calls.callbacks.test_callbacks import asks_express, the_callback
from tests.calls.conftest import Hotline
from tests.calls.stories import asks_very_soon, opens_the_case, reaches_the_first_menu
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
LIAISON = "+12025550170"


def sweeps(hotline: Hotline) -> list[str]:
    """Run the sweeper once; returns the phones that ring then."""
    hotline.sweeps()
    return hotline.rung()


@pytest.mark.parametrize("key", ["1", "3"])
def test_nobody_is_rung_for_a_caller_who_still_listens_to_the_promise(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, key: str
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")

    phone.presses(key)

    assert phone.hears("We will call you")
    hotline.clock.passes(seconds=20)
    assert sweeps(hotline) == []
    phone.hangs_up()
    assert hotline.rung() == [LIAISON]


def test_nobody_is_rung_for_a_caller_without_a_pin_who_still_listens(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    reaches_the_first_menu(phone)
    for key in ("2", "1", "1"):
        phone.presses(key)

    assert phone.hears("We will call you")
    assert sweeps(hotline) == []
    phone.hangs_up()
    assert hotline.rung() == [LIAISON]


def test_end_of_a_call_without_a_pin_rings_alike_where_one_was_asked_for_before(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    first = phone.another()
    reaches_the_first_menu(first)
    for key in ("2", "1", "2", "1", "3"):
        first.presses(key)
    assert first.hears("in the evening")
    first.hangs_up()
    assert sweeps(hotline) == []

    reaches_the_first_menu(phone)
    for key in ("2", "1", "1"):
        phone.presses(key)
    assert phone.hears("We will call you")
    hotline.clock.passes(seconds=20)
    assert sweeps(hotline) == []
    phone.hangs_up()

    assert hotline.rung() == [LIAISON]


@pytest.mark.parametrize("seconds", [20, 90])
def test_end_of_the_asking_call_rings_a_liaison_while_no_sweeper_lives(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, seconds: int
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")
    assert phone.hears("We will call you")

    hotline.clock.passes(seconds=seconds)
    phone.hangs_up()

    assert hotline.rung() == [LIAISON]


def test_end_of_a_call_that_asked_for_nothing_rings_nobody(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    reaches_the_first_menu(phone)
    for key in ("2", "1", "1"):
        phone.presses(key)
    assert phone.hears("We will call you")

    other = phone.another()
    reaches_the_first_menu(other)
    other.hangs_up()

    assert hotline.rung() == []
    phone.hangs_up()
    assert hotline.rung() == [LIAISON]


def test_caller_still_chooses_how_they_are_called_while_a_liaison_is_free(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    for key in ("2", "2", "4"):
        phone.presses(key)
    assert phone.hears("We will call you")

    for key in ("2", "3", "3", "2"):
        hotline.clock.passes(seconds=25)
        assert sweeps(hotline) == []
        phone.presses(key)

    assert phone.hears("Got it")
    assert the_callback(hotline).may_answer == "anyone"
    assert the_callback(hotline).voicemail_allowed
    phone.hangs_up()
    assert hotline.rung() == [LIAISON]


def test_caller_in_the_slow_pace_has_time_to_choose(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    for key in ("9", "2", "2", "4", "2"):
        phone.presses(key)

    hotline.clock.passes(seconds=170)
    assert sweeps(hotline) == []
    phone.presses("3")

    assert the_callback(hotline).may_answer == "anyone"
    phone.hangs_up()
    assert hotline.rung() == [LIAISON]


def test_liaison_is_rung_a_minute_later_when_no_event_says_that_the_asking_call_is_over(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")
    promised = the_callback(hotline).due_at

    hotline.clock.passes(seconds=60)

    assert sweeps(hotline) == [LIAISON]
    assert the_callback(hotline).due_at == promised


@ON_BOTH
def test_nobody_is_rung_for_a_callback_while_its_caller_talks_at_0_in_the_same_call(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """A second liaison accepted, and the caller's phone rang during the talk, or the ring cost them a try."""
    make_staff(phone=LIAISON)
    asks_very_soon(phone, make_case(custody_status="in_custody"))
    assert phone.hears("We will call you")
    phone.presses("0")
    hotline.accepts(phone)
    assert phone.is_talking
    make_staff(phone="+12025550174")

    for _ in range(5):
        hotline.clock.passes(seconds=61)
        assert sweeps(hotline) == []
    phone.hangs_up()

    assert hotline.rung() == ["+12025550174"]


@pytest.mark.parametrize("asks", ["first", "again"])
def test_key_7_after_the_promise_leaves_the_phone_alone_for_half_an_hour(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, asks: str
) -> None:
    case = make_case(custody_status="in_custody")
    if asks == "again":
        asks_express(phone, case)
    opens_the_case(phone, case)
    phone.presses("2")
    phone.presses("1")
    assert phone.hears("We will call you")
    make_staff(phone=LIAISON)

    phone.presses("7")
    assert phone.hears("not available")
    hotline.clock.passes(minutes=29)

    assert sweeps(hotline) == []
    hotline.clock.passes(minutes=1)
    assert sweeps(hotline) == [LIAISON]


def test_key_7_without_a_pin_puts_off_nothing_that_another_call_asked_for(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    other = phone.another()
    for one in (phone, other):
        reaches_the_first_menu(one)
        for key in ("2", "1", "1"):
            one.presses(key)
    other.hangs_up()

    phone.presses("7")

    assert phone.is_over
    hotline.clock.passes(minutes=1)
    assert sweeps(hotline) == [LIAISON]
