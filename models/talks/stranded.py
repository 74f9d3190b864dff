"""Finds callbacks, talks, legs and liaisons that wait for something that will not happen by itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, bindparam, exists, or_, select, text
from sqlalchemy.orm import Session, aliased

from models.callbacks.appointment import LONGEST_AHEAD
from models.callbacks.callback import IS_OPEN, UNTOLD, Callback, advance
from models.callbacks.callback_policy import CallbackPolicy, promised_later
from models.callbacks.callback_state import RINGING_STATES
from models.callbacks.claim import WAITS, is_waiting
from models.callbacks.follow_up import LATER
from models.callbacks.liaison import free_liaison
from models.callouts.callout import Callout
from models.callouts.forgotten import close_lost, to_ask_about
from models.calls.call import Call
from models.calls.call_status import DIALLING, LEAVING, LONGEST_CALL
from models.calls.outbound_leg import UNDIALLED
from models.calls.place import IN_TALK
from models.calls.role import AT_0, CALLING_OUT, COLLEAGUE, JOINERS, LIAISON
from models.staff.paging import AHEAD
from models.staff.staff import Staff
from models.store.job import Job
from models.talks.call_queue import QueuedCall
from models.talks.queue_ring import JOB_LOST_AFTER
from models.talks.talk import IS_ON, Talk
from models.talks.talk_end import close_talk

#: A caller's leg is dialed within moments of the accept key, or its job was lost.
_JOB_LOST_AFTER = timedelta(seconds=2)
#: The exact words of the partial index, so that both databases use it.
_IN_HAND = text("callbacks.state IN ('claimed','ringing_liaison','ringing_caller','talking')")
_OF_CALLER = text("calls.ended_at IS NULL AND calls.parent_call_id IS NOT NULL")
#: The roles of legs that reserve a staff member whom we called.
_OF_STAFF = (LIAISON, AT_0, COLLEAGUE, CALLING_OUT)
#: The call of the caller that a leg was made for.
_PARENT = aliased(Call)
#: What a clock that was ahead may have written of a person of the staff.
_MOMENTS = ("busy_since", "wrap_up_until", "resting_until", "spared_until", "on_staff_line_until")
_Legs = TypeVar("_Legs", bound=Select[*tuple[Any, ...]])
#: Longer than any liaison's leg can last after its callback went on without it: it was told long ago.
_TOLD_TO_END = timedelta(seconds=200)
#: The carrier may be asked much earlier whether such a leg is over: asking cuts nobody off.
_ASKED_ABOUT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class LiveLeg:
    """A leg of a callback, from its row."""

    id: int
    call_sid: str | None
    call_status: str | None
    is_over: bool


def give_back_lapsed(session: Session, now: datetime) -> None:
    """Return callbacks whose worker died after the claim and before reserving a liaison; nothing was dialed.

    The same applies to claims of staff that nobody used, and to those of staff whose shift has since ended,
    or who have since begun a break. A callback that had been left for staff goes back to them.
    """
    for row in session.execute(_LAPSED_CLAIMS, {"now": now}).all():
        still = (
            Callback.lease_until == row.lease_until,
            Callback.taken_up_at.is_not_distinct_from(row.taken_up_at),
        )
        move = "give_back" if row.taken_up_at is None else "leave"
        advance(session, row.id, move, actor="sweeper", now=now, only_if=still)


def settle_set_back(session: Session, now: datetime, ahead: timedelta, policy: CallbackPolicy) -> None:
    """The clock was ``ahead`` and is set right: no callback, claim or pause waits for where it was (R36).

    What it promised moves by as much. A part of the day that a person chose by it moves by whole days, so the
    evening stays the evening. Which other moment it wrote no row says, so every open callback is looked at
    again that much earlier, but not before what was agreed on: its hours are checked again before anybody is
    called. One that waits behind news is promised again at its moment, so that moves as well.
    """
    later = now + AHEAD
    callbacks = select(Callback).where(
        or_(IS_OPEN, and_(*WAITS)),
        or_(Callback.next_attempt_at > later, Callback.requested_at > later, Callback.lease_until > later),
    )
    for callback in session.scalars(callbacks.order_by(Callback.id).with_for_update()):
        _set_right(callback, now, ahead)
        if callback.claimed_at is not None and callback.claimed_at > later:
            callback.claimed_at -= ahead
            callback.lease_until = callback.lease_until and callback.lease_until - ahead
        elif callback.lease_until and (callback.claimed_at is None or callback.state in RINGING_STATES):
            callback.lease_until = min(callback.lease_until, policy.caller_lease(now))
    people = select(Staff).where(or_(*(getattr(Staff, name) > later for name in _MOMENTS)))
    for person in session.scalars(people.order_by(Staff.id).with_for_update()):
        for name in _MOMENTS:
            until = getattr(person, name)
            if until is not None and until > later:
                setattr(person, name, max(now, until - ahead))
        if person.resting_since is not None and person.resting_since > later:
            person.resting_since -= ahead
    session.flush()


def _set_right(callback: Callback, now: datetime, ahead: timedelta) -> None:
    """A moment that its person and staff agreed on by the right clock stays that moment."""
    later, zone = now + AHEAD, ZoneInfo(callback.time_zone)
    is_agreed = callback.rescheduled_by_id is not None or callback.reason == LATER
    is_early, has_hours = promised_later(callback) is not None, callback.window_starts is not None

    def back(at: datetime) -> datetime:
        if not (is_agreed or has_hours):
            return at - ahead
        return (at.astimezone(zone) - timedelta(days=round(ahead / timedelta(days=1)))).astimezone(UTC)

    at = callback.next_attempt_at
    written = max(callback.requested_at, callback.news_at if is_agreed else callback.requested_at)
    # Nobody promises a call as far ahead as that: a time chosen for an older request is of that clock, too.
    if written > later or callback.due_at > now + LONGEST_AHEAD + timedelta(days=1):
        starts, ends = callback.window_starts, callback.window_ends
        callback.window_starts, callback.window_ends = starts and back(starts), ends and back(ends)
        callback.due_at, callback.next_attempt_at = back(callback.due_at), min(at, max(now, back(at)))
        # Nobody has to see to one that waits behind news, so nobody is told of it.
        for name, untold in () if is_waiting(callback) else UNTOLD.items():
            setattr(callback, name, untold)
    if callback.requested_at > later:
        callback.requested_at -= ahead
    callback.news_at = min(callback.news_at, now)
    first = callback.due_at if is_agreed else now if is_early else callback.window_starts or now
    callback.next_attempt_at = min(callback.next_attempt_at, max(now, first, at - ahead))


def lapsed_callbacks(session: Session, now: datetime) -> Sequence[int]:
    """Callbacks with a ringing leg that has been without news for longer than it may."""
    return session.scalars(_LAPSED_RINGS, {"now": now}).all()


def legs_of(session: Session, callback: Callback) -> list[LiveLeg]:
    """The legs of the current attempt: the caller's first, since its news is more urgent."""
    found = []
    for call_id in (callback.caller_call_id, callback.liaison_call_id):
        leg = session.get(Call, call_id) if call_id is not None else None
        if leg is not None:
            found.append(LiveLeg(leg.id, leg.call_sid, leg.call_status, leg.ended_at is not None))
    return found


def undialled_callers(session: Session, now: datetime) -> Sequence[int]:
    """Accepted callbacks whose caller no worker has begun to dial."""
    return session.scalars(_UNDIALLED_CALLERS, {"lost": now - _JOB_LOST_AFTER}).all()


def undialled_takers(session: Session, now: datetime) -> Sequence[int]:
    """Legs of staff who asked to be called, for a callback or to call out, that no worker has begun to dial.

    This includes legs whose callback went on without them: the job for such a leg frees its person instead.
    """
    return session.scalars(_UNDIALLED_TAKERS, {"lost": now - _JOB_LOST_AFTER}).all()


def undialled_joiners(session: Session, now: datetime) -> Sequence[int]:
    """Legs of colleagues and interpreters that no worker has begun to call into a talk."""
    return _ids(session, _UNDIALLED_JOINERS, {"lost": now - _JOB_LOST_AFTER})


def undialled_at_0(session: Session, now: datetime) -> Sequence[int]:
    """Legs of liaisons for callers at 0 that no worker has begun to dial."""
    return session.scalars(_UNDIALLED_AT_0, {"lost": now - JOB_LOST_AFTER}).all()


def talks_to_ask_about(session: Session, since: datetime, now: datetime, policy: CallbackPolicy) -> list[int]:
    """Legs of talks and call-outs whose end event may have been lost: it is time to ask the carrier again.

    These are the legs of leader and caller, and of those who joined or were called: one that ended unheard
    would count as being with the caller. Each is asked about once in ``talk_check_seconds``, so that not
    every sweep asks the carrier; ``since`` is the moment of the previous sweep.
    """
    every = policy.talk_check
    in_talks = [
        call_id
        for legs in _LEGS_OF_TALKS
        for call_id, began in session.execute(legs).all()
        if (now - began) // every > max(0, (since - began) // every)
    ]
    return [*in_talks, *to_ask_about(session, since, now, every)]


def held_in_conference(session: Session, now: datetime) -> Sequence[int]:
    """Legs of callers who were put on hold and are still in the conference, where staff may be as well.

    Only a job takes them out of it: a leg in a conference does not poll.
    """
    return session.scalars(_HELD_INSIDE, {"lost": now - _JOB_LOST_AFTER}).all()


def passed_offers(session: Session, now: datetime) -> Sequence[int]:
    """Legs of staff who did not take a caller at 0 or join a talk, and whose end is unknown: ask the carrier.

    Their person is free already. Until the leg ends nobody else is called for the caller, or into the talk.
    """
    return _ids(session, _PASSED_OFFERS, {"asked": now - _ASKED_ABOUT})


def unknown_joiners(session: Session, now: datetime, policy: CallbackPolicy) -> Sequence[int]:
    """Legs called into current talks of which nobody knows whether they were placed, after their ring time.

    A worker died while it dialed, or the carrier's answer was lost and no event came. Nobody else can be
    called into the talk until such a leg is given up.
    """
    ring = timedelta(seconds=policy.numbers.liaison_ring_seconds) + policy.lease
    return _ids(session, _UNKNOWN_JOINERS, {"rung": now - ring})


def close_forgotten(session: Session, now: datetime) -> list[Job]:
    """Close talks and call-outs that are longer than any call; the jobs to enqueue after the commit."""
    close_lost(session, now)
    return [
        job
        for talk in session.scalars(_FORGOTTEN_TALKS, {"long_ago": now - LONGEST_CALL}).all()
        for job in close_talk(session, talk, "sweeper", now, None)
    ]


def free_forgotten(session: Session, now: datetime, policy: CallbackPolicy) -> tuple[list[int], list[int]]:
    """Free liaisons whose leg is surely over; returns the legs of others that may reserve them for nothing.

    The carrier is to be asked about the first, and told to end the second if they are still live.
    """
    ring = timedelta(seconds=policy.numbers.liaison_ring_seconds) + policy.lease
    in_question: list[int] = []
    to_end: list[int] = []
    for call, callback, talk, callout, busy_since, parent_ended_at in session.execute(_RESERVING).all():
        age = now - (busy_since or call.started_at)
        rings_at_0 = call.role == AT_0 and call.accepted_at is None and parent_ended_at is None
        rings_to_call_out = callout is not None and callout.dialled_at is None
        if call.ended_at is not None or age > LONGEST_CALL + policy.lease:
            free_liaison(session, call.id, now)
        elif (rings_at_0 or rings_to_call_out) and age > ring and call.call_sid is None:
            call.ended_at = now
            free_liaison(session, call.id, now)
        elif rings_at_0:
            # A leg that a worker placed: somebody may just be hearing what it is about.
            in_question += [call.id] if age > ring else []
        elif call.role in _OF_STAFF and not _serves(call, callback, talk, callout):
            if age > _TOLD_TO_END and call.call_sid is None:
                call.ended_at = now
                free_liaison(session, call.id, now)
            elif age > _TOLD_TO_END:
                to_end.append(call.id)
            elif age > _ASKED_ABOUT and call.call_sid is not None:
                in_question.append(call.id)
    return in_question, to_end


def _serves(call: Call, callback: Callback | None, talk: Talk | None, callout: Callout | None) -> bool:
    if callout is not None:
        return callout.closed_at is None and callout.dialled_at is not None
    if talk is not None:
        # A colleague serves from their key on; one who did not answer, or whose call nobody knows of, does
        # not.
        joined = call.role == COLLEAGUE and call.accepted_at is not None
        return joined or call.id == talk.leader_call_id
    return callback is not None and callback.closed_at is None and call.id == callback.liaison_call_id


def _ids(session: Session, statements: Iterable[Select[int]], values: dict[str, Any]) -> list[int]:
    return [found for legs in statements for found in session.scalars(legs, values)]


def _joiners(legs: _Legs) -> tuple[_Legs, _Legs]:
    """Those of ``legs`` that were created to join a talk, of a callback and of a caller at 0."""
    joiners = legs.where(Call.role.in_(JOINERS))
    return (
        joiners.join(Talk, Talk.callback_id == Call.callback_id),
        joiners.where(_OF_CALLER).join(Talk, Talk.caller_call_id == Call.parent_call_id),
    )


# The statements are built once: every pass of the sweeper sends them, and building takes longer than sending.
_LAPSED_CLAIMS = (
    select(Callback.id, Callback.taken_up_at, Callback.lease_until)
    .outerjoin(Staff, Staff.id == Callback.staff_id)
    .where(
        _IN_HAND,
        Callback.state == "claimed",
        or_(
            Callback.lease_until < bindparam("now"),
            and_(~Staff.on_shift, Staff.shift_changed_at > Callback.claimed_at),
            and_(Staff.resting_until.is_not(None), Staff.resting_since > Callback.claimed_at),
        ),
    )
)
_LAPSED_RINGS = (
    select(Callback.id)
    .where(_IN_HAND, Callback.state.in_(RINGING_STATES), Callback.lease_until < bindparam("now"))
    .order_by(Callback.id)
)
#: A leg that no worker has begun to dial although its job is due since ``lost``.
_UNDIALLED = and_(UNDIALLED, Call.started_at < bindparam("lost"))
_UNDIALLED_CALLERS = (
    select(Callback.id)
    .join(Call, Call.id == Callback.caller_call_id)
    .where(
        _IN_HAND,
        Callback.state == "ringing_caller",
        _UNDIALLED,
        # A worker that waits for its slot has recorded the slot here.
        Callback.next_attempt_at < bindparam("lost"),
    )
    .order_by(Callback.id)
)
_UNDIALLED_TAKERS = (
    select(Call.id)
    .join(Staff, Staff.busy_call_id == Call.id)
    .where(Call.role.in_((LIAISON, CALLING_OUT)), _UNDIALLED)
)
_UNDIALLED_AT_0 = select(Call.id).where(_OF_CALLER, _UNDIALLED, Call.role == AT_0)
_UNDIALLED_JOINERS = (
    select(Call.id)
    .join(Talk, Talk.callback_id == Call.callback_id)
    .where(IS_ON, _UNDIALLED, Call.role.in_(JOINERS)),
    select(Call.id).where(_OF_CALLER, _UNDIALLED, Call.role.in_(JOINERS)),
)
_HELD_INSIDE = select(Call.id).where(
    Call.id.in_(select(Talk.caller_call_id).where(IS_ON, Talk.held_at < bindparam("lost"))),
    Call.place == IN_TALK,
    Call.ended_at.is_(None),
)
_LIVE = select(Call.id, Talk.began_at).where(IS_ON, Call.ended_at.is_(None), Call.call_sid.is_not(None))
_LEGS_OF_TALKS = (
    _LIVE.join(Talk, or_(Call.id == Talk.leader_call_id, Call.id == Talk.caller_call_id)),
    *_joiners(_LIVE),
)
_PASSED = (
    Call.accepted_at.is_(None),
    Call.call_status == LEAVING,
    Call.call_sid.is_not(None),
    Call.started_at < bindparam("asked"),
)
_PASSED_OFFERS = (
    select(Call.id).where(
        _OF_CALLER,
        Call.role == AT_0,
        *_PASSED,
        exists().where(QueuedCall.call_id == Call.parent_call_id, QueuedCall.ended_at.is_(None)),
    ),
    *_joiners(select(Call.id).where(IS_ON, Call.ended_at.is_(None), *_PASSED)),
)
_UNKNOWN_JOINERS = _joiners(
    select(Call.id).where(
        IS_ON,
        Call.ended_at.is_(None),
        Call.call_sid.is_(None),
        Call.call_status == DIALLING,
        Call.started_at < bindparam("rung"),
    )
)
_FORGOTTEN_TALKS = select(Talk).where(IS_ON, Talk.began_at < bindparam("long_ago"))
#: The legs that reserve somebody, with what they may serve.
_RESERVING = (
    select(Call, Callback, Talk, Callout, Staff.busy_since, _PARENT.ended_at)
    .join(Staff, Staff.busy_call_id == Call.id)
    .outerjoin(_PARENT, _PARENT.id == Call.parent_call_id)
    .outerjoin(Callback, Callback.id == Call.callback_id)
    .outerjoin(Callout, Callout.call_id == Call.id)
    .outerjoin(
        Talk,
        and_(IS_ON, or_(Talk.callback_id == Call.callback_id, Talk.caller_call_id == Call.parent_call_id)),
    )
)
