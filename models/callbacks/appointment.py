"""Rescheduling or canceling a callback: what staff agree on with its person, inside that person's hours."""

from datetime import datetime, timedelta
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.callback import NOTICE_TASK, Callback, advance, is_idle, move_callback
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_state import TAKEN_UP_AGAIN
from models.callbacks.claim import (
    OVERSEERS,
    actor_of,
    claim,
    is_mine,
    let_go,
    may_be_called,
    may_see_to,
    owed_beside,
    refuse,
    standing,
    waits_behind,
)
from models.callbacks.follow_up import ANEW
from models.callbacks.refusals import CallbackRefusal
from models.callbacks.to_new_phone import is_for_code
from models.cases.daily_window import end_of_window, moment_inside
from models.cases.safe_phone import standing_of
from models.staff.rota import Rota
from models.staff.staff import Staff
from models.store.policies import Policies
from models.store.refusal import RefusedError

#: Why staff cancel a callback, in codes; each is an outcome of a canceled one.
CANCEL_REASONS = ("person_asked", "duplicate", "wrong_number", "settled_otherwise")
#: Nobody can reschedule further ahead than this.
LONGEST_AHEAD = timedelta(days=60)


class Promised(Protocol):
    """What a callback promises; both a row and a page's data have it."""

    @property
    def urgency(self) -> str: ...
    @property
    def requested_at(self) -> datetime: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def next_attempt_at(self) -> datetime: ...
    @property
    def news_at(self) -> datetime: ...


def next_moment_inside(
    session: Session, callback: Callback, at: datetime, policy: CallbackPolicy
) -> datetime | None:
    """The earliest moment at or after ``at`` when this person may be called; None when there is none."""
    phone = standing_of(session, callback.case_id, callback.phone_key, callback.registrant_id)
    return None if phone.is_barred else policy.moment_for(callback, at, phone)


def reschedule(
    session: Session,
    callback_id: int,
    staff: Staff,
    at: datetime,
    now: datetime,
    policy: CallbackPolicy,
    seen: str | None = None,
    agreed: bool = True,
) -> None:
    """Let the line call this person at ``at``, which must be inside their hours and the office's (R29).

    It goes back to the list for then, even if it had been left for staff: this is their decision. The
    promised moment becomes an hour after ``at``, even if it was later: the line orders its calls by it, and
    staff are warned by it. The wait still counts from the request. Raises RefusedError, with the next
    possible moment, for a promise that differs from ``seen``, or for one made later that its person has not
    ``agreed`` to. What they agreed to may be outside the part of the day that they had chosen.
    """
    callback = standing(session, callback_id)
    _is_as_seen(callback, seen)
    may_be_called(session, callback, now)
    if is_for_code(session, callback):
        # Its code would no longer be valid, and the line never calls this phone by itself.
        raise RefusedError(CallbackRefusal.PHONE_NOT_CONFIRMED)
    is_promised = owed_beside(session, callback) is not None or waits_behind(session, callback.case_id)
    if callback.reason == NOTICE_TASK and is_promised:
        raise RefusedError(CallbackRefusal.PROMISED, field="day")
    if agreed:
        move_part_of_day(callback, at, policy.numbers)
    check_moment(session, callback, at, now, policy)
    was_due_at, due_at = callback.due_at, promised_by(at, policy.numbers)
    if not agreed and due_at > was_due_at and is_promise(callback):
        raise RefusedError(CallbackRefusal.NOT_AGREED, field="agreed", due=was_due_at)
    _take_in_hand(session, callback, staff, now, policy.numbers)
    actor = actor_of(staff.id)
    if callback.state == "claimed":
        # A callback that was taken up stays on the list this time: a person has decided that it may be
        # called.
        callback.taken_up_at = None
        session.flush()
        let_go(session, callback, actor, now)
    move_callback(
        session, callback.id, next_attempt_at=at, due_at=due_at, now=now, actor=actor,
        facts={"agreed": agreed, "was_due_at": was_due_at.isoformat(), "due_at": due_at.isoformat()},
    )  # fmt: skip
    callback.rescheduled_by_id = staff.id
    if agreed:
        # They count on it, so a ring that misses them then is not the last one (``keep_callback``).
        callback.caller_tries = min(callback.caller_tries, 1)
    session.flush()


def is_promise(callback: Callback) -> bool:
    """Whether its person still waits for the promised moment: it is not left, and no call that staff began.

    Nobody makes it later without that person.
    """
    is_on_list = callback.state in ("requested", "claimed") and callback.taken_up_at is None
    return is_on_list and not callback.begun_by_staff


def move_part_of_day(callback: Callback, at: datetime, policies: Policies) -> None:
    """The person agreed on ``at``, outside the part of the day that they had chosen: it begins then.

    So nobody calls them earlier, and the next tries are at those hours too, not into the night (R29). If
    another caller without the PIN chose that part, it is not theirs to change (R35).
    """
    starts, ends = callback.window_starts, callback.window_ends
    if starts is None or ends is None or callback.asked_elsewhere:
        return
    if moment_inside(starts, ends, callback.time_zone, at) != at:
        closes = at.astimezone(ZoneInfo(callback.time_zone)).replace(
            hour=policies.window_closes_hour % 24, minute=0, second=0, microsecond=0
        )
        night = end_of_window(closes, callback.time_zone, at)
        callback.window_starts, callback.window_ends = at, min(at + (ends - starts), night)
        callback.window_of_phone = False


def check_moment(
    session: Session, callback: Callback, at: datetime, now: datetime, policy: CallbackPolicy
) -> None:
    """Refuse a moment that is past or too far ahead, or outside the hours of the person or the office.

    The line calls then: somebody has to be on shift, or for an urgent callback on call (R36).
    """
    if not now < at <= now + LONGEST_AHEAD:
        raise RefusedError(CallbackRefusal.TIME_OUT_OF_RANGE, field="day", days=LONGEST_AHEAD.days)
    opens_at = partial(next_moment_inside, session, callback, policy=policy)
    opens = opens_at(at)
    if opens is not None and opens != at:
        raise RefusedError(CallbackRefusal.OUTSIDE_HOURS, field="day", at=opens)
    served = Rota(session, now, policy).first_inside(at, opens_at, urgent=callback.urgency == "urgent")
    if opens is None or served is None:
        raise RefusedError(CallbackRefusal.NO_COMMON_HOURS, field="day")
    if served != at:
        raise RefusedError(CallbackRefusal.NOBODY_THERE, field="day", at=served)


def promised_by(at: datetime, policies: Policies) -> datetime:
    """The latest moment promised for a call that staff agreed on for ``at``."""
    return at + timedelta(minutes=policies.urgent_minutes)


def cancel(
    session: Session,
    callback_id: int,
    staff: Staff,
    reason: str,
    now: datetime,
    policies: Policies,
    seen: str | None = None,
) -> None:
    """Cancel a callback for one of CANCEL_REASONS; this also closes one that was left for staff.

    Raises RefusedError when it is somebody else's, somebody is being called for it, or it is already over,
    and for a promise that differs from ``seen``.
    """
    if reason not in CANCEL_REASONS:
        raise RefusedError(CallbackRefusal.UNKNOWN_REASON)
    callback = standing(session, callback_id)
    _is_as_seen(callback, seen)
    closes_left = callback.outcome != ANEW and owed_beside(session, callback) is not None
    if not closes_left:
        _take_in_hand(session, callback, staff, now, policies)
    advance(
        session,
        callback.id,
        "close_left" if closes_left else "cancel",
        actor=actor_of(staff.id),
        now=now,
        facts={"reason": reason},
        outcome=reason,
    )
    session.refresh(callback)


def stamp_of(promise: Promised) -> str:
    """What a form carries of the promise it was rendered with: its class and its moments."""
    moments = (promise.requested_at, promise.due_at, promise.next_attempt_at, promise.news_at)
    return " ".join((promise.urgency, *(f"{int(at.timestamp())}" for at in moments)))


def _is_as_seen(callback: Callback, seen: str | None) -> None:
    if seen is not None and seen != stamp_of(callback):
        raise RefusedError(
            CallbackRefusal.CHANGED,
            due=callback.due_at,
        )


def may_reveal(callback: Callback, staff_id: int, role: str) -> bool:
    """Whether this person may view the whole number."""
    return callback.staff_id == staff_id or role in OVERSEERS


def reveal_number(session: Session, callback_id: int, staff: Staff, now: datetime) -> Callback:
    """Log that this person views the whole number of a callback, and return its row.

    For the person who has it, for anyone who talked with the caller, and for overseers. Raises RefusedError.
    """
    callback = standing(session, callback_id)
    if not may_reveal(callback, staff.id, staff.role):
        raise RefusedError(CallbackRefusal.NUMBER_HIDDEN)
    audit.record(
        session,
        actor=actor_of(staff.id),
        action="reveal_number",
        target=f"callback:{callback.id}",
        now=now,
    )
    return callback


def _take_in_hand(
    session: Session, callback: Callback, staff: Staff, now: datetime, policies: Policies
) -> None:
    """This person may change it only if nobody is being called for it, and nobody else has claimed it."""
    may_see_to(session, callback, staff.id)
    if callback.state == TAKEN_UP_AGAIN:
        claim(session, callback.id, staff.id, now, policies)
        return
    is_anothers = callback.state == "claimed" and not is_mine(callback, staff.id)
    if not is_idle(callback) or (is_anothers and staff.role not in OVERSEERS):
        refuse(session, callback)
