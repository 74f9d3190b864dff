"""`hotline custody`: imports the custody feed and settles imports that the brake holds (R12, R16)."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from hotline.cli.command.context import Installation, emit, fail, open_installation
from hotline.cli.command.tied import refuse_tied
from hotline.cli.command.unknown import ROW_ID
from hotline.refusals.wording import in_english
from models.custody.imports.custody_import import (
    FeedFileError,
    ImportBusyError,
    ImportResult,
    import_custody,
)
from models.custody.imports.held import (
    HeldImport,
    SettleError,
    list_held,
    reject,
    release,
    two_of_staff,
)
from models.custody.refusals import SettleRefusal
from models.staff.two_people import TiedError
from workers.office_rules import import_rules_of

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
#: A person reads only the first few faults; `--json` lists every one.
SHOWN_REJECTS = 20


@click.group()
def custody() -> None:
    """Import custody records and settle what is held."""


@custody.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--full", is_flag=True, help="A snapshot: whom it does not name cannot be confirmed any more.")
@click.option("--dry-run", is_flag=True, help="Say what would happen and write nothing.")
@click.option("--strict", is_flag=True, help="Land nothing, and exit 2, when any row is rejected.")
@click.option("--by", help="The e-mail of the person who brings it; needed in production.")
@click.option("--and", "and_by", help="The e-mail of a second person who agrees; needed in production.")
@as_json
def import_(
    file: Path, full: bool, dry_run: bool, strict: bool, by: str | None, and_by: str | None, as_json: bool
) -> None:
    """Import one CSV file of the custody feed.

    Exits 0 also when rows were rejected, which it lists, and when the brake holds the import.
    """
    installation = open_installation()
    vouched_by = () if dry_run else _who_vouch(installation, by, and_by)
    try:
        with _progress(file) as progress, _alarms_said_once():
            result = import_custody(
                installation.database,
                file,
                import_rules_of(installation.office, installation.policies),
                full=full,
                dry_run=dry_run,
                strict=strict,
                now=datetime.now(UTC),
                progress=progress,
                vouched_by=vouched_by,
            )
    except FeedFileError as error:
        fail(f"{file.name}: {in_english(error)}")
    except ImportBusyError as error:
        _busy(error)
    if as_json:
        _print_json(result)
    else:
        _print_text(result)
    for name, count in (
        ("a status outside the vocabulary, which is taken as unknown", result.unmapped_statuses),
        ("facilities that the directory lacks, which are not kept", result.unlisted_facilities),
        ("courts that the directory lacks, which are not kept", result.unlisted_courts),
    ):
        if count:
            click.echo(f"Rows with {name}: {count}.", err=True)
    if dry_run:
        click.echo("This was a dry run: nothing was written.", err=True)
    if result.refused:
        first = next(iter(result.rejected))
        fail(
            f"{file.name}: line {first.line}: {first.field} {in_english(first)}; "
            f"nothing landed, since {len(result.rejected)} rows were rejected under --strict."
        )


def _who_vouch(installation: Installation, by: str | None, and_by: str | None) -> tuple[str, ...]:
    """The two who vouch for a file that no sender has signed; in development nobody has to (R40)."""
    if by is None and and_by is None and not installation.settings.production:
        return ()
    if by is None or and_by is None:
        fail("--by and --and: two people must vouch for a file that has no manifest.")
    days = installation.policies.two_people_days
    try:
        with installation.database.reading() as session:
            if_one = SettleRefusal.TWO_PEOPLE_VOUCH
            people = two_of_staff(session, by, and_by, "feed", datetime.now(UTC), days, if_one)
            return tuple(person.email for person in people)
    except TiedError as error:
        refuse_tied(installation, error)
    except SettleError as error:
        fail(in_english(error))


@custody.command()
@as_json
def held(as_json: bool) -> None:
    """List the imports that the brake holds, and why."""
    installation = open_installation()
    with installation.database.reading() as session:
        imports = list_held(session)
    emit(
        as_json,
        [_held_document(entry) for entry in imports],
        lambda: "\n".join(map(_held_text, imports)) or "Nothing is held.",
    )


@custody.command("release")
@click.argument("import_id", metavar="IMPORT", type=ROW_ID)
@click.option("--by", required=True, help="The e-mail of the person who releases it.")
@click.option("--and", "and_by", required=True, help="The e-mail of a second person who agrees.")
@as_json
def release_(import_id: int, by: str, and_by: str, as_json: bool) -> None:
    """Land a held import on the word of two people."""
    with _settling() as installation:
        days = installation.policies.two_people_days
        done = release(
            installation.database, import_id, by=by, and_by=and_by, now=datetime.now(UTC), tied_days=days
        )
    emit(
        as_json,
        {"import": import_id, "landed": done.landed, "dropped": done.dropped},
        f"Landed {done.landed} rows; dropped {done.dropped} that are overtaken or dated in the future.",
    )


@custody.command("reject")
@click.argument("import_id", metavar="IMPORT", type=ROW_ID)
@click.option("--by", required=True, help="The e-mail of the person who rejects it.")
@as_json
def reject_(import_id: int, by: str, as_json: bool) -> None:
    """Discard a held import. Callers then hear what the records said before it."""
    with _settling() as installation:
        reject(installation.database, import_id, by=by, now=datetime.now(UTC))
    emit(as_json, {"import": import_id, "rejected": True}, "Rejected.")


@contextmanager
def _settling() -> Iterator[Installation]:
    installation = open_installation()
    try:
        yield installation
    except TiedError as error:
        refuse_tied(installation, error)
    except SettleError as error:
        fail(in_english(error))
    except ImportBusyError as error:
        _busy(error)


def _busy(error: ImportBusyError) -> NoReturn:
    # The input is correct, so this is no usage error; the same command works later.
    click.echo(in_english(error), err=True)
    sys.exit(1)


@contextmanager
def _alarms_said_once() -> Iterator[None]:
    """Keep the log from naming an import's alarms by code; this command says each one in a sentence."""
    log = logging.getLogger(import_custody.__module__)
    log.addFilter(_is_no_alarm)
    try:
        yield
    finally:
        log.removeFilter(_is_no_alarm)


def _is_no_alarm(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("custody.")


@contextmanager
def _progress(file: Path) -> Iterator[Callable[[int], None] | None]:
    """Show a progress bar by bytes on stderr, only on a terminal and if the length is known."""
    length = file.stat().st_size if sys.stderr.isatty() and file.is_file() else 0
    if not length:
        yield None
        return
    with click.progressbar(length=length, label="Reading", file=sys.stderr) as bar:
        yield bar.update


def _print_json(result: ImportResult) -> None:
    """Write the document piece by piece: a million rejects must not be collected in memory first."""
    counts = {name: getattr(result, name) for name in ("rows", "new", "changed", "unchanged", "ignored")}
    write = sys.stdout.write
    write(json.dumps(counts)[:-1] + ', "rejected": [')
    for place, one in enumerate(result.rejected):
        write(", " if place else "")
        write(json.dumps({"line": one.line, "field": one.field, "reason": in_english(one)}))
    write(f'], "held": {json.dumps(result.held)}}}\n')


def _print_text(result: ImportResult) -> None:
    for name in ("rows", "new", "changed", "unchanged", "ignored"):
        click.echo(f"{name:<10} {getattr(result, name)}")
    click.echo(f"{'rejected':<10} {len(result.rejected)}")
    for place, one in enumerate(result.rejected):
        if place == SHOWN_REJECTS:
            click.echo(f"  and {len(result.rejected) - SHOWN_REJECTS} more; --json lists them all")
            break
        click.echo(f"  line {one.line}: {one.field} {in_english(one)}")
    if result.held:
        click.echo(f"{'held':<10} {', '.join(reason.code for reason in result.hold_reasons)}")


def _held_document(entry: HeldImport) -> dict[str, object]:
    return {
        "import": entry.id,
        "started_at": entry.started_at.isoformat(),
        "full": entry.full,
        "rows": entry.rows,
        "new": entry.new,
        "changed": entry.changed,
        "people": entry.people,
        "reasons": [{"code": r.code, "count": r.count, "limit": r.limit} for r in entry.reasons],
    }


def _held_text(entry: HeldImport) -> str:
    why = "; ".join(f"{r.code} {r.count} (at most {r.limit:g})" for r in entry.reasons)
    return (
        f"{entry.id}  {entry.started_at:%Y-%m-%d %H:%M} UTC  changes {entry.people} people on record  {why}"
    )
