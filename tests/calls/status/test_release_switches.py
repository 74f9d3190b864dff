"""What an office does not allow, or does not name, is in no word of a call (R12)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config.office import Office
from tests.calls.conftest import Clock
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
SHIPPED = Path(__file__).parents[3] / "config" / "office.toml"
#: Each switch of office.toml with the words that it allows, in English and in Spanish.
SWITCHES = {
    "allow_facility": ("Stewart", "phone number of", "teléfono de"),
    "allow_hearing": ("next court date", "Lumpkin Court", "audiencia"),
    "allow_expected_release": ("may be let out", "podría quedar en libertad"),
    "allow_removal_stage": ("immigration court case", "corte de inmigración"),
}
EACH = pytest.mark.parametrize(
    "lines", [{one: how} for one in SWITCHES for how in ("= false", None)],
    ids=[f"{one} {how}" for one in SWITCHES for how in ("off", "missing")],
)  # fmt: skip


@pytest.fixture
def lines() -> dict[str, str | None]:
    """Changes of the office file: the new value of a switch, or None where its line is missing."""
    return {}


@pytest.fixture
def office(lines: dict[str, str | None], tmp_path: Path) -> Office:
    text = SHIPPED.read_text()
    for name, what in lines.items():
        assert f"{name} = true\n" in text
        text = text.replace(f"{name} = true\n", "" if what is None else f"{name} {what}\n")
    path = tmp_path / "office.toml"
    path.write_text(text)
    return Office.load(path, always_open=True)


def hears_all(phone: Phone, case: MadeCase, language: str) -> str:
    """The status, and the details behind option 1."""
    opens_the_case(phone, case, language)
    status = phone.heard
    phone.presses("1")
    return f"{status} {phone.heard}"


def full_record(make_case: MakeCase, clock: Clock) -> MadeCase:
    soon = clock.now.replace(day=30)
    return make_case(
        custody_status="in_custody", facility="Stewart",
        record={"next_hearing_at": soon, "next_hearing_place": "Lumpkin Court",
                "expected_release_at": soon, "removal_stage": "proceedings_open"},
    )  # fmt: skip


@EACH
@pytest.mark.parametrize("language", ["1", "2"])
def test_switch_that_is_off_or_missing_takes_its_words_away_and_no_others(
    phone: Phone, make_case: MakeCase, clock: Clock, lines: dict[str, str | None], language: str
) -> None:
    heard = hears_all(phone, full_record(make_case, clock), language)

    said = {one: [words for words in SWITCHES[one] if words in heard] for one in SWITCHES}
    assert {one for one, words in said.items() if not words} == set(lines)


@EACH
def test_place_of_a_released_person_depends_on_its_switch(
    phone: Phone, make_case: MakeCase, lines: dict[str, str | None]
) -> None:
    opens_the_case(phone, make_case(custody_status="released", facility="Stewart"))
    phone.presses("1")

    assert phone.hears("was released")
    assert ("Stewart" in phone.heard) is ("allow_facility" not in lines)


@pytest.mark.parametrize("lines", [dict.fromkeys(SWITCHES, "= false"), dict.fromkeys(SWITCHES)])
def test_office_that_allows_nothing_beside_the_status_offers_nothing_more(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    opens_the_case(phone, full_record(make_case, clock))

    assert phone.hears("in custody", "as of", "To hear it again, press 1")
    assert [words for some in SWITCHES.values() for words in some if words in phone.heard] == []
