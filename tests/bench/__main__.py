"""`make bench`: a start, the exchange, turns beside a naive route, PINs, callbacks, imports, pages, calls."""

import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import click

from tests.bench.callback_list import claiming
from tests.bench.callbacks import overhead, request_to_ring
from tests.bench.console import CASES, QUICK_CASES, pages
from tests.bench.due_notices import calling
from tests.bench.imports import AGAIN, BARE, FIRST, imports
from tests.bench.imports import QUICK_ROWS as QUICK_FEED
from tests.bench.imports import ROWS as FEED
from tests.bench.interpreter import LEAST_RATIO as LEAST_PARSES
from tests.bench.interpreter import interpreter
from tests.bench.neutral import MOST_AUC, is_blind, telling
from tests.bench.open_consoles import listening
from tests.bench.pin import LIMIT, welch
from tests.bench.pin_flood import flood
from tests.bench.speech import speech
from tests.bench.start import MOST_CPU_SECONDS, MOST_MEMORY, MOST_READY_SECONDS, MOST_WAKES, start
from tests.bench.turns import INBOUND, MENU, STATUS, turns

#: The least ratio of each kind of turn to the naive route (docs/decisions/0026).
LEAST_RATIOS = {
    "SQLite": {INBOUND: 0.32, MENU: 0.29, STATUS: 0.22},
    "PostgreSQL": {INBOUND: 0.29, MENU: 0.23, STATUS: 0.17},
}
#: The most that 99 of 100 turns of full lanes may take, on either database (seconds, R39).
MOST_TURN_SECONDS = 0.25
#: A known phone's PIN turn stays below this in a flood (seconds).
MOST_PIN_SECONDS = 2.0
#: From the request of a callback to the liaison's ring, at the 99th percentile (seconds).
MOST_RING_SECONDS = 1.0
#: The most that a claim may cost with the most rows, beside a hundred.
MOST_GROWTH = 2.0
#: A page of the console with 50,000 cases and 5,000 open callbacks, at the 99th percentile (seconds).
MOST_PAGE_SECONDS = 0.1
#: The part of the time of web and console processes that fifty open consoles take, and how far they, or ten
#: thousand due notices, move a caller's p99 on two cores (docs/decisions/0026).
MOST_SHARE, MOST_MOVED = 0.05, 1.5
#: A custody file in which every row matches a case: seconds beside a bare csv read with executemany, and MB.
MOST_IMPORT_RATIOS = {FIRST: 30, AGAIN: 10}
MOST_IMPORT_MEMORY = 300
_QUICK_ROWS, _ROWS = 100_000, 1_000_000
_QUICK_SECONDS, _QUICK_TRIES, _QUICK_TURNS = 4.0, 2_000, 8
_TRIES, _TURNS = 10_000, 30
_QUICK_NEUTRAL_CALLS, _NEUTRAL_CALLS = 50, 400
_QUICK_HANDSET_TURNS, _HANDSET_TURNS = 10_000, 100_000


class Figure(NamedTuple):
    """One measured figure beside its limit."""

    name: str
    value: float
    limit: float
    is_met: bool


def _at_most(name: str, value: float, limit: float) -> Figure:
    return Figure(name, value, limit, value <= limit)


def _below(name: str, value: float, limit: float) -> Figure:
    return Figure(name, value, limit, value < limit)


def _at_least(name: str, value: float, limit: float) -> Figure:
    return Figure(name, value, limit, value >= limit)


def _start(quick: bool, _seconds: float) -> Iterator[Figure]:
    """A start of `serve --demo`, and the line at rest"""
    started = start(20 if quick else 60)
    yield _at_most("seconds to a start", started.ready, MOST_READY_SECONDS)
    yield _at_most("processor seconds of a start", started.cpu, MOST_CPU_SECONDS)
    yield _at_most("MB at rest", started.memory, MOST_MEMORY)
    yield _at_most("wakes a second at rest", started.wakes, MOST_WAKES)


def _interpreter(quick: bool, _seconds: float) -> Iterator[Figure]:
    """The exchange's interpreter, with no line behind it"""
    parses = interpreter(_QUICK_HANDSET_TURNS if quick else _HANDSET_TURNS)
    yield _at_least("ratio to bare parses", parses, LEAST_PARSES)


def _turns(_quick: bool, seconds: float) -> Iterator[Figure]:
    """Turns: the naive route and ours in turn, on the same server, workers and threads"""
    for database, rows in turns(seconds).items():
        for name, least in LEAST_RATIOS[database].items():
            yield _at_least(f"ratio of {name} on {database}", rows[name].ratio, least)
        for name in (INBOUND, MENU, STATUS):
            yield _below(f"p99 of {name} on {database}", rows[name].p99, MOST_TURN_SECONDS)


def _flood(quick: bool, _seconds: float) -> Iterator[Figure]:
    """PIN turns of a known phone"""
    yield _below("slowest PIN turn", flood(_QUICK_TURNS if quick else _TURNS), MOST_PIN_SECONDS)


def _tries(quick: bool, _seconds: float) -> Iterator[Figure]:
    """What the time of a try tells"""
    yield _below("largest |t|", welch(_QUICK_TRIES if quick else _TRIES), LIMIT)


def _neutral(quick: bool, _seconds: float) -> Iterator[Figure]:
    """What a neutral answer tells of its reason"""
    for kind, auc, error in telling(_QUICK_NEUTRAL_CALLS if quick else _NEUTRAL_CALLS):
        yield Figure(f"AUC of {kind}", auc, MOST_AUC + 2 * error, is_blind(auc, error))


def _speech(_quick: bool, _seconds: float) -> Iterator[Figure]:
    """How long a caller listens"""
    for name, seconds, limit in speech():
        yield _at_most(name, seconds, limit)


def _callbacks(quick: bool, _seconds: float) -> Iterator[Figure]:
    """Callbacks"""
    yield _below("request to ring, p99", request_to_ring(40 if quick else 200), MOST_RING_SECONDS)
    overhead(30 if quick else 100)


def _claiming(quick: bool, _seconds: float) -> Iterator[Figure]:
    """Claiming"""
    for database, ratio in claiming(_QUICK_ROWS if quick else _ROWS).items():
        yield _at_most(f"growth of a claim on {database}", ratio, MOST_GROWTH)


def _imports(quick: bool, _seconds: float) -> Iterator[Figure]:
    """Imports: a bare csv read with executemany and ours in turn, on the same database"""
    for database, costs in imports(QUICK_FEED if quick else FEED).items():
        for way, most in MOST_IMPORT_RATIOS.items():
            ratio = costs[way].seconds / costs[BARE].seconds
            yield _at_most(f"import, {way} against bare, on {database}", ratio, most)
        for cost in costs.values():
            yield _at_most(f"MB of an import on {database}", cost.megabytes, MOST_IMPORT_MEMORY)


def _console(quick: bool, _seconds: float) -> Iterator[Figure]:
    """The console"""
    cases = QUICK_CASES if quick else CASES
    for database, taken in pages(cases, 30 if quick else 100).items():
        yield _below(f"a page of the console on {database}", taken, MOST_PAGE_SECONDS)
    share, moved = listening(cases, 5 if quick else 20)
    yield _at_most("part of open consoles", share, MOST_SHARE)
    yield _at_most("a caller's p99 beside consoles", moved, MOST_MOVED)


def _notices(quick: bool, _seconds: float) -> Iterator[Figure]:
    """Notices"""
    yield _at_most("a caller's p99 beside due notices", calling(12 if quick else 120), MOST_MOVED)


#: Each part by the name that ``--only`` takes, in the order in which they run.
PARTS: dict[str, Callable[[bool, float], Iterator[Figure]]] = {
    "start": _start,
    "interpreter": _interpreter,
    "turns": _turns,
    "flood": _flood,
    "tries": _tries,
    "neutral": _neutral,
    "speech": _speech,
    "callbacks": _callbacks,
    "claiming": _claiming,
    "imports": _imports,
    "console": _console,
    "notices": _notices,
}


@click.command()
@click.option("--seconds", default=20.0, show_default=True, help="How long each kind of request is measured.")
@click.option("--quick", is_flag=True, help="A first look: fewer of everything, and rougher numbers.")
@click.option("--only", type=click.Choice(list(PARTS)), multiple=True, help="A part alone; may be repeated.")
def bench(seconds: float, quick: bool, only: tuple[str, ...]) -> None:
    """Measure, print, and exit 1 when a limit is missed."""
    missed = []
    for name, part in PARTS.items():
        if only and name not in only:
            continue
        click.echo(part.__doc__)
        missed += [
            one for one in part(quick, min(seconds, _QUICK_SECONDS) if quick else seconds) if not one.is_met
        ]
    told = "; ".join(f"{one.name}: {one.value:.2f}, and {one.limit} was the limit" for one in missed)
    click.echo(f"Missed: {told}" if missed else "Every limit was met.")
    sys.exit(bool(missed))


if __name__ == "__main__":
    bench()
