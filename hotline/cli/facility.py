"""`hotline facility`: the office's directory. Only a listed facility is kept or spoken (R12, R14)."""

from datetime import UTC, datetime

import click
import phonenumbers

from config.office import Office
from hotline.cli.command.context import emit, fail, open_installation
from hotline.cli.command.fields import plain_text
from hotline.refusals.wording import in_english
from hotline.typed_phone import typed_phone
from models.custody.directory import (
    LONGEST_NAME,
    DirectoryError,
    Tells,
    facilities,
    remove_facility,
    set_facility,
)

ACTOR = "command line"


@click.group()
def facility() -> None:
    """Keep the directory of facilities."""


@facility.command()
@click.argument("name")
@click.option("--phone", required=True, help="The facility's phone in E.164; it is spoken, never dialled.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def add(name: str, phone: str, as_json: bool) -> None:
    """Add a facility; the same name again (letter case aside) takes the new spelling and phone.

    Of the feed only places in the directory are kept, and spoken.
    """
    name, phone = plain_text("NAME", name, LONGEST_NAME), _phone(phone)
    installation, now = open_installation(), datetime.now(UTC)
    try:
        with installation.database.transaction() as session:
            facility_id, added = set_facility(
                session,
                name=name,
                phone=phone,
                tells=telling_words_of(installation.office),
                actor=ACTOR,
                now=now,
            )
    except DirectoryError as error:
        fail(f"NAME: {in_english(error)}")
    emit(as_json, {"id": facility_id, "added": added}, "Added." if added else "Updated.")


@facility.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_all(as_json: bool) -> None:
    """List the directory, by name."""
    installation = open_installation()
    with installation.database.reading() as session:
        entries = [{"id": e.id, "name": e.name, "phone": e.phone} for e in facilities(session)]
    lines = "\n".join(f"{entry['id']:>4}  {entry['name']}  {entry['phone']}" for entry in entries)
    emit(as_json, entries, lines or "The directory is empty.")


@facility.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def remove(name: str, as_json: bool) -> None:
    """Take a facility out of the directory: from now on it is not spoken."""
    name = plain_text("NAME", name, LONGEST_NAME)
    installation = open_installation()
    with installation.database.transaction() as session:
        removed = remove_facility(session, name=name, actor=ACTOR, now=datetime.now(UTC))
    if not removed:
        fail("NAME: the directory has no such facility.")
    emit(as_json, {"removed": True}, "Removed.")


def telling_words_of(office: Office) -> Tells:
    """Returns the function that finds the telling words of the office's languages in a name (R13)."""
    from ivr_flows.prompts import PromptError, Prompts

    try:
        return Prompts.load(office.languages).tells
    except PromptError as error:
        fail(str(error))


def _phone(value: str) -> str:
    # A facility may have a toll-free number; people must be able to call it, and that is all.
    number = typed_phone(value)
    if number is None or not phonenumbers.is_possible_number(parsed := phonenumbers.parse(number)):
        fail("--phone is not a phone number in E.164, such as +12025550123.")
    if phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        fail("--phone is a premium number, which callers would be told to ring.")
    return number
