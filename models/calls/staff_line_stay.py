"""Who is signed in on the staff line: their phone is in that call, so the line does not ring it."""

from datetime import datetime, timedelta

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from models.calls.call import CALLS
from models.staff.staff import Staff

#: A menu with all its repeats, and the longest that is said before one, are over by then.
STAY = timedelta(minutes=2)
#: The very words of the partial index, so that both databases see that it serves.
_LIVE = text("calls.ended_at IS NULL AND calls.staff_id IS NOT NULL")


def come_to_line(session: Session, staff_id: int, now: datetime) -> None:
    """Whoever is signed in at a menu is not rung: their phone is in this call."""
    _on_line(session, staff_id, now + STAY)


def leave_line(session: Session, staff_id: int) -> None:
    """Their phone is theirs again, and may be rung."""
    _on_line(session, staff_id, None)


def sign_out(session: Session, staff_id: int) -> None:
    """Calls in which this person is signed in ask for the PIN again before their next menu; a talk goes on.

    For who leaves the app or has a new PIN of the office. Before the person's own row is changed: a turn of
    such a call holds the call first.
    """
    calls = update(CALLS).where(_LIVE, CALLS.c.staff_id == staff_id, CALLS.c.direction == "inbound")
    session.execute(calls.values(verified_at=None))


def clear_lines(session: Session, now: datetime) -> None:
    """A call of whose end no word came keeps nobody from being rung for longer than ``STAY``."""
    over = update(Staff).where(Staff.on_staff_line_until <= now)
    session.execute(over.values(on_staff_line_until=None))


def _on_line(session: Session, staff_id: int, until: datetime | None) -> None:
    session.execute(update(Staff).where(Staff.id == staff_id).values(on_staff_line_until=until))
