"""The caller keys the current PIN once more before a new one: the phone may have changed hands (R02)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from models import Callback, PinTry, Staff
from tests.calls.conftest import Clock, Hotline
from tests.calls.pin.test_new_pin import NEW, chooses, opens
from tests.calls.stories import opens_the_case, wrong
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
ASKED = "Please enter your PIN once more"


@pytest.fixture
def case(phone: Phone, make_case: MakeCase) -> MadeCase:
    """A case whose caller has heard the status and pressed the key of a new PIN."""
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    phone.presses("4")
    assert phone.hears(ASKED)
    return case


def test_somebody_who_picks_up_the_phone_cannot_replace_the_pin(
    phone: Phone, case: MadeCase, clock: Clock
) -> None:
    """Nine minutes after the PIN, three keys took the case over, and nobody was told."""
    clock.passes(minutes=9)

    chooses(phone, NEW)

    assert phone.hears("Those numbers did not work", ASKED)
    assert phone.does_not_hear("changed")
    assert opens(phone, case, case.pin)
    assert not opens(phone, case, NEW)


def test_three_wrong_pins_lead_to_a_person_and_the_line_asks_no_more(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    for _ in range(2):
        phone.presses(wrong(case.pin))
        assert phone.hears("Those numbers did not work. For a person, press 0", ASKED)
    phone.presses(wrong(case.pin))

    assert phone.hears("Those numbers did not work. Let me see who can help you")
    assert phone.does_not_hear(ASKED)
    failed = select(func.count()).select_from(PinTry).where(~PinTry.opened)
    assert hotline.row(failed) == 3
    assert not hotline.rows(select(Callback))


def test_caller_without_a_try_left_is_led_to_a_person_at_once(
    phone: Phone, case: MadeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(busy_call_id=None)
    for _ in range(3):
        phone.presses(wrong(case.pin))
    assert phone.hears("I am calling someone for you")
    phone.presses("#")
    assert phone.hears("To choose a new PIN, press 4")

    phone.presses("4")

    assert phone.hears("Let me see who can help you")
    assert phone.does_not_hear(ASKED)


def test_tries_before_the_status_count_with_those_after_it(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    phone.dials_in()
    for keys in ("1", "1", case.number, wrong(case.pin), wrong(case.pin), case.pin, "4"):
        phone.presses(keys)
    assert phone.hears(ASKED)

    phone.presses(wrong(case.pin))

    assert phone.hears("Let me see who can help you")


def test_caller_who_mistyped_it_once_hears_of_no_wrong_pin_in_the_next_call(
    phone: Phone, case: MadeCase, clock: Clock
) -> None:
    clock.passes(seconds=20)
    phone.presses(wrong(case.pin))
    clock.passes(seconds=20)
    phone.presses(case.pin)
    assert phone.hears("Please enter a new 6-digit PIN")
    phone.hangs_up()
    clock.passes(minutes=5)

    again = phone.another()
    opens_the_case(again, case)

    assert again.does_not_hear("wrong PIN")


def test_caller_hears_in_the_next_call_of_a_wrong_pin_that_somebody_else_keyed_meanwhile(
    phone: Phone, case: MadeCase, clock: Clock
) -> None:
    clock.passes(seconds=20)
    stranger = phone.another()
    stranger.dials_in(from_="+12025550188")
    for keys in ("1", "1", case.number, wrong(case.pin)):
        stranger.presses(keys)
    clock.passes(seconds=20)
    phone.presses(wrong(case.pin))
    phone.presses(case.pin)
    phone.hangs_up()
    clock.passes(minutes=5)

    again = phone.another()
    opens_the_case(again, case)

    assert again.hears("wrong PIN")


def test_case_number_keyed_in_place_of_the_pin_is_no_try(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    phone.presses(case.number[:6])

    assert phone.hears("That is the case number again", ASKED)
    assert hotline.row(select(func.count()).select_from(PinTry)) == 1


def test_pound_leads_to_another_case_number(phone: Phone, case: MadeCase) -> None:
    phone.presses("#")

    assert phone.hears("Please enter your case number")


def test_line_asks_for_the_pin_in_spanish(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case, language="2")

    phone.presses("4")

    assert phone.hears("Marque su PIN una vez más")
    phone.presses(wrong(case.pin))
    assert phone.hears("Esos números no funcionaron", "Marque su PIN una vez más")


def test_verification_is_over_after_ten_minutes_at_the_question(
    phone: Phone, case: MadeCase, clock: Clock
) -> None:
    clock.now += timedelta(minutes=11)

    phone.presses(case.pin)

    assert phone.hears("I need your PIN again")
