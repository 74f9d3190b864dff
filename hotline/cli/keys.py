"""`hotline keys`: moves sealed values to the current field key, after which an old key can be removed."""

import sys
from datetime import UTC, datetime

import click

from hotline.cli.command.context import emit, open_installation
from models.audit import audit
from models.store import rotation
from models.store.database import Database


@click.group()
def keys() -> None:
    """Rotate the keys that seal private fields."""


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def rotate(as_json: bool) -> None:
    """Seal every value anew under the first key of HOTLINE_FIELD_KEYS, while the line is open.

    It may be stopped at any moment; the next run goes on from there. When none remain, the other keys can
    be taken out. Every process must have been started with the new key first: one that has not goes on
    sealing under the old one, and those values remain. Exits 1 while any do.
    """
    database = open_installation().database
    with database.reading() as session:
        total = rotation.count_remaining(session)
    try:
        with click.progressbar(length=total, label="Sealing anew", file=sys.stderr) as bar:
            done = rotation.rotate(database, on_progress=bar.update)
    except KeyboardInterrupt:
        with database.reading() as session:
            remaining = rotation.count_remaining(session)
        _write_down(database, moved=total - remaining, remaining=remaining)
        click.echo(f"Stopped: {remaining} values remain; run it again to go on.", err=True)
        sys.exit(1)
    _write_down(database, moved=done.moved, remaining=done.remaining)
    document = {"moved": done.moved, "remaining": done.remaining}
    emit(as_json, document, f"{done.moved} values were sealed anew, {done.remaining} remain.")
    if done.unreadable:
        click.echo(
            f"{done.unreadable} values open under no key of HOTLINE_FIELD_KEYS: add the key they need.",
            err=True,
        )
    if done.remaining:
        sys.exit(1)


def _write_down(database: Database, *, moved: int, remaining: int) -> None:
    if not moved:
        return
    facts = {"moved": moved, "remaining": remaining}
    with database.transaction() as session:
        audit.record(
            session,
            actor="command line",
            action="rotate_keys",
            target="field_keys",
            facts=facts,
            now=datetime.now(UTC),
        )
