"""An office whose Spanish names are masculine: every sentence around them is Spanish all the same (R18)."""

import dataclasses
from collections.abc import Callable

import pytest

from config.office import Office
from ivr_flows.prompts import Prompts
from models.staff.staff import Staff
from tests.calls.conftest import Hotline
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
NAME, NEUTRAL, SERVICE = "el Centro de Ayuda", "el servicio de información", "el teléfono de crisis"


@pytest.fixture
def office(office: Office) -> Office:
    """The shipped office, with names that begin with "el" in Spanish."""
    crisis, *others = office.services
    return dataclasses.replace(
        office,
        name={**office.name, "es": NAME},
        neutral_name={**office.neutral_name, "es": NEUTRAL},
        services=(dataclasses.replace(crisis, name={**crisis.name, "es": SERVICE}), *others),
    )


def test_caller_hears_the_names_joined_to_the_word_before(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(languages="es")
    case = make_case(custody_status="in_custody", language="es")
    phone.dials_in()
    phone.presses("2")
    assert phone.hears("Está llamando al Centro de Ayuda.")
    for keys in ("1", case.number, case.pin, "2", "1"):
        phone.presses(keys)
    assert phone.hears("Le llamaremos")
    phone.hangs_up()

    hotline.answers(phone).presses("1")
    hotline.jobs.works_off()
    called = phone.answers(hotline.carrier.ringing[-1])

    assert called.hears("Hola. Le llamamos del servicio de información.")


def test_name_that_has_the_article_in_it_keeps_it() -> None:
    spanish = Prompts.load(["es"])

    assert "Está llamando a El Refugio." in spanish.text("es", "welcome", line="El Refugio")


@pytest.mark.parametrize("slot", ["line", "service"])
def test_no_sentence_has_an_article_apart_or_says_that_the_name_is_feminine(slot: str) -> None:
    spanish = Prompts.load(["es"])
    texts = [
        spanish.text("es", prompt, **{one: NAME if one == slot else "1" for one in slots})
        for prompt, slots in spanish.languages["es"].slots.items()
        if slot in slots
    ]

    assert texts
    assert [text for text in texts if f" a {NAME}" in text or f" de {NAME}" in text] == []
    assert [text for text in texts if f"Esta es {NAME}" in text] == []
