"""Finds callbacks, legs and liaisons that wait for something which will not come by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, not_, or_, select, text
from sqlalchemy.orm import Session, aliased

from models.callbacks.callback import Callback, advance
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.liaison import free_liaison
from models.calls.call import Call
from models.calls.call_status import LEAVING, LONGEST_CALL
from models.calls.role import AT_0, COLLEAGUE, JOINERS, LIAISON
from models.staff.staff import Staff
from models.talks.direct_talk import DirectTalk
from models.talks.talk import Talk

#: The leg of a caller is dialled within moments of the accept key, or its job was lost.
_JOB_LOST_AFTER = timedelta(seconds=2)
#: The very words of the partial index, so that both databases see that it serves.
_IN_HAND = text("callbacks.state IN ('claimed','ringing_liaison','ringing_caller','talking')")
#: The call of the caller that a leg was made for; put together once, since every sweep asks by it.
_PARENT = aliased(Call)
#: Longer than any liaison's leg goes on whose callback went on without it: it was told so long ago.
_TOLD_TO_END = timedelta(seconds=200)
#: Whether such a leg is over the carrier may be asked much earlier: to ask cuts nobody off.
_ASKED_ABOUT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class LiveLeg:
    """A leg of a callback as its row tells it."""

    id: int
    call_sid: str | None
    call_status: str | None
    is_over: bool


def give_back_lapsed(session: Session, now: datetime) -> None:
    """Callbacks whose worker died between claiming and holding a liaison: nothing was dialled for them.

    So it is with the claims of staff that nobody used, and with those of staff whose shift ended since. What
    was left for staff before goes back to them.
    """
    has_gone_home = and_(~Staff.on_shift, Staff.shift_changed_at > Callback.claimed_at)
    lapsed = (
        select(Callback.id, Callback.taken_up_at, Callback.lease_until)
        .outerjoin(Staff, Staff.id == Callback.staff_id)
        .where(_IN_HAND, Callback.state == "claimed", or_(Callback.lease_until < now, has_gone_home))
    )
    for row in session.execute(lapsed).all():
        still = (
            Callback.lease_until == row.lease_until,
            Callback.taken_up_at.is_not_distinct_from(row.taken_up_at),
        )
        move = "give_back" if row.taken_up_at is None else "leave"
        advance(session, row.id, move, actor="sweeper", now=now, only_if=still)


def lapsed_callbacks(session: Session, now: datetime, policy: CallbackPolicy) -> Sequence[int]:
    """Callbacks with a live leg of which nothing was heard for longer than it may ring, or than a lease."""
    return session.scalars(
        select(Callback.id)
        .where(
            _IN_HAND,
            or_(
                and_(Callback.state.in_(("ringing_liaison", "ringing_caller")), Callback.lease_until < now),
                and_(Callback.state == "talking", Callback.lease_until < now),
                and_(
                    Callback.state == "talking",
                    Callback.lease_until.is_(None),
                    Callback.talking_at < now - policy.talk_check,
                ),
            ),
        )
        .order_by(Callback.id)
    ).all()


def legs_of(session: Session, callback: Callback) -> list[LiveLeg]:
    """The legs of the attempt that goes on: the caller's first, since its news is the more urgent."""
    found = []
    for call_id in (callback.caller_call_id, callback.liaison_call_id):
        leg = session.get(Call, call_id) if call_id is not None else None
        if leg is not None:
            found.append(LiveLeg(leg.id, leg.call_sid, leg.call_status, leg.ended_at is not None))
    return found


def undialled_callers(session: Session, now: datetime) -> Sequence[int]:
    """Accepted callbacks whose caller no worker has begun to ring."""
    return session.scalars(
        select(Callback.id)
        .join(Call, Call.id == Callback.caller_call_id)
        .where(
            _IN_HAND,
            Callback.state == "ringing_caller",
            Call.call_status.is_(None),
            Call.call_sid.is_(None),
            Call.ended_at.is_(None),
            Call.started_at < now - _JOB_LOST_AFTER,
            # A worker that waits for its slot has noted it here.
            Callback.next_attempt_at < now - _JOB_LOST_AFTER,
        )
        .order_by(Callback.id)
    ).all()


def undialled_takers(session: Session, now: datetime) -> Sequence[int]:
    """Legs of staff who asked to be rung for a callback, and that no worker has begun to ring.

    Also where the callback went on without them: who comes to ring such a leg frees its person instead.
    """
    return session.scalars(
        select(Call.id)
        .join(Staff, Staff.busy_call_id == Call.id)
        .where(
            Call.role == LIAISON,
            Call.call_status.is_(None),
            Call.call_sid.is_(None),
            Call.ended_at.is_(None),
            Call.started_at < now - _JOB_LOST_AFTER,
        )
    ).all()


def undialled_joiners(session: Session, now: datetime) -> Sequence[int]:
    """Legs of colleagues and interpreters that no worker has begun to ring into a talk."""
    return session.scalars(
        select(Call.id)
        .join(Callback, Callback.id == Call.callback_id)
        .where(
            Callback.state == "talking",
            Call.role.in_(JOINERS),
            Call.call_status.is_(None),
            Call.call_sid.is_(None),
            Call.ended_at.is_(None),
            Call.started_at < now - _JOB_LOST_AFTER,
        )
    ).all()


def left_behind_legs(session: Session, now: datetime) -> Sequence[int]:
    """Legs that go on though their callback went on without them, and that nobody has told so."""
    its_own = or_(
        Call.id == func.coalesce(Callback.liaison_call_id, 0),
        Call.id == func.coalesce(Callback.caller_call_id, 0),
    )
    still_served = or_(
        and_(Callback.state.in_(("ringing_liaison", "ringing_caller", "talking")), its_own),
        and_(Callback.state == "talking", Call.role.in_(JOINERS)),
        # The jobs that tell the legs of a talk of its end are on their way.
        and_(Callback.state == "reached", Callback.closed_at > now - _JOB_LOST_AFTER),
    )
    return session.scalars(
        select(Call.id)
        .join(Callback, Callback.id == Call.callback_id)
        .where(
            Call.ended_at.is_(None),
            Call.callback_id.is_not(None),
            Call.call_sid.is_not(None),
            Call.started_at > now - LONGEST_CALL,
            or_(Call.call_status.is_(None), Call.call_status != LEAVING),
            not_(still_served),
        )
        .order_by(Call.started_at, Call.id)
    ).all()


def free_forgotten(session: Session, now: datetime, policy: CallbackPolicy) -> tuple[list[int], list[int]]:
    """Free liaisons whose leg is surely over; answers the legs of others who may be held by nothing.

    The carrier is to be asked about the first, and told to end the second if they still go on.
    """
    ring = timedelta(seconds=policy.numbers.liaison_ring_seconds) + policy.lease
    in_question: list[int] = []
    to_end: list[int] = []
    for call, callback, direct, busy_since, parent_ended_at in session.execute(
        select(Call, Callback, DirectTalk, Staff.busy_since, _PARENT.ended_at)
        .join(Staff, Staff.busy_call_id == Call.id)
        .outerjoin(_PARENT, _PARENT.id == Call.parent_call_id)
        .outerjoin(Callback, Callback.id == Call.callback_id)
        .outerjoin(
            DirectTalk,
            and_(DirectTalk.caller_call_id == Call.parent_call_id, text("direct_talks.state = 'talking'")),
        )
    ).all():
        age = now - (busy_since or call.started_at)
        rings_at_0 = call.role == AT_0 and call.accepted_at is None and parent_ended_at is None
        if call.ended_at is not None or age > LONGEST_CALL + policy.lease:
            free_liaison(session, call.id, now)
        elif rings_at_0 and age > ring and call.call_sid is None:
            call.ended_at = now
            free_liaison(session, call.id, now)
        elif rings_at_0:
            # One that a worker placed: somebody may just be hearing what it is about.
            in_question += [call.id] if age > ring else []
        elif call.role in (LIAISON, AT_0, COLLEAGUE) and not _serves(call, callback or direct):
            if age > _TOLD_TO_END and call.call_sid is None:
                call.ended_at = now
                free_liaison(session, call.id, now)
            elif age > _TOLD_TO_END:
                to_end.append(call.id)
            elif age > _ASKED_ABOUT and call.call_sid is not None:
                in_question.append(call.id)
    return in_question, to_end


def _serves(call: Call, talk: Talk | None) -> bool:
    if talk is None or talk.closed_at is not None:
        return False
    # A colleague serves from their key on; one who let it ring, or whose call nobody knows of, does not.
    joined = call.role == COLLEAGUE and call.accepted_at is not None
    return joined or call.id == talk.liaison_call_id
