"""`hotline staff unlock`, `reset` and `sign-in-code`: restore a person's access to the console."""

from datetime import UTC, datetime

import click

from hotline.cli.command.context import emit, fail, open_installation
from hotline.demo_staff import next_code
from hotline.refusals.wording import in_english
from models.staff import staff_access
from models.staff.staff import StaffError, new_password
from models.staff.staff_password import PasswordKdf

ACTOR = "command line"

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command()
@click.argument("email")
@as_json
def unlock(email: str, as_json: bool) -> None:
    """Let a person sign in again after too many wrong tries."""
    installation = open_installation()
    try:
        with installation.database.transaction() as session:
            staff_access.unlock(session, email, actor=ACTOR, now=datetime.now(UTC))
    except StaffError as error:
        fail(f"EMAIL: {in_english(error)}")
    emit(as_json, {"unlocked": True}, "They can sign in again.")


@click.command()
@click.argument("email")
@as_json
def reset(email: str, as_json: bool) -> None:
    """Print a password that works once; sessions, authenticator, passkeys and recovery codes end."""
    installation, password = open_installation(), new_password()
    # Hashed with no transaction open.
    hashed = PasswordKdf().hash(password)
    try:
        with installation.database.transaction() as session:
            staff_access.reset(session, email, hashed, actor=ACTOR, now=datetime.now(UTC))
    except StaffError as error:
        fail(f"EMAIL: {in_english(error)}")
    text = f"Password  {password}\nIt works once, to set up everything anew, and is shown this once."
    emit(as_json, {"one_time_password": password}, text)


@click.command("sign-in-code")
@click.argument("email")
@as_json
def sign_in_code(email: str, as_json: bool) -> None:
    """Print the code with which one of the demo's people signs in now; never in production."""
    installation = open_installation()
    if installation.settings.production:
        fail("There are no demo people when HOTLINE_ENV is production.")
    with installation.database.reading() as session:
        code = next_code(session, email.strip().lower(), datetime.now(UTC))
    if code is None:
        fail("EMAIL: Nobody of the demo has this e-mail, or they have an authenticator of their own.")
    emit(as_json, {"code": code}, code)
