"""`hotline hold`: legal holds, which keep rows from the purge (R41)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from hotline.cli.command.context import Installation, emit, fail, open_installation
from hotline.cli.command.tied import refuse_tied
from hotline.cli.command.unknown import ROW_ID
from hotline.refusals.wording import in_english
from models.cases.case import CaseError
from models.retention.legal_hold import REASONS, HoldError, ShownHold, add_hold, all_holds, lift_hold
from models.staff.staff import StaffError
from models.staff.two_people import TiedError

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
by = click.option("--by", required=True, help="The e-mail of a supervisor or administrator.")
and_by = click.option("--and", "and_by", required=True, help="The e-mail of a second one who agrees.")


@click.group()
def hold() -> None:
    """Keep the rows of a case, or all rows, from the purge."""


@hold.command()
@click.option("--case", "number", help="The number of the case whose rows are kept.")
@click.option("--everything", is_flag=True, help="Keep every row: no purge deletes anything.")
@click.option("--reason", required=True, help=f"Why: {', '.join(REASONS)}.")
@by
@and_by
@as_json
def add(number: str | None, everything: bool, reason: str, by: str, and_by: str, as_json: bool) -> None:
    """Set a legal hold on the word of two people."""
    if everything is (number is not None):
        fail("Give either --case NUMBER or --everything.")
    with _settling() as installation, installation.database.transaction() as session:
        hold_id = add_hold(
            session, number, reason, by=by, and_by=and_by, now=datetime.now(UTC),
            tied_days=installation.policies.two_people_days,
        )  # fmt: skip
    what = "everything" if everything else "the case"
    emit(as_json, {"hold": hold_id}, f"Hold {hold_id} keeps {what} from the purge.")


@hold.command()
@click.argument("hold_id", metavar="HOLD", type=ROW_ID)
@by
@and_by
@as_json
def lift(hold_id: int, by: str, and_by: str, as_json: bool) -> None:
    """Lift a legal hold on the word of two people; the next purge deletes what it kept."""
    with _settling() as installation, installation.database.transaction() as session:
        lift_hold(
            session, hold_id, by=by, and_by=and_by, now=datetime.now(UTC),
            tied_days=installation.policies.two_people_days,
        )  # fmt: skip
    emit(as_json, {"hold": hold_id, "lifted": True}, f"Hold {hold_id} is lifted.")


@hold.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the legal holds, also those that were lifted."""
    installation = open_installation()
    with installation.database.reading() as session:
        holds = all_holds(session)
    emit(
        as_json,
        [_document(one) for one in holds],
        lambda: "\n".join(map(_text, holds)) or "There is no legal hold.",
    )


@contextmanager
def _settling() -> Iterator[Installation]:
    installation = open_installation()
    try:
        yield installation
    except TiedError as error:
        refuse_tied(installation, error)
    except CaseError as error:
        fail(f"--case: {in_english(error)}")
    except (HoldError, StaffError) as error:
        fail(in_english(error))


def _document(one: ShownHold) -> dict[str, Any]:
    return {
        "hold": one.id,
        "case": one.case_id,
        "reason": one.reason,
        "set_at": one.set_at.isoformat(timespec="seconds"),
        "set_by": list(one.set_by),
        "lifted_at": None if one.lifted_at is None else one.lifted_at.isoformat(timespec="seconds"),
        "lifted_by": None if one.lifted_by is None else list(one.lifted_by),
    }


def _text(one: ShownHold) -> str:
    what = "everything" if one.case_id is None else f"case {one.case_id}"
    end = "" if one.lifted_at is None else f"  lifted {one.lifted_at:%Y-%m-%d}"
    return f"{one.id}  {what}  {one.reason}  since {one.set_at:%Y-%m-%d} by {' and '.join(one.set_by)}{end}"
