"""Rests: after a hard call the line does not call a staff member for a while (R37)."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.staff.set_away import end_sparing
from models.staff.staff import Staff
from models.staff.wrap_up import end_wrap_ups
from models.store.policies import Policies


def lock_staff(session: Session, staff_id: int) -> None:
    """Lock the row of a person who will rest before the first audit entry, as a change of shift does."""
    session.execute(select(Staff.id).where(Staff.id == staff_id).with_for_update(key_share=True))


def begin_rest(session: Session, staff_id: int, now: datetime, policies: Policies) -> datetime:
    """Don't call this person for a while after a hard call; returns until when. No reason is asked."""
    until = now + timedelta(minutes=policies.hard_call_minutes)
    rests = {"resting_since": now, "resting_until": until, "wrap_up_until": None}
    session.execute(update(Staff).where(Staff.id == staff_id).values(rests))
    audit.record(session, actor=f"liaison:{staff_id}", action="rest", target=f"staff:{staff_id}", now=now)
    return until


def end_rests(session: Session, now: datetime) -> None:
    """Let the line call those whose rest or wrap-up is over; their idle time counts from now."""
    end_wrap_ups(session, now)
    end_sparing(session, now)
    over = update(Staff).where(Staff.resting_until <= now)
    session.execute(over.values(resting_until=None, last_offered_at=now))
