"""What follows when a leg ends: who is freed, and where the callback that it served goes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, text, update
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback, locked
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.liaison import free_liaison
from models.callbacks.lone_refusal import FIRST_PAUSE
from models.callbacks.next_try import caller_missed, leave_for_staff, liaison_missed, rung_in_vain
from models.callbacks.to_new_phone import is_for_code
from models.callouts.callout import staff_left
from models.calls.call import CALLS
from models.calls.call_status import DIALLING, LEAVING, LONGEST_CALL
from models.calls.place import FAULTED
from models.calls.role import (
    ALERTED,
    AT_0,
    CALLED_BACK,
    CALLER,
    CALLING_OUT,
    COLLEAGUE,
    INTERPRETER,
    LIAISON,
    NOTIFIED,
    STAFF_LINE,
)
from models.calls.staff_line_stay import leave_line
from models.notices.leg_over import notice_leg_ended
from models.staff.set_away import note_miss
from models.store.job import Job
from models.talks.abandoned_wait import wait_ended
from models.talks.call_queue import wait_of, was_missed
from models.talks.joiner import joiner_missed
from models.talks.queue_ring import stop_ringing
from models.talks.talk import Talk, latest_talk, talk_for
from models.talks.talk_broke_off import talk_cut_off
from models.talks.talk_end import caller_left, leader_left, settle

#: How a leg ends that nobody answered; for a phone in use the carrier says busy.
_NOT_TAKEN = ("busy", "no-answer")
#: A person who pressed a key in another call with us this recently is still in it, unless its end was
#: reported.
_ON_IT = timedelta(minutes=10)
#: How soon a person whose phone was busy with a call to us is tried again.
_AFTER_THEIR_CALL = timedelta(minutes=2)
#: A round may fail for reasons that are not the person's this many times the allowed tries; then it counts as
#: a try.
_IN_VAIN = 2
#: The exact words of the partial indexes, so that both databases use them.
_LIVE = text("calls.ended_at IS NULL AND calls.staff_id IS NOT NULL")
_OPEN_INBOUND = text("calls.ended_at IS NULL AND calls.direction = 'inbound'")
_LIVE_NOTICE = text("calls.ended_at IS NULL AND calls.notice_id IS NOT NULL")


def leg_ended(
    session: Session,
    call_id: int,
    call_status: str,
    now: datetime,
    policy: CallbackPolicy,
    *,
    actor: str = "carrier",
    counted: bool = True,
    pause: timedelta | None = None,
    ended_at: datetime | None = None,
) -> list[Job]:
    """Apply the end of a call, once, however often it is reported; the jobs to enqueue after the commit.

    A liaison's leg that ends before the accept key passes the callback on; a caller's leg that ends before
    its key sends it back to the list; after both keys, either end closes it as reached (Legs). ``counted`` is
    False when the end says nothing about the person called, for example when the carrier is overloaded; the
    person called is then tried again after ``pause``, or soon. ``ended_at`` is when the call ended, LONG_AGO
    if nobody knows, and omitted if it ends now: a talk is measured until then.
    """
    ended = session.execute(
        update(CALLS)  # The leg before its callback: callback_of holds them in the same order.
        .where(CALLS.c.id == call_id, CALLS.c.ended_at.is_(None))
        .values(call_status=call_status, ended_at=now, said="", new_pin_hash=None)
        .returning(
            CALLS.c.callback_id,
            CALLS.c.notice_id,
            CALLS.c.call_sid,
            CALLS.c.phone_key,
            CALLS.c.parent_call_id,
            CALLS.c.staff_id,
            CALLS.c.direction,
            CALLS.c.role,
            CALLS.c.started_at,
            CALLS.c.accepted_at,
            CALLS.c.turn,
            CALLS.c.place,
        )
    ).first()
    if ended is None:
        return []
    callback = None if ended.callback_id is None else locked(session, ended.callback_id)
    was_reserved = free_liaison(session, call_id, now)
    if ended.staff_id is not None and ended.direction == "inbound":
        leave_line(session, ended.staff_id)
    end = _End(
        session, call_id, ended, call_status, now,
        now if ended_at is None else min(ended_at, now), policy, actor, counted, pause, callback,
        was_reserved, is_missed=counted and _is_missed(session, ended, call_id, call_status, now),
    )  # fmt: skip
    return _BY_ROLE[ended.role](end)


@dataclass(frozen=True, slots=True)
class _End:
    """The end of one leg as reported now, with the reservations it had."""

    session: Session
    call_id: int
    leg: Any
    call_status: str
    now: datetime
    over_at: datetime
    policy: CallbackPolicy
    actor: str
    counted: bool
    pause: timedelta | None
    callback: Callback | None
    was_reserved: bool
    is_missed: bool


def _caller_ended(end: _End) -> list[Job]:
    """An inbound call is over: its wait at 0, its talk, and any phone that rings for it."""
    # The wait first: a liaison's key at this moment locks it, and their talk is visible only after that.
    jobs = wait_ended(end.session, end.call_id, end.now, end.policy)
    talk = latest_talk(end.session, end.call_id)
    if talk is not None:
        jobs += talk_cut_off(end.session, talk, end.now, end.over_at, end.policy)
        if not talk.is_over:
            jobs += caller_left(end.session, talk, end.actor, end.now, end.over_at, end.policy)
    return jobs + stop_ringing(end.session, end.call_id, end.now)


def _liaison_ended(end: _End) -> list[Job]:
    """The leg of a liaison who was called for a callback, or took it on the staff line, is over."""
    callback = end.callback
    if callback is None:
        return []
    if callback.state in ("ringing_liaison", "ringing_caller") and end.call_id == callback.liaison_call_id:
        if end.is_missed and callback.state == "ringing_liaison" and callback.claimed_at is None:
            note_miss(end.session, end.leg.staff_id, end.now, end.policy.numbers)
        return _attempt_lost(
            end, callback, counted=end.is_missed or (end.counted and end.call_status == "failed")
        )
    return _left_talk(end, talk_for(end.session, callback.id))


def _attempt_lost(end: _End, callback: Callback, *, counted: bool) -> list[Job]:
    """The liaison is gone before the person talked with them."""
    other = callback.caller_call_id
    if other is not None and _may_have_been_dialled(end.session, other):
        # Nobody knows whether the person was called: another try might call them twice for one acceptance.
        return leave_for_staff(end.session, callback, end.now, end.actor, "unknown")
    liaison_missed(end.session, callback, end.now, end.policy, end.actor, counted=counted)
    return [("release_leg", other)] if other is not None else []


def _person_ended(end: _End) -> list[Job]:
    """The leg of the person called back is over: they were missed, or their talk ends."""
    callback = end.callback
    if callback is None or end.call_id != callback.caller_call_id:
        return []
    if callback.state == "ringing_caller":
        # Only the carrier canceled it, and the person has missed nothing.
        counted, pause = end.counted and end.call_status != "canceled", end.pause
        not_theirs = _pause_without_a_try(
            end.session, callback, end.call_status, end.leg, end.now, end.policy
        )
        if not_theirs is not None:
            counted, pause = False, not_theirs
        liaison_leg = callback.liaison_call_id
        if end.pause is not None and end.pause > FIRST_PAUSE and not is_for_code(end.session, callback):
            # The carrier refuses this phone again and again, and no other: each liaison would accept in vain.
            return leave_for_staff(end.session, callback, end.now, end.actor, "cannot_dial")
        caller_missed(end.session, callback, end.now, end.policy, end.actor, counted=counted, pause=pause)
        return [("release_leg", liaison_leg)] if liaison_leg is not None else []
    talk = talk_for(end.session, callback.id)
    liaison_leg = callback.liaison_call_id if talk is None else talk.leader_call_id
    if liaison_leg is not None:
        # They are free without waiting for news of their own leg.
        free_liaison(end.session, liaison_leg, end.now)
    if talk is None or talk.is_over:
        return []
    return caller_left(end.session, talk, end.actor, end.now, end.over_at, end.policy)


def _liaison_at_0_ended(end: _End) -> list[Job]:
    """The leg of a liaison who was called for a caller at 0 is over."""
    caller_call_id = end.leg.parent_call_id
    waits = wait_of(end.session, caller_call_id) is not None
    if end.was_reserved and end.is_missed and waits:
        note_miss(end.session, end.leg.staff_id, end.now, end.policy.numbers)
    talk = latest_talk(end.session, caller_call_id, began_by=end.leg.accepted_at)
    if talk is None or talk.is_over:
        return was_missed(end.session, end.call_id)
    return _left_talk(end, talk)


def _joiner_ended(end: _End) -> list[Job]:
    """A colleague or an interpreter has left, or did not come."""
    if end.callback is not None:
        return _left_talk(end, talk_for(end.session, end.callback.id))
    return _left_talk(end, latest_talk(end.session, end.leg.parent_call_id, began_by=end.leg.started_at))


def _left_talk(end: _End, talk: Talk | None) -> list[Job]:
    """A staff member or an interpreter has left a talk, and the caller must not stay alone in it."""
    if talk is None or talk.is_over:
        return []
    if end.call_id == talk.leader_call_id:
        return leader_left(end.session, talk, end.actor, end.now, end.over_at, end.policy)
    return joiner_missed(end.session, talk, end.call_id) + settle(end.session, talk, end.now)


def _alert_ended(_end: _End) -> list[Job]:
    """The person warned about promises has heard it, or is warned again by the alert's own rule."""
    return []


def _call_out_ended(end: _End) -> list[Job]:
    """The leg of a person who was called for a call-out is over, and with it the call to the party."""
    staff_left(end.session, end.call_id, end.now)
    return []


def _notified_ended(end: _End) -> list[Job]:
    """The call about a notice is over: it waits for its next try, unless the person confirmed it."""
    notice_leg_ended(
        end.session, end.call_id, end.leg, end.call_status, end.now, end.policy,
        counted=end.counted, pause=end.pause,
    )  # fmt: skip
    return []


_BY_ROLE: Mapping[str, Callable[[_End], list[Job]]] = {
    CALLER: _caller_ended,
    STAFF_LINE: _liaison_ended,
    LIAISON: _liaison_ended,
    CALLED_BACK: _person_ended,
    AT_0: _liaison_at_0_ended,
    COLLEAGUE: _joiner_ended,
    INTERPRETER: _joiner_ended,
    ALERTED: _alert_ended,
    CALLING_OUT: _call_out_ended,
    NOTIFIED: _notified_ended,
}


def _pause_without_a_try(
    session: Session, callback: Callback, call_status: str, ended: Any, now: datetime, policy: CallbackPolicy
) -> timedelta | None:
    """How long to wait after a round in which the person has missed nothing; None if they have missed it.

    Their phone is busy with us, they are talking with a liaison about another callback, or they answered and
    an error of ours ended the call (R36). This applies only to some rounds: anybody can keep a call open
    under this number, and a liaison accepts before each.
    """
    if call_status == "busy" and (
        _is_on_the_line(session, callback.phone_key, now) or _is_called_elsewhere(session, callback)
    ):
        rounds, pause = _busy_rounds(session, callback), _AFTER_THEIR_CALL
    elif (call_status == "completed" and _heard_nothing(ended)) or _is_called_elsewhere(
        session, callback, ("talking",)
    ):
        # A phone with call waiting keeps ringing while its person talks with us, or a machine answers it.
        rounds, pause = rung_in_vain(session, callback), policy.retry
    else:
        return None
    return None if rounds > _IN_VAIN * policy.numbers.caller_tries else pause


def _is_called_elsewhere(
    session: Session, callback: Callback, states: tuple[str, ...] = ("ringing_caller", "talking")
) -> bool:
    """Whether we call the same phone, or talk on it, for another callback that is in one of ``states``."""
    other = select(Callback.id).where(
        Callback.phone_key == callback.phone_key,
        Callback.id != callback.id,
        Callback.state.in_(states),
    )
    return session.execute(other.limit(1)).first() is not None


def _is_on_the_line(session: Session, phone_key: str, now: datetime) -> bool:
    """Whether this phone is in a call from it, or in one about a notice in which a key was pressed.

    A doubted caller ID does not count. A call about a notice goes on while its person talks with a partner.
    """
    # The end event of an older one was lost.
    mine = and_(CALLS.c.phone_key == phone_key, CALLS.c.started_at > now - LONGEST_CALL)
    inbound = select(CALLS.c.id).where(_OPEN_INBOUND, mine, CALLS.c.caller_id_doubted.is_(False))
    notified = select(CALLS.c.id).where(_LIVE_NOTICE, mine, CALLS.c.accepted_at.is_not(None))
    return any(session.execute(one.limit(1)).first() is not None for one in (inbound, notified))


def _busy_rounds(session: Session, callback: Callback) -> int:
    """How often this callback has found its person's phone busy."""
    busy = select(func.count()).where(
        CALLS.c.callback_id == callback.id, CALLS.c.role == CALLED_BACK, CALLS.c.call_status == "busy"
    )
    return session.scalar(busy) or 0


def _is_on_another_leg(session: Session, staff_id: int | None, call_id: int, now: datetime) -> bool:
    """Whether this staff member was in another call with us when the phone was busy, or rang.

    This includes a person whom the line itself calls at that moment to tell about late promises. A call that
    was told to end does not count, even if the carrier never reports its end.
    """
    is_warned = and_(CALLS.c.role == ALERTED, CALLS.c.started_at > now - _ON_IT)
    other = select(CALLS.c.id).where(
        _LIVE,
        CALLS.c.staff_id == staff_id,
        func.coalesce(CALLS.c.call_status, "") != LEAVING,
        CALLS.c.id != call_id,
        or_(CALLS.c.last_key_at > now - _ON_IT, is_warned),
    )
    return staff_id is not None and session.execute(other.limit(1)).first() is not None


def _is_missed(session: Session, ended: Any, call_id: int, call_status: str, now: datetime) -> bool:
    """Whether a leg shows that its staff member was not there: no answer, busy, or answered without the key.

    It does not if they are in another call with us, or if an error of ours kept them from taking it.
    """
    if ended.staff_id is None or ended.accepted_at is not None:
        return False
    if call_status in _NOT_TAKEN:
        return not _is_on_another_leg(session, ended.staff_id, call_id, now)
    return call_status == "completed" and not _heard_nothing(ended)


def _heard_nothing(ended: Any) -> bool:
    """Whether a leg ended before any of our words, or with an apology: its person missed nothing (R36)."""
    return bool(ended.turn == 0 or ended.place == FAULTED)


def _may_have_been_dialled(session: Session, call_id: int) -> bool:
    """Whether a worker began to dial this leg and the carrier has not named its call yet."""
    begun = select(CALLS.c.id).where(
        CALLS.c.id == call_id, CALLS.c.call_status == DIALLING, CALLS.c.call_sid.is_(None)
    )
    return session.execute(begun).first() is not None
