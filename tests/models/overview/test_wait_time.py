"""The spoken wait is an honest 80th percentile: true waits are below it in 75 to 85 % (R36)."""

import random
from collections import deque
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_flows.verbs.wait_words import LENGTHS, wait_prompt
from models.overview.wait_time import KNOWN_LEAST, LATEST, callback_wait, percentile
from models.store.database import Database
from tests.factories import make_callback, make_case

CALLS = 6000


def spoken_minutes(seconds: float) -> float:
    """The wait that a caller is told, in minutes."""
    prompt = wait_prompt(timedelta(seconds=seconds))
    assert prompt is not None
    return float(prompt.removeprefix("wait."))


def share_below(draw: "random.Random", waits: str, patience: float | None) -> float:
    """The share of callers whose true wait is below what they were told, in a long run of simulated calls.

    Each hears the percentile of the latest calls before. With ``patience`` (mean, in minutes) callers may
    hang up before anyone comes; their true wait is what it would have been.
    """
    known: deque[tuple[float, bool]] = deque(maxlen=LATEST)
    below = told = 0
    for number in range(CALLS):
        # Slowly busier and calmer times, as over the weeks of a year.
        mean = 20 * 60 * (1.5 if (number // 1500) % 2 else 1.0)
        true = {
            "exponential": lambda mean=mean: draw.expovariate(1 / mean),
            "lognormal": lambda mean=mean: draw.lognormvariate(0, 0.8) * mean * 0.7,
            "even": lambda mean=mean: draw.uniform(60, 2 * mean),
        }[waits]()
        estimate = percentile(known)
        if estimate is not None:
            told += 1
            below += true <= spoken_minutes(estimate) * 60
        gave_up_after = draw.expovariate(1 / (patience * 60)) if patience is not None else None
        if gave_up_after is not None and gave_up_after < true:
            known.append((gave_up_after, False))
        else:
            known.append((true, True))
    assert told > CALLS / 2
    return below / told


@pytest.mark.parametrize("waits", ["exponential", "lognormal", "even"])
@pytest.mark.parametrize("patience", [None, 60.0])
def test_true_waits_are_below_the_spoken_one_in_75_to_85_percent_of_calls(
    waits: str, patience: float | None
) -> None:
    assert 0.75 <= share_below(random.Random(1), waits, patience) <= 0.85


def test_leaving_out_those_who_gave_up_would_promise_too_much() -> None:
    draw = random.Random(3)
    true = [draw.expovariate(1 / 1200) for _ in range(3000)]
    patience = [draw.expovariate(1 / 1200) for _ in range(3000)]
    waits = [(min(t, p), t <= p) for t, p in zip(true, patience, strict=True)]

    honest, flattering = percentile(waits), percentile([wait for wait in waits if wait[1]])

    assert honest is not None
    assert flattering is not None
    assert sum(t <= flattering for t in true) / 3000 < 0.65
    assert 0.75 <= sum(t <= honest for t in true) / 3000 <= 0.85


@given(st.lists(st.floats(1, 10_000), max_size=KNOWN_LEAST - 1), st.lists(st.floats(1, 10_000), max_size=50))
def test_nothing_is_said_when_too_few_waits_are_known(talked: list[float], gave_up: list[float]) -> None:
    assert percentile([(w, True) for w in talked] + [(w, False) for w in gave_up]) is None


def test_nothing_is_said_when_most_callers_give_up() -> None:
    assert percentile([(60.0, True)] * 30 + [(120.0, False)] * 100) is None


@given(st.lists(st.floats(1, 10_000), min_size=KNOWN_LEAST, max_size=300))
def test_wait_is_the_plain_percentile_when_nobody_gives_up(waits: list[float]) -> None:
    found = percentile([(wait, True) for wait in waits])

    assert found is not None
    assert sum(wait <= found for wait in waits) >= 0.8 * len(waits) - 1e-6
    assert sum(wait < found for wait in waits) <= 0.8 * len(waits) + 1e-6


@given(st.floats(0, LENGTHS[-1] * 60))
def test_every_wait_up_to_three_days_has_words_near_it(seconds: float) -> None:
    said, minutes = spoken_minutes(seconds), seconds / 60

    assert said in LENGTHS
    assert minutes <= 1.5 or 0.75 <= said / minutes <= 1.35


def test_longer_wait_has_no_words() -> None:
    assert wait_prompt(timedelta(days=4)) is None


def test_round_in_which_no_one_was_there_makes_no_wait_shorter(database: Database, now: datetime) -> None:
    asked, soon, late = now - timedelta(hours=3), timedelta(minutes=5), timedelta(minutes=60)
    with database.transaction() as session:
        for _ in range(KNOWN_LEAST):
            for outcome, after in (*[("nobody_there", soon)] * 5, ("reached", late)):
                make_callback(
                    session, make_case(session), state="reached", outcome=outcome, requested_at=asked,
                    talking_at=asked + after, closed_at=asked + after,
                )  # fmt: skip
    with database.reading() as session:
        assert callback_wait(session, now, urgency="other", verified=True, but="") == late


def test_call_that_staff_began_makes_no_wait_shorter(database: Database, now: datetime) -> None:
    asked, soon, late = now - timedelta(hours=3), timedelta(seconds=20), timedelta(minutes=60)
    with database.transaction() as session:
        for _ in range(KNOWN_LEAST):
            for reason, after in (*[("staff_call", soon)] * 5, ("asked", late)):
                make_callback(
                    session, make_case(session), state="reached", outcome="reached", reason=reason,
                    requested_at=asked, talking_at=asked + after, closed_at=asked + after,
                )  # fmt: skip
    with database.reading() as session:
        assert callback_wait(session, now, urgency="other", verified=True, but="") == late


@pytest.mark.parametrize("outcome", ["message_left", "nobody_there", "wrong_person"])
def test_no_wait_is_said_from_calls_in_which_nobody_talked(
    database: Database, now: datetime, outcome: str
) -> None:
    asked, soon = now - timedelta(hours=3), timedelta(minutes=2)
    with database.transaction() as session:
        for _ in range(KNOWN_LEAST + 5):
            make_callback(
                session, make_case(session), state="reached", outcome=outcome, requested_at=asked,
                talking_at=asked + soon, closed_at=asked + soon,
            )  # fmt: skip
    with database.reading() as session:
        assert callback_wait(session, now, urgency="other", verified=True, but="") is None
