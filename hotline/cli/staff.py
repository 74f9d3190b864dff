"""`hotline staff`: adds and lists staff, and starts and ends their shifts."""

import re
from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy import select

from hotline.cli.command.context import emit, fail, open_installation
from hotline.cli.command.fields import language_of, ordinary_phone, plain_text
from hotline.cli.schedule import absence, schedule
from hotline.cli.staff_sign_in import reset, sign_in_code, unlock
from hotline.refusals.wording import in_english
from models.callbacks.liaison import DOES_NOW
from models.calls.staff_number import for_main_line
from models.calls.staff_secret import fresh_code, fresh_pin, issue_code, issue_pin
from models.cases.pin_hash import PinHasher
from models.staff.staff import ROLES, Staff, StaffError, add_staff, change_shift, everyone

ACTOR = "command line"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def staff() -> None:
    """Add and list staff, start and end shifts, set schedules."""


staff.add_command(schedule)
staff.add_command(absence)
staff.add_command(unlock)
staff.add_command(reset)
staff.add_command(sign_in_code)


@staff.command()
@click.argument("email")
@click.option("--name", required=True, help="Their name; kept sealed.")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What they may do.")
@click.option("--phone", required=True, help="Their phone in E.164; accepting at an office asks no code.")
@click.option("--personal", is_flag=True, help="The phone is their own: accepting there asks their code.")
@click.option("--languages", help="The languages they speak, such as en,es; the office's first unless given.")
@click.option("--on-shift", is_flag=True, help="Start their shift at once.")
@as_json
def add(
    email: str,
    name: str,
    role: str,
    phone: str,
    personal: bool,
    languages: str | None,
    on_shift: bool,
    as_json: bool,
) -> None:
    """Add a person and print a password that works once."""
    installation = open_installation()
    office = installation.office
    spoken = [
        language_of("--languages", language, office)
        for language in (office.languages[0] if languages is None else languages).split(",")
    ]
    email = _email(email)
    name = plain_text("--name", name, 200)
    number = ordinary_phone("--phone", phone, office)
    try:
        with installation.database.transaction() as session:
            staff_id, password = add_staff(
                session,
                email=email,
                name=name,
                role=role,
                phone=number,
                languages=list(dict.fromkeys(spoken)),
                on_shift=on_shift,
                actor=ACTOR,
                now=datetime.now(UTC),
                office_phone=not personal,
            )
    except StaffError as error:
        fail(f"EMAIL: {in_english(error)}")
    text = f"Staff        {staff_id}\nPassword     {password}\nIt works once and is shown this once."
    emit(as_json, {"id": staff_id, "one_time_password": password}, text)


@staff.command()
@click.argument("email")
@as_json
def pin(email: str, as_json: bool) -> None:
    """Issue a new PIN for the staff line, print it once with the staff number, and lift a lock."""
    installation, fresh = open_installation(), fresh_pin()
    # Hashed with no transaction open.
    hashed = PinHasher(installation.settings.pin_pepper).hash(fresh)
    try:
        with installation.database.transaction() as session:
            number = issue_pin(session, _email(email), hashed, ACTOR, datetime.now(UTC))
    except StaffError as error:
        fail(f"EMAIL: {in_english(error)}")
    main_line = for_main_line(number)
    text = (
        f"Staff number  {number}\nPIN           {fresh}\n"
        f"On the main line key {main_line} in the place of a case number.\nThe PIN is shown this once."
    )
    emit(as_json, {"staff_number": number, "main_line_number": main_line, "pin": fresh}, text)


@staff.command()
@click.argument("email")
@as_json
def code(email: str, as_json: bool) -> None:
    """Issue a new code for accepting calls on a personal phone, print it once, and lift a lock."""
    installation, fresh = open_installation(), fresh_code()
    hashed = PinHasher(installation.settings.pin_pepper).hash(fresh)
    try:
        with installation.database.transaction() as session:
            issue_code(session, _email(email), hashed, ACTOR, datetime.now(UTC))
    except StaffError as error:
        fail(f"EMAIL: {in_english(error)}")
    emit(as_json, {"code": fresh}, f"Code  {fresh}\nIt is shown this once.")


@staff.command("list")
@as_json
def list_all(as_json: bool) -> None:
    """List all staff: who may be called, who is busy, which languages they speak. No phone and no name."""
    installation = open_installation()
    with installation.database.reading() as session:
        people: list[dict[str, Any]] = [
            {
                "id": person.id,
                "email": person.email,
                "role": person.role,
                "languages": person.languages.split(","),
                "on_shift": person.on_shift,
                "on_call": person.on_call,
                "busy": person.busy_call_id is not None,
                "resting": person.resting_until is not None,
            }
            for person in everyone(session)
        ]
        does = dict(session.execute(select(Staff.id, DOES_NOW)).all())
    lines = [
        f"{p['id']:>4}  {p['email']:<32} {p['role']:<14} {','.join(p['languages']):<8} "
        f"{_shift(p)}{_DOES.get(does[p['id']], '')}"
        for p in people
    ]
    emit(as_json, people, "\n".join(lines) or "Nobody is on the staff list.")


@staff.command("on-shift")
@click.argument("email")
@as_json
def on_shift(email: str, as_json: bool) -> None:
    """Start a person's shift: the line may ring them, until their schedule says otherwise."""
    _change(email, True, as_json)


@staff.command("off-shift")
@click.argument("email")
@as_json
def off_shift(email: str, as_json: bool) -> None:
    """End a person's shift: the line rings them no more; a call they are in goes on."""
    _change(email, False, as_json)


#: What the list says after the shift; see ``DOES_NOW``.
_DOES = {
    "rings": ", phone rings", "in_call": ", in a call", "wrap_up": ", in wrap-up", "break": ", on a break",
}  # fmt: skip


def _shift(person: dict[str, Any]) -> str:
    if person["on_shift"]:
        return "on shift"
    return "on call" if person["on_call"] else "off shift"


def _change(email: str, on: bool, as_json: bool) -> None:
    installation = open_installation()
    try:
        with installation.database.transaction() as session:
            change_shift(session, _email(email), on_shift=on, actor=ACTOR, now=datetime.now(UTC))
    except StaffError as error:
        fail(f"EMAIL: {in_english(error)}")
    emit(as_json, {"on_shift": on}, "On shift." if on else "Off shift.")


def _email(value: str) -> str:
    email = plain_text("EMAIL", value, 254).lower()
    if not _EMAIL.fullmatch(email):
        fail("EMAIL is not an e-mail address.")
    return email
