"""The callback that follows a talk: for later, for the supervisor, or after it broke off (R36, R37)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.appointment import check_moment, move_part_of_day, promised_by
from models.callbacks.callback import UNASKED, Callback, advance, move_callback
from models.callbacks.callback_policy import CallbackPolicy, Hours
from models.callbacks.callback_request import (
    Promise,
    begin_in_its_hours,
    can_change,
    keep_its_hours,
    owed_to_case,
    promise_callback,
)
from models.callbacks.claim import waits_behind
from models.callbacks.follow_up import LATER, NO_SAFE_PHONE, SUPERVISOR, follow_up, lacks_phone
from models.callbacks.owed_already import rings_anyway
from models.callbacks.refusals import CallbackRefusal
from models.calls.call import Call
from models.cases.case import Case
from models.cases.registrant import Registrant
from models.cases.safe_phone import is_barred, safe_numbers, standing_of
from models.staff.rota import Rota
from models.store.database import keyring_of
from models.store.refusal import RefusedError
from models.talks.call_queue import OPENS_ITS_CASE, QueuedCall
from models.talks.talk import Talk


def follow_talk(
    session: Session,
    talk: Talk,
    reason: str,
    at: datetime,
    actor: str,
    now: datetime,
    policy: CallbackPolicy,
    *,
    is_agreed: bool = False,
) -> bool:
    """Promise the person of a talk another call at ``at``; False when there is no phone to call for it.

    Staff get it as a task then, unless the caller at 0 gave no PIN either (R33). ``reason`` is LATER or
    SUPERVISOR; a callback for the supervisor is left for staff at once, whatever else is promised. Nothing is
    due yet, so there is no job: the sweeper finds it when its time has come. ``is_agreed``: staff and the
    person agreed on this moment, so it is promised by an hour after it. What follows an urgent callback is
    urgent too, and without such a moment it is made when somebody takes urgent work (R36).

    Raises RefusedError for such a moment when it is outside their hours, or another callback is promised
    already or waits behind the news of this talk.
    """
    callback = None if talk.callback_id is None else session.get_one(Callback, talk.callback_id)
    if callback is None:
        is_urgent = _waits_for_hard_news(session, talk.caller_call_id)
    else:
        is_urgent = callback.urgency == "urgent"
    if is_urgent and not is_agreed:
        # A supervisor sees to it now.
        at = now if reason == SUPERVISOR else _urgent_later(session, callback, at, now, policy)
    due_at = promised_by(at, policy.numbers) if is_agreed or is_urgent else policy.due_at("other", at)
    if callback is None:
        caller = session.get_one(Call, talk.caller_call_id)
        made = promise_to_caller(
            session, caller, reason, at, actor, now, policy, due_at=due_at, is_agreed=is_agreed
        )
        is_owed = made is None and reason == LATER and _is_owed_anyway(session, caller, at, reason)
        if is_owed and not is_agreed:
            bring_forward(session, caller, at, due_at, actor, now, policy)
        if made is None and not is_owed:
            _leave_without_phone(session, caller, reason, actor, now, due_at)
    else:
        if is_agreed and waits_behind(session, callback.case_id):
            # What the person was promised is back in seconds: staff set another time for that.
            raise RefusedError(CallbackRefusal.PROMISED, field="day")
        jobs = follow_up(
            session, callback, reason=reason, at=at, due_at=due_at, actor=actor, now=now,
            left=reason == SUPERVISOR,
        )  # fmt: skip
        made = next((callback_id for _, callback_id in jobs), None)
        is_owed = made is None and not lacks_phone(session, callback)
        # Without a case its phone rings anyway, and a supervisor has the task.
        if is_owed and reason != SUPERVISOR and callback.case_id is not None:
            is_owed = owed_to_case(session, callback.case_id) is not None
    if is_agreed and made is not None:
        promised = session.get_one(Callback, made)
        promised.rescheduled_by_id = talk.staff_id
        move_part_of_day(promised, at, policy.numbers)
        check_moment(session, promised, at, now, policy)
    elif is_agreed and is_owed:
        raise RefusedError(CallbackRefusal.PROMISED, field="day")
    return made is not None or is_owed


def _urgent_later(
    session: Session, callback: Callback | None, at: datetime, now: datetime, policy: CallbackPolicy
) -> datetime:
    """When the line goes on with an urgent callback, or caller at 0, for whom nobody agreed on a moment.

    Its person asked for a call at any hour. One who asked for nothing is called in their own hours (R29).
    """
    if callback is None or callback.reason not in UNASKED:
        return Rota(session, now, policy).first_served(at)
    phone = standing_of(session, callback.case_id, callback.phone_key, callback.registrant_id)
    zone, starts, ends = callback.time_zone, callback.window_starts, callback.window_ends
    hours = Hours("other", zone, starts, ends, callback.asked_elsewhere, at)
    return policy.moment_inside(hours, at, phone.window) or at


def bring_forward(
    session: Session,
    caller: Call,
    at: datetime,
    due_at: datetime,
    actor: str,
    now: datetime,
    policy: CallbackPolicy,
) -> None:
    """The promise that a case has already is kept by ``at``: its person asked staff for a call sooner.

    It becomes urgent for a caller who waited to be told hard news (R36). At a phone other than the one in
    their hand it keeps that phone's hours (R29).
    """
    case = opened_case(session, caller)
    if case is None:
        return
    standing = owed_to_case(session, case.id)
    if standing is None or not can_change(standing):
        return
    rises = _waits_for_hard_news(session, caller.id) and standing.urgency != "urgent"
    was_open = standing.urgency == "urgent" and standing.window_starts is None
    if standing.next_attempt_at > at:
        standing.window_starts = standing.window_ends = None
    if rises or (standing.urgency == "urgent" and not was_open):
        due_at, at = keep_its_hours(session, standing, caller, now, due_at, at, policy)
    if rises:
        standing.urgency, standing.rank = "urgent", None
        standing.due_at = min(due_at, standing.due_at)
    is_later = standing.next_attempt_at > at
    session.flush()
    if not is_later and standing.requested_in_call_id != caller.id:
        # They count on it from now on: no correction of an earlier talk takes it back.
        audit.record(
            session, actor=actor, action="ask_again_for_callback", target=f"callback:{standing.id}", now=now
        )
    if is_later:
        due_at = min(due_at, standing.due_at)
        if not move_callback(session, standing.id, next_attempt_at=at, due_at=due_at, now=now, actor=actor):
            # It waits behind a call about news, and comes back at its moment.
            standing.next_attempt_at, standing.due_at = at, due_at
            session.flush()
        session.refresh(standing)
    if rises and standing.state == "claimed":
        # The staff member who claimed it may be in no hurry.
        advance(session, standing.id, "give_back", actor=actor, now=now)
        session.refresh(standing)


def _leave_without_phone(
    session: Session, caller: Call, reason: str, actor: str, now: datetime, due_at: datetime
) -> None:
    """Leave a case that has no phone to call for staff; without a case nobody could find the person."""
    case = opened_case(session, caller)
    if case is None:
        return
    registrant = session.get_one(Registrant, case.registrant_id)
    urgency = "urgent" if _waits_for_hard_news(session, caller.id) else "other"
    task = Promise(
        number="", urgency=urgency, reason=reason, verified=True, language=caller.language,
        time_zone=caller.time_zone or registrant.time_zone, requested_at=now, due_at=due_at,
        next_attempt_at=now, case_id=case.id, call_id=caller.id, silent=caller.silent,
        state="left_for_staff", outcome=NO_SAFE_PHONE,
    )  # fmt: skip
    promise_callback(session, task, actor=actor, now=now)


def promise_to_caller(
    session: Session,
    caller: Call,
    reason: str,
    at: datetime,
    actor: str,
    now: datetime,
    policy: CallbackPolicy,
    due_at: datetime | None = None,
    *,
    is_agreed: bool = False,
) -> int | None:
    """Promise a caller at 0 a call at ``at``; its id, or None if no phone may be called or one is promised.

    A callback about a lost PIN or a stopped phone is the registrant's, and does not count here (R08).
    The call goes to the phone that called, unless its owner marked it unsafe or the number was withheld; then
    it goes to the first safe phone of the person who opened a case in that call.
    """
    case = opened_case(session, caller)
    number = _number_of(session, caller, case, now, policy)
    is_served = case is None and reason != SUPERVISOR and _is_owed_anyway(session, caller, at, reason)
    if number is None or is_served:
        return None
    registrant = None if case is None else session.get(Registrant, case.registrant_id)
    is_urgent = _waits_for_hard_news(session, caller.id)
    if is_urgent and due_at is None:
        at = Rota(session, now, policy).first_served(at)
        due_at = promised_by(at, policy.numbers)
    promise = Promise(
        number=number, urgency="urgent" if is_urgent else "other", reason=reason,
        verified=case is not None, language=caller.language,
        time_zone=caller.time_zone or (registrant.time_zone if registrant else policy.zone_of(number)),
        requested_at=now, due_at=due_at or policy.due_at("other", at), next_attempt_at=at,
        case_id=None if case is None else case.id, call_id=caller.id, silent=caller.silent,
        state="left_for_staff" if reason == SUPERVISOR else "requested",
        outcome=SUPERVISOR if reason == SUPERVISOR else None,
    )  # fmt: skip
    made = promise_callback(session, promise, actor=actor, now=now)
    if made is not None and reason != SUPERVISOR and not is_agreed:
        begin_in_its_hours(session, made, caller, now, policy)
    return made


def _waits_for_hard_news(session: Session, call_id: int) -> bool:
    """Whether this caller waited for a person who tells them hard news: what follows is urgent (R36)."""
    return bool(session.scalar(select(QueuedCall.urgent).where(QueuedCall.call_id == call_id)))


def opened_case(session: Session, caller: Call) -> Case | None:
    """The case of a caller at 0, verified when they began to wait by the PIN still in force; else None."""
    return session.scalars(select(Case).join(Call, OPENS_ITS_CASE).where(Call.id == caller.id)).first()


def _is_owed_anyway(session: Session, caller: Call, at: datetime, reason: str) -> bool:
    """Whether the case this call opened is promised a call; else, whether its phone rings by ``at``.

    One callback is enough for all of these, except that LATER needs one that does not ring before its moment.
    A supervisor is told about a liaison's request in any case.
    """
    case = opened_case(session, caller)
    if case is not None:
        return owed_to_case(session, case.id) is not None
    silent = bool(caller.silent)
    return caller.phone_key is not None and rings_anyway(
        session, caller, caller.phone_key, at, urgency="other", silent=silent, not_before=reason == LATER
    )


def _number_of(
    session: Session, caller: Call, case: Case | None, now: datetime, policy: CallbackPolicy
) -> str | None:
    keyring = keyring_of(session)
    own = None if caller.phone_sealed is None else keyring.unseal("call.phone", caller.phone_sealed)
    if own is not None and not policy.can_dial(own):
        own = None
    if case is None:
        return own
    safe = [one for one in safe_numbers(session, case.registrant_id) if policy.can_dial(one)]
    is_held = case.changes_held_until is not None and now < case.changes_held_until
    if own is not None and (own in safe if is_held else not _is_barred(session, case, caller)):
        return own
    return next(iter(safe), None)


def _is_barred(session: Session, case: Case, caller: Call) -> bool:
    return caller.phone_key is not None and is_barred(session, case.registrant_id, caller.phone_key)
