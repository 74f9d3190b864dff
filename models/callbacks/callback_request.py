"""Requesting a callback: who may, what asking again does, and the one open row that a case may have (R35)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.callback import (
    IS_OWED_TO_CALLER,
    IS_PAST,
    OWED_STATES,
    STAFF_CALL,
    UNASKED,
    UNTOLD,
    Callback,
    advance,
    gave_pin,
    is_idle,
    keep_callback,
)
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_state import TAKEN_UP_AGAIN
from models.callbacks.claim import is_waiting, waiting_of, waits_behind
from models.callbacks.follow_up import LATER, insert_unless_open
from models.callbacks.promised_time import change_zone
from models.callbacks.replaced_request import asked_before, supersede
from models.callbacks.wishes import SAFEST, Wishes
from models.cases.safe_phone import kept_hours, may_call_while_held, standing_of
from models.store.database import keyring_of

if TYPE_CHECKING:
    from models.calls.call import Call
    from models.calls.call_state import CallState

A_DAY = timedelta(hours=24)
#: The actions of audit entries after which its person counts on a promise that stood already.
_COUNTED_ON = ("ask_again_for_callback", "hear_of_callback", "reschedule_callback")
#: A promise that waits behind a call about news is left for staff, and promised anew in another row.
_PROMISED = (*OWED_STATES, TAKEN_UP_AGAIN)


@dataclass(frozen=True, kw_only=True)
class Promise:
    """The data of a new callback. ``number`` is E.164; ``window`` is when the person wants to be called."""

    number: str = field(repr=False)
    urgency: str
    reason: str
    verified: bool
    language: str
    time_zone: str
    requested_at: datetime
    due_at: datetime
    next_attempt_at: datetime
    case_id: int | None = None
    registrant_id: int | None = None
    call_id: int | None = None
    silent: bool = False
    window: tuple[datetime, datetime] | None = None
    state: str = "requested"
    outcome: str | None = None
    wishes: Wishes = SAFEST
    begun_by_staff: bool = False


def request_callback(
    session: Session,
    *,
    call: "CallState",
    number: str,
    urgency: str,
    reason: str,
    due_at: datetime,
    next_attempt_at: datetime,
    time_zone: str,
    now: datetime,
    policy: CallbackPolicy,
    window: tuple[datetime, datetime] | None = None,
    any_time: bool = False,
    requested_at: datetime | None = None,
    is_shared: bool = False,
    may_put_off: bool = True,
) -> Callback | None:
    """Promise a caller who entered the PIN to call ``number`` (E.164, dialable); None when refused (R35).

    A case is promised one callback: asking again keeps its position, and changes its window as long
    as nobody is being called for it. While a case's changes are blocked, only its safe phones are called, if
    it has any, and the one that it is promised already, and the window does not change (R08).
    A caller who requested a call to this phone before they entered the PIN
    is called once: the promise without a PIN is merged into the new one, if it is surely theirs
    (``models/callbacks/replaced_request.py``) and the phone is not ``is_shared`` by many people. ``any_time``
    drops the window that was chosen before. Without ``may_put_off`` a callback that another call has made
    urgent, of which this caller has not heard, stays urgent, at its moment. ``requested_at`` is for a caller
    who began to wait earlier and keeps that position. Requests without the PIN:
    ``models/callbacks/unverified_request.py``.
    """
    phone_key = keyring_of(session).index("phone", number)
    since, is_silent = requested_at or now, bool(call.silent)
    standing = owed_to_case(session, call.case_id)
    # The case's callback may be for another phone, and keeps no promise to this one.
    is_elsewhere = standing is not None and standing.phone_key != phone_key
    # A phone that was promised before, and that the asker does not change, rings as it would without them.
    is_allowed = (standing is not None and not is_elsewhere) or _may_call(session, call, phone_key)
    if call.holds_changes(now) and (window is not None or not is_allowed):
        return None
    earlier = (
        []
        if is_shared or is_elsewhere
        else asked_before(session, call, phone_key, urgency, keeps_moment=window is None)
    )
    for former in earlier:
        since = min(since, former.requested_at)
        # "You do not have to talk" was part of that promise.
        is_silent = is_silent or former.silent
        if window is None:
            # All promises are merged in the asker's favor; only the caller who entered the PIN chooses a
            # window.
            due_at, next_attempt_at = min(due_at, former.due_at), min(next_attempt_at, former.next_attempt_at)
    if standing is None:
        promise = Promise(
            number=number, urgency=urgency, reason=reason, verified=True, language=call.language,
            time_zone=time_zone, requested_at=since, due_at=due_at, next_attempt_at=next_attempt_at,
            case_id=call.case_id, call_id=call.id, silent=is_silent, window=window,
        )  # fmt: skip
        made = promise_callback(session, promise, actor=f"caller:{call.id}", now=now)
        if made is not None:
            supersede(session, earlier, made, call, now)
            return begin_in_its_hours(session, made, call, now, policy)
        # Another call about the same case asked a moment ago; its callback is the open one.
        standing = owed_to_case(session, call.case_id)
        if standing is None:
            return None
        earlier = earlier if standing.phone_key == phone_key else []
    keep_callback(session, standing.id)
    if standing.urgency == "urgent" != urgency and not may_put_off:
        window = None
    rises = urgency == "urgent" != standing.urgency
    was_open = standing.urgency == "urgent" and standing.window_starts is None
    standing.silent = standing.silent or is_silent
    if rises or standing.reason == STAFF_CALL:
        # The liaison who takes it sees why: afraid, or hard news. A call that staff began is now promised.
        standing.reason = reason
    if can_change(standing):
        if standing.reason == LATER:
            # It is the caller's request now: the liaison who created it can no longer withdraw it.
            standing.reason = reason
        standing.requested_at = min(standing.requested_at, since)
        is_bound = standing.window_of_phone and standing.phone_key != phone_key
        if (any_time or (window is None and urgency == "urgent")) and not is_bound:
            # Both are to be called as soon as possible, so the part of the day of an earlier wish no longer
            # applies; but the hours of a phone that it moved to are no wish of this caller's (R29).
            standing.window_starts = standing.window_ends = None
        if call.time_zone == time_zone != standing.time_zone:
            # The caller said in this call what time it is there.
            change_zone(standing, time_zone)
        if window is None and not was_open and "urgent" in (urgency, standing.urgency):
            due_at, next_attempt_at = keep_its_hours(
                session, standing, call, now, due_at, next_attempt_at, policy
            )
        _ask_again(session, standing, urgency, due_at, next_attempt_at, window)
        if rises:
            give_back_claim(session, standing, call, now)
        record_asked_again(session, standing, call, now)
        supersede(session, earlier, standing.id, call, now)
    elif rises:
        # A phone is ringing for it. If nobody is reached, the next round is as urgent as was just said (R36).
        if window is None:
            standing.window_starts = standing.window_ends = None
            due_at, _first_at = keep_its_hours(session, standing, call, now, due_at, next_attempt_at, policy)
        standing.urgency, standing.due_at = urgency, min(standing.due_at, due_at)
        # It is among the urgent ones from then on.
        standing.rank = None
        session.flush()
        record_asked_again(session, standing, call, now)
    return standing


def make_urgent(
    session: Session,
    call: "CallState",
    reason: str,
    *,
    due_at: datetime,
    next_attempt_at: datetime,
    now: datetime,
    policy: CallbackPolicy,
) -> Callback | None:
    """Make the callback that this case is promised urgent, for ``reason``; None if there is none.

    They have asked for nothing new, so a part of the day that is still to come does not change, nor does a
    request for the same phone without the PIN.
    """
    standing = owed_to_case(session, call.case_id)
    if standing is None or standing.urgency == "urgent":
        return standing
    standing.silent, standing.reason = standing.silent or bool(call.silent), reason
    standing.begun_by_staff = False
    starts, ends = standing.window_starts, standing.window_ends
    if starts is not None and ends is not None and ends > now:
        due_at, next_attempt_at = max(due_at, ends), max(next_attempt_at, starts)
    else:
        standing.window_starts = standing.window_ends = None
        due_at, next_attempt_at = keep_its_hours(
            session, standing, call, now, due_at, next_attempt_at, policy
        )
    was_idle = is_idle(standing)
    _ask_again(session, standing, "urgent", due_at, next_attempt_at, None)
    if was_idle:
        give_back_claim(session, standing, call, now)
    record_asked_again(session, standing, call, now)
    return standing


def give_back_claim(session: Session, standing: Callback, call: "CallState", now: datetime) -> None:
    """Return an urgent callback to the list: the staff member who claimed it may be in no hurry."""
    if standing.state == "claimed":
        advance(session, standing.id, "give_back", actor=f"caller:{call.id}", now=now)
        session.refresh(standing)


def record_asked_again(session: Session, standing: Callback, call: "CallState", now: datetime) -> None:
    """Write the audit entry for a caller who asks for a callback that they are already promised."""
    audit.record(
        session,
        actor=f"caller:{call.id}",
        action="ask_again_for_callback",
        target=f"callback:{standing.id}",
        facts={"urgency": standing.urgency},
        now=now,
    )


def record_told(session: Session, callback_id: int, call: "CallState", now: datetime) -> None:
    """Write the audit entry for a caller who gave the PIN and heard until when they are called."""
    audit.record(
        session,
        actor=f"caller:{call.id}",
        action="hear_of_callback",
        target=f"callback:{callback_id}",
        now=now,
    )


def is_counted_on(session: Session, which: Sequence[ColumnElement[bool]], since: datetime) -> bool:
    """Whether a promise of ``which`` was said aloud or agreed on again since that moment (R13).

    Its person asked for it once more, heard of it after the PIN, or agreed on another time with staff.
    """
    rows = session.scalars(select(Callback.id).where(*which, Callback.state.in_(_PROMISED))).all()
    said = select(audit.AuditEntry.id).where(
        audit.AuditEntry.target.in_([f"callback:{row_id}" for row_id in rows]),
        audit.AuditEntry.action.in_(_COUNTED_ON),
        audit.AuditEntry.at >= since,
    )
    return session.execute(said.limit(1)).first() is not None


def promise_callback(session: Session, promise: Promise, *, actor: str, now: datetime) -> int | None:
    """Write a promise and its audit entry; the row's id, or None when its case is already promised one.

    A task about news that staff keep for themselves is no promise, and gives way
    (``follow_up.insert_unless_open``).
    """
    keyring = keyring_of(session)
    starts, ends = promise.window or (None, None)
    is_asked = promise.state == "requested" and promise.reason not in UNASKED
    if is_asked and waits_behind(session, promise.case_id):
        return None
    values: dict[str, Any] = {
        "state": promise.state, "urgency": promise.urgency, "reason": promise.reason,
        "verified": promise.verified, "case_id": promise.case_id,
        "registrant_id": promise.registrant_id, "requested_in_call_id": promise.call_id,
        "language": promise.language, "time_zone": promise.time_zone,
        "phone_key": keyring.index("phone", promise.number),
        "number_sealed": keyring.seal("callback.number", promise.number),
        "window_starts": starts, "window_ends": ends, **promise.wishes.columns,
        "silent": promise.silent, "requested_at": promise.requested_at,
        "due_at": promise.due_at, "next_attempt_at": promise.next_attempt_at, "news_at": now,
        "outcome": promise.outcome,
        "closed_at": now if promise.state != "requested" else None,
        "begun_by_staff": promise.begun_by_staff,
    }  # fmt: skip
    made = insert_unless_open(session, values, actor, now)
    if made is not None:
        by_pin = gave_pin(promise.verified, promise.case_id, promise.begun_by_staff) is True
        audit.record(
            session,
            actor=actor,
            action="request_callback",
            target=f"callback:{made}",
            facts={"urgency": promise.urgency, "verified": by_pin, "reason": promise.reason},
            state="requested",
            now=now,
        )
    return made


def keep_its_hours(
    session: Session,
    standing: Callback,
    asker: "Call | CallState",
    now: datetime,
    due_at: datetime,
    next_attempt_at: datetime,
    policy: CallbackPolicy,
) -> tuple[datetime, datetime]:
    """The latest moment and the first one of a callback that becomes urgent without a part of the day.

    That opens the hours of the phone from which it is asked for, and of no other one, which may be at home,
    where its person is not now (R29). A number that is withheld, or none that we dial, may be that of the
    phone that rings. Hours that were agreed on are promised as a part of the day is; those of the office are
    long, and an hour of them is.
    """
    if standing.window_starts is not None or asker.phone_sealed is None:
        return due_at, next_attempt_at
    number = keyring_of(session).unseal("call.phone", asker.phone_sealed)
    if asker.phone_key == standing.phone_key or not policy.can_dial(number):
        return due_at, next_attempt_at
    phone = standing_of(session, standing.case_id, standing.phone_key, standing.registrant_id)
    hours = kept_hours(phone.window, standing.time_zone, now, policy.numbers)
    if hours is None:
        return due_at, next_attempt_at
    standing.window_starts, standing.window_ends = starts, ends = hours
    standing.window_of_phone = True
    latest = ends if phone.window else starts + timedelta(minutes=policy.numbers.urgent_minutes)
    return max(due_at, latest), max(next_attempt_at, starts)


def begin_in_its_hours(
    session: Session, made: int, asker: "Call | CallState", now: datetime, policy: CallbackPolicy
) -> Callback:
    """The same for one that was just made: the phone in hand may be unsafe, so it rings another one."""
    found = session.get_one(Callback, made)
    if found.urgency == "urgent":
        found.due_at, found.next_attempt_at = keep_its_hours(
            session, found, asker, now, found.due_at, found.next_attempt_at, policy
        )
        session.flush()
    return found


def lock_phone(session: Session, phone_key: str) -> None:
    """Let one call at a time from this phone ask; on SQLite only one transaction can write anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(int(phone_key[:15], 16))))


def open_of_case(session: Session, case_id: int | None) -> int | None:
    """The callback of this case that a caller who entered the PIN may still change."""
    found = owed_to_case(session, case_id)
    return found.id if found is not None and can_change(found) else None


def is_over(session: Session, case_id: int | None) -> bool:
    """Whether the last callback of this case to end is over, with nothing left for anybody to do."""
    ended = select(Callback.state).where(Callback.case_id == case_id, IS_PAST)
    last = session.scalar(ended.order_by(Callback.id.desc()).limit(1))
    return last in ("cancelled", "reached", "no_answer")


def owed_to_case(session: Session, case_id: int | None) -> Callback | None:
    """The callback that the person of this case is promised, also while it waits behind a call about news."""
    owed = select(Callback).where(Callback.case_id == case_id, IS_OWED_TO_CALLER)
    return session.scalars(owed.with_for_update(key_share=True)).first() or waiting_of(session, case_id)


def can_change(callback: Callback) -> bool:
    """Whether a caller may still change it: nobody is called for it, but perhaps about news before it."""
    return is_idle(callback) or is_waiting(callback)


def _may_call(session: Session, call: "CallState", phone_key: str) -> bool:
    return call.registrant_id is not None and may_call_while_held(session, call.registrant_id, phone_key)


def _ask_again(
    session: Session,
    standing: Callback,
    urgency: str,
    due_at: datetime,
    next_attempt_at: datetime,
    window: tuple[datetime, datetime] | None,
) -> None:
    """Change a waiting promise in the asker's favor; only a window that they chose puts it off."""
    if window is not None:
        standing.window_starts, standing.window_ends = window
        standing.window_of_phone = False
        # A time that staff agreed on with them before is over.
        standing.rescheduled_by_id = None
        standing.urgency, standing.due_at, standing.next_attempt_at = urgency, due_at, next_attempt_at
        # Nobody is told of one that waits behind news; it is promised anew, and untold, after that.
        for name, value in () if is_waiting(standing) else UNTOLD.items():
            setattr(standing, name, value)
    else:
        standing.urgency = "urgent" if "urgent" in (urgency, standing.urgency) else "other"
        standing.due_at = min(standing.due_at, due_at)
        standing.next_attempt_at = min(standing.next_attempt_at, next_attempt_at)
    # Its windows are checked again before it is back on the list.
    standing.rank = None
    session.flush()
