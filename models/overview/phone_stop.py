"""A phone says stop: it is no longer called, and others are told, since anybody may have said it (R33)."""

from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, func, or_, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.callback import IS_OWED, WITHOUT_PIN, Callback, advance, cancel_callback
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_request import Promise, promise_callback
from models.callbacks.callback_state import TAKEN_UP_AGAIN
from models.callbacks.claim import WAITS
from models.callbacks.follow_up import (
    ANEW,
    LATER,
    NO_SAFE_PHONE,
    NOT_CALLED,
    STOPPED,
    SUPERVISOR,
    WRONG_PERSON,
)
from models.callbacks.next_try import leave_for_staff, never_dial
from models.callbacks.wishes import wishes_of_phone
from models.calls.two_lists import rank_of
from models.cases.case import Case
from models.cases.daily_window import DailyWindow, overlap
from models.cases.registrant import Phone, Registrant
from models.cases.safe_phone import kept_hours, proving_phones, same_person
from models.notices.leg_over import stop_legs_to
from models.overview.lost_pin import tell_safe_phones
from models.staff.alert import LEFT_TOLD
from models.store.database import keyring_of
from models.store.job import Job
from models.store.policies import Policies
from models.talks.talk import Talk

if TYPE_CHECKING:
    from models.calls.call_state import CallState

#: The reason for the staff's task about a stop, and for calling that person's other phones.
REASON = "phone_stopped"
#: The outcome of one that is NOT_CALLED once the person lets that phone be called again: staff may call it.
STOP_LIFTED = "stop_lifted"
#: The outcome of another such callback for the same phone, which staff already have as a task.
_DUPLICATE = "duplicate"
_ACTOR = "caller:stop"
#: The action of the audit entry for a stop that was lifted.
_LIFTED = "lift_stop"


def stop_phone(
    session: Session,
    phone_key: str,
    now: datetime,
    policy: CallbackPolicy,
    *,
    actor: str = "sms",
    but: int | None = None,
    outcome: str = STOPPED,
) -> list[Job]:
    """Stop every registrant's phone with this number; returns the jobs to enqueue after the commit.

    An open callback to it moves to the same person's next safe phone, or else to a staff member, with
    ``outcome``, one of NOT_CALLED. For each registrant, staff get a task, and the other safe phones are told.
    ``but`` is the id of a registrant for whom the caller of this function creates the task; the registrants
    of a duress case and its real case are one person (R10). A second stop does nothing. Nobody is told about
    a phone that was marked unsafe: it was no longer called, and the person who has it must not be able to
    make the others ring (R09).
    """
    stopped = session.execute(
        update(Phone)
        .where(Phone.phone_key == phone_key, Phone.stopped_at.is_(None))
        .values(stopped_at=now, stop_told_at=case((Phone.unsafe_since.is_not(None), now), else_=None))
        .returning(Phone.id, Phone.registrant_id, Phone.confirmed_at, Phone.unsafe_since)
        .execution_options(synchronize_session=False)
    ).all()
    for phone in sorted(stopped):
        audit.record(session, actor=actor, action="stop_phone", target=f"phone:{phone.id}", now=now)
    jobs = _move_callbacks(session, phone_key, now, policy, outcome) + stop_legs_to(session, phone_key, now)
    was_called = {
        phone.registrant_id
        for phone in stopped
        if phone.confirmed_at is not None and phone.unsafe_since is None
    }
    have_task = set[int]() if but is None else same_person(session, but)
    for registrant_id in sorted(was_called):
        of_registrant = select(Case).where(Case.registrant_id == registrant_id)
        found = session.scalars(of_registrant.limit(1)).first()
        if found is not None and found.duress_of is not None:
            # The same person, of whose phone staff already have a task (R10).
            continue
        if registrant_id not in have_task:
            _make_task(session, registrant_id, actor, now, policy.numbers)
        if found is not None:
            tell_safe_phones(session, found, REASON, actor, policy, now)
    return jobs


def is_let_ring_since(session: Session, phone_key: str, at: datetime | None) -> bool:
    """Whether each called phone with this number had a stop lifted, or was confirmed, after ``at``."""
    phones = select(Phone.id, Phone.confirmed_at).where(
        Phone.phone_key == phone_key, Phone.stopped_at.is_(None)
    )
    called = session.execute(phones).all()
    if at is None or not called:
        return False
    entry = audit.AuditEntry
    lifts = select(entry.target).where(
        entry.target.in_([f"phone:{phone.id}" for phone in called]),
        entry.action == _LIFTED,
        entry.at > at,
    )
    lifted = set(session.scalars(lifts))
    return all(
        f"phone:{phone.id}" in lifted or (phone.confirmed_at is not None and phone.confirmed_at > at)
        for phone in called
    )


def start_phone(session: Session, phone_key: str, now: datetime) -> int:
    """Lift a stop of this number if a caller has entered the PIN since; returns how many phones (R33).

    The call must come first, since anyone who has the phone can send a text. No text overrules a caller who
    left the phone stopped, no matter how often it is sent: they are asked once more in their next call. A
    phone that was marked unsafe is not called anyway, and nobody is asked about it.
    """
    stopped = session.scalars(
        select(Phone).where(
            Phone.phone_key == phone_key, Phone.stopped_at.is_not(None), Phone.unsafe_since.is_(None)
        )
    ).all()
    lifted = 0
    for phone in stopped:
        if phone.stop_told_at is not None:
            # The call that left it stopped, and any call before this text, cannot make a START count.
            phone.stop_told_at, phone.stopped_at = None, now
            continue
        called = select(Case.id).where(
            Case.registrant_id == phone.registrant_id, Case.last_verified_at > phone.stopped_at
        )
        if session.scalar(called.limit(1)) is not None:
            lift_stop(session, phone, "sms", now)
            lifted += 1
    session.flush()
    return lifted


def lift_stop(session: Session, phone: Phone, actor: str, now: datetime) -> None:
    """Let this phone be called again, also for what this registrant was promised before the stop.

    Staff had that as a task and could only cancel it. They decide about the call: nothing dials it
    automatically.
    """
    phone.stopped_at = phone.stop_told_at = None
    session.flush()
    theirs = select(Case.id).where(Case.registrant_id == phone.registrant_id)
    _mark_left(
        session, phone.phone_key, NOT_CALLED, STOP_LIFTED,
        or_(Callback.case_id.in_(theirs), Callback.registrant_id == phone.registrant_id),
    )  # fmt: skip
    _stopped_after(session, False, Callback.phone_key == phone.phone_key, Callback.case_id.in_(theirs))
    audit.record(session, actor=actor, action=_LIFTED, target=f"phone:{phone.id}", now=now)


def take_back_stop(
    session: Session, callback: Callback, at: datetime, actor: str, now: datetime
) -> list[Job]:
    """Lift what an outcome of this callback stopped at the moment ``at``, which was a mistake (R33).

    A phone that had said stop before stays stopped. What has moved to another safe phone stays there, but
    nobody is called any more to be told of this stop, and staff have no task about it. Returns the jobs that
    end a liaison's ring for that.
    """
    jobs: list[Job] = []
    phones = select(Phone).where(Phone.phone_key == callback.phone_key, Phone.stopped_at == at)
    for phone in session.scalars(phones.order_by(Phone.id).with_for_update()):
        lift_stop(session, phone, actor, now)
        jobs += _untell(session, phone.registrant_id, at, actor, now)
    stands = (
        select(Phone.id).where(Phone.phone_key == callback.phone_key, Phone.stopped_at.is_not(None)),
        select(Callback.id).where(Callback.phone_key == callback.phone_key, Callback.outcome == STOPPED),
    )
    if any(session.execute(query.limit(1)).first() for query in stands):
        return jobs
    # Of a phone that no case has, only the callbacks know: the one that was left then, and older tasks. What
    # an earlier wrong person stopped stays stopped.
    since = _wrong_person_before(session, callback.phone_key, at)
    newer = [] if since is None else [Callback.requested_at > since]
    theirs = or_(Callback.closed_at == at, Callback.reason != SUPERVISOR)
    _mark_left(session, callback.phone_key, {WRONG_PERSON}, STOP_LIFTED, theirs, *newer)
    _stopped_after(session, False, Callback.phone_key == callback.phone_key, *newer)
    return jobs


def _wrong_person_before(session: Session, phone_key: str, at: datetime) -> datetime | None:
    """When a wrong person last stopped this phone before ``at``, if nobody took that back."""
    stops = (
        select(func.max(Callback.requested_at))
        .join(Talk, Talk.caller_call_id == Callback.requested_in_call_id)
        .where(
            Callback.phone_key == phone_key,
            Callback.reason == SUPERVISOR,
            Callback.requested_at < at,
            Talk.outcome == WRONG_PERSON,
        )
    )
    return session.scalar(stops)


def _untell(session: Session, registrant_id: int, at: datetime, actor: str, now: datetime) -> list[Job]:
    """Cancel the calls to the other safe phones about a stop at ``at``, unless one of them rings already.

    The task of staff is closed too.
    """
    made = select(Callback).where(
        Callback.registrant_id == registrant_id, Callback.reason == REASON, Callback.requested_at == at
    )
    for task in session.scalars(made.where(Callback.state == TAKEN_UP_AGAIN)).all():
        advance(session, task.id, "close_left", actor=actor, now=now, outcome="settled_otherwise")
    jobs: list[Job] = []
    for one in session.scalars(made.where(IS_OWED).order_by(Callback.id)).all():
        leg = one.liaison_call_id
        if cancel_callback(session, one.id, now, actor) and leg is not None:
            jobs.append(("release_leg", leg))
    return jobs


def answer_notice(session: Session, call: "CallState", now: datetime, *, lift: bool) -> bool:
    """Record that the verified caller heard about the stops: lift them, or keep them and ask no more.

    Only what they were asked about: a stop that came after the question stays, and the caller is asked about
    it next. What another call has left stopped since the question is lifted. Returns whether the phones of
    the question may be called now.
    """
    asked_at = call.progress_at or now
    stopped = select(Phone).where(Phone.registrant_id == call.registrant_id, Phone.stopped_at.is_not(None))
    newer: list[Phone] = []
    is_lifted = is_barred = False
    for phone in session.scalars(stopped.order_by(Phone.id).with_for_update()):
        if phone.unsafe_since is not None:
            is_barred = is_barred or phone.unsafe_since >= asked_at
        elif phone.stopped_at is not None and phone.stopped_at > asked_at:
            if phone.stop_told_at is None:
                newer.append(phone)
        elif phone.stop_told_at is not None and phone.stop_told_at <= asked_at:
            continue
        elif lift:
            lift_stop(session, phone, f"caller:{call.id}", now)
            is_lifted = True
        else:
            phone.stop_told_at = now
    session.flush()
    # After the duress PIN only the phone in the caller's hand is spoken of (R10).
    is_duress = session.scalar(select(Case.duress_of).where(Case.id == call.case_id)) is not None
    call.stops_untold = sum(not is_duress or phone.phone_key == call.phone_key for phone in newer)
    return is_lifted or not (newer or is_barred)


def ask_once_more(session: Session, call: "CallState", now: datetime) -> bool:
    """Whether this verified caller had left their phone stopped, and must be asked about it again.

    As after a text in ``start_phone``, no call before this moment makes a START count.
    """
    phone = session.scalars(
        select(Phone)
        .where(
            Phone.registrant_id == call.registrant_id,
            Phone.phone_key == call.phone_key,
            Phone.stopped_at.is_not(None),
            Phone.unsafe_since.is_(None),
        )
        .with_for_update()
    ).first()
    if phone is None:
        return False
    phone.stop_told_at, phone.stopped_at = None, now
    session.flush()
    call.stops_untold = 1
    return True


def _move_callbacks(
    session: Session, phone_key: str, now: datetime, policy: CallbackPolicy, outcome: str
) -> list[Job]:
    """Move the callbacks to this number to their person's next phone, or else to staff."""
    _move_waiting(session, phone_key, now, policy, outcome)
    _mark_left(session, phone_key, {STOP_LIFTED}, outcome)
    _stop_tasks(session, phone_key, outcome)
    # A follow-up of a talk is made when the talk ends or its outcome is entered, which is after this.
    _stopped_after(session, True, Callback.phone_key == phone_key, Callback.state.in_(("talking", "reached")))
    owed = select(Callback).where(Callback.phone_key == phone_key, IS_OWED).order_by(Callback.id)
    jobs: list[Job] = []
    for callback in session.scalars(owed.with_for_update(key_share=True)).all():
        legs = (callback.liaison_call_id, callback.caller_call_id)
        elsewhere = on_next_phone(session, callback, now, policy)
        # Repeated requests and stops would otherwise fill the list with identical tasks.
        if (
            elsewhere is None
            and _is_left_already(session, callback)
            and advance(session, callback.id, "cancel", actor=_ACTOR, now=now, outcome=_DUPLICATE)
        ):
            jobs += [("release_leg", leg) for leg in legs if leg is not None]
            continue
        if elsewhere is None:
            jobs += leave_for_staff(session, callback, now, _ACTOR, outcome)
            continue
        if callback.caller_call_id is not None:
            never_dial(session, callback.caller_call_id, now)
        advance(
            session, callback.id, "change_phone", actor=_ACTOR, now=now,
            next_attempt_at=_first_ring(callback, now, policy), caller_tries=0, **elsewhere,
        )  # fmt: skip
        jobs += [("release_leg", leg) for leg in legs if leg is not None]
        jobs.append(("dial_liaison", callback.id))
    return jobs


def _move_waiting(
    session: Session, phone_key: str, now: datetime, policy: CallbackPolicy, outcome: str
) -> None:
    """What waits behind news comes back for the next phone, or is a person's task at once."""
    for callback in waiting_locked(session, Callback.phone_key == phone_key):
        elsewhere = on_next_phone(session, callback, now, policy)
        if elsewhere is None:
            leave_waiting(callback, outcome)
            continue
        for name, value in elsewhere.items():
            setattr(callback, name, value)
        callback.next_attempt_at, callback.caller_tries = _first_ring(callback, now, policy), 0
    session.flush()


def _first_ring(callback: Callback, now: datetime, policy: CallbackPolicy) -> datetime:
    """When the next phone rings: at once, but not before what staff and the person agreed on."""
    is_agreed = callback.rescheduled_by_id is not None or callback.reason == LATER
    return policy.calling_window(max(now, callback.next_attempt_at) if is_agreed else now, callback.time_zone)


def waiting_locked(session: Session, *which: ColumnElement[bool]) -> Sequence[Callback]:
    """Those of ``which`` that wait behind news, locked after what their cases are owed, as everywhere."""
    cases = select(Callback.case_id).where(*WAITS, *which)
    owed = select(Callback.id).where(Callback.case_id.in_(cases), IS_OWED).order_by(Callback.id)
    session.execute(owed.with_for_update(key_share=True)).all()
    waiting = select(Callback).where(*WAITS, *which).order_by(Callback.id)
    return session.scalars(waiting.with_for_update(key_share=True)).all()


def leave_waiting(callback: Callback, outcome: str) -> None:
    """One that waited behind news is a person's task from now on, and they are told of it."""
    callback.outcome, callback.warned = outcome, LEFT_TOLD - 1
    callback.rank = rank_of(verified=callback.verified, urgent=callback.urgency == "urgent")


def _is_left_already(session: Session, callback: Callback) -> bool:
    """Whether a request without the PIN was already left to staff after a stop of this phone.

    It must be of the same class or a higher one, and still open.
    """
    left = select(Callback.id).where(
        Callback.phone_key == callback.phone_key, WITHOUT_PIN, Callback.state == "left_for_staff",
        Callback.outcome.in_(NOT_CALLED), Callback.urgency.in_(("urgent", callback.urgency)),
    )  # fmt: skip
    is_without_pin = not (callback.verified or callback.case_id or callback.registrant_id)
    return is_without_pin and session.execute(left.limit(1)).first() is not None


def _mark_left(
    session: Session, phone_key: str, before: Set[str], after: str, *whose: ColumnElement[bool]
) -> None:
    """Mark on callbacks left to staff after a stop of this number whether they may call it."""
    left = update(Callback).where(
        Callback.phone_key == phone_key,
        Callback.state.in_(("left_for_staff", "claimed")),
        Callback.outcome.in_(before),
    )
    session.execute(
        left.where(*whose).values(outcome=after), execution_options={"synchronize_session": "fetch"}
    )


def _stop_tasks(session: Session, phone_key: str, outcome: str) -> None:
    """Mark what staff have as a task for this number: they do not call it either.

    Where the number is a phone of the registrant, that phone is stopped itself, and barred to staff.
    """
    of_case = (
        select(Phone.id)
        .join(Case, Case.registrant_id == Phone.registrant_id)
        .where(Case.id == Callback.case_id, Phone.phone_key == phone_key)
        .correlate(Callback)
    )
    session.execute(
        update(Callback)
        .where(
            Callback.phone_key == phone_key,
            Callback.state == "left_for_staff",
            Callback.outcome.not_in((*NOT_CALLED, ANEW)),
            Callback.registrant_id.is_(None),
            ~of_case.exists(),
        )
        .values(outcome=outcome),
        execution_options={"synchronize_session": "fetch"},
    )


def _stopped_after(session: Session, is_so: bool, *which: ColumnElement[bool]) -> None:
    session.execute(
        update(Callback).where(*which).values(stopped_after=is_so),
        execution_options={"synchronize_session": "fetch"},
    )


def on_next_phone(
    session: Session, callback: Callback, now: datetime, policy: CallbackPolicy
) -> dict[str, Any] | None:
    """The columns of this callback for the person's next safe phone, or None if there is none (R33).

    Nobody asked for a call to a phone that replaces an unsafe one, so it does not move there (R09).
    """
    registrant_id = registrant_of(session, callback)
    if registrant_id is None:
        return None
    for phone in proving_phones(session, registrant_id, now):
        number = keyring_of(session).unseal("phone.number", phone.number_sealed)
        if policy.can_dial(number):
            return _columns(session, callback, phone, number, now, policy)
    return None


def registrant_of(session: Session, callback: Callback) -> int | None:
    """The registrant whom this callback is for, or None if the caller gave no PIN."""
    if callback.case_id is None:
        return callback.registrant_id
    return session.scalar(select(Case.registrant_id).where(Case.id == callback.case_id))


def _columns(
    session: Session, callback: Callback, phone: Phone, number: str, now: datetime, policy: CallbackPolicy
) -> dict[str, Any]:
    wishes = wishes_of_phone(phone)
    chosen = _chosen_there(callback, phone)
    starts, ends = chosen or _own_hours(callback, phone, now, policy) or (None, None)
    return {
        "phone_key": phone.phone_key,
        "number_sealed": keyring_of(session).seal("callback.number", number),
        "may_answer": wishes.may_answer,
        "voicemail_text": wishes.voicemail_text,
        "voicemail_allowed": wishes.voicemail_text is not None,
        "window_starts": starts,
        "window_ends": ends,
        "window_of_phone": chosen is None and starts is not None,
    }


def _chosen_there(callback: Callback, phone: Phone) -> tuple[datetime, datetime] | None:
    """What of the part of the day that the person chose the other phone is called in; None if nothing."""
    starts, ends = callback.window_starts, callback.window_ends
    if starts is None or ends is None or callback.window_of_phone:
        return None
    daily = DailyWindow.of(phone.window_starts, phone.window_ends)
    part = (starts, ends) if daily is None else overlap(starts, ends, callback.time_zone, daily)
    # An urgent callback opens the hours of its phone: of this one nobody allowed others (R29).
    return part if part is None or callback.urgency == "urgent" else (starts, ends)


def _own_hours(
    callback: Callback, phone: Phone, now: datetime, policy: CallbackPolicy
) -> tuple[datetime, datetime] | None:
    """The hours of the other phone, if nothing of a chosen part of the day counts there.

    An urgent caller without such a part allowed all hours only for the phone that they called from. If the
    other phone has no hours, it is called in those of the office, however often it is tried (R29).
    """
    if callback.urgency != "urgent":
        # The hours of its phone narrow it as they are.
        return None
    own = DailyWindow.of(phone.window_starts, phone.window_ends)
    return kept_hours(own, callback.time_zone, now, policy.numbers)


def _make_task(session: Session, registrant_id: int, actor: str, now: datetime, policies: Policies) -> None:
    """Give staff a task: the registrant may not be the person who said stop, or who answered."""
    registrant = session.get_one(Registrant, registrant_id)
    phones = proving_phones(session, registrant_id, now)
    number = keyring_of(session).unseal("phone.number", phones[0].number_sealed) if phones else ""
    due_at = now + timedelta(minutes=policies.stop_task_minutes)
    task = Promise(
        number=number, urgency="urgent", reason=REASON, verified=False, language=registrant.language,
        time_zone=registrant.time_zone, requested_at=now, due_at=due_at, next_attempt_at=now,
        registrant_id=registrant_id, state="left_for_staff", outcome=REASON if phones else NO_SAFE_PHONE,
    )  # fmt: skip
    promise_callback(session, task, actor=actor, now=now)
