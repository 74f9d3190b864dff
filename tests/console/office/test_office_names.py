"""Plain names of policies and fields, and their errors, in the reader's language."""

from pathlib import Path

import pytest

import config
from config.office_changes import EDITABLE, FIXED
from config.policies import BOUNDS
from hotline.console.office.names import FIELD_NAMES, basis_said, field_name
from hotline.console.office.policy_names import POLICY_NAMES
from hotline.console.shell.words import Words
from tests.console.conftest import Member

FOLDER = Path(config.__path__[0])
WHY = "The director decided so."


@pytest.fixture
def reader(administrator: Member) -> Member:
    """An administrator who reads the console in Spanish."""
    administrator.opens("/console/office")
    administrator.sends("/console/language", {"csrf_token": administrator.token, "language": "es"})
    return administrator


def test_every_policy_has_a_name_of_its_own() -> None:
    assert set(POLICY_NAMES) == set(BOUNDS)
    assert len(set(POLICY_NAMES.values())) == len(BOUNDS)


def test_basis_in_the_offices_own_words_is_shown_unchanged() -> None:
    assert basis_said("Our own words: 50 % of them.") == "Our own words: 50 % of them."
    assert basis_said("") == ""


def test_every_field_that_is_changed_or_fixed_has_a_name() -> None:
    for field in (*EDITABLE, *FIXED):
        assert field_name(field) != field, field
    assert set(FIELD_NAMES) - {*EDITABLE, *FIXED} == {"hours"}


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("services entry 2.phone", "Partner line 2, phone"),
        ("services entry 1.name.es", "Partner line 1, name, es"),
        ("announcements entry 3.last_day", "Announcement 3, last day"),
        ("policies.liaison_tries.value", "Missed offers before everyone is called, value"),
        ("policies.no_such", "policies.no_such"),
        ("hours.monday", "Hours of Monday"),
        ("somewhere.else", "somewhere.else"),
    ],
)
def test_part_of_an_entry_is_named_with_it(field: str, name: str) -> None:
    assert field_name(field) == name


@pytest.mark.parametrize(
    ("path", "fields", "button", "told"),
    [
        ("hours", {"hours-monday": "9 to 5"}, "Save hours",
         'Horario del lunes: escriba horas como "08:00-20:00".'),
        ("hours", {"hours-monday": "12:00-14:00, 13:00-15:00"}, "Save hours",
         "Horario del lunes: las horas van en orden y sin cruzarse."),
        ("policies/liaison_tries", {"value": "12"}, "Save policy",
         "Ofertas sin contestar antes de llamar a todos, valor: debe ser un número entero de 1 a 10."),
        ("policies/brake_percent", {"value": "lots"}, "Save policy",
         "Parte de los casos abiertos que cambia por hora, valor: debe ser un número de 0 a 100."),
        ("policies/window_opens_hour", {"value": "22"}, "Save policy",
         "Primera hora para llamar, valor debe ser menos que Última hora"),
        ("policies/retry_minutes", {"basis": " "}, "Save policy",
         "Tiempo entre dos intentos, base: debe ser un texto."),
        ("partners", {"phone-0": "call us"}, "Save partner lines",
         "Línea asociada 1, teléfono: debe ser un número"),
    ],
)  # fmt: skip
def test_error_is_in_the_readers_language_with_the_fields_name(
    reader: Member, path: str, fields: dict[str, str], button: str, told: str
) -> None:
    reader.opens(f"/console/office/{path}").fills(**fields, reason=WHY)
    reader.clicks(Words.load().catalog("es").gettext(button))

    assert reader.status == 422
    assert reader.reads(told)
    assert "must" not in reader.words
    assert "policies." not in reader.words


def test_policies_and_fields_that_stay_in_the_file_are_read_in_spanish(reader: Member) -> None:
    reader.opens("/console/office/policies")
    assert reader.reads("Tiempo entre dos intentos", "Decisión de la oficina.")
    assert "retry" not in reader.words.lower()

    reader.opens("/console/office/fixed")
    assert reader.reads("Números discretos", "Aflojan los límites de los PIN incorrectos")
    assert reader.reads("Línea asociada cuando nadie de la oficina puede hablar", "notices.partner–La línea")
