"""Whose turn it is in the call queue: offers a free liaison at once, not at the next poll (R36)."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from models.callbacks.liaison import free_liaisons, pick_alone, unverified_may_take_at_0
from models.calls.call import CALLS, Call
from models.calls.place import WAITING
from models.calls.staff_line_stay import clear_lines
from models.staff.rest import end_rests
from models.staff.staff import Staff
from models.talks.call_queue import QueuedCall, first_waiting
from models.talks.next_offer import owed_callback

#: After a liaison's phone rang in vain, the caller is told so first, and then polls again.
_AFTER_A_RING = timedelta(seconds=8)
# Built once, because building them takes longer than the query.
_LEG = aliased(Call)
_PAUSES = (Staff.wrap_up_until, Staff.resting_until, Staff.spared_until, Staff.on_staff_line_until)
_PAUSE_OVER = select(Staff.id).where(or_(*(end <= bindparam("now") for end in _PAUSES))).limit(1)


def whose_turn(session: Session, now: datetime, *, is_open: bool) -> list[int]:
    """The queued calls for which somebody is free, verified ones first; ``is_open``: the office is open.

    Empty while a callback without a PIN is owed the next offer.
    """
    free = free_liaisons(session) if is_open else 0
    first = first_waiting(session, now, free) if free else []
    if not first or owed_callback(session, now) is not None:
        return []
    rung_just_now = exists().where(_LEG.parent_call_id == Call.id, _LEG.ended_at > now - _AFTER_A_RING)
    found = session.execute(
        select(Call.id, QueuedCall.verified)
        .join(QueuedCall, QueuedCall.call_id == Call.id)
        .where(
            Call.id.in_(first),
            Call.place == WAITING,
            Call.ended_at.is_(None),
            Call.call_sid.is_not(None),
            ~rung_just_now,
        )
    ).all()
    others_too = all(verified for _, verified in found) or unverified_may_take_at_0(session, now)
    by_id = {call_id: verified for call_id, verified in found if verified or others_too}
    return [call_id for call_id in first if call_id in by_id]


def free_now(session: Session, now: datetime) -> int:
    """How many of those on shift could be called now.

    A rest, a wrap-up or a call to the staff line ends on time, even if no sweeper is alive to end it.
    """
    if is_a_pause_over(session, now):
        # Taken before their rows are locked, as all code that picks a liaison does.
        pick_alone(session)
        end_rests(session, now)
        clear_lines(session, now)
    return free_liaisons(session)


def is_a_pause_over(session: Session, now: datetime) -> bool:
    """Whether anybody's rest, wrap-up, pause after a miss, or call to the staff line is over."""
    return session.scalar(_PAUSE_OVER, {"now": now}) is not None


def fetch(session: Session, call_id: int, now: datetime, *, is_open: bool) -> tuple[str, str] | None:
    """The call and the address at which it polls for a person at once; None if it is no longer its turn.

    An inbound call has no address of its own before this.
    """
    held = select(CALLS.c.leg_id).where(CALLS.c.id == call_id).with_for_update(key_share=True)
    leg_id = session.scalar(held)
    if call_id not in whose_turn(session, now, is_open=is_open):
        return None
    if leg_id is None:
        leg_id = secrets.token_hex(16)
        session.execute(update(CALLS).where(CALLS.c.id == call_id).values(leg_id=leg_id))
    call_sid = session.scalar(select(CALLS.c.call_sid).where(CALLS.c.id == call_id))
    return None if call_sid is None else (call_sid, leg_id)
