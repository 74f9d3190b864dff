"""Callers who press no key: three prompts before the PIN, one offer of a callback, a gentle end (R25)."""

from collections.abc import Callable

import pytest

from tests.calls.conftest import Hotline
from tests.calls.menus.test_discreet_line import DISCREET, telling
from tests.calls.places import (
    after_a_wrong_pin,
    at_a_wish,
    at_the_callback_menu,
    at_the_case_menu,
    at_the_choice_of_a_callback_or_a_person,
    at_the_first_menu,
    at_the_language_menu,
    at_the_number,
    at_the_number_of_a_lost_pin,
    at_the_pin,
    at_the_question_for_the_hour,
    at_the_reports,
    at_the_services,
    at_the_wishes,
)
from tests.calls.stories import document_of, is_asked_for_a_number, reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
Place = Callable[[Phone, MadeCase], None]
NOT_HEARD = {"en": "I have not heard from you", "es": "No he recibido respuesta"}
OFFER = {"en": "call this phone as soon as we can, press 1", "es": "este teléfono lo antes posible, oprima 1"}
END = {
    "en": "I will end this call now. You can call this number again at any time. Take care. Goodbye.",
    "es": "Voy a terminar esta llamada. Puede volver a llamar a este número cuando quiera. Cuídese. Adiós.",
}


def in_spanish(phone: Phone, _case: MadeCase) -> None:
    reaches_the_first_menu(phone, language="2")


def at_the_number_at_the_slow_pace(phone: Phone, case: MadeCase) -> None:
    at_the_number(phone, case)
    phone.presses("9")


def on_a_discreet_line(phone: Phone, _case: MadeCase) -> None:
    phone.dials_in(to=DISCREET)


def at_the_number_of_a_discreet_line(phone: Phone, case: MadeCase) -> None:
    on_a_discreet_line(phone, case)
    phone.presses("1")


def at_the_code_of_a_discreet_line(phone: Phone, case: MadeCase) -> None:
    at_the_number_of_a_discreet_line(phone, case)
    phone.presses(case.number)


def at_the_menu_of_a_discreet_line(phone: Phone, case: MadeCase) -> None:
    at_the_number_of_a_discreet_line(phone, case)
    phone.presses("#")


DISCREET_PLACES = [
    on_a_discreet_line, at_the_number_of_a_discreet_line, at_the_code_of_a_discreet_line,
    at_the_menu_of_a_discreet_line,
]  # fmt: skip
BEFORE_THE_PIN = [
    at_the_language_menu, at_the_first_menu, in_spanish, at_the_number, at_the_number_at_the_slow_pace,
    at_the_pin, after_a_wrong_pin, at_the_choice_of_a_callback_or_a_person, at_the_question_for_the_hour,
    at_the_number_of_a_lost_pin, at_the_services, at_the_reports, *DISCREET_PLACES,
]  # fmt: skip


def stays_silent(phone: Phone) -> list[str]:
    """Press nothing until the line hangs up; what was heard of each document, the first one included."""
    heard = [phone.heard]
    while not phone.is_over:
        assert len(heard) < 12, f"the call does not end\n{phone.transcript}"
        phone.says_nothing()
        heard.append(phone.heard)
    return heard


def times(heard: list[str], words: str) -> int:
    return " ".join(heard).count(words)


@pytest.mark.parametrize("place", BEFORE_THE_PIN, ids=lambda place: place.__name__)
def test_silent_caller_hears_three_prompts_one_offer_and_a_gentle_end(
    phone: Phone, make_case: MakeCase, place: Place
) -> None:
    place(phone, make_case(custody_status="in_custody"))
    language = "es" if place is in_spanish else "en"

    heard = stays_silent(phone)

    assert all(heard), phone.transcript
    *prompts, offer, end = heard
    assert len(prompts) == 3, phone.transcript
    assert times(prompts, NOT_HEARD[language]) == times(prompts, OFFER[language]) == 0
    assert NOT_HEARD[language] in offer
    assert OFFER[language] in offer
    assert end == END[language]


@pytest.mark.parametrize("place", DISCREET_PLACES, ids=lambda place: place.__name__)
def test_silence_on_a_discreet_line_is_answered_in_neutral_words(
    phone: Phone, make_case: MakeCase, place: Place
) -> None:
    place(phone, make_case(custody_status="in_custody"))

    stays_silent(phone)

    assert telling(phone) == []


@pytest.mark.parametrize("key", ["1", "3"])
def test_silent_caller_takes_the_offer_by_a_key(phone: Phone, key: str) -> None:
    phone.dials_in()
    for _ in range(3):
        phone.says_nothing()

    if key == "1":
        phone.presses("1")
        assert phone.hears("We will call you no later than")
    else:
        assert phone.hears("To hear about your case, press 3")
        phone.presses("3")
        assert phone.hears("Please enter your case number")


def test_caller_who_chose_no_language_hears_how_to_change_it(phone: Phone) -> None:
    phone.dials_in()
    for _ in range(3):
        phone.says_nothing()
    assert phone.hears("as soon as we can", "Para español, oprima 8")

    phone.presses("8")

    assert phone.hears(NOT_HEARD["es"], OFFER["es"])
    phone.says_nothing()
    assert phone.hears(END["es"])
    assert phone.is_over


def test_key_after_the_offer_starts_the_three_prompts_again(phone: Phone) -> None:
    reaches_the_first_menu(phone)
    for _ in range(3):
        phone.says_nothing()
    phone.presses("3")
    assert phone.hears("Please enter your case number")

    heard = stays_silent(phone)

    assert len(heard) == 5
    assert heard[-1] == END["en"]


def test_silence_at_the_callback_menu_hears_it_three_times_and_no_second_offer(
    phone: Phone, make_case: MakeCase
) -> None:
    at_the_choice_of_a_callback_or_a_person(phone, make_case())
    phone.presses("1")

    heard = stays_silent(phone)

    assert len(heard) == 4
    assert times(heard, OFFER["en"]) == 3
    assert heard[-1] == END["en"]


@pytest.mark.parametrize("deeper", [(), ("2",)])
def test_silence_among_the_wishes_of_a_stranger_says_how_we_call_and_ends(
    phone: Phone, make_case: MakeCase, deeper: tuple[str, ...]
) -> None:
    at_the_question_for_the_hour(phone, make_case())
    for key in ("1", "1", *deeper):
        phone.presses(key)

    heard = stays_silent(phone)

    assert len(heard) == 4, phone.transcript
    assert times(heard[1:], OFFER["en"]) == 0
    assert heard[-1].startswith("We will leave no message.")
    assert heard[-1].endswith(END["en"])


def test_caller_whom_nobody_can_call_back_hears_three_prompts_and_the_end(phone: Phone) -> None:
    phone.dials_in(from_="anonymous")

    heard = stays_silent(phone)

    assert len(heard) == 4
    assert heard[-1] == f"{NOT_HEARD['en']}. That is all right. {END['en']}"


def test_silence_after_three_wrong_pins_hears_the_menu_three_times_and_the_end(
    phone: Phone, make_case: MakeCase
) -> None:
    """A key led to this menu, not silence, so it keeps its repair."""
    after_a_wrong_pin(phone, case := make_case(custody_status="in_custody"))
    for _ in range(2):
        phone.presses(case.pin[::-1])

    heard = stays_silent(phone)

    assert len(heard) == 4
    assert "If you do not have your PIN, press 4" in heard[0]
    assert heard[-1] == END["en"]


@pytest.mark.parametrize("place", [at_the_case_menu, at_the_callback_menu])
def test_silent_caller_with_a_pin_hears_a_callback_menu_once_if_silence_led_to_it(
    phone: Phone, make_case: MakeCase, place: Place
) -> None:
    place(phone, make_case(custody_status="in_custody"))

    heard = stays_silent(phone)

    offers = times(heard, OFFER["en"])
    assert offers == (1 if place is at_the_case_menu else 4), phone.transcript
    assert heard[-1] == END["en"]


@pytest.mark.parametrize("place", [at_the_wishes, at_a_wish])
def test_silent_caller_with_a_pin_is_let_go_with_the_promise(
    phone: Phone, make_case: MakeCase, place: Place
) -> None:
    place(phone, make_case(custody_status="in_custody"))

    heard = stays_silent(phone)

    assert heard[-1].startswith("We will leave no message.")
    assert heard[-1].endswith(END["en"])


def test_silence_at_the_pin_is_alike_for_numbers_that_exist_and_that_do_not(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    documents = []
    for number in (make_case(custody_status="in_custody").number, make_case().number, "41000723"):
        caller = phone.another()
        is_asked_for_a_number(caller)
        caller.presses(number)
        given = [document_of(caller)]
        while not caller.is_over:
            caller.says_nothing()
            given.append(document_of(caller))
        documents.append(given)

    assert documents[0] == documents[1] == documents[2]
    assert len(documents[0]) == 5
