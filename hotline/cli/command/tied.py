"""Refuses a command when the two people it names may not approve together (R40)."""

from datetime import UTC, datetime
from typing import NoReturn

from hotline.cli.command.context import Installation, fail
from models.staff.two_people import TiedError, note_attempt


def refuse_tied(installation: Installation, error: TiedError) -> NoReturn:
    """Record the attempt in the audit, which raises an alarm, and exit 2."""
    with installation.database.transaction() as session:
        note_attempt(session, error, "command line", datetime.now(UTC))
    fail(
        "--and: one of the two was added, reset, let in or given a role by the other, or both by one person."
    )
