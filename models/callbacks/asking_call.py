"""The call in which a callback was asked for: its line rings nobody while the caller still listens to it.

A phone in use is busy: ringing it would cost the person a try, and the "more choices" of the very call (R36).
So a callback is first due when the call that asked for it is over, or after a short while where no word of
that end came; not while its caller talks with somebody at 0. The moment promised and the place in the order
stay as they are.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, Table, and_, case, or_, select, update
from sqlalchemy.orm import Session

from models.callbacks.callback import CALLBACKS, IS_OWED, WITHOUT_PIN, stop_ringing_for
from models.calls.call import CALLS, Call
from models.calls.place import COVERED
from models.cases.case import Case
from models.store.job import Job
from models.store.policies import Policies

if TYPE_CHECKING:
    from models.calls.call_state import CallState

_CASES = cast(Table, Case.__table__)
#: How long a caller may still listen to their promise, from their last wish on; and one in the slow pace,
#: whom every menu gives a second a word (R26).
LISTENS, LISTENS_SLOWLY = timedelta(seconds=60), timedelta(seconds=180)


def first_due(call: "CallState", now: datetime) -> datetime:
    """When a callback that is asked for now is due, unless this call ends before."""
    return now + (LISTENS_SLOWLY if call.pace == "slow" else LISTENS)


def asking_goes_on(session: Session, call: "CallState", now: datetime) -> None:
    """A wish was keyed in the call that asked: it is still going on, and its phone is in use."""
    later = first_due(call, now)
    session.execute(
        update(CALLBACKS)
        .where(
            CALLBACKS.c.requested_in_call_id == call.id,
            CALLBACKS.c.state == "requested",
            CALLBACKS.c.next_attempt_at < later,
            # Another call asked as well, and no key of this one puts that off (R35).
            ~CALLBACKS.c.asked_elsewhere,
        )
        .values(next_attempt_at=later, rank=None)
    )


def asker_cannot_talk(session: Session, call: "CallState", now: datetime) -> None:
    """Key 5: what this call has asked for is made so that nobody has to talk, also where it stood before.

    It is only ever raised, as by asking again (R35).
    """
    asked = _asked_in(call, of_case=call.is_verified(now))
    session.execute(update(CALLBACKS).where(asked, IS_OWED).values(silent=True))


def asking_ended(session: Session, call_id: int, now: datetime, policies: Policies) -> list[Job]:
    """The call is over: what was asked for in it is due, unless it was put off further than to this end.

    Also what stood before and was asked for again: the ring must not tell whether one stood (R35).
    After key 7 it is put off instead, and so is what the case of a verified call is owed: somebody was
    listening, and the phone must not ring beside them. Once the verification is over, key 7 is anybody's and
    moves nothing of the case (R11, R35). To be asked before that end is noted. Answers the
    jobs to enqueue after the commit. Where the hours do not allow a ring now, the list puts it off again, as
    any callback whose time has come (R29).
    """
    call = session.execute(
        select(
            CALLS.c.id,
            CALLS.c.place,
            CALLS.c.asked_at,
            CALLS.c.phone_key,
            CALLS.c.case_id,
            CALLS.c.verified_at,
            CALLS.c.last_key_at,
            _CASES.c.pin_issued_at,
        )
        .outerjoin(_CASES, _CASES.c.id == CALLS.c.case_id)
        .where(CALLS.c.id == call_id, CALLS.c.direction == "inbound", CALLS.c.ended_at.is_(None))
    ).first()
    if call is None:
        return []
    if call.place == COVERED:
        asked_here = CALLBACKS.c.requested_in_call_id == call_id
        later = now + pause_after(session, call_id, policies)
        # What another call without a PIN asked for as well is not put off by a key of this one (R35).
        mine = and_(asked_here, ~CALLBACKS.c.asked_elsewhere)
        # No key moves ``last_key_at`` once the verification is over.
        lately = now - timedelta(minutes=policies.verification_minutes)
        if call.verified_at is not None and call.last_key_at >= lately and _has_its_pin(call):
            mine = or_(mine, CALLBACKS.c.case_id == call.case_id)
        put_off = update(CALLBACKS).where(
            mine, CALLBACKS.c.state == "requested", CALLBACKS.c.next_attempt_at < later
        )
        session.execute(put_off.values(next_attempt_at=later, rank=None))
        return stop_ringing_for(session, mine, later, now, f"caller:{call_id}")
    next_at = CALLBACKS.c.next_attempt_at
    due = (
        update(CALLBACKS)
        .where(
            _asked_in(call, of_case=call.verified_at is not None and call.case_id is not None),
            CALLBACKS.c.state == "requested",
            next_at <= now + LISTENS_SLOWLY,
        )
        # What came due in a longer call has its job from here too: the sweeper may be down (R39).
        .values(next_attempt_at=case((next_at > now, now), else_=next_at))
        .returning(CALLBACKS.c.id)
    )
    return [("dial_liaison", callback_id) for callback_id in sorted(session.scalars(due))]


def pause_after(session: Session, call_id: int | None, policies: Policies) -> timedelta:
    """How long the phone of a call that has just ended is left alone: after key 7 somebody was listening.

    Otherwise a moment, in which it is put away.
    """
    place = session.scalar(select(Call.place).where(Call.id == call_id))
    return timedelta(minutes=policies.retry_minutes if place == COVERED else 1)


def _asked_in(call: Any, *, of_case: bool) -> ColumnElement[bool]:
    """What a call has asked for, also where it stood before; ``of_case``: by its PIN as well."""
    asked = [CALLBACKS.c.requested_in_call_id == call.id]
    if call.asked_at is not None:
        asked.append(and_(CALLBACKS.c.number_key == call.phone_key, WITHOUT_PIN))
        if of_case:
            asked.append(CALLBACKS.c.case_id == call.case_id)
    return or_(*asked)


def _has_its_pin(call: Any) -> bool:
    """Whether the PIN that opened the case in this call is still in force."""
    return call.pin_issued_at is not None and bool(call.pin_issued_at <= call.verified_at)
