"""Callers with a PIN whose callback goes to another phone than the one in their hand (R35)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Callback, Case, Staff
from models.cases.registrant import Phone as RegisteredPhone
from tests.calls.callbacks.test_callbacks import asks_express, the_callback
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
HOME, HERE = "+12025550123", "+12025550147"
NOT_HERE = "We will call the phone number you gave us, not this one"
SAID = "We will call the phone that you asked for before, not this one. To change that, cancel that call"


def has_an_unsafe_phone(hotline: Hotline, case: MadeCase, number: str) -> None:
    """The registrant of this case named another phone, and marked it unsafe."""
    keyring = hotline.database.keyring
    with hotline.database.transaction() as session:
        session.add(
            RegisteredPhone(
                registrant_id=case.registrant_id,
                position=2,
                phone_key=keyring.index("phone", number),
                number_sealed=keyring.seal("phone.number", number),
                unsafe_since=hotline.clock.now,
            )
        )


def changes_are_held(hotline: Hotline) -> None:
    """Staff have just replaced a lost PIN."""
    with hotline.database.transaction() as session:
        session.execute(update(Case).values(changes_held_until=hotline.clock.now + timedelta(hours=72)))


@pytest.mark.parametrize("keys", [("2",), ("", "")], ids=["key 2", "silence"])
def test_caller_who_chooses_a_call_instead_of_hard_news_hears_that_the_phone_asked_for_before_rings(
    phone: Phone, make_case: MakeCase, hotline: Hotline, keys: tuple[str, ...]
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
    assert the_callback(hotline).phone_key == hotline.database.keyring.index("phone", HOME)


def test_caller_who_keeps_a_place_from_another_phone_hears_which_phone_rings(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    asks_express(phone, case, from_=HOME)
    opens_the_case(phone, case, from_=HERE)
    phone.presses("0")

    phone.presses("1")

    assert phone.hears("We will call you", SAID)
    assert len(hotline.rows(select(Callback))) == 1


def test_caller_who_asks_again_from_another_phone_is_told_so_and_a_new_callback_rings_this_one(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    asks_express(phone, case, from_=HOME)

    opens_the_case(phone, case, language="2", from_=HERE)
    phone.presses("2")
    assert phone.hears(
        "Llamaremos al teléfono que pidió antes, no a este. Para cambiarlo, cancele esa llamada"
    )
    phone.presses("4")
    phone.hangs_up()
    asks_express(phone, case, from_=HERE)

    asked = hotline.rows(select(Callback).order_by(Callback.id))
    assert [one.state for one in asked] == ["cancelled", "requested"]
    assert asked[1].phone_key == hotline.database.keyring.index("phone", HERE)


def test_caller_at_an_unsafe_phone_hears_no_advice_that_would_not_help(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone=HOME)
    has_an_unsafe_phone(hotline, case, HERE)
    asks_express(phone, case, from_=HOME)

    opens_the_case(phone, case, from_=HERE)
    phone.presses("2")

    assert phone.hears("You already have a callback", NOT_HERE)
    assert phone.does_not_hear("To change that")
    opens_the_case(phone, case, language="2", from_=HERE)
    phone.presses("2")
    assert phone.hears("Llamaremos al teléfono que usted nos dio, no a este")
    assert phone.does_not_hear("Para cambiarlo")


def test_caller_in_the_hold_is_not_told_to_cancel_and_ask_again(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone=HOME)
    asks_express(phone, case, from_=HOME)
    changes_are_held(hotline)

    opens_the_case(phone, case, from_=HERE)
    phone.presses("2")

    assert phone.hears("You already have a callback", NOT_HERE)
    assert phone.does_not_hear("To change that")


@pytest.mark.parametrize("why", ["held", "unsafe"])
def test_caller_hears_that_their_first_callback_rings_another_phone_than_this_one(
    phone: Phone, make_case: MakeCase, hotline: Hotline, why: str
) -> None:
    case = make_case(custody_status="in_custody", phone=HOME)
    if why == "held":
        changes_are_held(hotline)
    else:
        has_an_unsafe_phone(hotline, case, HERE)

    asks_express(phone, case, from_=HERE)

    assert phone.hears("We will call you", NOT_HERE)
    assert phone.does_not_hear("Your phone will show")
    assert the_callback(hotline).phone_key == hotline.database.keyring.index("phone", HOME)


def test_caller_from_the_same_phone_hears_nothing_of_another(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    asks_express(phone, case, from_=HOME)

    opens_the_case(phone, case, from_=HOME)
    phone.presses("2")

    assert phone.hears("You already have a callback")
    assert phone.does_not_hear("not this one")


@pytest.mark.parametrize("from_", ["anonymous", "+442079460123"], ids=["withheld", "abroad"])
@pytest.mark.parametrize(
    ("language", "given"),
    [("1", "We will call the phone number you gave us."), ("2", "Llamaremos al teléfono que usted nos dio.")],
)
@pytest.mark.parametrize(
    ("status", "keys"),
    [("released", ("2",)), ("released", ("", "")), ("in_custody", ("2", "3")), (None, ("2", "1"))],
    ids=["hard news", "silence", "afraid", "express"],
)
def test_caller_from_a_phone_that_cannot_be_called_hears_which_one_rings(
    phone: Phone,
    make_case: MakeCase,
    hotline: Hotline,
    from_: str,
    language: str,
    given: str,
    status: str | None,
    keys: tuple[str, ...],
) -> None:
    """ "Your phone" was all that was heard of it: they waited at the phone in their hand."""
    opens_the_case(phone, make_case(custody_status=status, phone=HOME), language, from_=from_)
    for key in keys:
        phone.presses(key) if key else phone.says_nothing()

    assert phone.hears(given, {"1": "Your phone will show", "2": "En su teléfono verá"}[language])
    # With the number withheld, that may be the phone in their hand.
    assert phone.does_not_hear("not this one", "no a este")
    assert the_callback(hotline).phone_key == hotline.database.keyring.index("phone", HOME)


def test_caller_with_a_withheld_number_hears_that_the_phone_asked_for_before_rings(
    phone: Phone, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)

    opens_the_case(phone, case, from_="anonymous")
    phone.presses("2")

    assert phone.hears("You already have a callback", "We will call the phone that you asked for before.")
    assert phone.does_not_hear("not this one")
