"""Whether the time of a try tells an unknown number, a wrong PIN, a wait and a lock apart (R05)."""

import gc
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import combinations
from math import sqrt
from pathlib import Path
from statistics import fmean, median, variance
from time import perf_counter_ns

import click
from sqlalchemy import insert

from models import PinCounter
from models.calls.call import saving_turn
from models.calls.pin_try import record, reserve
from models.store.database import Database, send_all
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests.factories import make_policies
from tests.models.calls.pin_calls import PIN, WRONG, PinCalls, cheap_hasher

#: Beyond this a difference of two means is not chance (the limit that leakage tests take).
LIMIT = 4.5
NUMBERS_OF_A_PATH = 50
PATHS = ("unknown number", "wrong PIN", "wait", "lock")


def welch(tries: int = 10_000) -> float:
    """Print Welch's t for each pair of paths over interleaved tries on SQLite; returns the largest |t|.

    The KDF is cheap, so that it hides nothing: the test compares everything around it.
    """
    with _line() as line:
        times = _times(line, _numbers(line), tries)
    worst = 0.0
    for path, nanoseconds in times.items():
        middle, mean = median(nanoseconds) / 1000, fmean(nanoseconds) / 1000
        click.echo(f"  {path:<15} median {middle:8.1f} us  mean {mean:8.1f} us")
    for one, other in combinations(PATHS, 2):
        t = welch_t(times[one], times[other])
        worst = max(worst, abs(t))
        click.echo(f"  {one} against {other}: t = {t:+.2f}")
    click.echo(f"  largest |t| {worst:.2f} over {tries} tries (limit {LIMIT})")
    return worst


def welch_t(one: Sequence[float], other: Sequence[float]) -> float:
    """Welch's t of two samples, with the slowest hundredth of each left out: the machine's own hiccups."""
    first, second = _without_hiccups(one), _without_hiccups(other)
    error = sqrt(variance(first) / len(first) + variance(second) / len(second))
    return (fmean(first) - fmean(second)) / error


def _without_hiccups(sample: Sequence[float]) -> Sequence[float]:
    return sorted(sample)[: max(2, len(sample) * 99 // 100)]


@contextmanager
def _line() -> Iterator[PinCalls]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}", Keyring([("k1", bytes(32))], b"bench"))
        upgrade(database)
        # Only the numbers that are set up for it wait or are locked.
        policies = make_policies(wait_after_failures=10**6, lock_after_failures=10**6)
        yield PinCalls(database, datetime.now(UTC), cheap_hasher(), policies)
        database.close()


def _numbers(line: PinCalls) -> Mapping[str, list[str]]:
    numbers = {
        path: [
            line.unused_number() if path == "unknown number" else line.case()
            for _ in range(NUMBERS_OF_A_PATH)
        ]
        for path in PATHS
    }
    later = line.now + timedelta(days=1)
    with line.database.transaction() as session:
        for path, keys in numbers.items():
            for key in keys:
                session.execute(
                    insert(PinCounter).values(
                        number_key=key,
                        counter="",
                        consecutive=4,
                        wait_until=later if path == "wait" else line.now - timedelta(days=1),
                        locked_at=line.now if path == "lock" else None,
                    )
                )
    return numbers


def _times(line: PinCalls, numbers: Mapping[str, list[str]], tries: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {path: [] for path in PATHS}
    rng = random.Random(5)
    gc.collect()
    gc.disable()
    try:
        for at in range(-200, tries // len(PATHS)):
            order = rng.sample(PATHS, len(PATHS))
            for path in order:
                taken = _time_of_one(
                    line, numbers[path][at % NUMBERS_OF_A_PATH], WRONG if path == "wrong PIN" else PIN
                )
                if at >= 0:
                    times[path].append(taken)
            gc.collect(0)
    finally:
        gc.enable()
    return times


def _time_of_one(line: PinCalls, number: str, pin: str) -> float:
    sid = line.call(f"phone {random.random()}")
    with line.database.transaction() as session:
        line.at_number(session, sid, number)
    started = perf_counter_ns()
    with line.database.transaction() as session:
        state = line.state(session, sid)
        guess, writes = reserve(state, line.now, line.policies)
        send_all(session, *writes, saving_turn(state))
    matched = guess.work(line.hasher, pin)
    with line.database.transaction() as session:
        state = line.state(session, sid, opening=guess.opens(matched))
        word, writes = record(state, guess, matched, line.now)
        send_all(session, *writes, saving_turn(state))
    taken = perf_counter_ns() - started
    if word != "wrong":
        raise AssertionError("A path of the bench opened a case.")
    return taken


if __name__ == "__main__":
    sys.exit(welch(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000) >= LIMIT)
