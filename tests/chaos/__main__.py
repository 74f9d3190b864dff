"""`make chaos`: callbacks, callers at 0 and notices in a storm of kills, and whether promises were kept."""

import sys
import tempfile
from pathlib import Path

import click

from tests.chaos.storm import MOST_CALLBACKS, MOST_NOTICES, MOST_WAITERS, Storm, told


@click.command()
@click.option("--callbacks", type=click.IntRange(1, MOST_CALLBACKS), default=1000, show_default=True)
@click.option(
    "--waiters", type=click.IntRange(0, MOST_WAITERS), default=150, show_default=True, help="Who press 0."
)
@click.option(
    "--notices",
    type=click.IntRange(0, MOST_NOTICES),
    default=500,
    show_default=True,
    help="Whose case changes.",
)
@click.option("--kills", default=50, show_default=True, help="SIGKILLs of web, worker, sweeper and Valkey.")
@click.option("--wipes", default=5, show_default=True, help="How often Valkey's data is lost.")
@click.option("--restarts", default=3, show_default=True, help="Restarts of PostgreSQL.")
@click.option("--seed", default=0, show_default=True, help="Who does what, and when what is killed.")
@click.option("--database", type=click.Choice(["sqlite", "postgresql"]), default="postgresql")
@click.option("--liaisons", type=click.IntRange(1, 30), default=20, show_default=True)
@click.option("--seconds", default=0.0, help="Over how long people ask; without it two a second.")
@click.option("--refused-seconds", default=0.0, help="For so long the carrier refuses the account (21210).")
@click.option("--hard", is_flag=True, help="One liaison never picks up, and the worker hangs for good.")
@click.option("--log", type=click.Path(path_type=Path), help="Where to write what the installation logged.")
def chaos(
    callbacks: int,
    waiters: int,
    notices: int,
    kills: int,
    wipes: int,
    restarts: int,
    seed: int,
    database: str,
    liaisons: int,
    seconds: float,
    refused_seconds: float,
    hard: bool,
    log: Path | None,
) -> None:
    """Run a storm, print what happened to every promise, and exit 1 when a rule was broken."""
    storm = Storm(
        callbacks=callbacks,
        waiters=waiters,
        notices=notices,
        kills=kills,
        wipes=wipes,
        restarts=restarts if database == "postgresql" else 0,
        seed=seed,
        database=database,
        liaisons=liaisons,
        asking_seconds=seconds or callbacks / 2,
        caller_tries=3,
        refused_seconds=refused_seconds,
        is_hard=hard,
    )
    with tempfile.TemporaryDirectory(prefix="hc-") as folder:
        verdict, logged = storm.passes(Path(folder))
    if log is not None:
        log.write_text(logged)
    click.echo(told(storm, verdict))
    sys.exit(bool(verdict.broken))


if __name__ == "__main__":
    chaos()
