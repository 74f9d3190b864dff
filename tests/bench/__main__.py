"""`make bench`: a start, the exchange, turns beside a naive route, PINs, callbacks, imports, pages, calls."""

import sys

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
from tests.bench.turns import INBOUND, MENU, NAIVE, STATUS, turns

#: The least ratio of each kind of turn to the naive route, as the median of five rounds.
LEAST_RATIOS = {
    "SQLite": {INBOUND: 0.27, MENU: 0.35, STATUS: 0.29},
    "PostgreSQL": {INBOUND: 0.33, MENU: 0.21, STATUS: 0.15},
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
#: thousand due notices, move a caller's p99.
MOST_SHARE, MOST_MOVED = 0.05, 1.1
#: A custody file in which every row matches a case: seconds beside a bare csv read with executemany, and MB.
MOST_IMPORT_RATIOS = {FIRST: 30, AGAIN: 10}
MOST_IMPORT_MEMORY = 300
_QUICK_ROWS, _ROWS = 100_000, 1_000_000
_QUICK_SECONDS, _QUICK_TRIES, _QUICK_TURNS = 4.0, 2_000, 8
_TRIES, _TURNS = 10_000, 30
_QUICK_NEUTRAL_CALLS, _NEUTRAL_CALLS = 50, 1_000
_QUICK_HANDSET_TURNS, _HANDSET_TURNS = 10_000, 100_000


@click.command()
@click.option("--seconds", default=20.0, show_default=True, help="How long each kind of request is measured.")
@click.option("--quick", is_flag=True, help="A first look: fewer of everything, and rougher numbers.")
def bench(seconds: float, quick: bool) -> None:
    """Measure, print, and exit 1 when a limit is missed."""
    click.echo("A start of `serve --demo`, and the line at rest")
    started = start(20 if quick else 60)
    click.echo("The exchange's interpreter, with no line behind it")
    parses = interpreter(_QUICK_HANDSET_TURNS if quick else _HANDSET_TURNS)
    click.echo("Turns: the naive route and ours in turn, on the same server, workers and threads")
    tables = turns(min(seconds, _QUICK_SECONDS) if quick else seconds)
    click.echo("PIN turns of a known phone")
    slowest = flood(_QUICK_TURNS if quick else _TURNS)
    click.echo("What the time of a try tells")
    largest = welch(_QUICK_TRIES if quick else _TRIES)
    click.echo("What a neutral answer tells of its reason")
    told = telling(_QUICK_NEUTRAL_CALLS if quick else _NEUTRAL_CALLS)
    click.echo("How long a caller listens")
    listened = speech()
    click.echo("Callbacks")
    ring = request_to_ring(40 if quick else 200)
    overhead(30 if quick else 100)
    click.echo("Claiming")
    growth = claiming(_QUICK_ROWS if quick else _ROWS)
    click.echo("Imports: a bare csv read with executemany and ours in turn, on the same database")
    landed = imports(QUICK_FEED if quick else FEED)
    click.echo("The console")
    slowest_pages = pages(QUICK_CASES if quick else CASES, 30 if quick else 100)
    share, moved = listening(QUICK_CASES if quick else CASES, 5 if quick else 20)
    click.echo("Notices")
    moved_by_notices = calling(12 if quick else 120)
    missed = [
        f"{name}: {value:.2f}, and {limit} was the limit"
        for name, value, limit, is_met in (
            *(
                (name, value, limit, value <= limit)
                for name, value, limit in (
                    ("seconds to a start", started.ready, MOST_READY_SECONDS),
                    ("processor seconds of a start", started.cpu, MOST_CPU_SECONDS),
                    ("MB at rest", started.memory, MOST_MEMORY),
                    ("wakes a second at rest", started.wakes, MOST_WAKES),
                )
            ),
            ("ratio to bare parses", parses, LEAST_PARSES, parses >= LEAST_PARSES),
            *(
                (f"ratio of {name} on {database}", ratio, least, ratio >= least)
                for database, rows in tables.items()
                for name, least, ratio in (
                    (name, least, rows[name].ratio(rows[NAIVE]))
                    for name, least in LEAST_RATIOS[database].items()
                )
            ),
            *(
                (f"p99 of {name} on {database}", p99, MOST_TURN_SECONDS, p99 < MOST_TURN_SECONDS)
                for database, rows in tables.items()
                for name, p99 in ((name, rows[name].p99) for name in (INBOUND, MENU, STATUS))
            ),
            ("slowest PIN turn", slowest, MOST_PIN_SECONDS, slowest < MOST_PIN_SECONDS),
            ("largest |t|", largest, LIMIT, largest < LIMIT),
            *(
                (f"AUC of {kind}", auc, MOST_AUC + 2 * error, is_blind(auc, error))
                for kind, auc, error in told
            ),
            *((name, seconds, limit, seconds <= limit) for name, seconds, limit in listened),
            ("request to ring, p99", ring, MOST_RING_SECONDS, ring < MOST_RING_SECONDS),
            *(
                (f"growth of a claim on {name}", ratio, MOST_GROWTH, ratio <= MOST_GROWTH)
                for name, ratio in growth.items()
            ),
            *(
                (f"import, {way} against bare, on {name}", ratio, most, ratio <= most)
                for name, costs in landed.items()
                for way, most, ratio in (
                    (way, most, costs[way].seconds / costs[BARE].seconds)
                    for way, most in MOST_IMPORT_RATIOS.items()
                )
            ),
            *(
                (
                    f"MB of an import on {name}",
                    cost.megabytes,
                    MOST_IMPORT_MEMORY,
                    cost.megabytes <= MOST_IMPORT_MEMORY,
                )
                for name, costs in landed.items()
                for cost in costs.values()
            ),
            *(
                (f"a page of the console on {name}", taken, MOST_PAGE_SECONDS, taken < MOST_PAGE_SECONDS)
                for name, taken in slowest_pages.items()
            ),
            ("part of open consoles", share, MOST_SHARE, share <= MOST_SHARE),
            ("a caller's p99 beside consoles", moved, MOST_MOVED, moved <= MOST_MOVED),
            (
                "a caller's p99 beside due notices",
                moved_by_notices,
                MOST_MOVED,
                moved_by_notices <= MOST_MOVED,
            ),
        )
        if not is_met
    ]
    click.echo("Missed: " + "; ".join(missed) if missed else "Every limit was met.")
    sys.exit(bool(missed))


if __name__ == "__main__":
    bench()
