"""The keys that work at menus and entries: another language, the way back, and star (R22)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback
from models.cases.registrant import Registrant
from tests.calls.conftest import Hotline
from tests.calls.stories import document_of, is_asked_for_a_number, opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]


@pytest.mark.parametrize(
    ("language", "told", "other"),
    [
        ("1", "For a person, press 0. To repeat, press star.", "Para español, oprima 8."),
        ("2", "para repetir oprima asterisco.", "For English, press 8."),
    ],
)
def test_caller_hears_the_keys_after_the_options_of_the_main_menu(
    phone: Phone, language: str, told: str, other: str
) -> None:
    reaches_the_first_menu(phone, language)

    assert phone.hears(told, other)
    assert phone.heard.endswith(other)


def test_last_key_sentence_is_spoken_in_the_voice_of_the_other_language(phone: Phone) -> None:
    reaches_the_first_menu(phone)

    assert 'language="es-US">Para español' in document_of(phone).replace('<break time="600ms"/>', "")


def test_key_8_at_a_menu_says_it_in_the_next_language_and_8_again_in_the_first(phone: Phone) -> None:
    reaches_the_first_menu(phone)
    phone.presses("8")
    assert phone.hears("caso, oprima 1")
    assert phone.does_not_hear("press 1")

    phone.presses("8")

    assert phone.hears("case, press 1")


def test_key_8_after_the_pin_says_the_status_in_the_next_language_and_is_remembered(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    assert phone.hears("in custody")

    phone.presses("8")

    assert phone.hears("en custodia")
    assert hotline.row(select(Registrant.language)) == "es"


def test_language_chosen_at_its_menu_after_the_pin_is_remembered_as_with_8(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    for key in ("#", "#"):
        phone.presses(key)
    assert phone.hears("For English, press 1", "Para español, oprima 2")

    phone.presses("2")

    assert phone.hears("Está llamando a")
    assert hotline.row(select(Registrant.language)) == "es"


def test_key_8_before_the_pin_changes_no_stored_language(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    reaches_the_first_menu(phone)
    phone.presses("8")
    phone.presses("1")
    phone.presses(case.number)
    phone.presses(case.pin)

    assert phone.hears("en custodia")
    assert hotline.row(select(Registrant.language)) == "en"


def test_key_8_after_a_promise_says_the_promise_in_the_other_language_and_promises_nothing_again(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"), language="2")
    phone.presses("2")
    phone.presses("1")
    assert phone.hears("Le llamaremos a más tardar mañana", "Eso es todo")
    asked = hotline.rows(select(Callback.id))

    phone.presses("8")

    assert phone.hears(
        "We will call you no later than tomorrow at 11:59 PM.", "Your phone will show the number",
        "We will leave no message", "That is all. You can hang up.", "Para español, oprima 8",
    )  # fmt: skip
    assert phone.does_not_hear("mañana", "llamaremos")
    assert hotline.rows(select(Callback.id)) == asked
    phone.presses("4")
    phone.presses("8")
    phone.presses("*")
    assert phone.hears("Le llamaremos a más tardar mañana a las 11:59 de la noche", "Eso es todo")


def test_key_8_after_a_wish_leaves_the_chosen_language_unchanged(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    for key in ("2", "2", "2", "4", "3", "1"):
        phone.presses(key)
    assert phone.hears("We will try to speak English with you")

    phone.presses("8")

    assert phone.hears("Listo.", "We will try to speak English with you", "Si eso es todo, oprima 1")
    assert hotline.row(select(Callback.language)) == "en"


@pytest.mark.parametrize("key", ["3", "4"])
def test_caller_who_understands_only_the_first_language_can_undo_an_8_by_mistake(
    phone: Phone, key: str
) -> None:
    reaches_the_first_menu(phone)
    phone.presses(key)
    said = phone.heard

    phone.presses("8")

    assert phone.hears("oprima 1", "For English, press 8")
    phone.presses("8")
    assert phone.hears(said, "Para español, oprima 8")


def test_main_menu_tells_the_key_of_the_next_language_once(phone: Phone) -> None:
    reaches_the_first_menu(phone)

    phone.presses("8")

    assert phone.heard.count("For English, press 8") == 1


def test_pound_at_a_menu_leads_to_the_menu_before_and_not_back_and_forth(phone: Phone) -> None:
    reaches_the_first_menu(phone)
    phone.presses("2")
    phone.presses("1")
    phone.presses("#")
    assert phone.hears("To be called back, press 1")
    phone.presses("#")
    assert phone.hears("case, press 1")
    phone.presses("#")
    assert phone.hears("For English, press 1")
    phone.presses("#")
    assert phone.hears("For English, press 1")


def test_pound_after_the_pin_leads_to_the_main_menu_and_opens_nothing_of_another_case(
    phone: Phone, make_case: MakeCase
) -> None:
    first, second = make_case(custody_status="in_custody"), make_case(custody_status="in_custody")
    opens_the_case(phone, first)
    phone.presses("#")
    assert phone.hears("case, press 1")
    phone.presses("1")
    phone.presses(second.number)
    phone.presses(second.pin)
    phone.presses("2")
    phone.presses("#")
    assert phone.hears("To be called back, press 2")
    phone.presses("#")
    assert phone.hears("case, press 1")


@pytest.mark.parametrize(
    ("language", "stands", "asks"),
    [
        (
            "1",
            "You already have a callback. We will call you",
            "To have us call this phone as soon as we can",
        ),
        ("2", "Ya tiene una llamada pedida. Le llamaremos", "Para que llamemos a este teléfono lo antes"),
    ],
)
def test_pound_after_a_callback_was_asked_for_or_canceled_leads_to_what_stands_now(
    phone: Phone, make_case: MakeCase, language: str, stands: str, asks: str
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"), language)
    phone.presses("2")
    phone.presses("1")
    phone.presses("#")
    assert phone.hears(stands)
    assert phone.does_not_hear(asks)
    # The key of "afraid" again: an urgent callback is canceled only after a question.
    for key in ("3", "#", "4", "#"):
        phone.presses(key)
    assert phone.hears(stands)
    for key in ("4", "2", "#"):
        phone.presses(key)
    assert phone.hears(asks)
    assert phone.does_not_hear(stands)

    phone.presses("#")

    assert phone.hears(
        {"1": "To choose a new PIN, press 4", "2": "Para elegir un PIN nuevo, oprima 4"}[language]
    )


def test_pound_alone_at_the_pin_asks_for_the_number_again_and_there_leads_to_the_main_menu(
    phone: Phone, make_case: MakeCase
) -> None:
    is_asked_for_a_number(phone)
    phone.presses(make_case().number)
    phone.presses("#")
    assert phone.hears("case number")

    phone.presses("#")

    assert phone.hears("case, press 1")


def test_silence_twice_at_the_pin_asks_for_the_number_and_the_third_ends_in_a_callback(
    phone: Phone, make_case: MakeCase
) -> None:
    is_asked_for_a_number(phone)
    phone.presses(make_case().number)
    phone.says_nothing()
    assert phone.hears("Take your time", "PIN")
    phone.says_nothing()
    assert phone.hears("case number")
    assert phone.does_not_hear("PIN")

    phone.says_nothing()

    assert phone.hears("as soon as we can")


def test_star_after_a_slip_says_the_promise_again_and_not_the_apology(
    phone: Phone, make_case: MakeCase
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")
    assert phone.hears("We will call you")
    promised = phone.heard
    phone.presses("6")
    phone.presses("4")
    assert phone.does_not_hear("We will call you")

    phone.presses("*")

    assert phone.heard == promised


def test_menus_take_pound_as_a_key_and_entries_end_with_it(phone: Phone) -> None:
    phone.dials_in()
    assert 'finishOnKey=""' in document_of(phone)
    phone.presses("1")
    phone.presses("1")
    assert 'finishOnKey="#"' in document_of(phone)
