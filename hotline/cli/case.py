"""`hotline case`: opens and closes cases and issues PINs. A PIN is shown here once and nowhere else (R03)."""

from datetime import UTC, datetime, timedelta

import click

from hotline.cli.command.context import emit, fail, open_installation
from hotline.cli.command.fields import language_of, ordinary_phone, plain_text, time_zone_of
from hotline.cli.command.tied import refuse_tied
from hotline.refusals.wording import in_english
from models.cases.case import CaseError, check_digit_is_right, close_case, find_case, open_case, rotate_pin
from models.cases.pin_hash import PinHasher
from models.overview.lost_pin import EVIDENCE, LostPinError, replace_lost_pin
from models.overview.total_lift import TotalLiftError, lift_total
from models.staff.two_people import TiedError

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def case() -> None:
    """Open and close cases, issue PINs."""


@case.command()
@click.option("--subject-id", required=True, help="The custody feed's id of the person the case is about.")
@click.option("--subject-name", required=True, help="Their name; kept sealed and never spoken.")
@click.option("--language", help="The registrant's language; the office's first one unless given.")
@click.option("--phone", help="A confirmed, safe phone of the registrant, in E.164.")
@click.option("--time-zone", help="The registrant's IANA time zone; the office's unless given.")
@as_json
def add(
    subject_id: str,
    subject_name: str,
    language: str | None,
    phone: str | None,
    time_zone: str | None,
    as_json: bool,
) -> None:
    """Open a case and print its number and PIN, this once."""
    installation = open_installation()
    office = installation.office
    subject_id = plain_text("--subject-id", subject_id, 100)
    subject_name = plain_text("--subject-name", subject_name, 200)
    spoken = language_of("--language", office.languages[0] if language is None else language, office)
    confirmed = None if phone is None else ordinary_phone("--phone", phone, office)
    zone = time_zone_of("--time-zone", office.time_zone if time_zone is None else time_zone)
    with installation.database.transaction() as session:
        number, pin = open_case(
            session,
            hasher=PinHasher(installation.settings.pin_pepper),
            subject_id=subject_id,
            subject_name=subject_name,
            language=spoken,
            phone=confirmed,
            time_zone=zone,
            now=datetime.now(UTC),
        )
    if len(number) > installation.policies.case_number_digits:
        click.echo(
            "Case numbers have ten digits from here on: "
            "set policies.case_number_digits to 10 and restart the line.",
            err=True,
        )
    _print(number, pin, as_json)


@case.command("rotate-pin")
@click.argument("number")
@click.option("--one-time", is_flag=True, help="For a letter: it dies soon, and the first call replaces it.")
@as_json
def rotate(number: str, one_time: bool, as_json: bool) -> None:
    """Give a case a new PIN, printed this once, and lift its lock and waits."""
    _check(number)
    installation = open_installation()
    hasher, now = PinHasher(installation.settings.pin_pepper), datetime.now(UTC)
    expires_at = now + timedelta(days=installation.policies.one_time_pin_days) if one_time else None
    try:
        with installation.database.transaction() as session:
            pin = rotate_pin(session, hasher, number, now, expires_at=expires_at)
            is_closed = find_case(session, number).closed_at is not None
    except CaseError as error:
        fail(f"NUMBER: {in_english(error)}")
    _tell_if(is_closed)
    _print(number, pin, as_json)


@case.command("lost-pin")
@click.argument("number")
@click.option("--evidence", required=True, help=f"How you know who it is: {', '.join(EVIDENCE)}.")
@click.option("--by", required=True, help="The e-mail of the person who looked into it.")
@click.option("--and", "and_by", required=True, help="The e-mail of a second person who approves.")
@as_json
def lost_pin(number: str, evidence: str, by: str, and_by: str, as_json: bool) -> None:
    """Replace a lost PIN on the word of two people; the new one is printed this once.

    Every safe phone of the case is called to tell its owner, and phones and times stay as they are for
    some days. Give the PIN by another way than the number went.
    """
    _check(number)
    installation = open_installation()
    try:
        with installation.database.transaction() as session:
            pin, told = replace_lost_pin(
                session,
                PinHasher(installation.settings.pin_pepper),
                number,
                evidence=evidence,
                by=by,
                and_by=and_by,
                hold=timedelta(hours=installation.policies.lost_pin_hold_hours),
                policy=installation.callback_policy,
                now=datetime.now(UTC),
            )
            is_closed = find_case(session, number).closed_at is not None
    except CaseError as error:
        fail(f"NUMBER: {in_english(error)}")
    except TiedError as error:
        refuse_tied(installation, error)
    except LostPinError as error:
        fail(in_english(error))
    _tell_if(is_closed)
    text = f"PIN          {pin}\nThe PIN is shown this once. Safe phones that will be called: {told}."
    emit(as_json, {"pin": pin, "phones_told": told}, text)


@case.command("lift-total")
@click.argument("number")
@click.option("--by", required=True, help="The e-mail of a supervisor, who looked at the tries.")
@as_json
def lift(number: str, by: str, as_json: bool) -> None:
    """Count no wrong PIN keyed so far towards the number's limit of 30 days; a lock stays."""
    _check(number)
    installation = open_installation()
    try:
        with installation.database.transaction() as session:
            tries = lift_total(session, number, by=by, now=datetime.now(UTC))
    except CaseError as error:
        fail(f"NUMBER: {in_english(error)}")
    except TotalLiftError as error:
        fail(in_english(error))
    emit(as_json, {"tries_lifted": tries}, f"Wrong tries that no longer count: {tries}.")


@case.command()
@click.argument("number")
@as_json
def close(number: str, as_json: bool) -> None:
    """Close a case: its caller hears the neutral phrase from now on; promised callbacks are kept."""
    _check(number)
    installation = open_installation()
    try:
        with installation.database.transaction() as session:
            close_case(session, number, datetime.now(UTC))
    except CaseError as error:
        fail(f"NUMBER: {in_english(error)}")
    emit(as_json, {"closed": True}, "The case is closed.")


def _check(number: str) -> None:
    if not check_digit_is_right(number):
        fail("NUMBER is not a case number: 8 or 10 digits, of which the last is a check digit.")


def _tell_if(is_closed: bool) -> None:
    """A closed case keeps its PIN like every neutral one (R13), so its caller can be given another."""
    if is_closed:
        click.echo("This case is closed: with its PIN the line tells no status. Open another case.", err=True)


def _print(number: str, pin: str, as_json: bool) -> None:
    text = f"Case number  {number}\nPIN          {pin}\nThe PIN is shown this once."
    emit(as_json, {"case_number": number, "pin": pin}, text)
