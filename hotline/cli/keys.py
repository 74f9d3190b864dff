"""`hotline keys`: moves sealed values to the current field key, after which an old key can be removed."""

import sys
from datetime import UTC, datetime

import click

from hotline.cli.command.context import check_migrated, connect, emit, fail, load_settings, open_installation
from models.audit import audit
from models.store import key_mark, rotation
from models.store.database import Database
from models.store.heartbeat import roles_with_another_key


@click.group()
def keys() -> None:
    """Rotate the keys that seal private fields."""


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def rotate(as_json: bool) -> None:
    """Seal every value anew under the first key of HOTLINE_FIELD_KEYS, while the line is open.

    It may be stopped at any moment; the next run goes on from there. When none remain, the other keys can
    be taken out. Nothing is sealed while a process runs that was not started with the new key first: it
    could not read the values, and would seal others under the old key. Exits 1 while any remain.
    """
    database = open_installation().database
    with database.reading() as session:
        others = roles_with_another_key(session, datetime.now(UTC))
        total = rotation.count_remaining(session)
    if others:
        fail(
            f"HOTLINE_FIELD_KEYS: a process of {', '.join(others)} has another first key than "
            f"{database.keyring.current}: restart every process with these keys, and wait half a minute."
        )
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


@keys.command("accept-pepper")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def accept_pepper(as_json: bool) -> None:
    """Take HOTLINE_PIN_PEPPER as this database's from now on, after it was changed on purpose.

    No PIN that was given before opens any more: stop every process first, and give each person a new one.
    """
    settings = load_settings()
    database = connect(settings)
    try:
        check_migrated(database)
        with database.transaction() as session:
            was_other = key_mark.accept_key(session, "HOTLINE_PIN_PEPPER", settings.pin_pepper)
            if was_other:
                audit.record(
                    session,
                    actor="command line",
                    action="accept_pepper",
                    target="pin_pepper",
                    facts={},
                    now=datetime.now(UTC),
                )
    finally:
        database.close()
    done = "The pepper is accepted; no PIN from before opens." if was_other else "It is this one already."
    emit(as_json, {"changed": was_other}, done)


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
