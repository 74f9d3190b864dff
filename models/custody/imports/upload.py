"""A custody file uploaded in the console: read while it arrives, shown as counts, then applied or discarded.

The file itself is never stored (R12): its rows are staged while they arrive, without the gate's reasons.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Literal

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from models.custody.imports.brake import ONE_PERSON, HoldReason
from models.custody.imports.custody_import import (
    ImportRules,
    ask_brake,
    note_import,
    raise_unmapped,
    result_of,
)
from models.custody.imports.file import FeedFileError, read_feed
from models.custody.imports.landing import let_go
from models.custody.imports.lock import ImportBusyError, import_lock
from models.custody.imports.preview import as_stored, measure
from models.custody.imports.record import RETRACTED_STATES, CustodyImport
from models.custody.imports.rejects import keep_rejects
from models.custody.imports.staging import Staging, check_state
from models.custody.refusals import UploadRefusal
from models.store.database import Database
from models.store.refusal import RefusedError

#: How many files may be uploading at once.
AT_ONCE = 2
BEAT = timedelta(seconds=5)
#: A reader that has been silent for this long has died.
LOST_AFTER = timedelta(minutes=2)
#: How long a click waits for another import to end; a web thread must not wait longer.
PATIENCE_SECONDS = 0.5

_OVER = select(CustodyImport.id, CustodyImport.state).where(
    or_(
        (CustodyImport.state == "uploading") & (CustodyImport.seen_at < bindparam("lost")),
        (CustodyImport.state == "previewed") & (CustodyImport.seen_at < bindparam("expired")),
    )
)
Ended = Literal["unreadable", "broken_off", "too_large", "died", "discarded", "expired", "overtaken"]


class UploadError(RefusedError):
    """An upload cannot continue this way; the message says why."""


@dataclass(frozen=True, slots=True)
class By:
    """The staff member who uploads or settles: their id and e-mail."""

    staff_id: int
    email: str


def upload(
    database: Database,
    source: BinaryIO,
    rules: ImportRules,
    *,
    full: bool,
    by: By,
    clock: Callable[[], datetime],
) -> int:
    """Read a file as it arrives and stage it; returns the import's id, with the import ``previewed``.

    It needs no import lock: a slow sender delays no feed. Raises FeedFileError for a file that is not a feed,
    UploadError when too many are uploading, and any error that ``source`` raises; then nothing of the upload
    is left.
    """
    now = clock()
    import_id = _begin(database, full, by, now)
    try:
        staging = Staging(database, rules.policies.future_skew_minutes, now, import_id, "uploading")
        staging.take(read_feed(source, rules.gates, _beating(database, import_id, now, clock)))
        if full:
            staging.stage_absent()
        _finish(database, staging, import_id, rules, full, by, clock())
    except (Exception, KeyboardInterrupt) as fault:
        unreadable = isinstance(fault, FeedFileError)
        throw_away(database, import_id, "unreadable" if unreadable else _why(fault), by.email, clock())
        raise
    return import_id


def land_upload(
    database: Database,
    import_id: int,
    by: By,
    lives: timedelta,
    now: datetime,
    *,
    needs_second: bool = False,
) -> str:
    """Apply a previewed import; returns ``applying`` or ``held``, as the brake decided when it was read.

    With ``needs_second`` it is held in any case. If nothing else holds it, this is already the request that a
    second person approves; otherwise somebody has to ask, with the brake's reasons on the page.
    The rest takes longer than a click, so `hotline intake` and the sweeper do it (resume). Raises UploadError
    when it no longer waits or another import landed since, and ImportBusyError.
    """
    overtaken = False
    with import_lock(database, PATIENCE_SECONDS), database.transaction() as session:
        entry = _previewed(session, import_id)
        if entry.seen_at is None or now - entry.seen_at > lives:
            raise UploadError(UploadRefusal.TOO_OLD)
        # A click accepts an import and another process lands it later. It counts here from the click on;
        # otherwise several previews, each read before the others landed, could pass the brake one by one
        # (R16).
        if entry.landed_before != _settled(session, "applying"):
            overtaken = True
        else:
            if needs_second:
                _ask_a_second(entry, by, now)
            entry.state = "held" if entry.hold_reasons else "applying"
            entry.decided_at = now
            session.flush()
            action = "hold_import" if entry.state == "held" else "accept_import"
            facts = {"reasons": [text.split(" ")[0] for text in entry.hold_reasons]}
            note_import(session, by.email, action, import_id, facts, now, entry.state)
            if entry.asked is not None:
                note_import(session, by.email, "ask_release_import", import_id, None, now, entry.state)
        state = entry.state
    if overtaken:
        throw_away(database, import_id, "overtaken", by.email, now)
        raise UploadError(UploadRefusal.OVERTAKEN)
    return state


def discard_upload(database: Database, import_id: int, by: By, now: datetime) -> None:
    """Discard a previewed import. Raises UploadError when it no longer waits."""
    with database.transaction() as session:
        _previewed(session, import_id)
    throw_away(database, import_id, "discarded", by.email, now)


def uploads_over(session: Session, lives: timedelta, now: datetime) -> list[tuple[int, Ended]]:
    """Ids of the uploads of dead readers, and of previews that nobody decided on in time; why each ends."""
    over = session.execute(_OVER, {"lost": now - LOST_AFTER, "expired": now - lives})
    return [(row.id, "died" if row.state == "uploading" else "expired") for row in over]


def tidy_uploads(database: Database, lives: timedelta, now: datetime) -> None:
    """Discard what ``uploads_over`` finds."""
    with database.reading() as session:
        over = uploads_over(session, lives, now)
    for import_id, ended in over:
        throw_away(database, import_id, ended, "sweeper", now)


def throw_away(database: Database, import_id: int, ended: Ended, actor: str, now: datetime) -> None:
    """Delete the staged rows; the import's row stays and says how it ended."""
    with database.transaction() as session:
        gone = session.execute(
            update(CustodyImport)
            .where(CustodyImport.id == import_id, CustodyImport.state.in_(("uploading", "previewed")))
            .values(state="abandoned", settled_at=now, ended=ended)
            .returning(CustodyImport.id)
        ).first()
        if gone is not None:
            note_import(session, actor, "abandon_import", import_id, {"ended": ended}, now, state="abandoned")
    if gone is not None:
        let_go(database, import_id)


def _begin(database: Database, full: bool, by: By, now: datetime) -> int:
    with database.transaction() as session:
        under_way = session.scalar(
            select(func.count()).select_from(CustodyImport).where(CustodyImport.state == "uploading")
        )
        if (under_way or 0) >= AT_ONCE:
            raise UploadError(UploadRefusal.BUSY)
        entry = CustodyImport(
            state="uploading", full=full, started_at=now, seen_at=now, hold_reasons=[], settled_by=[],
            uploaded_by_id=by.staff_id, landed_before=_settled(session),
        )  # fmt: skip
        session.add(entry)
        session.flush()
        note_import(session, by.email, "upload_import", entry.id, {"full": full}, now, entry.state)
        return entry.id


def _beating(
    database: Database, import_id: int, began: datetime, clock: Callable[[], datetime]
) -> Callable[[int], None]:
    """Writes from time to time that the reader is alive, and notices when its import was abandoned."""
    last = began

    def progress(_count: int) -> None:
        nonlocal last
        now = clock()
        if now - last < BEAT:
            return
        last = now
        with database.transaction() as session:
            check_state(session, import_id, "uploading")
            session.execute(update(CustodyImport).where(CustodyImport.id == import_id).values(seen_at=now))

    return progress


def _finish(
    database: Database,
    staging: Staging,
    import_id: int,
    rules: ImportRules,
    full: bool,
    by: By,
    now: datetime,
) -> None:
    result = result_of(staging, import_id, ask_brake(database, staging, rules, full, now), strict=False)
    # If another import lands meanwhile, nobody may decide on this preview any more.
    with database.reading() as session:
        kinds, concerned = measure(session, import_id)
    with database.transaction() as session:
        check_state(session, import_id, "uploading")
        facts = {
            "rows": result.rows, "new": result.new, "changed": result.changed, "unchanged": result.unchanged,
            "ignored": result.ignored, "rejected": len(result.rejected),
        }  # fmt: skip
        session.execute(
            update(CustodyImport)
            .where(CustodyImport.id == import_id)
            .values(
                state="previewed", seen_at=now, kinds=as_stored(kinds), concerned=concerned,
                hold_reasons=[reason.to_text() for reason in result.hold_reasons],
                newest_as_of=staging.newest_as_of, reject_fields=result.rejected.fields,
                status_changes=result.status_changes, from_denial=result.from_denial,
                moved_releases=result.moved_releases, moved_hearings=result.moved_hearings, **facts,
            )
        )  # fmt: skip
        keep_rejects(session, import_id, result.rejected)
        note_import(session, by.email, "preview_import", import_id, facts, now, state="previewed")
        raise_unmapped(session, import_id, result, now)


def _ask_a_second(entry: CustodyImport, by: By, now: datetime) -> None:
    if not entry.hold_reasons:
        entry.asked, entry.asked_by_id, entry.asked_at = "release", by.staff_id, now
    # A new list: a change inside the old one would not be written.
    entry.hold_reasons = [*entry.hold_reasons, HoldReason(ONE_PERSON, 1, 0).to_text()]


def _why(fault: BaseException) -> Ended:
    return getattr(fault, "ended", "broken_off")


def _previewed(session: Session, import_id: int) -> CustodyImport:
    entry = session.scalars(
        select(CustodyImport).where(CustodyImport.id == import_id).with_for_update()
    ).one_or_none()
    if entry is None or entry.state != "previewed":
        raise UploadError(UploadRefusal.NOT_WAITING)
    return entry


def _settled(session: Session, *more: str) -> int:
    """How often records changed: a file that was taken back changed them twice."""
    return _count(session, "landed", *RETRACTED_STATES, *more) + _count(session, *RETRACTED_STATES)


def _count(session: Session, *states: str) -> int:
    """How many imports are in one of these states; none ever leaves ``landed``."""
    return session.scalar(select(func.count(CustodyImport.id)).where(CustodyImport.state.in_(states))) or 0


__all__ = [
    "By", "ImportBusyError", "UploadError", "discard_upload", "land_upload", "throw_away", "tidy_uploads",
    "upload", "uploads_over",
]  # fmt: skip
