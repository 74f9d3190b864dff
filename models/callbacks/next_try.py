"""What a callback does next when a round was lost: the next liaison, a later try, or a staff member."""

from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from models.callbacks.callback import NEVER_GIVEN_UP, Callback, advance, was_put_off
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.claim import WAITS, is_waiting, put_off_waiting
from models.callbacks.to_new_phone import is_for_code
from models.calls.call import CALLS
from models.calls.outbound_leg import UNDIALLED
from models.calls.role import CALLED_BACK
from models.staff.set_away import spare
from models.staff.staff import Staff
from models.store.job import Job


def liaison_missed(
    session: Session,
    callback: Callback,
    now: datetime,
    policy: CallbackPolicy,
    actor: str,
    *,
    counted: bool = True,
) -> None:
    """Offer the callback to another liaison; it keeps its position, and the person loses no try (R36).

    Urgent work is also offered to those on call and to supervisors (``Pool.EVERYONE``) after it was missed
    too often, or once by somebody who is not on shift; to each of them once in ``untaken_retry_minutes``. If
    the liaison left too often before the person could answer, that phone does not ring again before
    ``retry_minutes`` are over.
    """
    if callback.state == "ringing_liaison" and callback.claimed_at is not None:
        # They asked for this call themselves, so it was no offer.
        if not _has_left(session, callback.staff_id):
            # The claim stays theirs for a moment.
            advance(
                session, callback.id, "miss_own_call", actor=actor, now=now, liaison_call_id=None,
                missed_by_id=callback.staff_id, lease_until=now + policy.missed_claim,
            )  # fmt: skip
            return
        counted = False
    tries = callback.liaison_tries + counted
    if callback.caller_call_id is not None:
        never_dial(session, callback.caller_call_id, now)
    if callback.taken_up_at is not None:
        # A person took it up for themselves; nobody else is called, because it may have been dialed before.
        advance(session, callback.id, "leave", actor=actor, now=now, outcome=callback.outcome)
        return
    pause = policy.liaison_retry
    if callback.state == "ringing_caller" and rung_in_vain(session, callback) >= policy.numbers.liaison_tries:
        tries, pause = max(tries, policy.numbers.liaison_tries), policy.retry
    elif (
        counted
        and callback.urgency == "urgent"
        and spare(session, callback.staff_id, now, policy.untaken_retry)
    ):
        # Somebody on call, or a supervisor, is not there. Only they are called again later: the callback
        # stays on the list for anyone who becomes free.
        tries = max(tries, policy.numbers.liaison_tries)
    next_at = policy.next_moment(callback, now + pause)
    advance(
        session,
        callback.id,
        "liaison_missed",
        actor=actor,
        now=now,
        liaison_tries=tries,
        next_attempt_at=next_at,
        missed_by_id=callback.staff_id,
        # On the list while the next liaison is looked for; off it until its hours begin.
        rank=callback.rank if next_at == now + pause else None,
    )


def caller_missed(
    session: Session,
    callback: Callback,
    now: datetime,
    policy: CallbackPolicy,
    actor: str,
    *,
    counted: bool = True,
    pause: timedelta | None = None,
) -> None:
    """Send the callback back to the list for a later try, or end it as not answered after the last try.

    An urgent one is then left for a person, with its rank: somebody who was afraid may not answer (R36). So
    is one that tells or asks the owner of a phone about what somebody else may have done (R08, R28).
    So is one that was put off by a key, since not all of its tries were missed rings, and a verified person's
    whose phone the carrier never rang: they were promised a call and may have another phone. Before either,
    the phone rings in the part of the day that somebody was promised, if another request without the PIN has
    used up these tries earlier (R35). A call to say its code to a new phone was nobody's promise, and ends
    (R09).
    """
    tries = callback.caller_tries + counted
    pause = policy.retry if counted else pause or policy.liaison_retry
    following = None if is_for_code(session, callback) else policy.next_round(callback, tries, now, pause)
    if following is None:
        if callback.verified and _never_rang(session, callback):
            advance(
                session, callback.id, "leave", actor=actor, now=now, caller_tries=tries, outcome="cannot_dial"
            )
            return
        end = "leave" if is_never_given_up(callback) or was_put_off(session, callback) else "give_up"
        advance(session, callback.id, end, actor=actor, now=now, caller_tries=tries, outcome="no_answer")
        return
    tries, next_at = following
    advance(
        session,
        callback.id,
        "caller_missed",
        actor=actor,
        now=now,
        caller_tries=tries,
        next_attempt_at=next_at,
    )


def is_never_given_up(callback: Callback) -> bool:
    """Whether nobody gives this callback up before the two have talked: after the last try staff have it."""
    return callback.urgency == "urgent" or callback.reason in NEVER_GIVEN_UP


def put_off_others(
    session: Session,
    phone_key: str,
    actor: str,
    now: datetime,
    policy: CallbackPolicy,
    *,
    but: int | None = None,
    counted: bool = False,
) -> list[Job]:
    """A person who cannot talk now is not called soon for a callback to the same phone, except ``but``.

    ``counted``: this is a round of those callbacks too, and after the last one staff decide. One that waits
    behind news is put off while it waits. Returns the jobs to enqueue: a liaison who is being called for one
    of them is released.
    """
    is_soon = and_(
        or_(Callback.state == "requested", and_(*WAITS)), Callback.next_attempt_at < now + policy.retry
    )
    theirs = (
        select(Callback)
        .where(
            Callback.phone_key == phone_key,
            Callback.id.is_distinct_from(but),
            or_(is_soon, Callback.state == "ringing_liaison"),
        )
        .order_by(Callback.id)
        # For one that somebody takes or accepts right now, a phone is already ringing.
        .with_for_update(skip_locked=True, of=Callback)
    )
    jobs: list[Job] = []
    for other in session.scalars(theirs).all():
        jobs += [] if other.liaison_call_id is None else [("release_leg", other.liaison_call_id)]
        tries = other.caller_tries + counted
        following = policy.next_round(other, tries, now, policy.retry)
        tries, next_at = following or (tries, None)
        if other.taken_up_at is not None:
            # A callback that was left for staff goes back to them.
            advance(session, other.id, "leave", actor=actor, now=now, outcome=other.outcome)
        elif is_waiting(other):
            put_off_waiting(session, other, tries, next_at, actor, now)
        elif next_at is None:
            advance(session, other.id, "leave", actor=actor, now=now, caller_tries=tries, outcome="not_safe")
        else:
            advance(
                session, other.id, "not_safe_later", actor=actor, now=now, caller_tries=tries,
                next_attempt_at=next_at,
            )  # fmt: skip
    return jobs


def leave_for_staff(
    session: Session, callback: Callback, now: datetime, actor: str, outcome: str
) -> list[Job]:
    """Give the callback to a person, and release any leg that still rings or is reserved for it."""
    # The people paged while nobody took it do not know yet that it was left.
    if not advance(session, callback.id, "leave", actor=actor, now=now, outcome=outcome, paged_at=None):
        return []
    if callback.caller_call_id is not None:
        never_dial(session, callback.caller_call_id, now)
    legs = (callback.liaison_call_id, callback.caller_call_id)
    return [("release_leg", leg) for leg in legs if leg is not None]


def _has_left(session: Session, staff_id: int | None) -> bool:
    """Whether this account was deactivated meanwhile."""
    left = select(Staff.id).where(Staff.id == staff_id, Staff.left_at.is_not(None))
    return session.execute(left).first() is not None


def _never_rang(session: Session, callback: Callback) -> bool:
    """Whether the carrier refused, or failed, every call to the person of this callback."""
    rang = select(CALLS.c.id).where(
        CALLS.c.callback_id == callback.id,
        CALLS.c.role == CALLED_BACK,
        func.coalesce(CALLS.c.call_status, "") != "failed",
    )
    return session.execute(rang.limit(1)).first() is None


def rung_in_vain(session: Session, callback: Callback) -> int:
    """How often this person's phone rang and stopped because the liaison had left."""
    rung = select(func.count()).where(
        CALLS.c.callback_id == callback.id, CALLS.c.role == CALLED_BACK, CALLS.c.call_sid.is_not(None)
    )
    return (session.scalar(rung) or 0) - callback.caller_tries


def never_dial(session: Session, call_id: int, now: datetime) -> None:
    """End a leg that no worker has begun to dial; a job that comes to dial it finds it ended."""
    undialled = update(CALLS).where(CALLS.c.id == call_id, UNDIALLED)
    session.execute(undialled.values(ended_at=now))
