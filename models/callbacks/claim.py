"""A claim: a staff member keeps a callback for themselves for a while. It calls nobody yet.

The dispatcher offers only unclaimed callbacks to others; an unused claim is returned automatically.
"""

from datetime import datetime, timedelta
from typing import NoReturn

from sqlalchemy import ColumnElement, and_, exists, or_, select, text
from sqlalchemy.orm import Session, aliased

from models.audit import audit
from models.callbacks.callback import IS_OWED, NEWS_OVER, NOTICE_TASK, Callback, advance, locked
from models.callbacks.callback_state import TAKEN_UP_AGAIN
from models.callbacks.follow_up import (
    ANEW,
    BEHIND_NEWS,
    CONTINUES,
    NOT_CALLED,
    promise_as_before,
    why_not_called,
)
from models.callbacks.owed_already import A_MOMENT
from models.callbacks.refusals import CallbackRefusal
from models.callbacks.to_new_phone import is_for_code, lacks_code
from models.calls.two_lists import rank_of
from models.cases.duress import may_call
from models.staff.alert import LEFT_TOLD
from models.staff.staff import Staff
from models.staff.staff_name import read_staff_names
from models.store.policies import Policies
from models.store.refusal import RefusedError

#: The roles that may take a callback away from somebody else.
OVERSEERS = ("supervisor", "administrator")
#: The audit's word for a callback that was handed to a colleague.
HANDED = "hand_callback"
#: In the words of the partial index of callbacks that were left.
WAITS = (text("callbacks.state = 'left_for_staff'"), Callback.outcome == BEHIND_NEWS)
_IN_CALL = ("ringing_liaison", "ringing_caller", "talking")
_OTHER = aliased(Callback)
#: What a call of staff takes from the promise that it keeps, beside its class.
_OF_PROMISE = (
    "reason", "requested_at", "requested_in_call_id", "due_at", "news_at", "window_starts", "window_ends",
    "language", "time_zone", "silent", "voicemail_allowed", "voicemail_text", "may_answer", "when_dropped",
    "caller_tries", "asked_elsewhere", "begun_by_staff", "taken_up_at", "rescheduled_by_id",
    "window_of_phone",
)  # fmt: skip


def claim(session: Session, callback_id: int, staff_id: int, now: datetime, policies: Policies) -> Callback:
    """Claim a callback for this person; an existing claim of theirs does not change.

    Staff take up a callback that was left for them in no other way: nobody knows whether the person was
    called. Raises RefusedError when it is somebody else's, somebody is being called for it, it is over, or it
    does not exist.
    """
    callback = standing(session, callback_id)
    if is_mine(callback, staff_id):
        return callback
    until = claimed_until(now, policies)
    if callback.state in ("requested", TAKEN_UP_AGAIN):
        may_see_to(session, callback, staff_id)
    if callback.state == "requested":
        advance(
            session, callback.id, "claim", actor=actor_of(staff_id), now=now,
            staff_id=staff_id, claimed_at=now, lease_until=until, missed_by_id=None,
        )  # fmt: skip
    elif callback.state == TAKEN_UP_AGAIN:
        _take_up(session, callback, staff_id, now, until)
    else:
        refuse(session, callback)
    session.refresh(callback)
    return callback


def release(session: Session, callback_id: int, staff: Staff, now: datetime) -> None:
    """Return a claim early: to the list, or to staff if it had been left for them.

    An overseer may release anybody's. Raises RefusedError when there is no such claim.
    """
    callback = standing(session, callback_id)
    if callback.state != "claimed" or callback.staff_id is None:
        refuse(session, callback)
    if callback.staff_id != staff.id and staff.role not in OVERSEERS:
        refuse(session, callback)
    let_go(session, callback, actor_of(staff.id), now)


def hand(
    session: Session, callback_id: int, staff: Staff, to_id: int, now: datetime, policies: Policies
) -> Staff:
    """Hand a callback to a colleague on shift: the claim is theirs, for the few minutes to begin it.

    Returns the colleague. If they do not begin it, it goes back to the list. Raises RefusedError when it is
    somebody else's, somebody is being called for it, or it is over, and for a colleague who is not on shift,
    on a break, not on the staff list, or after a use of the duress PIN not one of those who know of it (R10).
    """
    callback = standing(session, callback_id)
    # Locked, so that deactivating their account at this same moment comes before or after.
    colleague = session.get(Staff, to_id, populate_existing=True, with_for_update={"key_share": True})
    if colleague is None or colleague.left_at is not None:
        raise RefusedError(CallbackRefusal.UNKNOWN_COLLEAGUE)
    if not colleague.on_shift:
        raise RefusedError(CallbackRefusal.OFF_SHIFT, name=name_of(session, colleague))
    if colleague.resting_until is not None:
        raise RefusedError(CallbackRefusal.ON_BREAK, name=name_of(session, colleague))
    if callback.state == "claimed" and callback.staff_id not in (None, staff.id):
        # An overseer hands on a callback that somebody else claimed.
        if staff.role not in OVERSEERS:
            refuse(session, callback)
    elif not is_mine(callback, staff.id):
        callback = claim(session, callback_id, staff.id, now, policies)
    if callback.state != "claimed":
        refuse(session, callback)
    may_see_to(session, callback, staff.id)
    if not may_call(session, colleague.id, callback.case_id, callback.registrant_id):
        # They would have a claim that they cannot call for, and could reschedule or cancel it (R10).
        raise RefusedError(CallbackRefusal.NOT_FOR_COLLEAGUE, name=name_of(session, colleague))
    callback.staff_id, callback.claimed_at = colleague.id, now
    callback.lease_until = now + timedelta(minutes=policies.handed_minutes)
    session.flush()
    audit.record(
        session,
        actor=actor_of(staff.id),
        action=HANDED,
        target=f"callback:{callback.id}",
        facts={"to": f"staff:{colleague.id}"},
        now=now,
    )
    return colleague


def may_see_to(session: Session, callback: Callback, staff_id: int) -> None:
    """Refuse a callback that only those who know of a use of the duress PIN see to. Raises RefusedError.

    The words tell nobody else (R10).
    """
    if not may_call(session, staff_id, callback.case_id, callback.registrant_id):
        raise RefusedError(CallbackRefusal.RINGING_COLLEAGUE)


def claimed_until(now: datetime, policies: Policies) -> datetime:
    """Until when a claim made now is valid."""
    return now + timedelta(minutes=policies.claim_minutes)


def standing(session: Session, callback_id: int) -> Callback:
    """The callback, locked until the transaction ends. Raises RefusedError if none has this id."""
    callback = locked(session, callback_id)
    if callback is None:
        raise RefusedError(CallbackRefusal.UNKNOWN)
    return callback


def is_mine(callback: Callback, staff_id: int) -> bool:
    """Whether this person has it: claimed, ringing, or talking."""
    return callback.staff_id == staff_id and callback.state in _IN_HAND


def let_go(session: Session, callback: Callback, actor: str, now: datetime) -> None:
    """End a claim: a callback that had been left for staff is left for them again."""
    if callback.taken_up_at is None:
        advance(session, callback.id, "give_back", actor=actor, now=now)
    else:
        advance(session, callback.id, "leave", actor=actor, now=now)
    session.refresh(callback)


def refuse(session: Session, callback: Callback) -> NoReturn:
    """Say who has a callback and since when, or how it ended. Always raises RefusedError."""
    holder = session.get(Staff, callback.staff_id) if callback.staff_id is not None else None
    name = None if holder is None else name_of(session, holder)
    if callback.state == "claimed" and name is not None:
        raise RefusedError(CallbackRefusal.CLAIMED, name=name, at=callback.claimed_at)
    if callback.state in ("ringing_liaison", "ringing_caller") and name is not None:
        raise RefusedError(CallbackRefusal.RINGING, name=name)
    if callback.state == "talking" and name is not None:
        raise RefusedError(CallbackRefusal.TALKING, name=name, at=callback.talking_at)
    if callback.state == "claimed":
        raise RefusedError(CallbackRefusal.RINGING_COLLEAGUE)
    if callback.state == "requested":
        raise RefusedError(CallbackRefusal.WAITING)
    if callback.state == TAKEN_UP_AGAIN:
        raise RefusedError(CallbackRefusal.LEFT_FOR_STAFF)
    raise RefusedError(CallbackRefusal.CLOSED, at=callback.closed_at)


def name_of(session: Session, staff: Staff) -> str:
    """The name that colleagues see."""
    return read_staff_names(session).by_id[staff.id]


def actor_of(staff_id: int) -> str:
    """How the audit and the state table name a staff member in the console or on the command line."""
    return f"staff:{staff_id}"


def may_be_called(session: Session, callback: Callback, now: datetime) -> None:
    """Refuse to call a phone that said stop, or that a wrong person answered. Raises RefusedError.

    So is a call to a phone that nobody has confirmed, without a valid code to say to it (R09).
    """
    if callback.outcome in NOT_CALLED:
        raise RefusedError(why_not_called(callback.outcome))
    if lacks_code(session, callback, now):
        raise RefusedError(CallbackRefusal.PHONE_NOT_CONFIRMED)


def may_take_up(session: Session, callback: Callback, now: datetime) -> None:
    """Refuse to take up a callback that another one replaces, or that another one tells. Raises RefusedError.

    A promised callback whose time has come never waits behind news: the news is told in that call.
    """
    if callback.outcome == ANEW:
        raise RefusedError(CallbackRefusal.PROMISED_ANEW)
    if callback.reason == NOTICE_TASK:
        other = session.get(Callback, owed_beside(session, callback) or 0)
        if other is not None and other.state in ("requested", "claimed") and other.next_attempt_at <= now:
            raise RefusedError(CallbackRefusal.TELL_IN_PROMISED)
    if has_newer(session, callback):
        waits = callback.outcome == BEHIND_NEWS
        raise RefusedError(CallbackRefusal.OTHER_IN_HAND if waits else CallbackRefusal.HAS_NEWER)


def has_newer(session: Session, callback: Callback) -> bool:
    """Whether the case of a callback left for staff has since been promised another one."""
    if callback.reason == NOTICE_TASK or callback.outcome == ANEW:
        # News is told whatever else is promised.
        return False
    return owed_beside(session, callback) is not None


def owed_beside(session: Session, callback: Callback) -> int | None:
    """The callback that the case of one left for staff is promised, if it is."""
    if callback.case_id is None or callback.state != TAKEN_UP_AGAIN:
        return None
    other = select(Callback.id).where(Callback.case_id == callback.case_id, IS_OWED)
    return session.scalar(other.limit(1))


def waits_behind(session: Session, case_id: int | None) -> bool:
    """Whether a callback that this case was promised waits behind news, or another call of staff."""
    waits = select(Callback.id).where(Callback.case_id == case_id, *WAITS).limit(1)
    return case_id is not None and session.scalar(waits) is not None


def waiting_of(session: Session, case_id: int | None) -> Callback | None:
    """The callback of this case that waits behind a call of staff, locked after what the case is owed."""
    if case_id is None:
        return None
    waits = select(Callback).where(Callback.case_id == case_id, *WAITS).order_by(Callback.id)
    return session.scalars(
        waits.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).first()


def is_waiting(callback: Callback) -> bool:
    """Whether this callback waits behind news, or another call of staff."""
    return callback.state == TAKEN_UP_AGAIN and callback.outcome == BEHIND_NEWS


def put_off_waiting(
    session: Session, callback: Callback, tries: int, next_at: datetime | None, actor: str, now: datetime
) -> None:
    """The person cannot talk now, and this callback waits behind news: it is promised again for ``next_at``.

    None after the last of their ``tries``: then staff decide.
    """
    callback.caller_tries = tries
    if next_at is None:
        callback.outcome, callback.closed_at, callback.warned = "not_safe", now, LEFT_TOLD - 1
        callback.rank = rank_of(verified=callback.verified, urgent=callback.urgency == "urgent")
    else:
        callback.next_attempt_at = next_at
    session.flush()
    move = "leave" if next_at is None else "not_safe_later"
    audit.record(
        session, actor=actor, action=f"{move}_callback", target=f"callback:{callback.id}", now=now,
        state=callback.state,
    )  # fmt: skip


def bring_back(
    session: Session,
    now: datetime,
    actor: str,
    limit: int,
    case_id: int | None = None,
    *,
    at_once: bool = False,
) -> None:
    """Promise again what waited, unless somebody is being called about the news or talks with the person.

    What staff have, and are not calling for, goes back to them: a case has one open callback, and the person
    knows of the promised one. What is only claimed waits for its call until the promised moment; with
    ``at_once`` it does not, since the person asks for theirs. A call that comes earlier is made first; once
    the promised moment has come, only one that is as urgent and due no later. Of the others, one that was
    asked for with the PIN since takes the class and the moment of what waited. One that was asked for before,
    and that staff had taken up, ends. So does one that continues the talk: whoever answered may not be the
    person, so the promise keeps its phone and its wishes (R35, R37).
    """
    is_earlier = and_(
        _OTHER.state == "requested",
        _OTHER.reason != NOTICE_TASK,
        _OTHER.next_attempt_at < Callback.next_attempt_at,
        or_(
            Callback.next_attempt_at > now,
            and_(
                or_(_OTHER.urgency == "urgent", Callback.urgency != "urgent"),
                _OTHER.due_at <= Callback.due_at,
            ),
        ),
    )
    # A talk that staff began or took up keeps nothing that was promised to another phone.
    is_elsewhere = and_(
        _OTHER.state == "talking", _OTHER.taken_up_at.is_not(None), _OTHER.reason != NOTICE_TASK,
        _OTHER.phone_key != Callback.phone_key,
    )  # fmt: skip
    is_in_call = and_(_OTHER.state.in_(_IN_CALL), ~is_elsewhere)
    goes_before = exists().where(_OTHER.case_id == Callback.case_id, or_(is_in_call, is_earlier))
    whose: list[ColumnElement[bool]] = [] if case_id is None else [Callback.case_id == case_id]
    waiting = select(Callback).where(*WAITS, ~goes_before, *whose)
    # Those whose time has come are first: the rest may wait for a claim to end.
    first = waiting.order_by(Callback.next_attempt_at, Callback.id).limit(limit)
    for callback in session.scalars(first).all():
        owed = select(Callback).where(Callback.case_id == callback.case_id, IS_OWED)
        stands = session.scalars(
            owed.with_for_update(key_share=True).execution_options(populate_existing=True)
        ).first()
        # The person may have canceled it meanwhile, or staff have begun to call about the news.
        still = select(Callback).where(Callback.id == callback.id, *WAITS).with_for_update(key_share=True)
        is_still = session.scalars(still.execution_options(populate_existing=True)).first() is not None
        if not is_still or (stands is not None and stands.state in _IN_CALL):
            continue
        if stands is not None and (stands.reason == NOTICE_TASK or stands.taken_up_at is not None):
            is_time = at_once or stands.state == "requested" or callback.next_attempt_at <= now
            if is_time:
                advance(session, stands.id, "leave", actor=actor, now=now)
                session.refresh(stands)
            stands = None if is_time else stands
        elif stands is not None and stands.state == "requested":
            is_theirs = not stands.begun_by_staff and stands.reason not in CONTINUES
            if _comes_first(stands, callback, now):
                continue
            if is_theirs and stands.id > callback.id:
                _take_over(session, stands, callback, now, actor)
            else:
                if is_theirs and stands.urgency == "urgent":
                    callback.urgency = "urgent"
                _end_agreed(session, stands, callback, now, actor)
                stands = None
        if stands is None:
            promise_as_before(session, callback, actor, now)


def keep_waiting(session: Session, callback: Callback, actor: str, now: datetime) -> None:
    """A call that staff make by themselves keeps the promise that waits behind it if it calls that phone.

    From the accept key on it is the promised call: its liaison sees what was asked, and if its person is not
    reached the line goes on. A promise for later stays as it is; so does any if the call is about news, or
    says its code to a new phone.
    """
    if callback.taken_up_at is None or callback.reason == NOTICE_TASK or is_for_code(session, callback):
        return
    waiting = waiting_of(session, callback.case_id)
    is_it = waiting is not None and waiting.phone_key == callback.phone_key
    if waiting is None or not is_it or waiting.next_attempt_at > now + A_MOMENT:
        return
    for name in _OF_PROMISE:
        setattr(callback, name, getattr(waiting, name))
    callback.urgency = "urgent" if "urgent" in (callback.urgency, waiting.urgency) else "other"
    callback.outcome, callback.rank = None, None
    _is_kept_by(session, waiting, callback, now, actor)


def end_waiting(session: Session, case_id: int | None, actor: str, now: datetime) -> list[int]:
    """The person canceled their callback: what waits behind it ends with it, or it would ring them.

    What the case is owed is locked before what waits, here and everywhere. Returns the ids of what has ended.
    """
    if case_id is None:
        return []
    waits = select(Callback.id, Callback.reason).where(Callback.case_id == case_id, *WAITS)
    return [
        callback_id
        for callback_id, reason in session.execute(waits.order_by(Callback.id)).all()
        if advance(
            session, callback_id, "close_left", actor=actor, now=now, rank=None,
            # A key ends a call, and settles no news: that is told in the call that goes on.
            outcome=NEWS_OVER if reason == NOTICE_TASK else "person_asked",
            only_if=(Callback.outcome == BEHIND_NEWS,),
        )
    ]  # fmt: skip


def _comes_first(stands: Callback, waiting: Callback, now: datetime) -> bool:
    """Whether what waits goes on waiting for this call; the same as ``is_earlier`` in ``bring_back``."""
    is_as_urgent = stands.urgency == "urgent" or waiting.urgency != "urgent"
    return stands.next_attempt_at < waiting.next_attempt_at and (
        waiting.next_attempt_at > now or (is_as_urgent and stands.due_at <= waiting.due_at)
    )


def _take_over(session: Session, stands: Callback, waiting: Callback, now: datetime, actor: str) -> None:
    stands.next_attempt_at, stands.due_at = waiting.next_attempt_at, min(stands.due_at, waiting.due_at)
    # They have waited since they asked first (R36).
    stands.requested_at = min(stands.requested_at, waiting.requested_at)
    stands.urgency = "urgent" if waiting.urgency == "urgent" else stands.urgency
    # "You do not have to talk" was part of that promise.
    stands.silent = stands.silent or waiting.silent
    # It joins the list in its class as soon as its time has come.
    stands.rank = None
    _is_kept_by(session, waiting, stands, now, actor)


def _is_kept_by(session: Session, waiting: Callback, other: Callback, now: datetime, actor: str) -> None:
    waiting.outcome, waiting.rank, waiting.replaced_by_id = ANEW, None, other.id
    session.flush()
    audit.record(
        session, actor=actor, action="reschedule_callback", target=f"callback:{other.id}", now=now,
        facts={"after": waiting.id},
    )  # fmt: skip


def _end_agreed(session: Session, stands: Callback, waiting: Callback, now: datetime, actor: str) -> None:
    """End a call that staff began, agreed on or had taken up: the promised one is made instead."""
    advance(
        session, stands.id, "leave", actor=actor, now=now, outcome=ANEW, warned=LEFT_TOLD,
        replaced_by_id=waiting.id,
    )  # fmt: skip
    session.refresh(stands)
    stands.rank = None
    session.flush()


def _let_other_wait(session: Session, callback: Callback, staff_id: int, now: datetime) -> None:
    """Let the callback that the case is promised for later wait while staff tell its person news.

    A case has one open callback. This one is promised anew, as it was, once nobody is calling about the news,
    or its time has come (``bring_back``). Raises RefusedError while somebody else has it.
    """
    other_id = owed_beside(session, callback)
    if callback.reason != NOTICE_TASK or other_id is None:
        return
    other = standing(session, other_id)
    if other.state == "claimed" and is_mine(other, staff_id):
        let_go(session, other, actor_of(staff_id), now)
    if other.state == "requested":
        advance(
            session, other.id, "leave", actor=actor_of(staff_id), now=now, outcome=BEHIND_NEWS,
            warned=LEFT_TOLD,
        )  # fmt: skip
        # Nobody has to see to it.
        session.refresh(other)
        other.rank = None
        session.flush()
    elif owed_beside(session, callback) is not None:
        raise RefusedError(CallbackRefusal.OTHER_IN_HAND)


def _take_up(session: Session, callback: Callback, staff_id: int, now: datetime, until: datetime) -> None:
    may_take_up(session, callback, now)
    _let_other_wait(session, callback, staff_id, now)
    keep_left(session, callback, staff_id, now, until, actor_of(staff_id))


def keep_left(
    session: Session, callback: Callback, staff_id: int, now: datetime, until: datetime, actor: str
) -> None:
    """Claim a callback that was left for staff for this person; when let go it is left again."""
    advance(
        session, callback.id, "take_up", actor=actor, now=now, staff_id=staff_id,
        claimed_at=now, taken_up_at=now, lease_until=until, closed_at=None, liaison_call_id=None,
        caller_call_id=None, talking_at=None, missed_by_id=None,
        # A moment that was agreed on for it is over.
        rescheduled_by_id=None,
        # If it is left again, that is told again.
        warned=min(callback.warned, LEFT_TOLD - 1),
    )  # fmt: skip


_IN_HAND = ("claimed", "ringing_liaison", "ringing_caller", "talking")
