"""Staff signed in on the staff line: their phone is in that call, so the line does not call it."""

from datetime import datetime, timedelta

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from models.calls.call import CALLS
from models.staff.staff import Staff

#: Longer than a menu with all its repeats and the longest words before one.
STAY = timedelta(minutes=2)
#: The exact words of the partial index, so that both databases use it.
_LIVE = text("calls.ended_at IS NULL AND calls.staff_id IS NOT NULL")


def come_to_line(session: Session, staff_id: int, now: datetime) -> None:
    """Don't call a person who is signed in at a menu: their phone is in this call."""
    _on_line(session, staff_id, now + STAY)


def leave_line(session: Session, staff_id: int) -> None:
    """Their phone is free again, and may be called."""
    _on_line(session, staff_id, None)


def sign_out(session: Session, staff_id: int) -> None:
    """Calls in which this person is signed in ask for the PIN again before their next menu; a talk continues.

    It is for a person whose account is deactivated or who gets a new PIN from the office. Call it before the
    person's own row is changed: a turn of such a call locks the call first.
    """
    calls = update(CALLS).where(_LIVE, CALLS.c.staff_id == staff_id, CALLS.c.direction == "inbound")
    session.execute(calls.values(verified_at=None))


def clear_lines(session: Session, now: datetime) -> None:
    """A call whose end event was lost keeps nobody from being called for longer than ``STAY``."""
    over = update(Staff).where(Staff.on_staff_line_until <= now)
    session.execute(over.values(on_staff_line_until=None))


def _on_line(session: Session, staff_id: int, until: datetime | None) -> None:
    session.execute(update(Staff).where(Staff.id == staff_id).values(on_staff_line_until=until))
