"""`hotline notices`: lists notices without numbers or names, and lets staff cancel one."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy import select

from hotline.cli.command.context import emit, fail, open_installation
from hotline.cli.command.tied import refuse_tied
from hotline.cli.command.unknown import ROW_ID, refuse_of
from hotline.refusals.wording import in_english
from models.custody.imports.held import SettleError
from models.custody.imports.lock import ImportBusyError
from models.notices.cancelling import CANCEL_REASONS, cancel_notice
from models.notices.notice import NOTICE_STATES, Notice
from models.notices.taking_back.retraction import retract
from models.staff.staff import StaffError, find_staff
from models.staff.two_people import TiedError
from models.store.refusal import RefusedError
from workers.queue import Jobs

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def notices() -> None:
    """List notices of changes in custody, cancel one, take back those of a wrong import."""


@notices.command("list")
@click.option(
    "--state", "states", multiple=True, type=click.Choice(NOTICE_STATES), help="Only these; may be repeated."
)
@as_json
def list_(states: tuple[str, ...], as_json: bool) -> None:
    """Print every notice, oldest first: its state, when it was made, and how it ended. It names nobody."""
    installation = open_installation()
    asked = select(
        Notice.id, Notice.state, Notice.made_at, Notice.is_urgent, Notice.next_attempt_at, Notice.tries,
        Notice.confirmed_at, Notice.confirmed_by, Notice.outcome,
    )  # fmt: skip
    if states:
        asked = asked.where(Notice.state.in_(states))
    with installation.database.reading() as session:
        found = [
            {
                "id": row.id,
                "state": row.state,
                "made_at": row.made_at.isoformat(),
                "urgent": row.is_urgent,
                "next_attempt_at": row.next_attempt_at.isoformat() if row.state == "waiting" else None,
                "tries": row.tries,
                "confirmed_at": row.confirmed_at and row.confirmed_at.isoformat(),
                "confirmed_by": row.confirmed_by,
                # With a confirmation of staff a notice keeps why it was theirs; it did not end for that.
                "outcome": row.outcome if row.confirmed_by is None else None,
            }
            for row in session.execute(asked.order_by(Notice.made_at, Notice.id))
        ]
    emit(as_json, found, lambda: _table(found))


@notices.command()
@click.argument("notice_id", metavar="ID", type=ROW_ID)
@click.option("--by", "email", required=True, metavar="EMAIL", help="The member of staff who does it.")
@click.option("--reason", required=True, type=click.Choice(CANCEL_REASONS), help="Why.")
@as_json
def cancel(notice_id: int, email: str, reason: str, as_json: bool) -> None:
    """Cancel a notice that nobody has confirmed: nobody is called about it, and a call that rings ends."""
    installation = open_installation()
    try:
        with installation.database.transaction() as session:
            staff = find_staff(session, email)
            jobs = cancel_notice(session, notice_id, staff, reason, datetime.now(UTC))
    except StaffError as error:
        fail(f"--by: {in_english(error)}")
    except RefusedError as error:
        refuse_of("ID", error)
    queue = Jobs(installation.settings.queue_url)
    for name, row_id in jobs:
        queue.enqueue(name, row_id)
    queue.close()
    emit(as_json, {"id": notice_id, "state": "stopped"}, "Canceled.")


@notices.command("retract")
@click.argument("import_id", metavar="IMPORT", type=ROW_ID)
@click.option("--by", required=True, metavar="EMAIL", help="The person who takes the import back.")
@click.option("--and", "and_by", required=True, metavar="EMAIL", help="A second person who agrees.")
@as_json
def retract_(import_id: int, by: str, and_by: str, as_json: bool) -> None:
    """Take back an import that was found wrong, and correct what it made people hear.

    The records before it count again, and nobody is told of its events any more.
    """
    installation = open_installation()
    days = installation.policies.two_people_days
    try:
        done = retract(
            installation.database, import_id, by=by, and_by=and_by, now=datetime.now(UTC), tied_days=days,
            office=installation.office.zone,
        )  # fmt: skip
    except TiedError as error:
        refuse_tied(installation, error)
    except SettleError as error:
        fail(in_english(error))
    except ImportBusyError as error:
        # The input is correct, so this is no usage error; the same command works later.
        click.echo(in_english(error), err=True)
        sys.exit(1)
    queue = Jobs(installation.settings.queue_url)
    for name, row_id in done.jobs:
        queue.enqueue(name, row_id)
    queue.close()
    emit(
        as_json,
        {"import": import_id, "corrections": done.corrections},
        f"Taken back. Corrections to make: {done.corrections}.",
    )


def _table(found: list[dict[str, Any]]) -> str:
    if not found:
        return "No notices."
    lines = [f"{'id':>6}  {'state':16}  {'made at':20}  {'urgent':6}  {'tries':>5}  how it ended"]
    lines += [
        f"{row['id']:>6}  {row['state']:16}  {row['made_at'][:16].replace('T', ' ')} UTC  "
        f"{'yes' if row['urgent'] else 'no':6}  {row['tries']:>5}  {_ended(row)}".rstrip()
        for row in found
    ]
    return "\n".join(lines)


def _ended(row: Mapping[str, Any]) -> str:
    if row["confirmed_by"]:
        return f"confirmed ({row['confirmed_by']})"
    return row["outcome"] or ""
