"""`python -m tests.replay`: a month of notices on a simulated clock, and whether each rule was kept."""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import click

from tests.replay.begin import replay_of
from tests.replay.verdict import judge


@click.command()
@click.option("--registrants", type=click.IntRange(20, 32_000), default=300, show_default=True)
@click.option("--days", type=click.IntRange(8, 60), default=30, show_default=True)
@click.option("--seed", default=0, show_default=True, help="What happens, and who does what.")
@click.option("--busy", default=1.0, show_default=True, help="How much more happens than usual.")
@click.option(
    "--whole", default=0.0, help="Part of answered calls with every document; 1 up to 1,000 people."
)
def replay(registrants: int, days: int, seed: int, busy: float, whole: float) -> None:
    """Replay a month, print what it measured, and exit 1 when a rule was broken."""
    whole = whole or min(1.0, 1000 / registrants)
    began, at = process_time(), datetime.now(UTC)
    with (
        tempfile.TemporaryDirectory(prefix="hr-") as folder,
        replay_of(Path(folder), registrants, days=days, seed=seed, busy=busy, whole=whole) as month,
    ):
        month.passes()
        verdict = judge(month)
    click.echo(verdict.table())
    click.echo(f"  {process_time() - began:.0f} s of CPU, {(datetime.now(UTC) - at).total_seconds():.0f} s")
    sys.exit(bool(verdict.broken))


if __name__ == "__main__":
    replay()
