"""The legs that ring for a caller at 0: a liaison is reserved, and freed when the caller waits no more."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import CursorResult, and_, select, update
from sqlalchemy.orm import Session

from models.callbacks.liaison import (
    choose_liaison,
    free_liaison,
    pick_alone,
    reserve_liaison,
    unverified_may_take_at_0,
)
from models.calls.call import CALLS, Call
from models.calls.offer import note_offer
from models.calls.outbound_leg import outbound_leg
from models.calls.role import AT_0
from models.store.job import Job

if TYPE_CHECKING:
    from models.calls.call_state import CallState


@dataclass(frozen=True, slots=True)
class Taken:
    """A liaison held for a caller who is waiting, and the leg that will ring them (R36)."""

    staff_id: int
    call_id: int


def take_liaison_for(
    session: Session,
    state: "CallState",
    now: datetime,
    *,
    verified: bool,
) -> Taken | None:
    """Hold a free liaison for this call's caller, by a leg of its own; None when nobody is free."""
    pick_alone(session)
    if not verified and not unverified_may_take_at_0(session, now):
        return None
    chosen = choose_liaison(session, state.language, now, verified=verified)
    if chosen is None:
        return None
    leg = Call(
        role=AT_0,
        parent_call_id=state.id,
        **outbound_leg(session, chosen.phone, chosen.language, now),
    )
    leg.staff_id = chosen.id
    session.add(leg)
    session.flush()
    if not reserve_liaison(session, chosen.id, leg.id, now):
        session.delete(leg)
        session.flush()
        return None
    note_offer(session, verified=verified, now=now)
    return Taken(chosen.id, leg.id)


def stop_ringing(session: Session, caller_call_id: int, now: datetime) -> list[Job]:
    """Let go of the legs that ring for a caller who waits no more; answers the jobs to enqueue after.

    A leg that nobody has begun to ring is never rung. One that a worker placed is told to end, and frees its
    liaison when it has.
    """
    jobs: list[Job] = []
    ringing = select(Call.id).where(
        Call.parent_call_id == caller_call_id,
        Call.role == AT_0,
        Call.ended_at.is_(None),
        Call.accepted_at.is_(None),
    )
    for leg in session.scalars(ringing).all():
        # Looked at as it ends: a worker may begin to ring it in this very moment.
        unrung = and_(CALLS.c.call_sid.is_(None), CALLS.c.call_status.is_(None))
        if _changed(session, update(CALLS).where(CALLS.c.id == leg, unrung).values(ended_at=now)):
            free_liaison(session, leg, now)
        else:
            jobs.append(("release_leg", leg))
    return jobs


def _changed(session: Session, statement: Any) -> bool:
    return cast(CursorResult[Any], session.execute(statement)).rowcount == 1
