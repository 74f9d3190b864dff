"""Imports the custody feed: stages a file, asks the brake, then lands it or holds it (R12-R16)."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.cases.case import Case
from models.custody.feed.batch import Batch, missing_before
from models.custody.imports.brake import HoldReason, hold_reasons
from models.custody.imports.earlier_files import earlier_changes, last_snapshot_rows
from models.custody.imports.file import FeedFileError, read_feed
from models.custody.imports.known_people import dated_cases
from models.custody.imports.landing import hold, land, let_go
from models.custody.imports.lock import ImportBusyError, import_lock
from models.custody.imports.preview import as_stored, measure
from models.custody.imports.record import CustodyImport, ImportRow
from models.custody.imports.rejects import Rejects, keep_rejects
from models.custody.imports.staging import Staging, check_state
from models.custody.refusals import FeedRefusal
from models.custody.unlisted import Unlisted, keep_unlisted
from models.store.change_log import note_change
from models.store.database import Database, is_any
from models.store.policies import Policies

__all__ = [
    "CustodyImport", "FeedFileError", "ImportBusyError", "ImportResult", "ImportRow", "ImportRules",
    "import_custody", "resume",
]  # fmt: skip

log = logging.getLogger(__name__)

#: Who lands, holds and reports what a file brings, in the audit.
_ACTOR = "import"


@dataclass(frozen=True, slots=True)
class ImportRules:
    """What each gate of the office allows (R12), and the numbers of its brake (R16)."""

    gates: Mapping[str, str]
    policies: Policies


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did, or in a dry run would do.

    ``refused`` is a strict import with rejects, of which nothing landed. ``rows`` is the sum of new, changed,
    unchanged, ignored and rejected.
    """

    import_id: int | None
    rows: int
    new: int
    changed: int
    unchanged: int
    ignored: int
    rejected: Rejects
    held: bool
    refused: bool
    hold_reasons: tuple[HoldReason, ...]
    unmapped_statuses: int
    unlisted_facilities: int
    unlisted_courts: int
    status_changes: int
    from_denial: int
    moved_releases: int
    moved_hearings: int
    unlisted: Unlisted = field(repr=False)


def import_custody(
    database: Database,
    source: Path | BinaryIO,
    rules: ImportRules,
    *,
    full: bool,
    dry_run: bool,
    strict: bool,
    now: datetime,
    progress: Callable[[int], None] | None = None,
    batch: Batch | None = None,
    vouched_by: Sequence[str] = (),
) -> ImportResult:
    """Import one feed file; ``full`` is a snapshot, so a person missing from it can no longer be confirmed.

    ``progress`` gets the number of bytes as they are read. ``batch`` is what the file's manifest says of it;
    ``vouched_by`` are the e-mails of the people who vouch for a file without one. Raises FeedFileError when
    the file cannot be read, or is not what its manifest says, and ImportBusyError when another import is
    running; in each case nothing of this file lands.
    """
    if dry_run:
        staging = _stage(database, source, rules, None, full, now, progress)
        # A dry run has no number, so it skips none.
        return result_of(staging, None, ask_brake(database, staging, rules, full, now), strict)
    with import_lock(database):
        _resume(database, now)
        with database.transaction() as session:
            entry = CustodyImport(state="staging", full=full, started_at=now, hold_reasons=[], settled_by=[])
            if batch is not None:
                entry.batch, entry.batch_sha256 = batch.number, batch.sha256
            session.add(entry)
            session.flush()
            import_id = entry.id
            for email in vouched_by:
                note_import(session, email, "vouch_import", import_id, None, now)
            note_change(session, f"import:{import_id}", "staging")
        try:
            staging = _stage(database, source, rules, import_id, full, now, progress)
            if batch is not None:
                batch.check(staging.rows)
            reasons = ask_brake(database, staging, rules, full, now, batch)
            result = result_of(staging, import_id, reasons, strict)
            state = _decide(database, import_id, result, staging.newest_as_of, now)
        except (Exception, KeyboardInterrupt) as fault:
            _abandon(database, import_id, now, "unreadable" if isinstance(fault, FeedFileError) else "died")
            raise
        if state == "applying":
            land(database, import_id, now)
        elif state == "held":
            hold(database, import_id)
        else:
            let_go(database, import_id)
        return result


def is_any_unfinished(session: Session) -> bool:
    """Whether ``resume`` may have anything to do, which is rare."""
    return is_any(session, _UNFINISHED)


def resume(database: Database, now: datetime, patience: timedelta = timedelta(0)) -> None:
    """Finish what a dead process left: land what was being applied, mark what is held, drop the rest.

    Imports accepted in the console within ``patience`` are left to the process that lands those. Does nothing
    while an import is running. Called by every import, by the sweeper and by `hotline intake`.
    """
    # The lock needs its own connection to PostgreSQL.
    with database.reading() as session:
        if not is_any_unfinished(session):
            return
    try:
        with import_lock(database, wait_seconds=0):
            _resume(database, now, patience)
    except ImportBusyError:
        return


def _stage(
    database: Database,
    source: Path | BinaryIO,
    rules: ImportRules,
    import_id: int | None,
    full: bool,
    now: datetime,
    progress: Callable[[int], None] | None,
) -> Staging:
    staging = Staging(database, rules.policies.future_skew_minutes, now, import_id)
    try:
        with source.open("rb") if isinstance(source, Path) else nullcontext(source) as stream:
            staging.take(read_feed(stream, rules.gates, progress))
    except OSError as error:
        raise FeedFileError(FeedRefusal.UNREADABLE, reason=error.strerror) from None
    if full:
        staging.stage_absent()
    return staging


def ask_brake(
    database: Database,
    staging: Staging,
    rules: ImportRules,
    full: bool,
    now: datetime,
    batch: Batch | None = None,
) -> tuple[HoldReason, ...]:
    """Why the staged import must be held; empty when it may land."""
    with database.reading() as session:
        open_cases, people = session.execute(
            select(func.count(Case.id), func.count(Case.subject_id.distinct())).where(
                Case.closed_at.is_(None)
            )
        ).one()
        tally = staging.tally
        is_dated = max(tally.moved_releases, tally.moved_hearings) > 0
        reasons = hold_reasons(
            tally,
            rules.policies,
            open_cases=open_cases,
            people=people,
            last_snapshot_rows=last_snapshot_rows(session, now) if full else None,
            earlier=earlier_changes(session, now),
            skipped_batches=missing_before(session, batch.number) if batch is not None else 0,
            dated=dated_cases(session, now) if is_dated else (0, 0),
        )
    return tuple(reasons)


def result_of(
    staging: Staging, import_id: int | None, reasons: tuple[HoldReason, ...], strict: bool
) -> ImportResult:
    """What was counted while the file was staged."""
    refused = strict and len(staging.rejects) > 0
    return ImportResult(
        import_id=import_id,
        rows=staging.rows,
        **staging.changes,
        ignored=staging.ignored,
        rejected=staging.rejects,
        held=bool(reasons) and not refused,
        refused=refused,
        hold_reasons=reasons,
        unmapped_statuses=staging.unmapped_statuses,
        unlisted_facilities=staging.unlisted_facilities,
        unlisted_courts=staging.unlisted_courts,
        unlisted=staging.unlisted,
        status_changes=staging.tally.status_changes,
        from_denial=staging.tally.from_denial,
        moved_releases=staging.tally.moved_releases,
        moved_hearings=staging.tally.moved_hearings,
    )


def _decide(
    database: Database, import_id: int, result: ImportResult, newest_as_of: datetime | None, now: datetime
) -> str:
    """Decide about the staged rows and write the alarms, in one transaction; the decision is final."""
    state = "abandoned" if result.refused else "held" if result.held else "applying"
    facts = {
        "rows": result.rows, "new": result.new, "changed": result.changed, "unchanged": result.unchanged,
        "ignored": result.ignored, "rejected": len(result.rejected),
    }  # fmt: skip
    # Nobody else lands anything meanwhile, and no caller should wait while so many rows are counted.
    with database.reading() as session:
        kinds, concerned = measure(session, import_id)
    with database.transaction() as session:
        check_state(session, import_id, "staging")
        session.execute(
            update(CustodyImport)
            .where(CustodyImport.id == import_id)
            .values(
                state=state,
                hold_reasons=[reason.to_text() for reason in result.hold_reasons],
                settled_at=now if state == "abandoned" else None,
                ended="refused" if state == "abandoned" else None,
                decided_at=now,
                newest_as_of=newest_as_of,
                reject_fields=result.rejected.fields,
                status_changes=result.status_changes,
                from_denial=result.from_denial,
                moved_releases=result.moved_releases,
                moved_hearings=result.moved_hearings,
                kinds=as_stored(kinds),
                concerned=concerned,
                **facts,
            )
        )
        keep_rejects(session, import_id, result.rejected)
        action = {"abandoned": "refuse_import", "held": "hold_import", "applying": "accept_import"}[state]
        reasons = [r.code for r in result.hold_reasons]
        note_import(session, _ACTOR, action, import_id, {**facts, "reasons": reasons}, now, state)
        if not result.refused:
            raise_unmapped(session, import_id, result, now)
    if state == "held":
        codes = ", ".join(reason.code for reason in result.hold_reasons)
        log.warning("An import is held: %s", codes, extra={"import_id": import_id})
    return state


def raise_unmapped(session: Session, import_id: int, result: ImportResult, now: datetime) -> None:
    """Alarms and tasks for statuses outside the vocabulary, and for places in no directory."""
    keep_unlisted(session, import_id, result.unlisted, now)
    _raise_alarm(session, "custody.unmapped_status", import_id, result.unmapped_statuses, now)
    _raise_alarm(session, "custody.unmapped_facility", import_id, result.unlisted_facilities, now)
    _raise_alarm(session, "custody.unlisted_court", import_id, result.unlisted_courts, now)


def _raise_alarm(session: Session, name: str, import_id: int, count: int, now: datetime) -> None:
    if count:
        log.warning("%s", name, extra={"import_id": import_id, "rows": count})
        note_import(session, _ACTOR, name, import_id, {"count": count}, now)


def note_import(
    session: Session,
    actor: str,
    action: str,
    import_id: int,
    facts: dict[str, Any] | None,
    now: datetime,
    state: str | None = None,
) -> None:
    """Write an audit entry about an import."""
    target = f"import:{import_id}"
    audit.record(session, actor=actor, action=action, target=target, facts=facts, state=state, now=now)


def _abandon(database: Database, import_id: int, now: datetime, ended: str = "died") -> None:
    with database.transaction() as session:
        gone = session.execute(
            update(CustodyImport)
            .where(CustodyImport.id == import_id, CustodyImport.state == "staging")
            .values(state="abandoned", settled_at=now, ended=ended)
            .returning(CustodyImport.id)
        ).first()
        if gone:
            note_import(session, _ACTOR, "abandon_import", import_id, None, now, state="abandoned")
    if gone:
        let_go(database, import_id)


#: Built once, because `hotline intake` runs it every second.
_UNFINISHED = (
    select(CustodyImport.id, CustodyImport.state, CustodyImport.decided_at)
    .where(
        or_(
            CustodyImport.state.in_(("staging", "applying", "held")),
            exists().where(
                ImportRow.import_id == CustodyImport.id,
                CustodyImport.state.not_in(("uploading", "previewed")),
            ),
        )
    )
    .order_by(CustodyImport.id)
)


def _resume(database: Database, now: datetime, patience: timedelta = timedelta(0)) -> None:
    with database.reading() as session:
        unfinished = [(row.id, row.state, row.decided_at) for row in session.execute(_UNFINISHED)]
    for import_id, state, decided_at in unfinished:
        if state == "applying" and decided_at is not None and decided_at > now - patience:
            continue
        if state == "staging":
            _abandon(database, import_id, now)
        elif state == "applying":
            land(database, import_id, now)
        elif state == "held":
            hold(database, import_id)
        else:
            let_go(database, import_id)
