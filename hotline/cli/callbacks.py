"""`hotline callbacks`: the list of callbacks, without a number and without a name."""

import click
from sqlalchemy import select

from hotline.cli.context import emit, open_house
from models.callback import STATES, Callback


@click.group()
def callbacks() -> None:
    """List callbacks."""


@callbacks.command("list")
@click.option(
    "--state", "states", multiple=True, type=click.Choice(STATES), help="Only these; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(states: tuple[str, ...], as_json: bool) -> None:
    """Print every callback, oldest first: its state, when it was asked for and the latest moment promised."""
    house = open_house()
    asked = select(Callback.id, Callback.state, Callback.requested_at, Callback.due_at, Callback.verified)
    if states:
        asked = asked.where(Callback.state.in_(states))
    with house.database.reading() as session:
        found = [
            {
                "id": row.id,
                "state": row.state,
                "requested_at": row.requested_at.isoformat(),
                "due_at": row.due_at.isoformat(),
                "verified": row.verified,
            }
            for row in session.execute(asked.order_by(Callback.requested_at, Callback.id))
        ]
    emit(as_json, found, lambda: _table(found))


def _table(found: list[dict[str, object]]) -> str:
    if not found:
        return "No callbacks."
    lines = [f"{'id':>6}  {'state':16}  {'requested at':25}  {'due at':25}  verified"]
    lines += [
        f"{row['id']:>6}  {row['state']:16}  {_minute(row['requested_at']):25}  {_minute(row['due_at']):25}  "
        + ("yes" if row["verified"] else "no")
        for row in found
    ]
    return "\n".join(lines)


def _minute(moment: object) -> str:
    return str(moment)[:16].replace("T", " ") + " UTC"
