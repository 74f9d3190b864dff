"""Purge runs: how far a purge has come, so that one that was killed goes on, and when the last one ended."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit import audit
from models.audit.audit import PURGE_ROWS
from models.retention.legal_hold import LegalHold
from models.store.base import Base, UtcDateTime

#: From which hour of the office's day the purge of that day may begin: the line is quiet then.
NIGHT_HOUR = 3
#: The name in ``deleted`` for audit entries whose facts were emptied; the entries themselves stay.
AUDIT_FACTS = "audit_facts"
#: The name in ``deleted`` for records deleted at the carrier.
AT_CARRIER = "carrier_records"


class PurgeRun(Base):
    """One run. ``deleted`` has the number of rows by table; each batch counts in its own transaction.

    Rows older than ``before`` go. ``ended_at`` is None while it goes on, or after it was killed.
    """

    __tablename__ = "purge_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    before: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted: Mapped[dict[str, int]] = mapped_column(JSON)


def begin_run(session: Session, now: datetime, before: datetime, actor: str, remaining: int) -> PurgeRun:
    """The run that was killed, if there is one, else a new one.

    If the office keeps rows for longer since it was killed, it ends (``end_run``), and what it has not
    deleted yet stays.
    """
    open_run = session.scalars(
        select(PurgeRun).where(PurgeRun.ended_at.is_(None)).order_by(PurgeRun.id).with_for_update()
    ).first()
    if open_run is not None and before < open_run.before:
        # Its entry says by which period the rows went that are gone.
        end_run(session, open_run.id, remaining, actor, now)
        open_run = None
    if open_run is None:
        open_run = PurgeRun(began_at=now, before=before, deleted={})
        session.add(open_run)
    open_run.before = before
    session.flush()
    return open_run


def count_deleted(session: Session, run_id: int, name: str, count: int) -> None:
    """Add to the count of a table."""
    if count:
        run = session.get_one(PurgeRun, run_id, with_for_update=True, populate_existing=True)
        run.deleted = {**run.deleted, name: run.deleted.get(name, 0) + count}
        session.flush()


def end_run(session: Session, run_id: int, remaining: int, actor: str, now: datetime) -> dict[str, int]:
    """End a run with an audit entry that names what it emptied; returns the counts by table.

    ``remaining`` is how many records the carrier still has. A second process that ends it changes nothing.
    """
    run = session.get_one(PurgeRun, run_id, with_for_update=True, populate_existing=True)
    if run.ended_at is None:
        run.ended_at = now
        session.flush()
        facts: dict[str, Any] = {
            "before": run.before.isoformat(timespec="seconds"),
            "deleted": dict(run.deleted),
            "left_at_carrier": remaining,
        }
        audit.record(session, actor=actor, action=PURGE_ROWS, target=f"purge:{run_id}", facts=facts, now=now)
    return dict(run.deleted)


def is_clock_doubted(session: Session, now: datetime) -> bool:
    """Whether the last purge began so long ago that the clock may be wrong: a person looks at it first.

    By a clock that is months ahead everything would be old, and what a purge deletes is gone. `hotline purge`
    is that person's word. A hold on everything stopped purges until it was lifted.
    """
    began = session.scalar(select(PurgeRun.began_at).order_by(PurgeRun.id.desc()).limit(1))
    if began is None or now - began <= LONGEST_GAP:
        return False
    lifted = session.scalar(select(func.max(LegalHold.lifted_at)).where(LegalHold.case_id.is_(None)))
    return lifted is None or now - lifted > LONGEST_GAP


def is_run_due(session: Session, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the purge of this day has not begun, or the last one was killed."""
    newest = session.scalars(select(PurgeRun).order_by(PurgeRun.id.desc()).limit(1)).first()
    if newest is not None and newest.ended_at is None:
        return True
    here = now.astimezone(zone)
    if here.hour < NIGHT_HOUR:
        return False
    # A moment in the future is of a clock that was set back since.
    return newest is None or newest.began_at > now or newest.began_at.astimezone(zone).date() < here.date()


def last_ended(session: Session) -> datetime | None:
    """When the last complete purge ended."""
    ended = select(PurgeRun.ended_at).where(PurgeRun.ended_at.is_not(None))
    return session.scalars(ended.order_by(PurgeRun.ended_at.desc()).limit(1)).first()


#: After this long without a complete purge, doctor says so.
OVERDUE = timedelta(days=2)
#: So long after the last purge began the sweeper begins none by itself.
LONGEST_GAP = timedelta(days=7)
