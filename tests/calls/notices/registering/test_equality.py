"""Registering, its read-back and its changes tell nothing: neutral and duress cases are alike (R10, R13)."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models import Consent, Registration
from tests.calls.conftest import Hotline
from tests.calls.pin.test_duress_equality import visits as duress_visits
from tests.calls.pin.test_neutral_equality import visits as neutral_visits
from tests.calls.visits import Visits, of_the_turn
from tests.conftest import ON_SQLITE, in_turn
from tests.factories import HASHER, MadeCase
from tests.statements import sent_statements

__all__ = ["duress_visits", "neutral_visits"]
TO_THE_OFFER = ("1", "1", "NUMBER", "PIN", "2", "4")
#: The same in the first call after a pause or a stop, which asks about it by itself.
ASKED_AGAIN = ("1", "1", "NUMBER", "PIN", "1")
#: Codes that no case number of a run may contain, since a code's refusal depends on the number.
CODES = ("2593", "3862", "4937", "8264", "9375", "6384", "7249")
#: Whole calls: register, hear, change, pause, hear, end the pause, both in one key, stop, register with more.
VISITS: Sequence[Sequence[str]] = (
    ("1", "1234", "CODE", "2222", "CODE", "CODE", "*", "3"),
    ("1",),
    ("2", "2", "2", "2", "2", "4", "1", "3", "2", "2", "4", "1", "2", "4", "2", "1", "*", "1"),
    ("3", "1"),
    (*ASKED_AGAIN[:-1], "2", "2", "4", "1"),
    ("3", "1"),
    ASKED_AGAIN,
    ("3", "3"),
    (*ASKED_AGAIN, "2", "CODE", "CODE", "2", "3", "1", "1"),
    ("3", "4", "#", "", "9"),
)
KEYS = ("1", "2", "3", "4", "CODE", "1234", "*", "#", "8", "")


def row_of(hotline: Hotline, case: MadeCase) -> list[tuple[Any, ...]]:
    """The fields of a case's registrations and their consents, without ids, keys and moments of making."""
    made = select(Registration).where(Registration.case_id == case.id).order_by(Registration.id)
    found: list[tuple[Any, ...]] = []
    for one in hotline.rows(made):
        of_it = select(Consent).where(Consent.registration_id == one.id).order_by(Consent.id)
        kept = [
            (consent.channel, consent.words, consent.cap_per_day, consent.withdrawn_at is None)
            for consent in hotline.rows(of_it)
        ]
        found.append((one.state, one.code_key is None, one.paused_until, one.lapses_at, kept))
    return found


def all_are_alike(hotline: Hotline, visits: Visits, keys: Sequence[str]) -> None:
    """One visit: documents, rows, statements and runs of the KDF are those of the denied case."""
    numbers = [case.number for case in visits.cases.values()]
    code = next(code for code in CODES if not any(code in number for number in numbers))
    work: dict[str, list[tuple[int, list[str]]]] = {kind: [] for kind in visits.cases}
    runs = HASHER.runs

    def after_turn(kind: str) -> None:
        nonlocal runs
        work[kind].append((HASHER.runs - runs, of_the_turn(statements)))
        runs = HASHER.runs

    start = () if "PIN" in keys else TO_THE_OFFER
    with sent_statements(hotline.database) as statements:
        visits.visit([code if key == "CODE" else key for key in (*start, *keys)], after_turn)
    denied = row_of(hotline, visits.cases["denied"])
    for kind, case in visits.cases.items():
        assert visits.documents[kind] == visits.documents["denied"], (kind, keys)
        assert row_of(hotline, case) == denied, (kind, keys)
        assert work[kind] == work["denied"], (kind, keys)


def _of(visits: Visits, *kinds: str) -> Visits:
    """The same visits by these kinds alone."""
    return Visits(
        {kind: visits.phones[kind] for kind in kinds},
        {kind: visits.cases[kind] for kind in kinds},
        visits.numbers,
    )


@in_turn("kinds", ["neutral_visits", "duress_visits"])
def test_registering_reading_back_changing_and_stopping_are_alike_for_every_case(
    request: pytest.FixtureRequest, hotline: Hotline, kinds: str
) -> None:
    visits: Visits = request.getfixturevalue(kinds)
    for keys in VISITS:
        all_are_alike(hotline, visits, keys)
        hotline.clock.passes(days=1)
    hotline.clock.passes(days=366)
    all_are_alike(hotline, visits, ("1",))

    heard = " ".join(visits.documents["denied"])
    assert "have ended. We will not call until you choose to keep them" in heard
    assert "No call does not mean no change" in heard
    assert "easy to guess" in heard
    assert heard.count("The calls about changes were stopped or paused") == 3
    assert heard.count("The pause is over") == 2
    assert "agree once more and choose a call code" in heard


# The test above takes all kinds through every verb.
@ON_SQLITE
@pytest.mark.parametrize(
    ("among", "kinds"),
    [
        ("neutral_visits", ("denied", "no record", "closed", "held")),
        ("duress_visits", ("denied", "in custody", "closed", "slow and Spanish")),
    ],
    ids=["neutral", "duress"],
)
def test_any_keys_behind_the_offer_are_alike_for_cases_of_all_sorts(
    request: pytest.FixtureRequest, hotline: Hotline, among: str, kinds: tuple[str, ...]
) -> None:
    visits = _of(request.getfixturevalue(among), *kinds)

    # What one example leaves behind is what the next one begins with, for every case alike.
    @settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(KEYS), max_size=10))
    def presses(keys: list[str]) -> None:
        all_are_alike(hotline, visits, keys)
        hotline.clock.passes(hours=7)

    presses()


def test_closed_case_is_registered_and_called_by_nobody(
    hotline: Hotline, neutral_visits: Visits, make_staff: Callable[..., Any]
) -> None:
    make_staff()
    visits = _of(neutral_visits, "closed", "denied")
    all_are_alike(hotline, visits, ("1", "CODE", "CODE"))

    assert len(hotline.rows(select(Registration))) == len(visits.cases)
    assert hotline.rung() == []
