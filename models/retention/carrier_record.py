"""Records of calls and texts at the carrier that a purge has to delete there, until each is gone (R41)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, String, delete, func, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.calls.pacing import PACES, PROBE, is_refused, lock_pace
from models.retention.purge_run import PurgeRun
from models.store.base import Base, UtcDateTime, table_of

RecordKind = Literal["call", "message"]
CALL: RecordKind = "call"
MESSAGE: RecordKind = "message"
#: The row of `paces` for the breaker of deletions.
_BREAKER = "records"


class CarrierRecord(Base):
    """One record. ``tries`` counts refused deletions, and ``code`` is the error code of the last one.

    A row is written in the transaction that deletes our own row of the call, so a crash loses no record.
    """

    __tablename__ = "carrier_records"

    sid: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    tries: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    code: Mapped[int | None]


_RECORDS = table_of(CarrierRecord)


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record that is still at the carrier. ``tries`` is 0 if the carrier was not asked yet."""

    kind: RecordKind
    sid: str
    tries: int
    code: int | None


def note_records(session: Session, kind: RecordKind, sids: Collection[str]) -> int:
    """Remember records to be deleted at the carrier; returns how many are new."""
    if not sids:
        return 0
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    new = (postgresql.insert if on_postgresql else sqlite.insert)(_RECORDS).values(
        [{"sid": sid, "kind": kind, "tries": 0} for sid in sorted(sids)]
    )
    return len(session.scalars(new.on_conflict_do_nothing().returning(_RECORDS.c.sid)).all())


def next_record(session: Session, since: datetime) -> KeptRecord | None:
    """A record for which the carrier was not asked since then; those that were never refused come first."""
    found = session.execute(
        select(_RECORDS).where(_untried(since)).order_by(_RECORDS.c.tries, _RECORDS.c.sid).limit(1)
    ).first()
    return None if found is None else KeptRecord(found.kind, found.sid, found.tries, found.code)


def record_gone(session: Session, sid: str, now: datetime) -> None:
    """The carrier has deleted it, or has no such record. Its answer also closes the breaker."""
    session.execute(delete(_RECORDS).where(_RECORDS.c.sid == sid))
    session.execute(
        update(PACES)
        .where(PACES.c.name == _BREAKER, PACES.c.refused_at.is_not(None))
        .values(refused_at=None, refused_code=None, next_at=now)
    )


def record_refused(session: Session, sid: str, code: int | None, now: datetime) -> None:
    """The carrier refused to delete it; the next purge tries again."""
    tried = update(_RECORDS).where(_RECORDS.c.sid == sid)
    session.execute(tried.values(tries=_RECORDS.c.tries + 1, tried_at=now, code=code))


def may_delete(session: Session, now: datetime) -> bool:
    """Whether the carrier may be asked: its account works, and no deletion was refused just now.

    The breaker for calls counts too: while the account is refused, its probes are for callers.
    """
    if is_refused(session):
        return False
    row = session.execute(select(PACES).where(PACES.c.name == _BREAKER)).first()
    return row is None or row.refused_at is None or not now < row.next_at <= now + PROBE


def refuse_deletions(session: Session, code: int | None, now: datetime) -> None:
    """Open the breaker of deletions: the account was refused, or the carrier does not answer."""
    held = lock_pace(session, _BREAKER, now)
    session.execute(
        update(PACES)
        .where(PACES.c.name == _BREAKER)
        .values(next_at=now + PROBE, refused_at=held.refused_at or now, refused_code=code)
    )


def kept_records(session: Session) -> Sequence[KeptRecord]:
    """The records that are still at the carrier, the most refused first."""
    rows = session.execute(select(_RECORDS).order_by(_RECORDS.c.tries.desc(), _RECORDS.c.sid))
    return [KeptRecord(row.kind, row.sid, row.tries, row.code) for row in rows]


def count_records(session: Session) -> int:
    """How many records are still to be deleted at the carrier."""
    return session.scalar(select(func.count()).select_from(_RECORDS)) or 0


def count_left(session: Session) -> int:
    """How many of them a purge has left there, refused or not asked for; those of one that goes on wait."""
    is_going_on = session.scalar(select(PurgeRun.id).where(PurgeRun.ended_at.is_(None)).limit(1)) is not None
    tried = _RECORDS.c.tries > 0 if is_going_on else true()
    return session.scalar(select(func.count()).select_from(_RECORDS).where(tried)) or 0


def _untried(since: datetime) -> ColumnElement[bool]:
    return or_(_RECORDS.c.tried_at.is_(None), _RECORDS.c.tried_at < since)
