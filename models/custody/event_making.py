"""Which change between two records is an event, and the events of a batch that lands (R15, R16, R28).

An event is a change in what callers could hear. A new record is compared with the last record of the same
person that could be told: one that the gate allows, with a status that is not ``unknown``.

- The first record that can be told is no event: the brake does not count first records, so a file that is
  wrong about many new people would pass it.
- A record that is denied or ``unknown`` is no event, and neither is the way back from it to the same status.
- Another status is an event of that status. Inside custody it is one only if its date is newer, because two
  files may describe one transfer in different words; a plain ``in_custody`` after another custody status is
  none, because the person was in custody all along.
- The same status with another date is a correction, and no event. It is an event if the date is newer by
  more than SAME_FACT: then the person got out a second time, or was transferred again. ``in_custody`` says
  that nothing happened and ``deceased`` happens once, so for them a new date is always a correction.
- A new facility, hearing, court, stage or expected release alone is no event.

Rows that do not land make no event: unchanged, older, absent, contradicted, rejected and future ones.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from models.custody.custody import DATED_FACTS, IN_CUSTODY_KINDS, CustodyRecord
from models.custody.custody_event import CUSTODY_EVENTS
from models.custody.imports.record import RETRACTED_STATES, CustodyImport

#: Feeds correct the date of one fact by hours, and some write the time of the file; a person who was
#: released twice within a day is told of once, with the newer date.
SAME_FACT = timedelta(days=1)
_NEVER_AGAIN = frozenset({"in_custody", "deceased"})
_TOLD = IN_CUSTODY_KINDS | DATED_FACTS


class Told(NamedTuple):
    """A record that could be told: its row id, its status of R15, and the date of that status."""

    record_id: int
    status: str
    at: datetime | None


class Change(NamedTuple):
    """A new record that can be told, and the last one of the same person before it, if there is one."""

    subject_id: int
    before: Told | None
    after: Told


def told_of(record_id: int, status: str, at: datetime | None, releasable: bool) -> Told | None:
    """The record, or None for one that callers could never hear."""
    return Told(record_id, status, at) if releasable is True and status in _TOLD else None


def event_kind(before: Told | None, after: Told) -> str | None:
    """What kind of event ``after`` is, or None if nothing happened that a person is called about."""
    if before is None:
        return None
    if before.status == after.status:
        return after.status if happened_again(before.status, before.at, after.at) else None
    if before.status in IN_CUSTODY_KINDS and after.status in IN_CUSTODY_KINDS:
        is_news = after.status != "in_custody" and _is_newer(before.at, after.at, timedelta())
        return after.status if is_news else None
    return after.status


def happened_again(status: str, before: datetime | None, after: datetime | None) -> bool:
    """Whether the same status with this newer date is another fact, which the brake counts as well."""
    return status not in _NEVER_AGAIN and _is_newer(before, after, SAME_FACT)


def last_told(session: Session, subject_ids: Iterable[int], *, though: int | None = None) -> dict[int, Told]:
    """The newest record of each person that could be told; called before the new ones are inserted.

    Records of files that were taken back count as never written, except those of the import ``though``.
    """
    wanted = list(subject_ids)
    if not wanted:
        return {}
    newest = (
        select(func.max(CustodyRecord.id))
        .join(CustodyImport, CustodyImport.id == CustodyRecord.import_id)
        .where(
            or_(CustodyImport.state.not_in(RETRACTED_STATES), CustodyImport.id == though),
            CustodyRecord.subject_id.in_(wanted),
            CustodyRecord.releasable,
            CustodyRecord.status.in_(_TOLD),
        )
        .group_by(CustodyRecord.subject_id)
    )
    rows = session.execute(
        select(
            CustodyRecord.subject_id, CustodyRecord.id, CustodyRecord.status, CustodyRecord.status_at
        ).where(CustodyRecord.id.in_(newest))
    )
    return {subject_id: Told(id_, status, at) for subject_id, id_, status, at in rows}


def make_events(session: Session, import_id: int, changes: Sequence[Change], now: datetime) -> None:
    """Write the events of a batch in its transaction. An older event of the same person is told no more.

    Only its notices that were not told yet are stopped, as ``replaced`` (models/notices/spreading.py).
    """
    events = [
        {
            "subject_id": change.subject_id,
            "kind": kind,
            "at": change.after.at,
            "record_id": change.after.record_id,
            "before_id": change.before.record_id,
            "import_id": import_id,
            "made_at": now,
        }
        for change in changes
        if (kind := event_kind(change.before, change.after)) is not None and change.before is not None
    ]
    if not events:
        return
    session.execute(
        update(CUSTODY_EVENTS)
        .where(
            CUSTODY_EVENTS.c.subject_id.in_([event["subject_id"] for event in events]),
            CUSTODY_EVENTS.c.before_id.is_not(None),
            # A correction is still owed: it says that the earlier news was wrong, and then the newest record.
            CUSTODY_EVENTS.c.corrects_id.is_(None),
            CUSTODY_EVENTS.c.stopped_at.is_(None),
        )
        .values(stopped_at=now)
    )
    session.execute(insert(CUSTODY_EVENTS), events)


def count_events(session: Session, import_id: int) -> int:
    """How many events an import made."""
    of_import = select(func.count()).where(
        CUSTODY_EVENTS.c.import_id == import_id, CUSTODY_EVENTS.c.corrects_id.is_(None)
    )
    return session.scalar(of_import) or 0


def _is_newer(before: datetime | None, after: datetime | None, by: timedelta) -> bool:
    return before is not None and after is not None and after - before > by
