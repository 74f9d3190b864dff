"""`hotline facility`: the office's directory; only a facility in it is ever spoken (R14)."""

from datetime import UTC, datetime

import click
import phonenumbers

from hotline.cli.context import emit, fail, open_house
from hotline.cli.fields import plain_text
from models.custody import directory, remove_facility, set_facility

ACTOR = "command line"


@click.group()
def facility() -> None:
    """Keep the directory of facilities."""


@facility.command()
@click.argument("name")
@click.option("--phone", required=True, help="The facility's phone in E.164; it is spoken, never dialled.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def add(name: str, phone: str, as_json: bool) -> None:
    """Add a facility; the same name again (letter case aside) takes the new spelling and phone."""
    name, phone = plain_text("NAME", name, 200), _phone(phone)
    house = open_house()
    with house.database.transaction() as session:
        facility_id, added = set_facility(session, name=name, phone=phone, actor=ACTOR, now=datetime.now(UTC))
    emit(as_json, {"id": facility_id, "added": added}, "Added." if added else "Updated.")


@facility.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_all(as_json: bool) -> None:
    """List the directory, by name."""
    house = open_house()
    with house.database.reading() as session:
        entries = [{"id": e.id, "name": e.name, "phone": e.phone} for e in directory(session)]
    lines = "\n".join(f"{entry['id']:>4}  {entry['name']}  {entry['phone']}" for entry in entries)
    emit(as_json, entries, lines or "The directory is empty.")


@facility.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def remove(name: str, as_json: bool) -> None:
    """Take a facility out of the directory: from now on it is not spoken."""
    name = plain_text("NAME", name, 200)
    house = open_house()
    with house.database.transaction() as session:
        removed = remove_facility(session, name=name, actor=ACTOR, now=datetime.now(UTC))
    if not removed:
        fail("NAME: the directory has no such facility.")
    emit(as_json, {"removed": True}, "Removed.")


def _phone(value: str) -> str:
    # A facility may have a toll-free number; it only has to be one that a person can call.
    try:
        parsed = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        fail("--phone is not a phone number in E.164, such as +12025550123.")
    if not phonenumbers.is_possible_number(parsed):
        fail("--phone is not a phone number in E.164, such as +12025550123.")
    if phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        fail("--phone is a premium number, which callers would be told to ring.")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
