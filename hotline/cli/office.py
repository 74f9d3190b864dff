"""`hotline office`: the current values of the office, and which of them the console changed."""

from datetime import UTC, datetime
from typing import Any

import click

from config.office import OfficeError
from config.office_changes import EDITABLE, value_of
from hotline.cli.command.context import check_migrated, connect, emit, fail, load_office, load_settings
from hotline.refusals.wording import in_english
from models.audit.office_change import OfficeChange, OfficeChangeError, changes_of, standing_changes

ACTOR = "command line"
as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def office() -> None:
    """Show the settings of the office, and give changed fields back to the office file."""


@office.command()
@as_json
def show(as_json: bool) -> None:
    """Print every field that the console may change, with its value now and where that comes from."""
    base, database = _installation()
    with database.reading() as session:
        changes = standing_changes(session)
    fields: list[dict[str, Any]] = [
        {
            "field": name,
            "value": changes.values[name] if name in changes.values else value_of(base.table, name),
            "from": "console" if name in changes.values else "file",
        }
        for name in EDITABLE
    ]
    emit(as_json, fields, "\n".join(f"{f['from']:<8} {f['field']} = {f['value']}" for f in fields))


@office.command("changes")
@as_json
def list_changes(as_json: bool) -> None:
    """List the latest changes, newest first: who changed what, when and why."""
    _, database = _installation()
    with database.reading() as session:
        found = [_plain(row) for row in changes_of(session)]
    lines = [f"{c['id']:>4}  {c['at'][:16]}  {c['by']:<32} {c['about']}: {_why(c)}" for c in found]
    emit(as_json, found, "\n".join(lines) or "Nothing was changed in the console.")


@office.command()
@click.argument("field")
@click.option("--reason", default="Handed back to the office file.", help="Why; it is kept with the change.")
@as_json
def reset(field: str, reason: str, as_json: bool) -> None:
    """Hand a field back to the office file, also when what was changed does not fit it any more."""
    from hotline.office_settings import OfficeSettings
    from ivr_flows.prompts import Prompts

    base, database = _installation()
    if field not in EDITABLE:
        fail(f"FIELD: {field} is none that is changed in the console; `hotline office show` lists them.")
    with database.reading() as session:
        seen = standing_changes(session).versions.get(field, 0)
    settings = OfficeSettings(base, database, Prompts.load(base.languages))
    try:
        now = datetime.now(UTC)
        made = settings.change(field, None, seen=seen, reason=reason, actor=ACTOR, now=now)
        if made is not None:
            settings.move_promises([field], now)
    except OfficeError as error:
        fail(f"FIELD: {error}")
    except OfficeChangeError as error:
        fail(f"FIELD: {in_english(error)}")
    told = f"{field} is what the file says." if made else f"{field} stood in the file already."
    emit(as_json, {"changed": made is not None}, told)


def _installation() -> Any:
    """Only the office file and the database: the console's changes may be the fault."""
    settings = load_settings()
    base, database = load_office(settings), connect(settings)
    click.get_current_context().call_on_close(database.close)
    check_migrated(database)
    return base, database


def _plain(row: OfficeChange) -> dict[str, Any]:
    return {
        "id": row.id, "field": row.field, "value": row.value, "reason": row.reason, "by": row.actor,
        "at": row.at.isoformat(), "about": _about(row),
    }  # fmt: skip


def _about(row: OfficeChange) -> str:
    """The field, or the facility or court by its name."""
    return row.field if row.place is None else f"{row.field.partition('.')[0]} {row.place}"


def _why(change: dict[str, Any]) -> str:
    """The reason. Without one, whether a facility or court was added, changed or removed."""
    value = change["value"]
    if change["reason"] or not (isinstance(value, dict) and {"was", "now"} <= value.keys()):
        return str(change["reason"])
    if value["was"] is None:
        return "added"
    return "removed" if value["now"] is None else "changed"
