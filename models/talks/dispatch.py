"""What may be dialed, when and by whom: each function is the work of one short transaction.

``ring_next`` and ``ring_first`` try the head of the callback list; the others work on one callback.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import time
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.callbacks.asking_call import LISTENS
from models.callbacks.callback import CALLBACKS, NEWS_OVER, Callback, advance, locked
from models.callbacks.callback_list import PAUSED_FOR, put_on_list, settle_moment
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.liaison import (
    choose_liaison,
    count_free,
    pick_alone,
    reserve_liaison,
    unverified_may_take,
)
from models.callbacks.lone_refusal import of_other_lines, refused_line_of, take_probe
from models.callbacks.next_try import leave_for_staff
from models.callbacks.shown_line import shown_line
from models.callbacks.to_new_phone import is_for_code, lacks_code
from models.calls import pacing
from models.calls.call import CALLS, Call
from models.calls.offer import last_offers, note_offer
from models.calls.outbound_leg import UNDIALLED, mark_dialling
from models.calls.two_lists import owed_to
from models.cases.duress import may_call
from models.cases.safe_phone import standing_of
from models.notices.staff_task import is_over
from models.staff.set_away import end_sparing
from models.staff.wrap_up import end_wrap_ups
from models.store.database import keyring_of
from models.store.job import Job
from models.store.keyring import SealError
from models.talks.call_queue import kept_for_queue
from models.talks.leg import make_liaison_leg
from models.talks.next_offer import first_on_list, pool_for
from models.talks.talk import talks_now

#: How many callbacks a job may find closed or taken before it gives up; the sweeper offers the rest.
_LOOKS = 8
#: How far ahead a slot for the caller's leg may be, because the person who accepted waits on the phone.
CALLER_PATIENCE = timedelta(seconds=10)
#: How far ahead a slot for a liaison's leg may be: less, so that callers, for whom somebody waits, go first.
LIAISON_PATIENCE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Dial:
    """A leg that only its holder may dial now; ``number`` is E.164, and so is ``line``, the caller ID.

    Without a ``line`` it is the office's main number. ``taken_at`` is when it was claimed, in seconds of the
    machine's clock: after a long halt since then nobody dials it.
    """

    call_id: int
    leg_id: str
    number: str = field(repr=False)
    ring_seconds: int
    line: str | None = None
    taken_at: float = field(default_factory=time)


@dataclass(frozen=True, slots=True)
class Slot:
    """The right to have one call placed at ``at``; until then its holder waits, with no transaction open."""

    at: datetime


def ring_next(
    session: Session, callback_id: int, now: datetime, policy: CallbackPolicy
) -> tuple[Slot | None, Dial | None]:
    """Take a slot for the head of the callback list, and call a liaison for it.

    This callback joins the list first if its time has come.

    Returns no slot when nobody is free for anyone on the list, or the carrier may not be asked that soon.
    Nobody is reserved yet when the slot is a moment ahead.
    """
    pick_alone(session)
    end_wrap_ups(session, now)
    end_sparing(session, now)
    put_on_list(session, callback_id, now, policy)
    found = _due(session, now, policy)
    if not found:
        return None, None
    at = pacing.take_slot(session, now, policy.call_interval, LIAISON_PATIENCE)
    if at is None:
        return None, None
    return Slot(at), _ring_first_of(session, found, now, policy) if at <= now else None


def ring_first(session: Session, now: datetime, policy: CallbackPolicy) -> Dial | None:
    """Reserve a free liaison for the first callback on the list that has one, with the intent to dial."""
    pick_alone(session)
    return _ring_first_of(session, first_on_list(session, now, policy, _LOOKS), now, policy)


def _due(session: Session, now: datetime, policy: CallbackPolicy) -> list[int]:
    """The head of the callback list. A probe of a refused account tries others before the refused one."""
    others = list[int]()
    if pacing.is_refused(session):
        refused = pacing.refused_callback(session)
        where = [*of_other_lines(session, policy.lines), Callback.id != (refused or 0)]
        others = first_on_list(session, now, policy, _LOOKS, *where)
    return others or first_on_list(session, now, policy, _LOOKS)


def _ring_first_of(session: Session, found: list[int], now: datetime, policy: CallbackPolicy) -> Dial | None:
    for callback_id in found:
        callback = locked(session, callback_id)
        if callback is not None and _may_be_taken(session, callback, now, policy):
            dial = _ring_liaison(session, callback, now, policy)
            if dial is not None:
                return dial
    return None


def claim_callback(session: Session, callback_id: int, now: datetime, policy: CallbackPolicy) -> bool:
    """Claim a due callback until its lease ends; False when it is not due or is taken, or nobody is free.

    One that became due outside its window is put off to the next window (R29).
    """
    callback = locked(session, callback_id)
    if callback is None:
        return False
    free = count_free(session, is_open=policy.is_open(now))[pool_for(callback, policy)]
    owed = owed_to(last_offers(session, now))
    kept = kept_for_queue(session, now, verified=callback.verified, due_at=callback.due_at, owed=owed)
    if free <= kept:
        return False
    if not callback.verified and not unverified_may_take(session, now):
        return False
    return _may_be_taken(session, callback, now, policy) and advance(
        session,
        callback.id,
        "claim",
        actor="worker",
        now=now,
        only_if=(CALLBACKS.c.next_attempt_at <= now,),
        lease_until=now + policy.lease,
    )


def _may_be_taken(session: Session, callback: Callback, now: datetime, policy: CallbackPolicy) -> bool:
    """Whether a locked callback waits for its turn, which is now, and has a number that may be called."""
    if callback.state != "requested" or callback.next_attempt_at > now:
        return False
    if settle_moment(session, callback, now, policy) != now:
        return False
    if _asker_talks(session, callback):
        callback.next_attempt_at, callback.rank = now + LISTENS, None
        session.flush()
        return False
    # Staff alone call a phone that nobody has confirmed.
    if is_for_code(session, callback) or not can_dial(session, callback, policy):
        leave_for_staff(session, callback, now, "worker", "cannot_dial")
        return False
    return True


def _asker_talks(session: Session, callback: Callback) -> bool:
    """Whether the call that asked is in a talk at 0; ignored if another call asked as well (R35)."""
    asked_in = callback.requested_in_call_id
    return asked_in is not None and not callback.asked_elsewhere and talks_now(session, asked_in)


def can_dial(session: Session, callback: Callback, policy: CallbackPolicy) -> bool:
    """Whether its number may be called. A number that no key unseals may not, or it would block the list."""
    try:
        return policy.can_dial(keyring_of(session).unseal("callback.number", callback.number_sealed))
    except SealError:
        return False


def _ring_liaison(session: Session, callback: Callback, now: datetime, policy: CallbackPolicy) -> Dial | None:
    """Reserve a free liaison and record the intent to dial them; None when nobody is free after all."""
    liaison = choose_liaison(
        session,
        callback.language,
        now,
        verified=callback.verified,
        pool=pool_for(callback, policy),
        is_open=policy.is_open(now),
        missed_by=callback.missed_by_id,
    )
    if liaison is None:
        return None
    line = refused_line_of(session, callback, policy.lines)
    if line is not None and not take_probe(session, line, callback, policy.lines, now):
        return None
    leg = make_liaison_leg(session, callback.id, liaison, now)
    if not reserve_liaison(session, liaison.id, leg.id, now):
        session.delete(leg)
        session.flush()
        return None
    note_offer(session, verified=callback.verified, now=now)
    advance(
        session,
        callback.id,
        "ring_liaison",
        actor="worker",
        now=now,
        staff_id=liaison.id,
        liaison_call_id=leg.id,
        lease_until=policy.liaison_lease(now),
    )
    return Dial(leg.id, cast(str, leg.leg_id), liaison.phone, policy.numbers.liaison_ring_seconds, line)


def take_caller_slot(
    session: Session,
    callback_id: int,
    now: datetime,
    policy: CallbackPolicy,
    patience: timedelta = CALLER_PATIENCE,
) -> Slot | None:
    """Take a slot for the caller's leg of an accepted callback; None when it has one, or needs none.

    The row records the slot, so that a second job for the same callback takes no other.
    """
    callback = locked(session, callback_id)
    if callback is None or callback.state != "ringing_caller" or callback.next_attempt_at > now:
        return None
    undialled = select(CALLS.c.id).where(CALLS.c.id == callback.caller_call_id, UNDIALLED)
    if session.execute(undialled).first() is None:
        return None
    at = pacing.take_slot(session, now, policy.call_interval, patience)
    if at is None:
        return None
    callback.next_attempt_at = at
    session.flush()
    return Slot(at)


def undialled_caller(session: Session, callback_id: int) -> int | None:
    """The caller's leg of an accepted callback that no worker has begun to dial."""
    callback = locked(session, callback_id)
    if callback is None or callback.state != "ringing_caller":
        return None
    return callback.caller_call_id


def ring_caller(
    session: Session, callback_id: int, now: datetime, policy: CallbackPolicy
) -> tuple[Dial | None, list[Job]]:
    """Take the right to dial the caller's leg of an accepted callback, once; and the jobs to enqueue after.

    If the person's window has since closed, or the number may no longer be dialed, nobody is called and the
    waiting liaison is told.
    """
    callback = locked(session, callback_id)
    if callback is None or callback.state != "ringing_caller" or callback.caller_call_id is None:
        return None, []
    leg_id = session.scalar(select(CALLS.c.leg_id).where(CALLS.c.id == callback.caller_call_id))
    if not can_dial(session, callback, policy):
        return None, leave_for_staff(session, callback, now, "worker", "cannot_dial")
    if is_over(session, callback):
        # Its person has confirmed the news since this phone of staff was called.
        return None, leave_for_staff(session, callback, now, "worker", NEWS_OVER)
    number = keyring_of(session).unseal("callback.number", callback.number_sealed)
    phone = standing_of(session, callback.case_id, callback.phone_key, callback.registrant_id)
    hours = policy if callback.claimed_at is None else policy.of_staff()
    is_barred = phone.is_barred or lacks_code(session, callback, now)
    opens = None if is_barred else hours.moment_for(callback, now, phone)
    if phone.is_paused and not _decided_to_call(session, callback):
        # The duress PIN was used since this phone of staff was called (R10).
        if callback.taken_up_at is not None:
            return None, leave_for_staff(session, callback, now, "worker", callback.outcome or "")
        opens = now + PAUSED_FOR
    if opens is None or (opens > now and is_for_code(session, callback)):
        outcome = "cannot_dial" if is_barred else "no_window"
        return None, leave_for_staff(session, callback, now, "worker", outcome)
    call_id, liaison_leg = callback.caller_call_id, callback.liaison_call_id
    if not mark_dialling(session, call_id):
        return None, []
    if opens > now:
        session.get_one(Call, call_id).ended_at = now
        session.flush()
        advance(session, callback_id, "caller_missed", actor="worker", now=now, next_attempt_at=opens)
        return None, [("release_leg", liaison_leg)] if liaison_leg is not None else []
    callback.lease_until = policy.caller_lease(now)
    line = shown_line(session, callback, policy.lines)
    session.get_one(Call, call_id).line = line
    session.flush()
    return Dial(call_id, cast(str, leg_id), number, policy.numbers.caller_ring_seconds, line), []


def _decided_to_call(session: Session, callback: Callback) -> bool:
    """Whether somebody who knows of a use of the duress PIN asked for this call (R10)."""
    return callback.claimed_at is not None and may_call(
        session, callback.staff_id, callback.case_id, callback.registrant_id
    )
