"""A discreet number has a tree of its own: nothing tells what it is before the PIN or a person (R17)."""

from collections.abc import Callable

import pytest
from flask import Flask

from models import Staff
from tests.calls.conftest import House
from tests.calls.stories import wrong
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
DISCREET = "+12025550101"
TELLING = ("911", "case", "crime", "victim", "PIN", "caso", "delito", "víctima", "danger", "peligro")


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
def test_a_caller_of_a_discreet_line_hears_only_neutral_words_and_the_danger_line_follows_the_pin(
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
    so_far = phone.heard_so_far.casefold()
    assert [word for word in TELLING if word.casefold() in so_far] == []

    phone.presses(case.pin)

    assert phone.hears("911", {"1": "in custody", "2": "en custodia"}[language])
    assert phone.does_not_hear("press 5", "oprima 5")


def test_silence_on_a_discreet_line_ends_in_neutral_words(phone: Phone) -> None:
    dials(phone)
    while not phone.is_over:
        phone.says_nothing()

    so_far = phone.heard_so_far.casefold()
    assert [word for word in TELLING if word.casefold() in so_far] == []


def test_a_liaison_who_takes_a_discreet_caller_at_0_is_told_not_to_name_the_office(
    phone: Phone, make_staff: Callable[..., Staff], house: House
) -> None:
    make_staff()
    dials(phone)
    phone.presses("0")
    assert phone.does_not_hear("press 5")

    liaison = house.accepts(phone)

    assert "This caller used a discreet line. Do not name the office." in liaison.heard_so_far


def test_any_other_number_is_the_victim_line(phone: Phone) -> None:
    phone.dials_in(to="+12025550199")

    assert phone.hears("If you are in danger, hang up and call 911")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_fallback_of_a_discreet_line_names_no_emergency_and_reads_a_persons_number(
    app: Flask, phone: Phone, method: str
) -> None:
    answer = app.test_client().open("/voice/fallback-discreet.xml", method=method, data=b"\xff%%%")

    document = phone.raw(answer)
    assert "telephone" in document
    assert [word for word in TELLING if word.casefold() in document.split("-->")[1].casefold()] == []
