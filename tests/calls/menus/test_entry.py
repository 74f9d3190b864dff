"""The case number and the PIN: only the PIN is asked again, and a slip gets words of its own (R20, R25)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from hotline.trees import build_flows
from ivr_flows.engine.flow import Collect
from ivr_flows.prompts import Prompts
from models import Call, PinTry
from tests.calls.conftest import Hotline
from tests.calls.stories import is_asked_for_a_number, opens_the_case, wrong
from tests.factories import HASHER, MadeCase, make_office
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]


def mistyped(number: str) -> str:
    return number[:-1] + str((int(number[-1]) + 1) % 10)


@pytest.mark.parametrize("is_known", [True, False])
def test_caller_with_a_wrong_pin_is_asked_for_the_pin_alone_whatever_the_number(
    phone: Phone, make_case: MakeCase, is_known: bool
) -> None:
    case = make_case(custody_status="in_custody")
    number = case.number if is_known else "41000723"
    is_asked_for_a_number(phone)
    phone.presses(number)

    phone.presses(wrong(case.pin))

    assert phone.hears("Those numbers did not work", "For a person, press 0")
    assert phone.hears("For another case number, press pound", "Please enter your 6-digit PIN")
    phone.presses(case.pin)
    assert ("in custody" in phone.heard) is is_known


def test_pound_after_a_wrong_pin_asks_for_another_number(phone: Phone, make_case: MakeCase) -> None:
    case, other = make_case(custody_status="in_custody"), make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(other.number)
    phone.presses(wrong(other.pin))

    phone.presses("#")
    phone.presses(case.number)
    phone.presses(case.pin)

    assert phone.hears("in custody")


def test_caller_with_a_wrong_check_digit_hears_that_it_is_no_number_and_how_many_digits_one_has(
    phone: Phone, make_case: MakeCase
) -> None:
    number = make_case().number
    is_asked_for_a_number(phone)

    phone.presses(mistyped(number))

    assert phone.hears("That is not a case number. A case number has 8 digits.")
    assert phone.heard.endswith("Please enter your case number.")
    phone.presses(number)
    assert phone.hears("PIN")


def test_caller_without_a_case_number_is_led_to_a_person(phone: Phone, make_case: MakeCase) -> None:
    is_asked_for_a_number(phone)
    phone.presses(mistyped(make_case().number))
    phone.presses("1")

    assert phone.hears("If you do not have a case number, press 0")
    phone.presses("0")
    assert phone.hears("No one can answer", "as soon as we can, press 1")


def test_caller_who_never_keyed_a_case_number_is_offered_the_case_beside_a_callback(
    phone: Phone, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    for _ in range(4):
        phone.presses(mistyped(case.number))
    assert phone.hears("No one can answer", "as soon as we can, press 1", "To hear about your case, press 4")

    for keys in ("4", case.number, case.pin):
        phone.presses(keys)

    assert phone.hears("in custody")


@pytest.mark.parametrize("number", ["a case's", "no case's"])
def test_caller_who_has_no_pin_is_offered_the_lost_pin_beside_a_callback(
    phone: Phone, make_case: MakeCase, number: str
) -> None:
    is_asked_for_a_number(phone)
    phone.presses(make_case().number if number == "a case's" else "41000723")

    phone.presses("0")

    assert phone.hears("No one can answer", "as soon as we can, press 1", "do not have your PIN, press 4")
    assert phone.does_not_hear("To hear about your case")


def test_caller_whose_pin_is_too_short_hears_its_length(phone: Phone, make_case: MakeCase) -> None:
    is_asked_for_a_number(phone, "2")
    phone.presses(make_case().number)

    phone.presses("12")

    assert phone.hears("Un PIN tiene seis dígitos")


def test_caller_hears_both_lengths_where_numbers_have_grown() -> None:
    step = build_flows(make_office(), case_digits=10)["victim_line"].steps["ask_number"]

    assert isinstance(step, Collect)
    assert (step.malformed, step.about) == ("ask_number.wrong_two", "number.10.8")
    # "Uno tiene" would be a person who has them.
    spanish = Prompts.load(["es"]).text("es", "ask_number.wrong_two", least="8", digits="10")
    assert spanish == "Ese no es un número de caso. Los números de caso tienen 8 o 10 dígitos."


@pytest.mark.parametrize("status", ["in_custody", "escaped"])
def test_last_pin_key_hit_twice_answers_no_menu_and_cuts_off_no_word_of_the_status(
    timed_phone: Phone, make_case: MakeCase, status: str
) -> None:
    case = make_case(custody_status=status)
    assert case.pin.endswith("2")
    timed_phone.dials_in()
    timed_phone.waits(20)
    for keys in ("1", "1", case.number):
        timed_phone.presses(keys)
        timed_phone.waits(3)

    timed_phone.presses(case.pin)
    timed_phone.waits(0.5)
    timed_phone.presses("2")
    timed_phone.waits(25)

    assert timed_phone.hears(
        {"in_custody": "to be called back, press 2", "escaped": "to hear it now"}[status]
    )


@pytest.mark.parametrize("number", [None, "41000723"], ids=["known", "unknown"])
def test_caller_who_keys_the_case_number_again_at_the_pin_is_told_and_loses_no_try(
    phone: Phone, make_case: MakeCase, hotline: Hotline, number: str | None
) -> None:
    case = make_case(custody_status="in_custody")
    number = number or case.number
    is_asked_for_a_number(phone)
    phone.presses(number)
    runs = HASHER.runs

    phone.presses(number[:6])

    assert phone.hears("That is the case number again. Please enter your 6-digit PIN")
    assert phone.does_not_hear("did not work")
    assert (HASHER.runs, hotline.rows(select(PinTry))) == (runs, [])
    for _ in range(2):
        phone.presses(wrong(case.pin))
    assert phone.hears("Please enter your 6-digit PIN")


@pytest.mark.parametrize("language", ["1", "2"])
def test_caller_who_keeps_keying_the_case_number_is_led_to_a_person(
    phone: Phone, make_case: MakeCase, language: str
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone, language)
    phone.presses(case.number)
    again = {"1": "case number again", "2": "otra vez el número de caso"}[language]
    for _ in range(2):
        phone.presses(case.number[:6])
        assert phone.hears(again)
    phone.presses(case.number[:6])
    phone.presses(case.number[:6])

    assert phone.hears({"1": "as soon as we can, press 1", "2": "lo antes posible, oprima 1"}[language])


def test_case_number_keyed_whole_at_the_pin_leaves_no_key_for_the_next_entry(
    timed_phone: Phone, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    timed_phone.dials_in()
    timed_phone.waits(20)
    for keys in ("1", "1", case.number):
        timed_phone.presses(keys)
        timed_phone.waits(3)

    for digit in case.number:
        timed_phone.presses(digit)
        timed_phone.waits(1)
    timed_phone.waits(5)
    timed_phone.presses(case.pin)
    timed_phone.waits(8)

    assert timed_phone.hears("in custody")


def test_caller_cannot_choose_a_pin_that_begins_the_case_number(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody", number="58396156")
    opens_the_case(phone, case)
    phone.presses("4")
    phone.presses(case.pin)

    phone.presses(case.number[:6])

    assert phone.hears("too easy to guess", "your case number")
    phone.presses("583962")
    assert phone.hears("Please enter the new PIN again")


@pytest.mark.parametrize("asked_for", ["number", "PIN"])
def test_key_too_many_is_not_the_first_key_of_the_next_try(
    timed_phone: Phone, make_case: MakeCase, asked_for: str
) -> None:
    case = make_case(custody_status="in_custody")
    timed_phone.dials_in()
    timed_phone.waits(20)
    timed_phone.presses("1")
    timed_phone.presses("1")
    timed_phone.waits(3)
    if asked_for == "PIN":
        timed_phone.presses(case.number)
        timed_phone.waits(3)
    typed = mistyped(case.number) if asked_for == "number" else wrong(case.pin)

    timed_phone.presses(typed)
    timed_phone.waits(0.5)
    timed_phone.presses(typed[-1])
    timed_phone.waits(8)

    if asked_for == "number":
        timed_phone.presses(case.number)
        timed_phone.waits(3)
    timed_phone.presses(case.pin)
    timed_phone.waits(8)
    assert timed_phone.hears("in custody")


@pytest.mark.parametrize("zeros", ["00", "000000", "00000000"])
def test_caller_who_keeps_hitting_0_at_a_number_gets_a_person(phone: Phone, zeros: str) -> None:
    is_asked_for_a_number(phone)

    phone.presses(zeros)

    assert phone.hears("No one can answer", "as soon as we can, press 1")


@pytest.mark.parametrize("zeros", ["00", "000000"])
def test_caller_who_keeps_hitting_0_at_the_pin_gets_a_person_and_loses_no_try(
    phone: Phone, make_case: MakeCase, hotline: Hotline, zeros: str
) -> None:
    is_asked_for_a_number(phone)
    phone.presses(make_case().number)
    runs = HASHER.runs

    phone.presses(zeros)

    assert phone.hears("No one can answer", "as soon as we can, press 1")
    assert (hotline.row(select(Call.tries)), HASHER.runs) == (0, runs)
