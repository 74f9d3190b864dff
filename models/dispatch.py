"""What may be dialled, and by whom: each function is one short transaction's work on one callback."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.call import CALLS, Call
from models.callback import CALLBACKS, advance, locked
from models.callback_policy import CallbackPolicy
from models.database import keyring_of
from models.leg import make_liaison_leg, mark_dialling
from models.leg_end import Job, leave_for_staff
from models.liaison import choose_liaison, free_liaisons, hold_liaison, unverified_may_take
from models.line_wait import kept_for_line


@dataclass(frozen=True, slots=True)
class Dial:
    """A leg that its holder alone may dial now; ``number`` is E.164."""

    call_id: int
    leg_id: str
    number: str = field(repr=False)
    ring_seconds: int


def claim_callback(session: Session, callback_id: int, now: datetime, policy: CallbackPolicy) -> bool:
    """Take a due callback in hand until its lease ends; False when not due, taken, or nobody is free.

    One that came due outside its window is put off to the next one (R29).
    """
    callback = locked(session, callback_id)
    if callback is None or callback.state != "requested" or callback.next_attempt_at > now:
        return False
    kept = kept_for_line(session, now, verified=callback.verified, due_at=callback.due_at)
    if free_liaisons(session) <= kept or not (callback.verified or unverified_may_take(session, now)):
        return False
    opens = policy.next_moment(callback, now)
    if opens > now:
        callback.next_attempt_at = opens
        session.flush()
        return False
    number = keyring_of(session).unseal("callback.number", callback.number_sealed)
    if not policy.can_dial(number):
        leave_for_staff(session, callback, now, "worker", "cannot_dial")
        return False
    return advance(
        session,
        callback_id,
        "claim",
        actor="worker",
        now=now,
        only_if=(CALLBACKS.c.next_attempt_at <= now,),
        lease_until=now + policy.lease,
    )


def ring_liaison(session: Session, callback_id: int, now: datetime, policy: CallbackPolicy) -> Dial | None:
    """Hold a free liaison for a claimed callback and record the intent to dial them.

    None when nobody is free after all: the callback is requested again at once.
    """
    callback = locked(session, callback_id)
    if callback is None or callback.state != "claimed":
        return None
    liaison = choose_liaison(session, callback.language, verified=callback.verified, now=now)
    if liaison is None:
        advance(session, callback_id, "give_back", actor="worker", now=now)
        return None
    leg = make_liaison_leg(session, callback_id, liaison, now)
    if not hold_liaison(session, liaison.id, leg.id, now):
        session.delete(leg)
        session.flush()
        advance(session, callback_id, "give_back", actor="worker", now=now)
        return None
    advance(
        session,
        callback_id,
        "ring_liaison",
        actor="worker",
        now=now,
        staff_id=liaison.id,
        liaison_call_id=leg.id,
        lease_until=policy.liaison_lease(now),
    )
    return Dial(leg.id, cast(str, leg.leg_id), liaison.phone, policy.liaison_ring_seconds)


def ring_caller(
    session: Session, callback_id: int, now: datetime, policy: CallbackPolicy
) -> tuple[Dial | None, list[Job]]:
    """Take the right to dial the caller's leg of an accepted callback, once, and the jobs to enqueue after.

    When the person's window has closed meanwhile, or the number may not be dialled any more, nobody is rung
    and the liaison who waits is told.
    """
    callback = locked(session, callback_id)
    if callback is None or callback.state != "ringing_caller" or callback.caller_call_id is None:
        return None, []
    leg_id = session.scalar(select(CALLS.c.leg_id).where(CALLS.c.id == callback.caller_call_id))
    number = keyring_of(session).unseal("callback.number", callback.number_sealed)
    if not policy.can_dial(number):
        return None, leave_for_staff(session, callback, now, "worker", "cannot_dial")
    opens = policy.next_moment(callback, now)
    call_id, liaison_leg = callback.caller_call_id, callback.liaison_call_id
    if not mark_dialling(session, call_id):
        return None, []
    if opens > now:
        session.get_one(Call, call_id).ended_at = now
        session.flush()
        advance(session, callback_id, "caller_missed", actor="worker", now=now, next_attempt_at=opens)
        return None, [("release_leg", liaison_leg)] if liaison_leg is not None else []
    callback.lease_until = policy.caller_lease(now)
    session.flush()
    return Dial(call_id, cast(str, leg_id), number, policy.caller_ring_seconds), []
