"""`hotline purge`: deletes what is older than the office keeps it, here and at the carrier (R41)."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from hotline.cli.command.context import Installation, emit, open_installation
from models.retention.carrier_record import CALL, KeptRecord, count_records, kept_records
from models.retention.purge import EverythingHeldError, WouldGo, would_go
from models.retention.purge_run import AT_CARRIER
from workers.carrier import Carrier
from workers.records.purge import Purge

#: How many undeleted records the text names; --json names all.
SHOWN = 20


@click.command()
@click.option("--dry-run", is_flag=True, help="Count what would go, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def purge(dry_run: bool, as_json: bool) -> None:
    """Delete calls, numbers, keys and notes that are older than the policy purge_days allows.

    The carrier's records of those calls and texts go too; what it does not delete is listed and tried again
    by the next run, and the exit status is 1 while there is any, or while the carrier cannot be asked. It may
    be stopped at any moment and goes on. The sweeper does the same each night.
    """
    installation = open_installation()
    try:
        if dry_run:
            _try(installation, as_json)
        else:
            _run(installation, as_json)
    except EverythingHeldError:
        document = {"dry_run": dry_run, "everything_held": True, "rows": {}, "not_deleted": []}
        emit(as_json, document, "Everything is on legal hold: nothing was deleted.")


def _try(installation: Installation, as_json: bool) -> None:
    found = would_go(
        installation.database, installation.policies.purge_days, installation.office.zone, datetime.now(UTC)
    )
    document = {
        "dry_run": True,
        "everything_held": False,
        "before": found.before.isoformat(timespec="seconds"),
        "months_to_count": found.months,
        "rows": found.rows,
        "carrier_records": found.carrier_records,
        "not_deleted": [],
    }
    emit(as_json, document, lambda: _would(found))
    click.echo("This was a dry run: nothing was deleted.", err=True)


def _would(found: WouldGo) -> str:
    lines = [f"From before {found.before:%Y-%m-%d %H:%M} UTC these would go:", *_counts(found.rows)]
    lines.append(f"{'at the carrier':<18} {found.carrier_records}, and records of which only it knows")
    return "\n".join(lines)


def _run(installation: Installation, as_json: bool) -> None:
    database, office = installation.database, installation.office
    expected = would_go(database, installation.policies.purge_days, office.zone, datetime.now(UTC))
    carrier = Carrier(installation.settings, office.lines[0])
    run = Purge(database, carrier, office, actor="command line")
    try:
        _advance(run.parts(), sum(expected.rows.values()) + expected.carrier_records)
    except KeyboardInterrupt:
        click.echo("Stopped: what is gone is gone; run it again to go on.", err=True)
        sys.exit(1)
    finally:
        carrier.close()
    with database.reading() as session:
        left, remaining = kept_records(session), count_records(session)
    rows = {name: count for name, count in run.deleted.items() if name != AT_CARRIER}
    document: dict[str, Any] = {
        "dry_run": False,
        "everything_held": False,
        "before": None if run.before is None else run.before.isoformat(timespec="seconds"),
        "rows": rows,
        "carrier_records": run.deleted.get(AT_CARRIER, 0),
        "carrier_stopped": run.stopped,
        "not_deleted": [_undeleted(one) for one in left],
    }
    emit(as_json, document, lambda: _done(run, rows, left))
    if remaining:
        click.echo(
            f"{remaining} records at the carrier were not deleted; the next purge tries them again.", err=True
        )
    if remaining or run.stopped is not None:
        # Or a job that runs this looks done, while the carrier keeps who called (R41).
        sys.exit(1)


def _advance(parts: Iterator[int], length: int) -> None:
    with click.progressbar(length=length, label="Deleting", file=sys.stderr) as bar:
        for count in parts:
            bar.update(count)


def _done(run: Purge, rows: dict[str, int], left: Sequence[KeptRecord]) -> str:
    lines = ["Deleted:", *_counts(rows), f"{'at the carrier':<18} {run.deleted.get(AT_CARRIER, 0)}"]
    if run.stopped is not None:
        lines.append(run.stopped)
    if left:
        lines.append("Not deleted at the carrier:")
    for one in left[:SHOWN]:
        lines.append(f"  {one.kind} {one.sid}  tries {one.tries}  code {one.code or '-'}")
    if len(left) > SHOWN:
        lines.append(f"  and {len(left) - SHOWN} more; --json lists them all")
    return "\n".join(lines)


def _counts(rows: dict[str, int]) -> list[str]:
    return [f"{name:<18} {count}" for name, count in rows.items()] or ["no row"]


def _undeleted(one: KeptRecord) -> dict[str, Any]:
    return {"call_sid" if one.kind == CALL else "message_sid": one.sid, "tries": one.tries, "code": one.code}
