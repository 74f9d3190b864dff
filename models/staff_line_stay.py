"""Who is signed in on the staff line: their phone is in that call, so the line does not ring it."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.staff import Staff

#: A menu with all its repeats, and the longest that is said before one, are over by then.
STAY = timedelta(minutes=2)


def come_to_line(session: Session, staff_id: int, now: datetime) -> None:
    """Whoever is signed in at a menu is not rung: their phone is in this call."""
    _on_line(session, staff_id, now + STAY)


def leave_line(session: Session, staff_id: int) -> None:
    """Their phone is theirs again, and may be rung."""
    _on_line(session, staff_id, None)


def clear_lines(session: Session, now: datetime) -> None:
    """A call of whose end no word came keeps nobody from being rung for longer than ``STAY``."""
    over = update(Staff).where(Staff.on_staff_line_until <= now)
    session.execute(over.values(on_staff_line_until=None))


def _on_line(session: Session, staff_id: int, until: datetime | None) -> None:
    session.execute(update(Staff).where(Staff.id == staff_id).values(on_staff_line_until=until))
