"""`make bench`: the exchange's interpreter, turns beside a naive route, PIN floods, and what times tell."""

import sys

import click

from tests.bench.interpreter import LEAST_RATE, interpreter
from tests.bench.interpreter import LEAST_RATIO as LEAST_PARSES
from tests.bench.pin import LIMIT, welch
from tests.bench.pin_flood import flood
from tests.bench.turns import INBOUND, MENU, STATUS, turns

#: What each kind of turn on SQLite must reach of the naive route's rate.
LEAST_RATIO = 0.3
#: A known phone's PIN turn stays below this in a flood (seconds).
MOST_PIN_SECONDS = 2.0
_QUICK_SECONDS, _QUICK_TRIES, _QUICK_TURNS = 4.0, 2_000, 8
_TRIES, _TURNS = 10_000, 30
_QUICK_HANDSET_TURNS, _HANDSET_TURNS = 10_000, 100_000


@click.command()
@click.option("--seconds", default=20.0, show_default=True, help="How long each kind of request is measured.")
@click.option("--quick", is_flag=True, help="A first look: fewer of everything, and rougher numbers.")
def bench(seconds: float, quick: bool) -> None:
    """Measure, print, and exit 1 when a limit is missed."""
    click.echo("The exchange's interpreter, with no line behind it")
    rate, parses = interpreter(_QUICK_HANDSET_TURNS if quick else _HANDSET_TURNS)
    click.echo("Turns: the naive route and ours in turn, on the same server, workers and threads")
    ratios = turns(min(seconds, _QUICK_SECONDS) if quick else seconds)
    click.echo("PIN turns of a known phone")
    slowest = flood(_QUICK_TURNS if quick else _TURNS)
    click.echo("What the time of a try tells")
    largest = welch(_QUICK_TRIES if quick else _TRIES)
    missed = [
        f"{name}: {value:.2f}, and {limit} was the limit"
        for name, value, limit, is_met in (
            ("turns of the interpreter", rate, LEAST_RATE, rate >= LEAST_RATE),
            ("ratio to bare parses", parses, LEAST_PARSES, parses >= LEAST_PARSES),
            *(
                (f"ratio of {name}", ratio, LEAST_RATIO, ratio >= LEAST_RATIO)
                for name, ratio in ((name, ratios["SQLite"][name]) for name in (INBOUND, MENU, STATUS))
            ),
            ("slowest PIN turn", slowest, MOST_PIN_SECONDS, slowest < MOST_PIN_SECONDS),
            ("largest |t|", largest, LIMIT, largest < LIMIT),
        )
        if not is_met
    ]
    click.echo("Missed: " + "; ".join(missed) if missed else "Every limit was met.")
    sys.exit(bool(missed))


if __name__ == "__main__":
    bench()
