"""Callers with a PIN whose callback stands for another phone than the one in their hand (R35)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback, Staff
from tests.calls.conftest import House
from tests.calls.stories import opens_the_case
from tests.calls.test_callbacks import asks_express, the_callback
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
HOME, HERE = "+12025550123", "+12025550147"
SAID = "We will call the phone that you asked for before, not this one. To change that, cancel that call"


@pytest.mark.parametrize("keys", [("2",), ("", "")], ids=["key 2", "silence"])
def test_hard_news_heard_elsewhere_rings_the_phone_asked_for_before_and_says_so(
    phone: Phone, make_case: MakeCase, house: House, keys: tuple[str, ...]
) -> None:
    case = make_case(custody_status="released")
    opens_the_case(phone, case, from_=HOME)
    phone.presses("2")
    assert phone.hears("Your phone will show the number that you called")
    assert phone.does_not_hear("not this one")
    phone.hangs_up()

    opens_the_case(phone, case, from_=HERE)
    for key in keys:
        phone.presses(key) if key else phone.says_nothing()

    assert phone.hears("We will call you", SAID)
    assert phone.does_not_hear("Your phone will show", "0123", "555")
    assert the_callback(house).number_key == house.database.keyring.index("phone", HOME)


def test_place_in_line_kept_from_another_phone_says_which_phone_rings(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    asks_express(phone, case, from_=HOME)
    opens_the_case(phone, case, from_=HERE)
    phone.presses("0")

    phone.presses("1")

    assert phone.hears("We will call you", SAID)
    assert len(house.rows(select(Callback))) == 1


def test_asked_again_from_another_phone_the_line_says_so_and_a_new_call_rings_this_one(
    phone: Phone, make_case: MakeCase, house: House
) -> None:
    case = make_case(custody_status="in_custody")
    asks_express(phone, case, from_=HOME)

    opens_the_case(phone, case, language="2", from_=HERE)
    phone.presses("2")
    assert phone.hears(
        "Llamaremos al teléfono que pidió antes, no a este. Para cambiarlo, cancele esa llamada"
    )
    phone.presses("3")
    phone.hangs_up()
    asks_express(phone, case, from_=HERE)

    asked = house.rows(select(Callback).order_by(Callback.id))
    assert [one.state for one in asked] == ["cancelled", "requested"]
    assert asked[1].number_key == house.database.keyring.index("phone", HERE)


def test_from_the_same_phone_nothing_is_said_of_another(
    phone: Phone, make_case: MakeCase, house: House
) -> None:
    case = make_case(custody_status="in_custody")
    asks_express(phone, case, from_=HOME)

    opens_the_case(phone, case, from_=HOME)
    phone.presses("2")

    assert phone.hears("You already have a callback")
    assert phone.does_not_hear("not this one")
