"""Lands, holds or drops a staged import, in short batches that any later run can finish (R16)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, case, delete, false, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.cases.subject import Subject
from models.custody.custody import DATED_FACTS
from models.custody.event_making import Change, Told, count_events, last_told, make_events, told_of
from models.custody.imports.brake import OUT
from models.custody.imports.earlier_files import newest_snapshot
from models.custody.imports.file import CONTENT_COLUMNS
from models.custody.imports.known_people import RECORD_CONTENT, RECORDS, SUBJECTS
from models.custody.imports.lock import gentle_transaction, without_collector
from models.custody.imports.record import CustodyImport, ImportRow
from models.custody.imports.staging import IMPORT_ROWS, OlderRow, check_state, doubt_older
from models.store.database import Database

BATCH = 500
#: Rows that change nothing; an import that is held does not affect their people.
_QUIET = "unchanged"

_content = attrgetter(*CONTENT_COLUMNS)


@dataclass(slots=True)
class Landed:
    """How many staged rows took effect, and how many were dropped as older or dated in the future."""

    landed: int = 0
    dropped: int = 0


@without_collector()
def land(database: Database, import_id: int, now: datetime) -> Landed:
    """Apply an import that is ``applying``, batch by batch, until nothing of it is left.

    A batch moves each person from one complete record to the next, writes the events of these changes and
    deletes the staged rows in the same transaction. So a caller never hears half a record, and after a crash
    the next run takes the remaining rows.
    """
    total, after = Landed(), None
    while True:
        with gentle_transaction(database) as session:
            check_state(session, import_id, "applying")
            rows = _next_rows(session, import_id, after)
            if not rows:
                _finish(session, import_id, now)
                return total
            done = _land_batch(session, import_id, rows, now)
            total.landed += done
            total.dropped += len(rows) - done
            after = rows[-1].line


def hold(database: Database, import_id: int) -> None:
    """Mark everyone whom a held import would change, so that the line cannot confirm them (R16).

    A person who is already marked by another held import stays marked by that one until it is settled.
    """
    query = (
        select(ImportRow.subject_id)
        .join(Subject, Subject.id == ImportRow.subject_id)
        .where(
            ImportRow.import_id == import_id,
            ImportRow.change != _QUIET,
            Subject.held_import_id.is_(None),
            or_(Subject.as_of.is_(None), ImportRow.as_of >= Subject.as_of),
        )
        .limit(BATCH)
    )
    while True:
        with gentle_transaction(database) as session:
            check_state(session, import_id, "held")
            people = session.scalars(query).all()
            if not people:
                return
            session.execute(
                update(SUBJECTS).where(SUBJECTS.c.id.in_(people)).values(held_import_id=import_id)
            )


def let_go(database: Database, import_id: int) -> None:
    """Delete the staged rows of an import that will not land, and unmark the people it held."""
    after = None
    while True:
        with gentle_transaction(database) as session:
            rows = _next_rows(session, import_id, after)
            if not rows:
                return
            people = _lock_people(session, [row.subject_id for row in rows])
            held = {p.id: p.as_of for p in people.values() if p.held_import_id == import_id}
            _unmark(session, import_id, held)
            _forget(session, import_id, rows)
            after = rows[-1].line


def _next_rows(session: Session, import_id: int, after: int | None) -> Sequence[Any]:
    """The next staged rows in the order of the file, after a line; earlier ones are deleted already."""
    rows = select(IMPORT_ROWS).where(IMPORT_ROWS.c.import_id == import_id)
    if after is not None:
        # PostgreSQL's index keeps deleted rows until a vacuum: from the beginning, each batch would read all.
        rows = rows.where(IMPORT_ROWS.c.line > after)
    return session.execute(rows.order_by(IMPORT_ROWS.c.line).limit(BATCH)).all()


def _lock_people(session: Session, subject_ids: Iterable[int]) -> dict[int, Any]:
    people = session.execute(
        select(
            SUBJECTS.c.id, SUBJECTS.c.record_id, SUBJECTS.c.as_of, SUBJECTS.c.held_import_id,
            SUBJECTS.c.absent_since, SUBJECTS.c.ignored_until, SUBJECTS.c.doubted_at,
        )
        .where(SUBJECTS.c.id.in_(list(subject_ids)))
        .order_by(SUBJECTS.c.id)
        .with_for_update()
    )  # fmt: skip
    return {person.id: person for person in people}


def _newest_records(session: Session, people: Iterable[Any]) -> dict[int, Any]:
    """The records of these people, by person.

    Not joined to the people: for a join PostgreSQL reads all records, which become more with each batch.
    """
    ids = [person.record_id for person in people if person.record_id is not None]
    if not ids:
        return {}
    records = select(RECORDS.c.id, RECORDS.c.subject_id, *RECORD_CONTENT).where(RECORDS.c.id.in_(ids))
    return {record.subject_id: record for record in session.execute(records)}


def _land_batch(session: Session, import_id: int, rows: Sequence[Any], now: datetime) -> int:
    people = _lock_people(session, [row.subject_id for row in rows])
    records = _newest_records(session, people.values())
    absent: list[int] = []
    reported: list[Any] = []
    confirmed: list[Any] = []
    older: list[OlderRow] = []
    snapshot_at = _moment_of(session, import_id) if any(row.change == "absent" for row in rows) else None
    future = [row for row in rows if row.change == "future"]
    _confirm_nothing(session, import_id, future, people, records)
    for row in rows:
        record = records.get(row.subject_id)
        if row.change == "absent":
            if _is_still_absent(row, people[row.subject_id], record, snapshot_at):
                absent.append(row.subject_id)
            continue
        if not _still_holds_true(row, people[row.subject_id]):
            if row.change != "future" and record is not None:
                older.append(OlderRow(row.subject_id, row.as_of, _content(row)))
            continue
        if record is None or _content(row) != _content(record):
            reported.append(row)
        else:
            confirmed.append(row)
    if reported:
        before = _told_before(session, records, reported)
        ids = _add_records(session, import_id, rows, reported, now, _absent(reported, people))
        make_events(session, import_id, list(_changes(reported, ids, before)), now)
        _show_records(session, ids.values())
    _confirm(session, import_id, rows, confirmed)
    _see_again(session, import_id, _absent((*reported, *confirmed), people), people)
    if older:
        doubt_older(session, older)
    if absent:
        session.execute(update(SUBJECTS).where(SUBJECTS.c.id.in_(absent)).values(absent_since=now))
    as_of = {row.subject_id: row.as_of for row in (*reported, *confirmed)}
    held = {p.id: as_of.get(p.id, p.as_of) for p in people.values() if p.held_import_id == import_id}
    _unmark(session, import_id, held)
    _forget(session, import_id, rows)
    return len(absent) + len(reported) + len(confirmed)


def _absent(rows: Iterable[Any], people: dict[int, Any]) -> list[Any]:
    """Those of these rows whose person a full snapshot did not name."""
    return [row for row in rows if people[row.subject_id].absent_since is not None]


def _add_records(
    session: Session,
    import_id: int,
    batch: Sequence[Any],
    rows: Sequence[Any],
    now: datetime,
    absent: Sequence[Any],
) -> dict[int, int]:
    """Copy these staged rows to records inside the database; returns the records' ids by their person."""
    copied = ("subject_id", "import_id", "as_of", *CONTENT_COLUMNS)
    was_absent = IMPORT_ROWS.c.line.in_([row.line for row in absent]) if absent else false()
    staged = select(
        *(IMPORT_ROWS.c[name] for name in copied), literal(now, RECORDS.c.recorded_at.type), was_absent
    ).where(*_are_staged(import_id, batch, rows))
    added = session.execute(
        insert(RECORDS)
        .from_select([*copied, "recorded_at", "was_absent"], staged)
        .returning(RECORDS.c.id, RECORDS.c.subject_id)
    )
    return {subject_id: record_id for record_id, subject_id in added}


def _told_before(session: Session, records: dict[int, Any], rows: Sequence[Any]) -> dict[int, Told]:
    """The last record that callers could hear of each person who gets a new one."""
    before: dict[int, Told] = {}
    behind: list[int] = []
    for row in rows:
        record = records.get(row.subject_id)
        if record is None:
            continue
        told = told_of(record.id, record.status, record.status_at, record.releasable)
        if told is None:
            behind.append(row.subject_id)
        else:
            before[row.subject_id] = told
    return before | last_told(session, behind)


def _changes(rows: Sequence[Any], ids: dict[int, int], before: dict[int, Told]) -> Iterator[Change]:
    for row in rows:
        after = told_of(ids[row.subject_id], row.status, row.status_at, row.releasable)
        if after is not None:
            yield Change(row.subject_id, before.get(row.subject_id), after)


def _still_holds_true(row: Any, person: Any) -> bool:
    """Whether a staged row is still the newest information; a later import may have landed meanwhile."""
    if row.change == "future":
        # The people who release an import vouch for its content, not for a wrong clock. If such a row landed,
        # every later one would look older than it.
        return False
    return person.as_of is None or bool(row.as_of >= person.as_of)


def _is_still_absent(row: Any, person: Any, record: Any, snapshot_at: datetime | None) -> bool:
    """Whether nothing newer than the snapshot has landed since that names the person; a late row is older.

    That they got out is told at any rate (``_see_again``).
    """
    if person.as_of is None or person.as_of == row.as_of:
        return True
    is_late = snapshot_at is not None and person.as_of < snapshot_at
    return is_late and record is not None and record.status not in DATED_FACTS


def _moment_of(session: Session, import_id: int) -> datetime | None:
    return session.scalar(select(CustodyImport.newest_as_of).where(CustodyImport.id == import_id))


def _confirm_nothing(
    session: Session,
    import_id: int,
    rows: Sequence[Any],
    people: Mapping[int, Any],
    records: Mapping[int, Any],
) -> None:
    """Of a person about whom a row in the future says something else, nothing is told until a newer row.

    It may be that they got out, or that the gate has closed. That they are out stays the careful word.
    """
    if not rows:
        return
    came_at = session.execute(
        select(CustodyImport.started_at).where(CustodyImport.id == import_id)
    ).scalar_one()

    def is_doubtful(row: Any) -> bool:
        record, as_of = records.get(row.subject_id), people[row.subject_id].as_of
        if record is None or _content(row) == _content(record) or (as_of is not None and as_of > came_at):
            return False
        return not (row.releasable and record.status in OUT)

    doubtful = [row.subject_id for row in rows if is_doubtful(row)]
    since, until = SUBJECTS.c.absent_since, SUBJECTS.c.ignored_until
    session.execute(
        update(SUBJECTS)
        .where(SUBJECTS.c.id.in_(doubtful))
        .values(
            absent_since=func.coalesce(since, came_at),
            ignored_until=case((until > came_at, until), else_=came_at),
        )
    )


def _are_staged(
    import_id: int, batch: Sequence[Any], taken: Sequence[Any]
) -> tuple[ColumnElement[bool], ...]:
    """The condition for those rows of a batch that are taken.

    The others are named, not these: PostgreSQL does not know yet how many rows were just written, and with a
    list of lines it would read all rows of the file for each batch.
    """
    lines = IMPORT_ROWS.c.line
    left = {row.line for row in batch} - {row.line for row in taken}
    span = (IMPORT_ROWS.c.import_id == import_id, lines.between(batch[0].line, batch[-1].line))
    return (*span, lines.not_in(sorted(left))) if left else span


def _show_records(session: Session, record_ids: Collection[int]) -> None:
    """Move people to the records that have just been added about them."""
    ids = RECORDS.c.id
    # With the span, PostgreSQL reads these alone; it does not know yet how many were just written.
    session.execute(
        update(SUBJECTS)
        .where(
            ids.between(min(record_ids), max(record_ids)),
            ids.in_(list(record_ids)),
            SUBJECTS.c.id == RECORDS.c.subject_id,
        )
        .values(record_id=RECORDS.c.id, as_of=RECORDS.c.as_of, seen_import_id=RECORDS.c.import_id)
    )


def _confirm(session: Session, import_id: int, batch: Sequence[Any], rows: Sequence[Any]) -> None:
    """Date the records of people about whom nothing has changed."""
    if not rows:
        return
    session.execute(
        update(SUBJECTS)
        .where(*_are_staged(import_id, batch, rows), SUBJECTS.c.id == IMPORT_ROWS.c.subject_id)
        .values(as_of=IMPORT_ROWS.c.as_of, seen_import_id=import_id)
    )


def _see_again(session: Session, import_id: int, rows: Sequence[Any], people: dict[int, Any]) -> None:
    """Let the line speak again of people whom a full snapshot did not name, if these rows are newer than it.

    A delta that comes late says where they were before it, or before a row that could not be read. That they
    got out, or died, may be why it does not name them, and is told at any rate; but not if a newer row that
    closed the gate may have been ignored.
    """
    if not rows:
        return
    full, newest_as_of = session.execute(
        select(CustodyImport.full, CustodyImport.newest_as_of).where(CustodyImport.id == import_id)
    ).one()
    snapshot = newest_snapshot(session)

    def is_newer(row: Any) -> bool:
        # A snapshot names them itself, whatever moment a row of it speaks for.
        moment = newest_as_of if full and newest_as_of is not None else row.as_of
        ignored_until = people[row.subject_id].ignored_until
        if ignored_until is not None and moment < ignored_until:
            return False
        doubted_at = people[row.subject_id].doubted_at
        since = max((at for at in (snapshot, doubted_at) if at is not None), default=None)
        return row.status in DATED_FACTS or since is None or bool(moment >= since)

    seen = update(SUBJECTS).where(SUBJECTS.c.id.in_([row.subject_id for row in rows if is_newer(row)]))
    session.execute(seen.values(absent_since=None, ignored_until=None))


def _unmark(session: Session, import_id: int, held: dict[int, datetime | None]) -> None:
    """Unmark people whom this import held, changed or not; ``held`` has when each was last confirmed."""
    if not held:
        return
    session.execute(update(SUBJECTS).where(SUBJECTS.c.id.in_(held)).values(held_import_id=None))
    for subject_id, other_id in _other_holds(session, import_id, held).items():
        session.execute(update(SUBJECTS).where(SUBJECTS.c.id == subject_id).values(held_import_id=other_id))


def _other_holds(session: Session, import_id: int, as_of: dict[int, datetime | None]) -> dict[int, int]:
    """For each person, the oldest other held import that could still change them."""
    if not as_of:
        return {}
    rows = session.execute(
        select(ImportRow.subject_id, ImportRow.import_id, ImportRow.as_of)
        .join(CustodyImport, CustodyImport.id == ImportRow.import_id)
        .where(
            CustodyImport.state == "held",
            ImportRow.import_id != import_id,
            ImportRow.change != _QUIET,
            ImportRow.subject_id.in_(list(as_of)),
        )
        .order_by(ImportRow.import_id.desc())
    )
    holds: dict[int, int] = {}
    for subject_id, other_id, row_as_of in rows:
        known = as_of[subject_id]
        if known is None or row_as_of >= known:
            holds[subject_id] = other_id
    return holds


def _forget(session: Session, import_id: int, rows: Sequence[Any]) -> None:
    """Delete rows that follow one another."""
    lines = IMPORT_ROWS.c.line.between(rows[0].line, rows[-1].line)
    session.execute(delete(IMPORT_ROWS).where(IMPORT_ROWS.c.import_id == import_id, lines))


def _finish(session: Session, import_id: int, now: datetime) -> None:
    session.execute(
        update(CustodyImport).where(CustodyImport.id == import_id).values(state="landed", settled_at=now)
    )
    # Neither the people nor the kinds: two victims of one person must not learn of each other.
    events = count_events(session, import_id)
    audit.record(
        session,
        actor="import",
        action="land_import",
        target=f"import:{import_id}",
        facts={"events": events} if events else None,
        state="landed",
        now=now,
    )
