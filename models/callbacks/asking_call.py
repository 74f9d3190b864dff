"""The call that requested a callback: nobody is called for it while that caller still listens.

A phone in use is busy: calling it would cost the person a try, and the "more choices" of that same call
(R36). So a callback is first due when the call that requested it is over, or after a short while if no event
of that end arrived; not while its caller talks with somebody at 0. The moment promised and the order do not
change.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, Table, and_, case, or_, select, update
from sqlalchemy.orm import Session

from models.callbacks.callback import CALLBACKS, IS_OWED, WITHOUT_PIN, stop_ringing_for
from models.callbacks.claim import WAITS
from models.calls.call import CALLS, Call
from models.calls.place import COVERED
from models.cases.case import Case
from models.store.job import Job
from models.store.policies import Policies

if TYPE_CHECKING:
    from models.calls.call_state import CallState

_CASES = cast(Table, Case.__table__)
#: How long a caller may keep listening to their promise after their last wish, and the same at the slow pace,
#: at which every menu allows a second per word (R26).
LISTENS, LISTENS_SLOWLY = timedelta(seconds=60), timedelta(seconds=180)


def first_due(call: "CallState", now: datetime) -> datetime:
    """When a callback that is requested now is due, unless this call ends before."""
    return now + (LISTENS_SLOWLY if call.pace == "slow" else LISTENS)


def asking_goes_on(session: Session, call: "CallState", now: datetime) -> None:
    """A wish was entered in the call that asked: that call is still on, and its phone is in use."""
    later = first_due(call, now)
    session.execute(
        update(CALLBACKS)
        .where(
            CALLBACKS.c.requested_in_call_id == call.id,
            CALLBACKS.c.state == "requested",
            CALLBACKS.c.next_attempt_at < later,
            # Another call asked as well, so no key in this one puts it off (R35).
            ~CALLBACKS.c.asked_elsewhere,
        )
        .values(next_attempt_at=later, rank=None)
    )


def asker_cannot_talk(session: Session, call: "CallState", now: datetime) -> None:
    """Key 5: mark this call's requests so that nobody has to talk, including callbacks that existed before.

    The mark is only ever raised, as by asking again (R35).
    """
    is_verified = call.is_verified(now)
    asked = _asked_in(call, of_case=is_verified)
    session.execute(update(CALLBACKS).where(asked, IS_OWED).values(silent=True))
    if is_verified and call.asked_at is not None:
        waits = (CALLBACKS.c.case_id == call.case_id, *WAITS)
        session.execute(update(CALLBACKS).where(*waits).values(silent=True))


def asker_changed_language(session: Session, call: "CallState", before: str, now: datetime) -> None:
    """The caller now speaks another language than ``before``: so will the call that they asked for (R27).

    What others asked for stays as it is (R35). After ten minutes without a key anybody may have pressed this
    one, and it changes nothing of the case (R11).
    """
    mine = [
        CALLBACKS.c.requested_in_call_id == call.id, CALLBACKS.c.language == before, IS_OWED,
        ~CALLBACKS.c.asked_elsewhere,
    ]  # fmt: skip
    if not call.is_verified(now):
        mine.append(WITHOUT_PIN)
    session.execute(update(CALLBACKS).where(*mine).values(language=call.language))


def asking_ended(session: Session, call_id: int, now: datetime, policies: Policies) -> list[Job]:
    """The call is over: its callbacks are due, unless they were put off beyond its end.

    This includes callbacks that already existed and were requested again: the phone must not reveal whether
    one existed (R35). After key 7 they are put off instead, and so is the callback of a verified call's case:
    somebody was listening, and the phone must not ring beside them. Once the verification is over, anybody
    may have pressed key 7, and it moves nothing of the case (R11, R35). Call this before the end of the call
    is recorded. Returns the jobs to enqueue after the commit. If the hours do not allow a call now, the list
    puts it off again, like any callback whose time has come (R29).
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
        # A key in this call does not put off a callback that another call without a PIN requested as well
        # (R35).
        mine = and_(asked_here, ~CALLBACKS.c.asked_elsewhere)
        # No key updates ``last_key_at`` once the verification is over.
        lately = now - timedelta(minutes=policies.verification_minutes)
        if call.verified_at is not None and call.last_key_at >= lately and _has_its_pin(call):
            mine = or_(mine, CALLBACKS.c.case_id == call.case_id)
        put_off = update(CALLBACKS).where(mine, CALLBACKS.c.next_attempt_at < later)
        put_off = put_off.values(next_attempt_at=later, rank=None)
        session.execute(put_off.where(CALLBACKS.c.state == "requested"))
        jobs = stop_ringing_for(session, mine, later, now, f"caller:{call_id}")
        # One that waits behind news would be promised again for its own moment. It is locked last: what a
        # case is owed is locked before what waits behind it.
        session.execute(put_off.where(*WAITS))
        return jobs
    next_at = CALLBACKS.c.next_attempt_at
    due = (
        update(CALLBACKS)
        .where(
            _asked_in(call, of_case=call.verified_at is not None and call.case_id is not None),
            CALLBACKS.c.state == "requested",
            next_at <= now + LISTENS_SLOWLY,
        )
        # A callback that became due during a longer call also gets its job here: the sweeper may be down
        # (R39).
        .values(next_attempt_at=case((next_at > now, now), else_=next_at))
        .returning(CALLBACKS.c.id)
    )
    return [("dial_liaison", callback_id) for callback_id in sorted(session.scalars(due))]


def pause_after(session: Session, call_id: int | None, policies: Policies) -> timedelta:
    """How long the phone of a call that has just ended is left alone: after key 7 somebody was listening.

    Otherwise it is a moment, in which it is put away.
    """
    place = session.scalar(select(Call.place).where(Call.id == call_id))
    return timedelta(minutes=policies.retry_minutes if place == COVERED else 1)


def _asked_in(call: Any, *, of_case: bool) -> ColumnElement[bool]:
    """What a call requested, including callbacks that already existed; ``of_case``: by its PIN too."""
    asked = [CALLBACKS.c.requested_in_call_id == call.id]
    if call.asked_at is not None:
        asked.append(and_(CALLBACKS.c.phone_key == call.phone_key, WITHOUT_PIN))
        if of_case:
            asked.append(CALLBACKS.c.case_id == call.case_id)
    return or_(*asked)


def _has_its_pin(call: Any) -> bool:
    """Whether the PIN that opened the case in this call is still in force."""
    return call.pin_issued_at is not None and bool(call.pin_issued_at <= call.verified_at)
