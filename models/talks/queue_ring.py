"""A liaison's phone that rings for a caller at 0."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session, aliased

from models.callbacks.liaison import (
    choose_liaison,
    free_liaison,
    pick_alone,
    reserve_liaison,
    unverified_may_take_at_0,
)
from models.calls.call import CALLS, Call
from models.calls.call_status import LEAVING, bring_forward
from models.calls.offer import note_offer
from models.calls.outbound_leg import mark_dialling, outbound_leg
from models.calls.role import AT_0
from models.staff.set_away import note_key, note_miss
from models.store.database import changed_one, keyring_of
from models.store.job import Job
from models.store.policies import Policies
from models.talks.call_queue import QueuedCall, leave_queue
from models.talks.next_offer import owed_callback
from models.talks.talk import begin_talk, talk_of

if TYPE_CHECKING:
    from models.calls.call_state import CallState

#: A leg that nobody has begun to dial after this long has lost its job; the sweeper does it.
JOB_LOST_AFTER = timedelta(seconds=3)
#: The sweeper itself does what no worker takes within 10 s (R39). Nothing dials a leg that waits longer: no
#: process is alive, or the carrier refuses the account.
NOTHING_RINGS_AFTER = timedelta(seconds=15)


class Rung(NamedTuple):
    """A liaison's leg for a caller at 0; ``is_dialled`` says whether anything has begun to dial it."""

    is_dialled: bool
    since: datetime

    def is_lost(self, now: datetime) -> bool:
        """Whether nothing will dial this leg soon."""
        return not self.is_dialled and self.since <= now - NOTHING_RINGS_AFTER


def ring_for(
    session: Session,
    caller: "CallState",
    wait: QueuedCall,
    now: datetime,
    *,
    free: int,
    ahead: int,
) -> tuple[bool, list[Job]]:
    """Reserve a free liaison for a queued caller: whether one is called for them, and the jobs to enqueue.

    Verified callers leave the next free liaison to a callback that is owed the offer (R36), and have it
    dialed.
    """
    if free <= ahead:
        return False, []
    owed = owed_callback(session, now) if wait.verified else None
    if owed is not None:
        return False, [("dial_liaison", owed)]
    taken = take_liaison_for(session, caller, now, verified=wait.verified)
    if taken is None:
        return False, []
    if caller.leg_id is None:
        # An address of its own, so that this call can be told when somebody has accepted.
        caller.leg_id = secrets.token_hex(16)
        session.execute(update(CALLS).where(CALLS.c.id == caller.id).values(leg_id=caller.leg_id))
    return True, [("ring_direct", taken.call_id)]


@dataclass(frozen=True, slots=True)
class Taken:
    """A liaison reserved for a waiting caller, and the leg that will call them (R36)."""

    staff_id: int
    call_id: int


def take_liaison_for(
    session: Session,
    state: "CallState",
    now: datetime,
    *,
    verified: bool,
) -> Taken | None:
    """Reserve a free liaison for this call's caller, with a new leg; None when nobody is free."""
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


def rung_now(session: Session, call_id: int) -> Rung | None:
    """The liaison's leg that rings, or asks for the accept key, for this caller; None if there is none."""
    row = session.execute(
        select(Call.call_status, Call.call_sid, Call.started_at)
        .where(
            Call.parent_call_id == call_id,
            Call.role == AT_0,
            Call.ended_at.is_(None),
            Call.accepted_at.is_(None),
        )
        .order_by(Call.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Rung(row.call_status is not None or row.call_sid is not None, row.started_at)


def caller_of(session: Session, leg_id: int) -> tuple[bool, str] | None:
    """Of the caller for whom this leg rings a liaison: whether they cannot talk, and the line they called."""
    caller = aliased(Call)
    of_leg = (
        select(caller.silent, caller.line)
        .join(Call, Call.parent_call_id == caller.id)
        .where(Call.id == leg_id, Call.role == AT_0)
    )
    row = session.execute(of_leg).first()
    return None if row is None else (row.silent, row.line)


def dial_direct(session: Session, call_id: int) -> tuple[str, str] | None:
    """Take a worker's right to dial a liaison for a caller, once: leg id and number, or None."""
    leg = session.get(Call, call_id)
    if leg is None or leg.role != AT_0 or leg.leg_id is None or leg.phone_sealed is None:
        return None
    caller = session.get(Call, leg.parent_call_id)
    if caller is None or caller.ended_at is not None or not mark_dialling(session, call_id):
        return None
    return leg.leg_id, keyring_of(session).unseal("call.phone", leg.phone_sealed)


def accept_at_0(
    session: Session, leg: "CallState", now: datetime
) -> tuple[Literal["accepted", "gone"], list[Job]]:
    """The accept key: with it the two are talking, and the caller is fetched out of the call queue (Legs).

    The wait in the queue is the right to the caller: the first to end it has it, with the liaison's key or
    the caller's.
    """
    if leg.accepted_at is not None:
        talk = talk_of(session, leg)
        mine = talk is not None and talk.leader_call_id == leg.id and not talk.is_over
        return ("accepted" if mine else "gone"), []
    caller = None if leg.parent_call_id is None else session.get(Call, leg.parent_call_id)
    is_there = caller is not None and caller.ended_at is None and leg.ended_at is None
    if caller is None or not is_there or not leave_queue(session, caller.id, "talked", now):
        bring_forward(session, leg.id, LEAVING)
        return "gone", []
    note_key(session, leg.staff_id)
    begin_talk(
        session,
        caller_call_id=caller.id,
        leader_call_id=leg.id,
        staff_id=leg.staff_id,
        language=caller.language,
        now=now,
    )
    return "accepted", [("move_leg", caller.id)]


def is_wanted(session: Session, leg: "CallState") -> bool:
    """Whether the caller for whom this leg rings still waits in the queue."""
    waits = select(QueuedCall.id).where(
        QueuedCall.call_id == leg.parent_call_id, QueuedCall.ended_at.is_(None)
    )
    return leg.ended_at is None and session.execute(waits).first() is not None


def pass_at_0(session: Session, leg: "CallState", now: datetime) -> None:
    """The liaison passes: they are free at once, and the caller goes to the next one."""
    bring_forward(session, leg.id, LEAVING)
    free_liaison(session, leg.id, now)
    note_key(session, leg.staff_id)


def miss_at_0(session: Session, leg: "CallState", now: datetime, policies: Policies) -> None:
    """Somebody or something answered and no key took the caller, who goes to the next liaison."""
    bring_forward(session, leg.id, LEAVING)
    if free_liaison(session, leg.id, now) and leg.staff_id is not None and is_wanted(session, leg):
        note_miss(session, leg.staff_id, now, policies)


def stop_ringing(session: Session, caller_call_id: int, now: datetime) -> list[Job]:
    """Release the legs that ring for a caller who no longer waits; returns the jobs to enqueue after.

    A leg that nobody has begun to dial is never dialed. One that a worker placed is told to end, and frees
    its liaison when it has ended.
    """
    jobs: list[Job] = []
    ringing = select(Call.id).where(
        Call.parent_call_id == caller_call_id,
        Call.role == AT_0,
        Call.ended_at.is_(None),
        Call.accepted_at.is_(None),
    )
    for leg in session.scalars(ringing).all():
        # Checked in the same statement that ends it: a worker may begin to dial it right now.
        unrung = and_(CALLS.c.call_sid.is_(None), CALLS.c.call_status.is_(None))
        if changed_one(session, update(CALLS).where(CALLS.c.id == leg, unrung).values(ended_at=now)):
            free_liaison(session, leg, now)
        else:
            jobs.append(("release_leg", leg))
    return jobs
