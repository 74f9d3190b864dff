"""Calls of people who lost their PIN: by phone it only leads to staff (R08)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback, Staff
from models.case import new_number
from models.registrant import Phone as RegisteredPhone
from tests.calls.conftest import Clock, House
from tests.calls.stories import (
    is_asked_for_a_number,
    reaches_the_first_menu,
    wrong,
)
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
SAFE = "+12025550155"


def reports_a_lost_pin(phone: Phone, number: str, from_: str = CALLER) -> None:
    reaches_the_first_menu(phone, from_=from_)
    phone.presses("2")
    assert phone.hears("If you do not have your PIN, press 3")
    phone.presses("3")
    assert phone.hears("Please enter your case number")
    phone.presses(number)


def test_a_lost_pin_is_for_staff_who_ring_a_confirmed_phone_and_never_the_one_that_called(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    reports_a_lost_pin(phone, case.number)

    assert phone.hears("If that number is right, someone will call the phone number you gave us")
    asked = house.row(select(Callback))
    assert (asked.reason, asked.state, asked.verified, asked.case_id) == (
        "lost_pin",
        "requested",
        False,
        None,
    )
    make_staff()
    house.jobs.works_off()
    liaison = phone.answers(house.carrier.ringing[-1])
    liaison.presses("1")
    house.jobs.works_off()
    assert house.carrier.ringing[-1].to == SAFE


def test_an_unknown_number_sounds_the_same_and_leaves_nothing(
    phone: Phone, make_case: MakeCase, house: House
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    known, unknown = phone.another(), phone.another()
    reports_a_lost_pin(known, case.number)
    reports_a_lost_pin(unknown, next(n for n in iter(new_number, "") if n != case.number))

    assert known.heard == unknown.heard
    assert len(house.rows(select(Callback))) == 1


@pytest.mark.parametrize("barred", ["none", "unsafe", "unconfirmed"])
def test_without_a_safe_phone_a_lost_pin_is_left_for_staff(
    phone: Phone, make_case: MakeCase, house: House, clock: Clock, barred: str
) -> None:
    case = make_case(custody_status="in_custody", phone=None if barred == "none" else SAFE)
    with house.database.transaction() as session:
        for one in session.scalars(select(RegisteredPhone)).all():
            if barred == "unsafe":
                one.unsafe_since = clock.now
            else:
                one.confirmed_at = None

    reports_a_lost_pin(phone, case.number)

    assert phone.hears("If that number is right, someone will call the phone number you gave us")
    left = house.row(select(Callback))
    assert (left.reason, left.state) == ("lost_pin", "left_for_staff")
    assert house.jobs.waiting == []


def test_a_lost_pin_reported_again_and_again_rings_the_phone_once(
    phone: Phone, make_case: MakeCase, house: House
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    for number in range(4):
        caller = phone.another()
        reports_a_lost_pin(caller, case.number, from_=f"+1202555013{number}")
        assert caller.hears("If that number is right, someone will call")
    phone.redelivers_last() if phone.last_request else None

    assert len(house.rows(select(Callback))) == 1


def test_after_three_wrong_pins_a_lost_pin_needs_no_number_again(
    phone: Phone, make_case: MakeCase, house: House
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    for _ in range(3):
        phone.presses(wrong(case.pin))
    assert phone.hears("If you do not have your PIN, press 4")

    phone.presses("4")

    assert phone.hears("If that number is right, someone will call")
    assert house.row(select(Callback)).reason == "lost_pin"


def test_a_lost_pin_in_spanish_and_with_a_mistyped_number(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    reaches_the_first_menu(phone, language="2")
    phone.presses("2")
    assert phone.hears("Si no tiene su PIN, oprima 3")
    phone.presses("3")
    phone.presses(wrong(case.number))
    assert phone.hears("Esa tecla no funciona aquí", "marque su número de caso")
    phone.presses(case.number)

    assert phone.hears("Si el número es correcto, le llamaremos")
