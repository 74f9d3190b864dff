"""Sessions of staff who are in a call: it is use of the console, also without a click (Legs)."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, or_, select, text, update
from sqlalchemy.orm import Session

from models.calls.call import Call
from models.staff.staff import Staff
from models.staff.staff_session import LASTS, SEEN_EVERY, StaffSession

#: A leg of staff in which they pressed the accept key. The first words are those of the partial index.
_IN_CALL = select(Call.staff_id).where(
    text("calls.ended_at IS NULL AND calls.staff_id IS NOT NULL"), Call.accepted_at.is_not(None)
)
_UNSEEN = (
    select(StaffSession.id)
    .join(Staff, Staff.id == StaffSession.staff_id)
    .where(
        *LASTS,
        or_(StaffSession.seen_at < bindparam("seen_before"), StaffSession.ends_at < bindparam("ends_before")),
        Staff.id.in_(_IN_CALL),
    )
)


def sessions_in_calls(
    session: Session, now: datetime, idle_minutes: float, outcome_minutes: float
) -> list[int]:
    """The sessions of people in a call that ``see_sessions`` is to mark; none of them has ended.

    They may be too short for saving an outcome, which takes up to ``outcome_minutes``.
    """
    asked = {
        "ends_before": now + timedelta(minutes=outcome_minutes) / 2,
        "now": now,
        "seen_after": now - timedelta(minutes=idle_minutes),
        "seen_before": now - SEEN_EVERY,
    }
    return list(session.scalars(_UNSEEN, asked))


def see_sessions(
    session: Session, session_ids: Collection[int], now: datetime, outcome_minutes: float
) -> None:
    """Record that these sessions are in use, and let none end before an outcome could be saved."""
    seen = update(StaffSession).where(StaffSession.id.in_(session_ids), StaffSession.ended_at.is_(None))
    until = now + timedelta(minutes=outcome_minutes)
    later = case((StaffSession.ends_at < until, until), else_=StaffSession.ends_at)
    session.execute(seen.values(seen_at=now, ends_at=later))
