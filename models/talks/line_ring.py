"""A liaison's phone that rings for a caller at 0: by a worker, or by the caller's own call if none comes."""

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.callbacks.liaison import free_liaison
from models.calls.call import CALLS, Call
from models.calls.call_status import LEAVING, bring_forward
from models.calls.role import AT_0, DIALED_AT_0
from models.staff.set_away import note_key, note_miss
from models.store.database import keyring_of
from models.store.job import Job
from models.store.policies import Policies
from models.talks.direct_talk import begin_talk
from models.talks.leg import mark_dialling
from models.talks.liaison_at_0 import free_direct_liaisons, take_liaison_for
from models.talks.line_wait import LineWait, leave_line
from models.talks.next_offer import owed_callback
from models.talks.talk import talk_of

if TYPE_CHECKING:
    from models.calls.call_state import CallState

#: A leg that no worker has begun to ring after so long is rung by the call of the caller who waits for it.
JOB_LOST_AFTER = timedelta(seconds=3)


class Rung(NamedTuple):
    """A liaison's leg that rings for a caller; ``is_dialled`` tells whether anybody has begun to ring it."""

    id: int
    leg_id: str
    phone_sealed: str
    is_dialled: bool
    since: datetime


def ring_for(
    session: Session,
    caller: "CallState",
    wait: LineWait,
    now: datetime,
    *,
    free: int,
    ahead: int,
) -> tuple[bool, list[Job]]:
    """Hold a free liaison for a caller in line: whether one is rung for them, and the jobs to enqueue.

    Verified callers leave the next free liaison to a callback that is owed the offer (R36), and have it rung.
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


def rung_now(session: Session, call_id: int) -> Rung | None:
    """The liaison's leg that rings, or asks for the accept key, for this caller; None when there is none."""
    row = session.execute(
        select(Call.id, Call.leg_id, Call.phone_sealed, Call.call_status, Call.call_sid, Call.started_at)
        .where(
            Call.parent_call_id == call_id,
            Call.role.in_((AT_0, DIALED_AT_0)),
            Call.ended_at.is_(None),
            Call.accepted_at.is_(None),
        )
        .order_by(Call.id.desc())
        .limit(1)
    ).first()
    if row is None or row.leg_id is None or row.phone_sealed is None:
        return None
    is_dialled = row.call_status is not None or row.call_sid is not None
    return Rung(row.id, row.leg_id, row.phone_sealed, is_dialled, row.started_at)


def dial_from_call(session: Session, rung: Rung, now: datetime, *, at_once: bool) -> tuple[str, str] | None:
    """Take the right to ring a liaison from the caller's own call: leg id and number, or None.

    ``at_once``: it is known that no worker will come. The leg becomes one that the carrier bridges.
    """
    if rung.is_dialled or not (at_once or rung.since <= now - JOB_LOST_AFTER):
        return None
    if not mark_dialling(session, rung.id):
        return None
    session.execute(update(CALLS).where(CALLS.c.id == rung.id).values(role=DIALED_AT_0))
    return rung.leg_id, keyring_of(session).unseal("call.phone", rung.phone_sealed)


def dial_direct(session: Session, call_id: int) -> tuple[str, str] | None:
    """Take a worker's right to ring a liaison for a caller, once: leg id and number, or None."""
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
    """The accept key: with it the two are talking, and the caller is fetched out of the line (Legs).

    The place in line is the right to them: whoever ends it first has it, a liaison's key or the caller's.
    """
    if leg.accepted_at is not None:
        talk = talk_of(session, leg)
        mine = talk is not None and talk.liaison_call_id == leg.id and talk.state == "talking"
        return ("accepted" if mine else "gone"), []
    caller = None if leg.parent_call_id is None else session.get(Call, leg.parent_call_id)
    is_there = caller is not None and caller.ended_at is None and leg.ended_at is None
    if caller is None or not is_there or not leave_line(session, caller.id, "talked", now):
        bring_forward(session, leg.id, LEAVING)
        return "gone", []
    note_key(session, leg.staff_id)
    begin_talk(
        session,
        caller_call_id=caller.id,
        leg_id=leg.id,
        staff_id=leg.staff_id,
        language=caller.language,
        now=now,
    )
    return "accepted", [("move_leg", caller.id)]


def dial_is_over(session: Session, caller_call_id: int, now: datetime) -> None:
    """The caller's own call rings nobody any more: whoever it dialled, and who pressed no key, is free."""
    dialled = select(Call.id).where(
        Call.parent_call_id == caller_call_id,
        Call.role == DIALED_AT_0,
        Call.ended_at.is_(None),
        Call.accepted_at.is_(None),
    )
    for leg_id in session.scalars(dialled).all():
        session.execute(update(CALLS).where(CALLS.c.id == leg_id).values(ended_at=now))
        free_liaison(session, leg_id, now)


def is_wanted(session: Session, leg: "CallState") -> bool:
    """Whether the caller whom this leg rings for still waits in line."""
    waits = select(LineWait.id).where(LineWait.call_id == leg.parent_call_id, LineWait.ended_at.is_(None))
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
    """The caller waits no more: let go of whoever rings for them, and free them when their leg is over."""
    return free_direct_liaisons(session, caller_call_id, now, wrap_up_seconds=0)
