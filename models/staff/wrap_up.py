"""Wrap-up: after a talk the line does not call its liaison until the outcome is saved or the time is up."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.audit import audit
from models.staff.refusals import ShiftRefusal
from models.staff.staff import Staff
from models.store.refusal import RefusedError

#: How often the time may be extended by the same amount (Legs).
MOST_EXTENSIONS = 2


def begin_wrap_up(session: Session, staff_id: int | None, now: datetime, seconds: float) -> None:
    """The talk that this person led is over; the line does not call them for so many seconds."""
    if seconds:
        until = now + timedelta(seconds=seconds)
        begun = update(Staff).where(Staff.id == staff_id)
        session.execute(begun.values(wrap_up_until=until, wrap_up_extended=0))


def end_wrap_up(session: Session, staff_id: int, now: datetime) -> None:
    """The outcome is saved: the line may call this person. Without a wrap-up nothing changes."""
    ended = update(Staff).where(Staff.id == staff_id, Staff.wrap_up_until.is_not(None))
    session.execute(ended.values(wrap_up_until=None, last_offered_at=now))


def extend_wrap_up(session: Session, staff_id: int, seconds: float, now: datetime) -> None:
    """Add so many seconds. Raises RefusedError when it was already extended twice, or is over."""
    person = session.get_one(Staff, staff_id, populate_existing=True, with_for_update={"key_share": True})
    if person.wrap_up_until is None or person.wrap_up_extended >= MOST_EXTENSIONS:
        raise RefusedError(ShiftRefusal.NO_MORE_WRAP_UP)
    person.wrap_up_until += timedelta(seconds=seconds)
    person.wrap_up_extended += 1
    session.flush()
    audit.record(
        session, actor=f"staff:{staff_id}", action="extend_wrap_up", target=f"staff:{staff_id}", now=now
    )


def end_wrap_ups(session: Session, now: datetime) -> None:
    """Let the line call those whose time is up; their idle time counts from now."""
    over = update(Staff).where(Staff.wrap_up_until <= now)
    session.execute(over.values(wrap_up_until=None, last_offered_at=now))
