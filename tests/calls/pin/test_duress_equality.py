"""The duress PIN sounds, costs and writes like the right PIN of a denied case, in every verb (R10, R13)."""

from collections.abc import Callable
from typing import Any

import pytest

from models.cases.case import close_case
from tests import factories
from tests.calls import conftest
from tests.calls.conftest import Hotline
from tests.calls.pin.test_neutral_equality import rows_of
from tests.calls.stories import lost_pins_are_settled
from tests.calls.visits import SLIPS, VISITS, Visits, of_the_turn
from tests.conftest import ON_SQLITE, in_turn
from tests.factories import HASHER, MadeCase, make_duress_pin
from tests.phone import Phone
from tests.statements import sent_statements

MakeCase = Callable[..., MadeCase]
KINDS = ("denied", "in custody", "released", "closed", "slow and Spanish")


@pytest.fixture
def visits(phone: Phone, make_case: MakeCase, hotline: Hotline) -> Visits:
    """A denied case with its right PIN, and cases of all sorts, each with its duress PIN."""
    numbers = {kind: f"+120255501{20 + n}" for n, kind in enumerate(KINDS)}
    facts: dict[str, dict[str, Any]] = {
        "denied": {"custody_status": "in_custody", "record": {"releasable": False}, "pin": "518263"},
        "in custody": {"custody_status": "in_custody", "facility": "Stewart"},
        "released": {"custody_status": "released"},
        "closed": {"custody_status": "in_custody"},
        "slow and Spanish": {"custody_status": "deceased"},
    }
    cases = {kind: make_case(phone=numbers[kind], **facts[kind]) for kind in KINDS}
    with hotline.database.transaction() as session:
        close_case(session, cases["closed"].number, now=hotline.clock.now, actor="boss")
        for kind in KINDS[1:]:
            cases[kind] = make_duress_pin(session, cases[kind])
    return Visits({kind: phone.another() for kind in KINDS}, cases, numbers)


def all_are_alike(hotline: Hotline, visits: Visits, words: str, keys: Any) -> None:
    """One visit: documents, rows, statements and runs of the KDF are those of the denied case."""
    work: dict[str, list[tuple[int, list[str]]]] = {kind: [] for kind in KINDS}
    runs = HASHER.runs

    def after_turn(kind: str) -> None:
        nonlocal runs
        work[kind].append((HASHER.runs - runs, of_the_turn(statements)))
        runs = HASHER.runs

    with sent_statements(hotline.database) as statements:
        visits.visit(keys, after_turn)
    for kind in visits.phones:
        assert visits.documents[kind] == visits.documents["denied"], f"{kind}: {words}"
        assert rows_of(hotline, visits.cases[kind]) == rows_of(hotline, visits.cases["denied"]), kind
        assert work[kind] == work["denied"], f"work for {kind}: {words}"


@in_turn("from_", ["their own phone", "a withheld number", "a phone that the case does not know"])
def test_duress_pin_is_like_the_pin_of_a_denied_case_through_every_verb_over_five_visits(
    visits: Visits, hotline: Hotline, from_: str
) -> None:
    if from_ != "their own phone":
        visits.numbers = {
            kind: "" if from_ == "a withheld number" else f"+120255501{70 + n}"
            for n, kind in enumerate(KINDS)
        }
        # What the case is about does not depend on the phone.
        fewer = KINDS[:3] if from_ == "a withheld number" else ("denied", *KINDS[3:])
        visits = Visits({kind: visits.phones[kind] for kind in fewer}, visits.cases, visits.numbers)
    for words, keys in VISITS.items():
        all_are_alike(hotline, visits, words, keys)
        hotline.clock.passes(days=1)

    assert "cannot confirm" in " ".join(visits.documents["denied"])


def test_no_case_gets_a_number_that_refuses_the_new_pin_of_the_visits(
    make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One number in 800 has its decoy near that PIN: its case would sound unlike the others, as it should."""
    numbers = iter(["50602299", "41606876", "18320656"])
    monkeypatch.setattr(factories, "new_number", lambda: next(numbers))
    monkeypatch.setattr(conftest, "_accepting", [])

    assert make_case().number == "18320656"


@ON_SQLITE
def test_duress_pin_is_like_the_pin_of_a_denied_case_through_wrong_pins_slips_and_silence(
    visits: Visits, hotline: Hotline
) -> None:
    for words, keys in SLIPS.items():
        all_are_alike(hotline, visits, words, keys)
        lost_pins_are_settled(hotline)
        hotline.clock.passes(days=1)

    assert "easy to guess" in " ".join(visits.documents["denied"])
