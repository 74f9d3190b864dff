"""Callers who still listen to their promise: no phone rings for them before they have hung up (R35, R36)."""

from collections.abc import Callable

import pytest

from models import Staff
from tests.calls.callbacks.test_callbacks import asks_express, the_callback
from tests.calls.conftest import House
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
LIAISON = "+12025550170"


def sweeps(house: House) -> list[str]:
    """The sweeper looks once; the phones that ring then."""
    sweep(house.database, house.jobs, house.carrier, house.office, house.clock.now)
    return house.rung()


@pytest.mark.parametrize("key", ["1", "3"])
def test_nobody_is_rung_for_a_caller_who_still_listens_to_the_promise(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, key: str
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")

    phone.presses(key)

    assert phone.hears("We will call you")
    house.clock.passes(seconds=20)
    assert sweeps(house) == []
    phone.hangs_up()
    assert house.rung() == [LIAISON]


def test_nobody_is_rung_for_a_caller_without_a_pin_who_still_listens(
    phone: Phone, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=LIAISON)
    reaches_the_first_menu(phone)
    for key in ("2", "1", "1"):
        phone.presses(key)

    assert phone.hears("We will call you")
    assert sweeps(house) == []
    phone.hangs_up()
    assert house.rung() == [LIAISON]


def test_end_of_a_call_without_a_pin_rings_alike_where_one_was_asked_for_before(
    phone: Phone, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=LIAISON)
    first = phone.another()
    reaches_the_first_menu(first)
    for key in ("2", "1", "2", "1", "3"):
        first.presses(key)
    assert first.hears("in the evening")
    first.hangs_up()
    assert sweeps(house) == []

    reaches_the_first_menu(phone)
    for key in ("2", "1", "1"):
        phone.presses(key)
    assert phone.hears("We will call you")
    house.clock.passes(seconds=20)
    assert sweeps(house) == []
    phone.hangs_up()

    assert house.rung() == [LIAISON]


@pytest.mark.parametrize("seconds", [20, 90])
def test_end_of_the_asking_call_rings_a_liaison_while_no_sweeper_lives(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, seconds: int
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")
    assert phone.hears("We will call you")

    house.clock.passes(seconds=seconds)
    phone.hangs_up()

    assert house.rung() == [LIAISON]


def test_end_of_a_call_that_asked_for_nothing_rings_nobody(
    phone: Phone, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=LIAISON)
    reaches_the_first_menu(phone)
    for key in ("2", "1", "1"):
        phone.presses(key)
    assert phone.hears("We will call you")

    other = phone.another()
    reaches_the_first_menu(other)
    other.hangs_up()

    assert house.rung() == []
    phone.hangs_up()
    assert house.rung() == [LIAISON]


def test_with_a_liaison_free_a_caller_still_chooses_how_they_are_called(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    for key in ("2", "2", "4"):
        phone.presses(key)
    assert phone.hears("We will call you")

    for key in ("2", "3", "3", "2"):
        house.clock.passes(seconds=25)
        assert sweeps(house) == []
        phone.presses(key)

    assert phone.hears("Got it")
    assert the_callback(house).may_answer == "anyone"
    assert the_callback(house).voicemail_allowed
    phone.hangs_up()
    assert house.rung() == [LIAISON]


def test_a_caller_in_the_slow_pace_has_time_to_choose(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    for key in ("9", "2", "2", "4", "2"):
        phone.presses(key)

    house.clock.passes(seconds=170)
    assert sweeps(house) == []
    phone.presses("3")

    assert the_callback(house).may_answer == "anyone"
    phone.hangs_up()
    assert house.rung() == [LIAISON]


def test_where_no_word_came_that_the_asking_call_is_over_a_liaison_is_rung_a_minute_later(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")
    promised = the_callback(house).due_at

    house.clock.passes(seconds=60)

    assert sweeps(house) == [LIAISON]
    assert the_callback(house).due_at == promised


def test_nobody_is_rung_for_a_callback_while_its_caller_talks_at_0_in_the_same_call(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    """A second liaison was rung and accepted, and her phone rang in the talk: where it takes two, a try."""
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    for key in ("2", "3"):
        phone.presses(key)
    assert phone.hears("We will call you")
    phone.presses("0")
    house.accepts(phone)
    assert phone.is_talking
    make_staff(phone="+12025550174")

    for _ in range(5):
        house.clock.passes(seconds=61)
        assert sweeps(house) == []
    phone.hangs_up()

    assert house.rung() == ["+12025550174"]


@pytest.mark.parametrize("asks", ["first", "again"])
def test_7_after_the_promise_lets_the_phone_be_for_half_an_hour(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, asks: str
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
    house.clock.passes(minutes=29)

    assert sweeps(house) == []
    house.clock.passes(minutes=1)
    assert sweeps(house) == [LIAISON]


def test_7_without_a_pin_puts_off_nothing_that_another_call_asked_for(
    phone: Phone, make_staff: MakeStaff, house: House
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
    house.clock.passes(minutes=1)
    assert sweeps(house) == [LIAISON]
