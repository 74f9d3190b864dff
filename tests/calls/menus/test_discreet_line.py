"""A discreet number has a tree of its own: nothing tells what it is before the PIN or a person (R17)."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, update

from hotline.trees import build_flows
from ivr_flows.engine.flow import Collect
from models import Callback, Staff
from models.cases.registrant import Registrant
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Clock, Hotline
from tests.calls.pin.test_new_pin import by_letter
from tests.calls.stories import opens_the_case, wrong
from tests.conftest import in_turn
from tests.factories import HASHER, MadeCase, make_office
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
DISCREET = "+12025550101"
TELLING = (
    "911",
    "case",
    "crime",
    "victim",
    "PIN",
    "caso",
    "delito",
    "víctima",
    "danger",
    "peligro",
    "afraid",
    "miedo",
    "court",
    "corte",
    "safe",
    "segur",
    "office",
    "oficina",
)


NOT_NAMED = "This is a discreet line. Do not name the office."


def breaks(*_arguments: object, **_more: object) -> None:
    raise RuntimeError("This part is broken.")


def telling(phone: Phone) -> list[str]:
    """The words heard in the whole call that tell what the line is."""
    so_far = phone.heard_so_far.casefold()
    return [word for word in TELLING if word.casefold() in so_far]


def dials(phone: Phone, language: str = "1") -> None:
    phone.dials_in(to=DISCREET)
    assert phone.hears("For English, press 1", "Para español, oprima 2")
    assert phone.heard.startswith("For English")
    phone.presses(language)


@pytest.mark.parametrize(
    ("language", "greeting", "number", "code"),
    [
        ("1", "This is the information line", "enter your number", "enter your code"),
        ("2", "Le atiende la línea de información", "Marque su número", "Marque su clave"),
    ],
)
def test_caller_of_a_discreet_line_hears_neutral_words_until_the_pin_and_then_the_danger_line(
    phone: Phone, make_case: MakeCase, language: str, greeting: str, number: str, code: str
) -> None:
    case = make_case(custody_status="in_custody")
    dials(phone, language)
    assert phone.hears(greeting, number)
    phone.presses("12")
    phone.presses("#")
    phone.presses("1")
    phone.presses(case.number)
    assert phone.hears(code)
    phone.presses(wrong(case.pin))
    assert phone.hears(code)
    assert telling(phone) == []

    phone.presses(case.pin)

    assert phone.hears("911", {"1": "in custody", "2": "en custodia"}[language])
    assert phone.does_not_hear("press 5", "oprima 5")


@pytest.mark.parametrize(
    ("language", "digits"),
    [
        ("1", "That number is not right. It must have 8 digits."),
        ("2", "Ese número no está bien. Debe tener 8 dígitos."),
    ],
)
def test_caller_with_a_wrong_number_hears_how_many_digits_one_has(
    phone: Phone, language: str, digits: str
) -> None:
    dials(phone, language)
    phone.presses("12")

    assert phone.hears(digits)
    assert telling(phone) == []


def test_caller_hears_both_lengths_while_case_numbers_of_two_lengths_exist() -> None:
    step = build_flows(make_office(), case_digits=10)["discreet_line"].steps["ask_number"]
    assert isinstance(step, Collect)
    assert (step.malformed, step.about) == ("discreet.wrong_number_two", "number.10.8")


@pytest.mark.parametrize(
    ("language", "asks", "changed"),
    [
        ("1", "To choose a new code, press 4", "Your code is changed"),
        ("2", "Para elegir una clave nueva, oprima 4", "Su clave quedó cambiada"),
    ],
)
def test_code_is_still_called_a_code_after_it_was_right(
    phone: Phone, make_case: MakeCase, language: str, asks: str, changed: str
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    phone.hangs_up()
    guesser = phone.another()
    dials(guesser)
    for keys in (case.number, wrong(case.pin)):
        guesser.presses(keys)
    guesser.hangs_up()
    caller = phone.another()
    dials(caller, language)
    for keys in (case.number, case.pin):
        caller.presses(keys)
    assert caller.hears(asks)

    for keys in (
        "4",
        "12",
        wrong(case.pin),
        case.pin,
        "12",
        "123456",
        "583961",
        "583962",
        "583961",
        "583961",
    ):
        caller.presses(keys)

    assert caller.hears(changed, asks)
    assert "PIN" not in caller.heard_so_far


@pytest.mark.parametrize("language", ["1", "2"])
def test_silence_on_a_discreet_line_ends_in_neutral_words(phone: Phone, language: str) -> None:
    dials(phone, language)
    while not phone.is_over:
        phone.says_nothing()

    assert telling(phone) == []


@pytest.mark.parametrize("language", ["1", "2"])
def test_choices_of_a_callback_tell_nothing_before_the_pin(phone: Phone, language: str) -> None:
    dials(phone, language)
    # To the menu, a callback, more choices, the hour, the morning; then each question about the call.
    for key in ("#", "2", "2", "1", "1", "2", "1", "3", "2", "4", "1", "1", "4", "2", language, "1"):
        phone.presses(key)

    assert phone.hears({"1": "That is all", "2": "Eso es todo"}[language])
    assert telling(phone) == []


def test_liaison_who_takes_a_discreet_caller_at_0_is_told_not_to_name_the_office(
    phone: Phone, make_staff: Callable[..., Staff], hotline: Hotline
) -> None:
    make_staff()
    dials(phone)
    phone.presses("0")
    assert phone.does_not_hear("press 5")

    liaison = hotline.accepts(phone)

    assert NOT_NAMED in liaison.heard_so_far


@pytest.mark.parametrize("chosen", [True, False])
def test_liaison_who_takes_a_callback_from_a_discreet_number_is_told_not_to_name_the_office(
    phone: Phone, make_case: MakeCase, make_staff: Callable[..., Staff], hotline: Hotline, chosen: bool
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    if chosen:
        opens_the_case(phone, case)
        with hotline.database.transaction() as session:
            session.execute(update(Registrant).values(line=DISCREET))
    else:
        dials(phone)
        for keys in (case.number, case.pin):
            phone.presses(keys)
    for keys in ("2", "1"):
        phone.presses(keys)
    assert phone.hears("We will call you")
    phone.hangs_up()

    liaison = hotline.answers(phone)
    liaison.presses("1")

    assert liaison.hears(NOT_NAMED)


@pytest.mark.parametrize("key", ["2", "3"], ids=["colleague", "interpreter"])
@in_turn("how", ["at 0", "callback"])
def test_staff_who_are_rung_for_a_discreet_caller_hear_the_neutral_name_alone(
    phone: Phone, make_case: MakeCase, make_staff: Callable[..., Staff], hotline: Hotline,
    how: str, key: str,
) -> None:  # fmt: skip
    make_staff(phone="+12025550170")
    dials(phone)
    if how == "at 0":
        phone.presses("0")
        liaison = hotline.accepts(phone)
    else:
        case = make_case(custody_status="in_custody")
        for keys in (case.number, case.pin, "2", "1"):
            phone.presses(keys)
        phone.hangs_up()
        liaison, to_caller = accepted_by(phone, hotline)
        phone.answers(to_caller).presses("1")
        hotline.jobs.works_off()
    assert "This is the information line" in liaison.heard_so_far
    assert "Victim" not in liaison.heard_so_far
    make_staff(phone="+12025550171")

    liaison.presses("*")
    liaison.presses(key)
    hotline.jobs.works_off()
    joiner = phone.answers(hotline.carrier.ringing[-1])

    assert joiner.hears("This is the information line", "To accept, press 1")
    assert joiner.does_not_hear("Victim")
    joiner.presses("1")
    assert joiner.hears(NOT_NAMED)


def test_liaison_who_takes_any_other_callback_hears_of_no_discreet_line(
    phone: Phone, make_case: MakeCase, make_staff: Callable[..., Staff], hotline: Hotline
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody"))
    for keys in ("2", "1"):
        phone.presses(keys)
    phone.hangs_up()

    liaison = hotline.answers(phone)
    liaison.presses("1")

    assert liaison.does_not_hear("discreet")


@pytest.mark.parametrize("language", ["1", "2"])
def test_danger_line_follows_a_letters_pin_on_a_discreet_line(
    phone: Phone, make_case: MakeCase, hotline: Hotline, language: str
) -> None:
    case = make_case(custody_status="in_custody")
    mailed = by_letter(hotline, case)
    dials(phone, language)
    phone.presses(case.number)

    phone.presses(mailed)

    danger, own = {
        "1": ("If you are in danger, hang up and call 911", "choose your own code"),
        "2": ("Si está en peligro, cuelgue y llame al 911", "elija su propia clave"),
    }[language]
    assert phone.hears(danger, own)
    assert phone.heard.index(danger) < phone.heard.index(own)
    for _ in range(2):
        phone.presses("583961")
    assert phone.hears({"1": "in custody", "2": "en custodia"}[language])


def test_caller_hears_a_neutral_apology_for_a_fault_before_the_pin_and_gets_a_person(
    phone: Phone,
    make_case: MakeCase,
    make_staff: Callable[..., Staff],
    hotline: Hotline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    dials(phone)
    phone.presses(case.number)
    with monkeypatch.context() as patch:
        patch.setattr(HASHER, "matches", breaks)
        phone.presses(case.pin)

    assert phone.hears("I am sorry, something went wrong", "I am calling someone for you")
    assert telling(phone) == []
    assert NOT_NAMED in hotline.accepts(phone).heard_so_far


def test_discreet_line_says_neutral_words_and_dials_a_person_when_the_database_is_gone(
    phone: Phone, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    dials(phone)
    with monkeypatch.context() as patch:
        patch.setattr(hotline.database, "transaction", breaks)
        patch.setattr(hotline.database, "reading", breaks)
        patch.setattr(hotline.database.turn_engine, "connect", breaks)
        phone.presses("12345678")

    assert phone.hears("something went wrong. I am calling a person for you. Please stay on the line")
    assert phone.hears("algo falló. Estoy llamando a una persona. No cuelgue")
    assert telling(phone) == []
    assert phone.is_rung(hotline.office.person_number)


def test_any_other_number_is_the_victim_line(phone: Phone) -> None:
    phone.dials_in(to="+12025550199")

    assert phone.hears("If you are in danger, hang up and call 911")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_fallback_of_a_discreet_line_names_no_emergency_and_reads_a_persons_number(
    app: Flask, phone: Phone, method: str
) -> None:
    answer = app.test_client().open("/voice/fallback-discreet.xml", method=method, data=b"\xff%%%")

    document = phone.raw(answer)
    assert "telephone" in document
    assert [word for word in TELLING if word.casefold() in document.split("-->")[1].casefold()] == []


@pytest.mark.parametrize(
    ("language", "promise", "back", "menu"),
    [
        ("1", "We will call you", "To go back, press 1", "To choose a new code, press 4"),
        ("2", "Le llamaremos", "Para volver, oprima 1", "Para elegir una clave nueva, oprima 4"),
    ],
)
def test_way_back_on_a_discreet_line_says_nothing_aloud_but_the_options(
    phone: Phone, make_case: MakeCase, language: str, promise: str, back: str, menu: str
) -> None:
    case = make_case(custody_status="in_custody")
    dials(phone, language)
    for keys in (case.number, case.pin, "2", "1"):
        phone.presses(keys)
    # "To hear it again" would be the promise that was just said, not the status.
    assert phone.hears(promise, back)
    assert phone.does_not_hear("case", "main menu", "caso", "menú principal", "hear it again", "oírlo")

    phone.presses("1")

    assert phone.hears(menu)
    assert phone.does_not_hear("in custody", "en custodia")


def test_warnings_on_a_discreet_line_come_with_the_news_that_is_heard_after_a_promise(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="escaped")
    opens_the_case(phone.another(), case, from_="+12025550166")
    clock.passes(minutes=30)
    dials(phone)
    for keys in (case.number, case.pin, "2"):
        phone.presses(keys)
    assert phone.hears("We will call you", "To go back, press 1")
    phone.presses("1")
    assert phone.hears("news that may be hard to hear", "To hear it now, press 1")

    phone.presses("1")

    assert phone.hears("this person escaped", "Your code was last used today at 10:00 AM")


@pytest.mark.parametrize(
    ("language", "until", "promise"),
    [
        ("1", "Until we talk, please act as if this person may be out.", "We will call you"),
        (
            "2",
            "Hasta que hablemos, por favor actúe como si esta persona pudiera estar libre.",
            "Le llamaremos",
        ),
    ],
)
def test_caller_who_goes_back_and_asks_to_be_called_hears_to_act_as_if_the_person_may_be_out(
    phone: Phone, make_case: MakeCase, hotline: Hotline, language: str, until: str, promise: str
) -> None:
    case = make_case(custody_status="escaped")
    dials(phone, language)
    for keys in (case.number, case.pin, "#", language, "#"):
        phone.presses(keys)

    phone.presses("2")

    assert phone.hears(until, promise)
    asked = hotline.row(select(Callback))
    assert (asked.urgency, asked.reason) == ("urgent", "hard_news")
