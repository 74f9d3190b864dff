"""`python -m tests.people`: more simulated people than the suite has time for, and why some were lost."""

import sys
import tempfile
from pathlib import Path

import click

from tests.people.town import share_of_good_ends, share_who_heard, table, town, why_not

#: Of people with a right PIN, how many hear the status in their own language.
LEAST_SHARE = 0.96


@click.command()
@click.option("--people", default=1000, show_default=True, help="How many call.")
@click.option("--seed", default=0, show_default=True, help="The first one's seed.")
@click.option("--pin", type=click.Choice(["right", "wrong", "none"]), default="right", show_default=True)
@click.option("--lost", is_flag=True, help="Print the calls of those who were lost or heard no status.")
def people(people: int, seed: int, pin: str, lost: bool) -> None:
    """Let them call, print how it ended, and exit 1 when too few with a right PIN were served."""
    with tempfile.TemporaryDirectory(prefix="people-") as folder, town(Path(folder)) as place:
        found = [place.person(number, pin) for number in range(seed, seed + people)]
    heard, good = share_who_heard(found), share_of_good_ends(found)
    summary = f"{heard:.2%} of {len(found)} heard the status in their language; {good:.2%} were served"
    click.echo(why_not(found) if lost else f"{summary}\n{table(found)}")
    sys.exit(pin == "right" and heard < LEAST_SHARE)


if __name__ == "__main__":
    people()
