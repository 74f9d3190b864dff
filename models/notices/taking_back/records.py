"""Takes back the records of a file that was found wrong after it landed (R14, R16, R40).

Records are only ever appended, so the record that stood before is written again as a new one, with its own
``as_of``: the line never says that it is newer than it was. A record in custody that is too old by now
"cannot be confirmed" until the next file. It keeps the import that reported it, so that this one can be taken
back too.

- A person with a newer record of another file keeps that one. So does one whose record another file repeated
  word for word since: it becomes a record of that file.
- A record that the file was the last to repeat word for word is as old again as when it was reported.
- A person whom a full snapshot did not name, before the file or since, cannot be confirmed.
- A person about whom a later row could not be read, or was older than the false one, cannot be confirmed:
  that row may have said otherwise.
- A denied record stays, because the gate never opens by taking something back (R12).
- For a person with no earlier record, nothing can be confirmed until a file names them again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, case, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from models.cases.subject import Subject
from models.custody.custody import CustodyRecord
from models.custody.event_making import Told, last_told, told_of
from models.custody.imports.file import CONTENT_COLUMNS
from models.custody.imports.known_people import RECORDS, SUBJECTS
from models.custody.imports.record import COUNTED_STATES, RETRACTED_STATES, CustodyImport

_REPEATED = aliased(CustodyImport)
_NOTHING_KNOWN = {**dict.fromkeys(CONTENT_COLUMNS), "status": "unknown", "releasable": True}


class TakenBack(NamedTuple):
    """A person about whom the file was the last word that could be told.

    ``false_record_id`` is that record of the file and ``record_id`` the newest one now. ``told`` is what it
    lets the line say, or None if nothing can be confirmed.
    """

    subject_id: int
    false_record_id: int
    record_id: int
    told: Told | None


def people_of(session: Session, import_id: int, after: int, limit: int) -> Sequence[int]:
    """The people about whom a file wrote a record, or whose record it repeated last, from ``after`` on.

    They are in the order of their ids.
    """
    written = select(CustodyRecord.subject_id).where(
        CustodyRecord.import_id == import_id, CustodyRecord.subject_id > after
    )
    repeated = select(Subject.id).where(Subject.seen_import_id == import_id, Subject.id > after)
    # Not one statement: its rows could not be read in the order of an index.
    found = {
        *session.scalars(written.distinct().order_by(CustodyRecord.subject_id).limit(limit)),
        *session.scalars(repeated.order_by(Subject.id).limit(limit)),
    }
    return sorted(found)[:limit]


def take_back_records(
    session: Session, import_id: int, subject_ids: Sequence[int], now: datetime
) -> list[TakenBack]:
    """Write the records that stood before a file again; running it twice changes nothing more."""
    false = _last_told_by(session, import_id, subject_ids)
    people = session.execute(
        select(
            Subject.id, CustodyRecord.id, CustodyRecord.import_id, CustodyRecord.status,
            CustodyRecord.releasable, CustodyRecord.as_of, Subject.absent_since, Subject.doubted_at,
            _REPEATED.id, Subject.as_of,
        )
        .join(CustodyRecord, CustodyRecord.id == Subject.record_id)
        .outerjoin(
            _REPEATED,
            and_(_REPEATED.id == Subject.seen_import_id, _REPEATED.state.in_(COUNTED_STATES)),
        )
        .where(Subject.id.in_(subject_ids))
        .order_by(Subject.id)
        .with_for_update(of=Subject)
    ).all()  # fmt: skip
    earlier = _earlier(session, import_id, subject_ids)
    taken = []
    for (
        subject_id, record_id, from_import, status, releasable, as_of, missing_since, doubted_at, seen_in,
        seen_as_of,
    ) in people:  # fmt: skip
        newest, told = record_id, None
        before = earlier.get(subject_id)
        is_theirs = from_import == import_id and releasable
        if is_theirs and seen_in is not None:
            newest = _repeat(session, record_id, seen_in, seen_as_of or as_of, now)
            one = session.get_one(CustodyRecord, newest)
            told = told_of(newest, one.status, one.status_at, one.releasable) if not missing_since else None
        # Of a person with nothing earlier, "unknown" is what this function would write.
        elif is_theirs and (before is not None or status != "unknown"):
            is_doubtful = doubted_at is not None and (before is None or doubted_at > before.as_of)
            absent_since = missing_since or (doubted_at if is_doubtful else None)
            if before is not None and _was_absent_since(session, before):
                absent_since = missing_since or now
            newest = _append(session, subject_id, before, import_id, as_of, absent_since, now)
            if before is not None and absent_since is None:
                told = told_of(newest, before.status, before.status_at, before.releasable)
        if subject_id in false:
            taken.append(TakenBack(subject_id, false[subject_id], newest, told))
    _confirm_no_more(session, import_id, subject_ids)
    return taken


def _confirm_no_more(session: Session, import_id: int, subject_ids: Sequence[int]) -> None:
    """Date records of other files by themselves, if this file was the last one to repeat them.

    A row that was older than the repeated one, and said something else, is newer than the record by itself.
    """
    doubt = case((SUBJECTS.c.doubted_at > RECORDS.c.as_of, SUBJECTS.c.doubted_at))
    session.execute(
        update(SUBJECTS)
        .where(
            SUBJECTS.c.id.in_(subject_ids),
            SUBJECTS.c.seen_import_id == import_id,
            SUBJECTS.c.record_id == RECORDS.c.id,
            RECORDS.c.import_id != import_id,
            # An older row must not open a gate because of it.
            RECORDS.c.releasable,
        )
        .values(
            as_of=RECORDS.c.as_of,
            seen_import_id=RECORDS.c.import_id,
            absent_since=func.coalesce(SUBJECTS.c.absent_since, doubt),
        )
    )


def _last_told_by(session: Session, import_id: int, subject_ids: Iterable[int]) -> dict[int, int]:
    """The records of this file that were the last that could be told of their people."""
    told = {
        one.record_id: person for person, one in last_told(session, subject_ids, though=import_id).items()
    }
    mine = select(CustodyRecord.id).where(CustodyRecord.id.in_(told), CustodyRecord.import_id == import_id)
    return {told[record_id]: record_id for record_id in session.scalars(mine)}


def _earlier(session: Session, import_id: int, subject_ids: Iterable[int]) -> dict[int, Any]:
    """The newest record of each person that no file which was taken back reported."""
    newest = (
        select(func.max(CustodyRecord.id))
        .join(CustodyImport, CustodyImport.id == CustodyRecord.import_id)
        .where(
            CustodyRecord.subject_id.in_(subject_ids),
            CustodyRecord.import_id != import_id,
            CustodyImport.state.not_in(RETRACTED_STATES),
        )
        .group_by(CustodyRecord.subject_id)
    )
    rows = session.execute(select(RECORDS).where(RECORDS.c.id.in_(newest)))
    return {row.subject_id: row for row in rows}


def _was_absent_since(session: Session, before: Any) -> bool:
    """Whether a full snapshot did not name the person after this record, until a file that is taken back."""
    later = select(CustodyRecord.id).where(
        CustodyRecord.subject_id == before.subject_id,
        CustodyRecord.id > before.id,
        CustodyRecord.was_absent,
    )
    return session.execute(later.limit(1)).first() is not None


def _repeat(session: Session, record_id: int, import_id: int, as_of: datetime, now: datetime) -> int:
    """Write a record again as one of the file that repeated it."""
    record = session.execute(select(RECORDS).where(RECORDS.c.id == record_id)).one()
    content = {name: getattr(record, name) for name in ("subject_id", *CONTENT_COLUMNS)}
    values = {**content, "import_id": import_id, "as_of": as_of, "recorded_at": now}
    again: int = session.execute(insert(RECORDS).returning(RECORDS.c.id), values).scalar_one()
    session.execute(update(SUBJECTS).where(SUBJECTS.c.id == record.subject_id).values(record_id=again))
    return again


def _append(
    session: Session,
    subject_id: int,
    before: Any,
    import_id: int,
    as_of: datetime,
    absent_since: datetime | None,
    now: datetime,
) -> int:
    content = _NOTHING_KNOWN if before is None else {name: getattr(before, name) for name in CONTENT_COLUMNS}
    values = {
        "subject_id": subject_id,
        "import_id": import_id if before is None else before.import_id,
        "as_of": as_of if before is None else before.as_of,
        "recorded_at": now,
        **content,
    }
    record_id: int = session.execute(insert(RECORDS).returning(RECORDS.c.id), values).scalar_one()
    # Without a moment, the next file about this person lands whatever moment it speaks for.
    moment = None if before is None else before.as_of
    moved = update(SUBJECTS).where(SUBJECTS.c.id == subject_id)
    session.execute(
        moved.values(
            record_id=record_id, as_of=moment, absent_since=absent_since, seen_import_id=values["import_id"]
        )
    )
    return record_id
