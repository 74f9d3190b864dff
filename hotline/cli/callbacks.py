"""`hotline callbacks`: lists callbacks without numbers or names, and lets staff act on one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from sqlalchemy import func, select

from hotline.cli.command.context import Installation, emit, fail, open_installation
from hotline.cli.command.unknown import ROW_ID, refuse_of
from hotline.refusals.wording import in_english
from models.callbacks.appointment import CANCEL_REASONS
from models.callbacks.appointment import cancel as cancel_callback
from models.callbacks.callback import STATES, Callback
from models.callbacks.follow_up import ANEW, NotAgainError, promise_anew
from models.staff.staff import Staff, StaffError, find_staff
from models.store.refusal import RefusedError
from models.talks.own_call import call_now
from workers.queue import Jobs


@click.group()
def callbacks() -> None:
    """List callbacks, promise one anew, ring staff for one, cancel one."""


@callbacks.command("list")
@click.option(
    "--state", "states", multiple=True, type=click.Choice(STATES), help="Only these; may be repeated."
)
@click.option("--aged", is_flag=True, help="Only what is not kept yet, longest waiting first, with its age.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(states: tuple[str, ...], aged: bool, as_json: bool) -> None:
    """Print every callback, oldest first: its state, when it was asked for and the latest moment promised.

    The table also has the outcome: a talk with a wrong person is "reached" as well.
    With --aged: what waits for two people to talk, or for a person to decide; how long, and how long past
    the moment promised.
    """
    installation = open_installation()
    asked = select(
        Callback.id, Callback.state, Callback.requested_at, Callback.due_at, Callback.verified,
        Callback.urgency, Callback.outcome, Callback.warned,
    )  # fmt: skip
    if aged:
        asked = asked.where(Callback.state.in_(_NOT_KEPT), func.coalesce(Callback.outcome, "") != ANEW)
    if states:
        asked = asked.where(Callback.state.in_(states))
    with installation.database.reading() as session:
        rows = session.execute(asked.order_by(Callback.requested_at, Callback.id)).all()
    found = [
        {
            "id": row.id,
            "state": row.state,
            "requested_at": row.requested_at.isoformat(),
            "due_at": row.due_at.isoformat(),
            "verified": row.verified,
            **(_age(row, datetime.now(UTC)) if aged else {}),
        }
        for row in rows
    ]
    emit(as_json, found, lambda: _table(found, [row.outcome for row in rows]))


@callbacks.command("again")
@click.argument("callback_id", metavar="ID", type=ROW_ID)
@click.option("--by", required=True, help="The e-mail of the person who looked into it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def again(callback_id: int, by: str, as_json: bool) -> None:
    """Promise one anew that was left for staff or not answered; the line calls in the same windows.

    A phone that texted STOP or is marked unsafe is refused.
    """
    installation = open_installation()
    now = datetime.now(UTC)
    try:
        with installation.database.transaction() as session:
            actor = find_staff(session, by).email
            ((_, made),) = promise_anew(session, callback_id, installation.callback_policy, actor, now)
    except StaffError as error:
        fail(f"--by: {in_english(error)}")
    except NotAgainError as error:
        refuse_of("ID", error)
    # The sweeper finds it within seconds.
    emit(as_json, {"id": made}, f"Callback {made} is promised.")


#: Nobody has talked yet, and only a person can end these.
_NOT_KEPT = ("requested", "claimed", "ringing_liaison", "ringing_caller", "left_for_staff")


def _age(row: Any, now: datetime) -> dict[str, object]:
    """Whole minutes since the request, and since the moment promised (0 before it)."""
    late = max(timedelta(0), now - row.due_at)
    return {
        "urgency": row.urgency,
        "outcome": row.outcome,
        # One that was put off, and that nobody was warned of yet, is counted below 0.
        "warned": max(0, row.warned),
        "waiting_minutes": int((now - row.requested_at).total_seconds() // 60),
        "late_minutes": int(late.total_seconds() // 60),
    }


def _table(found: list[dict[str, object]], outcomes: list[str | None]) -> str:
    if not found:
        return "No callbacks."
    is_aged = "waiting_minutes" in found[0]
    heads = "  waiting       late     class " if is_aged else ""
    lines = [f"{'id':>6}  {'state':16}  {'requested at':25}  {'due at':25}  verified{heads}  outcome"]
    lines += [
        f"{row['id']:>6}  {row['state']:16}  {_minute(row['requested_at']):25}  {_minute(row['due_at']):25}  "
        + f"{'yes' if row['verified'] else 'no':8}"
        + (
            f"  {row['waiting_minutes']:>5} min  {row['late_minutes']:>5} min  {row['urgency']:6}"
            if is_aged
            else ""
        )
        + f"  {outcome or ''}"
        for row, outcome in zip(found, outcomes, strict=True)
    ]
    lines = [line.rstrip() for line in lines]
    return "\n".join(lines)


def _minute(moment: object) -> str:
    return str(moment)[:16].replace("T", " ") + " UTC"


by = click.option("--by", "email", required=True, metavar="EMAIL", help="The member of staff who does it.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@callbacks.command()
@click.argument("callback_id", metavar="ID", type=ROW_ID)
@by
@as_json
def retry(callback_id: int, email: str, as_json: bool) -> None:
    """Call a member of staff for a callback now, and then the person when the member of staff accepts.

    This works for a callback that was left for staff as well. The line never dials those again: the person
    may have been called already, so somebody has to decide. A phone that texted STOP is refused.
    """
    installation = open_installation()
    with _doing(installation, email) as (session, staff):
        jobs = call_now(session, callback_id, staff.id, datetime.now(UTC), installation.callback_policy)
    _hand_on(installation, jobs)
    emit(as_json, {"id": callback_id, "state": "ringing_liaison"}, "Their phone rings; then the person's.")


@callbacks.command()
@click.argument("callback_id", metavar="ID", type=ROW_ID)
@click.option("--reason", required=True, type=click.Choice(CANCEL_REASONS), help="Why.")
@by
@as_json
def cancel(callback_id: int, reason: str, email: str, as_json: bool) -> None:
    """Cancel a callback for which no phone is ringing. This also closes one that was left for staff."""
    installation = open_installation()
    with _doing(installation, email) as (session, staff):
        cancel_callback(session, callback_id, staff, reason, datetime.now(UTC), installation.policies)
    emit(as_json, {"id": callback_id, "state": "cancelled"}, "Canceled.")


@contextmanager
def _doing(installation: Installation, email: str) -> Iterator[tuple[Any, Staff]]:
    """Run one transaction in the name of a member of staff; a refusal is one sentence and exit 2."""
    try:
        with installation.database.transaction() as session:
            yield session, find_staff(session, email)
    except StaffError as error:
        fail(f"--by: {in_english(error)}")
    except RefusedError as error:
        refuse_of("ID", error)


def _hand_on(installation: Installation, jobs: list[tuple[str, int]]) -> None:
    """Hand the jobs to a worker at once; with Redis down the sweeper finds the rows."""
    queue = Jobs(installation.settings.queue_url)
    for name, row_id in jobs:
        queue.enqueue(name, row_id)
    queue.close()
