"""`hotline court`: the courts of the office's directory. Only a listed court is kept or spoken (R12, R14)."""

from datetime import UTC, datetime

import click

from hotline.cli.command.context import emit, fail, open_installation
from hotline.cli.command.fields import plain_text, time_zone_of
from hotline.cli.facility import ACTOR, telling_words_of
from hotline.refusals.wording import in_english
from models.custody.directory import LONGEST_NAME, DirectoryError, courts, remove_court, set_court


@click.group()
def court() -> None:
    """Keep the directory of courts."""


@court.command("add")
@click.argument("name")
@click.option("--time-zone", required=True, help="The court's IANA time zone; its hours are told in it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def add_court(name: str, time_zone: str, as_json: bool) -> None:
    """Add a court; the same name again (letter case aside) takes the new spelling and time zone."""
    name, zone = plain_text("NAME", name, LONGEST_NAME), time_zone_of("--time-zone", time_zone)
    installation, now = open_installation(), datetime.now(UTC)
    try:
        with installation.database.transaction() as session:
            court_id, added = set_court(
                session,
                name=name,
                time_zone=zone,
                tells=telling_words_of(installation.office),
                actor=ACTOR,
                now=now,
            )
    except DirectoryError as error:
        fail(f"NAME: {in_english(error)}")
    emit(as_json, {"id": court_id, "added": added}, "Added." if added else "Updated.")


@court.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_courts(as_json: bool) -> None:
    """List the courts, by name."""
    installation = open_installation()
    with installation.database.reading() as session:
        entries = [{"id": e.id, "name": e.name, "time_zone": e.time_zone} for e in courts(session)]
    lines = "\n".join(f"{entry['id']:>4}  {entry['name']}  {entry['time_zone']}" for entry in entries)
    emit(as_json, entries, lines or "The directory has no court.")


@court.command("remove")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def drop_court(name: str, as_json: bool) -> None:
    """Take a court out of the directory: from now on it is not spoken, nor its hours."""
    name = plain_text("NAME", name, LONGEST_NAME)
    installation = open_installation()
    with installation.database.transaction() as session:
        removed = remove_court(session, name=name, actor=ACTOR, now=datetime.now(UTC))
    if not removed:
        fail("NAME: the directory has no such court.")
    emit(as_json, {"removed": True}, "Removed.")
