"""Finds legs of call-outs about which news was lost; the sweeper asks the carrier, or tells them again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from models.callouts.callout import IS_ON, Callout, staff_left
from models.calls.call import Call
from models.calls.call_status import LEAVING, LONGEST_CALL
from models.staff.staff import Staff


def to_ask_about(session: Session, since: datetime, now: datetime, every: timedelta) -> list[int]:
    """Legs that have dialed a party and whose end may be lost: each once in ``every``, as for talks.

    ``since`` is the moment of the previous sweep.
    """
    return [
        call_id
        for call_id, at in session.execute(_DIALLED).all()
        if at is not None and (now - at) // every > max(0, (since - at) // every)
    ]


def left_on_the_line(session: Session, now: datetime, being_told: timedelta) -> Sequence[int]:
    """Live legs whose call-out was ended longer than ``being_told`` ago, and that nobody has told so."""
    return session.scalars(_LEFT, {"long_ago": now - LONGEST_CALL, "told": now - being_told}).all()


def close_lost(session: Session, now: datetime) -> None:
    """Close call-outs whose leg is over, or longer than any call: nothing else will."""
    for call_id in session.scalars(_LOST, {"long_ago": now - LONGEST_CALL}).all():
        staff_left(session, call_id, now)


# The statements are built once: every pass of the sweeper sends them, and building takes longer than sending.
_DIALLED = (
    select(Call.id, Callout.dialled_at)
    .join(Callout, Callout.call_id == Call.id)
    .where(IS_ON, Callout.dialled_at.is_not(None), Call.ended_at.is_(None), Call.call_sid.is_not(None))
)
_LEFT = (
    select(Call.id)
    # Such a leg still reserves its person. The table of call-outs only grows, and each sweep asks.
    .join(Staff, Staff.busy_call_id == Call.id)
    .join(Callout, Callout.call_id == Call.id)
    .where(
        Callout.closed_at.between(bindparam("long_ago"), bindparam("told")),
        Call.ended_at.is_(None),
        Call.call_sid.is_not(None),
        or_(Call.call_status.is_(None), Call.call_status != LEAVING),
    )
    .order_by(Call.id)
)
_LOST = (
    select(Callout.call_id)
    .join(Call, Call.id == Callout.call_id)
    .where(IS_ON, or_(Call.ended_at.is_not(None), Call.started_at < bindparam("long_ago")))
)
