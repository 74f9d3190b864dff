"""Whether words, turns and times of a call tell for which reason an answer is neutral (R13)."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter

import click
import numpy
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sqlalchemy.orm import Session

from models import Subject
from tests.factories import NOW, MadeCase, make_case, make_import
from tests.people.town import Town, town

#: The area under the ROC curve may pass this by two standard errors and no more (0.5 is blind chance).
MOST_AUC = 0.52
#: The times of the first turns of a call, this many, are features, each on its own.
TIMED_TURNS = 24
VISITS = 2


def _denied(session: Session, now: datetime) -> MadeCase:
    return make_case(session, "in_custody", as_of=now, record={"releasable": False})


def _no_record(session: Session, _now: datetime) -> MadeCase:
    return make_case(session)


def _closed(session: Session, now: datetime) -> MadeCase:
    return make_case(session, "in_custody", as_of=now, closed_at=now)


def _stale(session: Session, now: datetime) -> MadeCase:
    return make_case(session, "in_custody", as_of=now - timedelta(days=2))


def _held(session: Session, now: datetime) -> MadeCase:
    case = make_case(session, "in_custody", as_of=now)
    session.get_one(Subject, case.subject_id).held_import_id = make_import(session, state="held").id
    return case


def _unmapped(session: Session, now: datetime) -> MadeCase:
    return make_case(session, "unknown", as_of=now)


KINDS: Mapping[str, Callable[[Session, datetime], MadeCase]] = {
    "denied": _denied,
    "no record": _no_record,
    "closed": _closed,
    "stale": _stale,
    "held": _held,
    "unmapped": _unmapped,
}
#: What a caller may do at the case menu; a seed decides, whatever the kind. PIN means the case's own.
DEEDS = (
    ("1",),
    ("*",),
    ("2", "1"),
    ("2", "3"),
    ("2", "2", "1", "1"),
    ("3",),
    ("4", "PIN", "605183", "605183"),
    ("4", "PIN", "605183", "291746"),
    ("4", "605183", "PIN"),
    ("8",),
    ("7",),
)


def telling(calls: int) -> list[tuple[str, float, float]]:
    """``calls`` callers of each kind call twice; print and return (kind, AUC, its standard error).

    A forest of decision trees learns from most calls, and is asked about the rest, whether a call was of that
    kind or of any other one.
    """
    kinds, words, numbers = _calls(calls)
    counts = CountVectorizer(token_pattern=r"\S+").fit_transform(words).toarray()
    features = numpy.hstack([counts, numpy.array(numbers)])
    found = []
    for kind in KINDS:
        is_kind = numpy.array([one == kind for one in kinds])
        forest = RandomForestClassifier(n_estimators=100, min_samples_leaf=5, n_jobs=-1, random_state=5)
        guesses = cross_val_predict(forest, features, is_kind, cv=5, method="predict_proba")[:, 1]
        auc = float(roc_auc_score(is_kind, guesses))
        error = _standard_error(auc, int(is_kind.sum()), int((~is_kind).sum()))
        found.append((kind, auc, error))
        click.echo(f"  {kind:<10} against all others: AUC {auc:.3f}, standard error {error:.3f}")
    return found


def is_blind(auc: float, error: float) -> bool:
    """Whether the forest knew no more than the limit allows."""
    return auc <= MOST_AUC + 2 * error


def _calls(calls: int) -> tuple[list[str], list[str], list[list[float]]]:
    order = [kind for kind in KINDS for _ in range(calls)]
    Random(7).shuffle(order)
    words, numbers = [], []
    with _open_town() as place:
        for seed, kind in enumerate(order):
            said, figures = _visits(place, kind, seed)
            words.append(said)
            numbers.append(figures)
    return order, words, numbers


@contextmanager
def _open_town() -> Iterator[Town]:
    with tempfile.TemporaryDirectory(prefix="neutral-") as folder, town(Path(folder)) as place:
        yield place


def _visits(place: Town, kind: str, seed: int) -> tuple[str, list[float]]:
    """All that one caller hears in two calls, a day apart, and the figures of it."""
    chance = Random(seed)
    hotline = place.hotline
    hotline.clock.now = NOW + timedelta(minutes=chance.randrange(30))
    with hotline.database.transaction() as session:
        case = KINDS[kind](session, hotline.clock.now)
    from_ = f"+1{chance.randrange(201, 990)}55501{chance.randrange(100):02d}"
    said, times = [], []
    for visit in range(VISITS):
        hotline.clock.now += timedelta(days=visit)
        phone = place.new_phone()
        first = partial(phone.dials_in, from_=from_)
        # A new PIN that was chosen in the first visit is not keyed in the second: that is a slip of theirs.
        keys = [chance.choice("12"), "1", case.number, case.pin]
        deeds = chance.choices(DEEDS, k=2)
        keys += [case.pin if key == "PIN" else key for deed in deeds for key in deed]
        for act in (first, *(partial(phone.presses, typed) for typed in keys)):
            began = perf_counter()
            act()
            times.append(perf_counter() - began)
            if phone.is_over:
                break
        said.append(phone.heard_so_far)
        if not phone.is_over:
            phone.hangs_up()
    timed = (times + [0.0] * TIMED_TURNS)[:TIMED_TURNS]
    return " ".join(said), [float(len(times)), sum(times), *timed]


def _standard_error(auc: float, positives: int, negatives: int) -> float:
    """Of an area under a ROC curve, by Hanley and McNeil (1982)."""
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (one - auc**2) + (negatives - 1) * (two - auc**2)
    return float((spread / (positives * negatives)) ** 0.5)


if __name__ == "__main__":
    results = telling(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
    sys.exit(not all(is_blind(auc, error) for _, auc, error in results))
