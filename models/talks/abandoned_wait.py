"""Callers who hang up in the call queue: called back if they allowed it; else nothing is saved (R36)."""

from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from models.callbacks.asking_call import pause_after
from models.callbacks.callback import Callback
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_request import A_DAY, Promise, promise_callback
from models.callbacks.follow_up import CUT_OFF
from models.calls.call import Call
from models.calls.place import WAITING
from models.cases.case import Case
from models.cases.registrant import Consent, Phone, Registrant
from models.cases.safe_phone import SAFE, next_window
from models.store.database import keyring_of
from models.store.job import Job
from models.talks.call_queue import QueuedCall, lapsed_waits, leave_queue, talk_began, wait_of
from models.talks.follow_talk import opened_case, promise_to_caller
from models.talks.talk import Talk, is_cut_short


def wait_ended(session: Session, call_id: int, now: datetime, policy: CallbackPolicy) -> list[Job]:
    """A caller's call is over: end its wait, and promise a callback if they were waiting and allowed it.

    Returns the jobs to enqueue after the commit; none for a call without a wait, or that reached a person.
    """
    wait = wait_of(session, call_id)
    if wait is None:
        return []
    talked_from = talk_began(session, wait)
    if talked_from is not None:
        leave_queue(session, call_id, "talked", talked_from)
        return []
    return _offer(session, wait, now, policy) if leave_queue(session, call_id, "abandoned", now) else []


def talk_cut_off(
    session: Session, talk: Talk, now: datetime, over_at: datetime, policy: CallbackPolicy
) -> list[Job]:
    """A caller's call is over although nobody has helped them yet: they are called back (R36, Legs).

    This covers a call that ended before they met the liaison who took them, in the first seconds of the talk,
    on hold, and before they heard that a hold broke off. A liaison had taken them, so they are called even
    without a PIN, at the phone that called, and as often in a day as they could ask for it. ``over_at`` is
    when their call ended, which may be earlier than its end was reported. Call this before this same end
    closes the talk. Returns the jobs to enqueue.
    """
    taken = select(QueuedCall).where(
        QueuedCall.call_id == talk.caller_call_id, QueuedCall.outcome == "talked"
    )
    wait = session.scalars(taken).first()
    if wait is None:
        return []
    place = session.scalar(select(Call.place).where(Call.id == talk.caller_call_id))
    if place == WAITING:
        wait.outcome, wait.ended_at = "abandoned", now
    elif talk.held_at is None and not (
        not talk.is_over and is_cut_short(talk, over_at, policy.numbers.cut_short_seconds)
    ):
        return []
    return _offer(session, wait, now, policy) or _call_back(session, talk, now, policy)


def end_lapsed_waits(session: Session, now: datetime, policy: CallbackPolicy) -> list[Job]:
    """Do the same for calls without any more news: the event of their end was lost."""
    jobs: list[Job] = []
    for call_id in lapsed_waits(session, now):
        wait = wait_of(session, call_id)
        if wait is not None and leave_queue(session, call_id, "lapsed", now):
            jobs += _offer(session, wait, now, policy)
    return jobs


def _call_back(session: Session, talk: Talk, now: datetime, policy: CallbackPolicy) -> list[Job]:
    call = session.get_one(Call, talk.caller_call_id)
    if opened_case(session, call) is None:
        most = policy.numbers.unverified_callbacks_a_day
        if call.phone_key is None or _cut_off_lately(session, call, now) >= most:
            return []
    at = now + pause_after(session, call.id, policy.numbers)
    made = promise_to_caller(session, call, CUT_OFF, at, f"caller:{call.id}", now, policy)
    return [] if made is None else [("dial_liaison", made)]


def _cut_off_lately(session: Session, call: Call, now: datetime) -> int:
    """How many such callbacks a phone had in 24 hours; those requested by key do not count.

    Nor does a call whose caller ID the carrier judges differently: a faked number uses up nothing (R07).
    """
    judged = (
        Call.caller_id_doubted.is_(call.caller_id_doubted),
        Call.caller_id_attested.is_(call.caller_id_attested),
    )
    had = (
        # A callback that continues in a new row, because nobody was there, keeps its moment and counts once.
        select(func.count(Callback.requested_at.distinct()))
        .select_from(Callback)
        .join(Call, Call.id == Callback.requested_in_call_id)
        .where(
            Callback.number_key == call.phone_key, Callback.requested_at > now - A_DAY, ~Callback.verified,
            Callback.reason == CUT_OFF, *judged,
        )
    )  # fmt: skip
    return session.scalar(had) or 0


def _offer(session: Session, wait: QueuedCall, now: datetime, policy: CallbackPolicy) -> list[Job]:
    """A callback to the phone that called, if its verified owner agreed to calls there; else nothing."""
    call = session.get_one(Call, wait.call_id)
    if not wait.verified or call.case_id is None or call.phone_key is None or call.phone_sealed is None:
        return []
    allowed = _allowed_phone(session, call.case_id, call.phone_key, now)
    number = keyring_of(session).unseal("call.phone", call.phone_sealed)
    if allowed is None or not policy.can_dial(number):
        return []
    time_zone, window = allowed
    promise = Promise(
        number=number, urgency="other", reason="abandoned", verified=True, language=call.language,
        time_zone=time_zone, requested_at=wait.since, due_at=policy.due_at("other", now),
        next_attempt_at=policy.calling_window(now + pause_after(session, call.id, policy.numbers), time_zone),
        case_id=call.case_id, call_id=call.id, silent=call.silent, window=window,
    )  # fmt: skip
    made = promise_callback(session, promise, actor=f"caller:{call.id}", now=now)
    return [] if made is None else [("dial_liaison", made)]


def _allowed_phone(
    session: Session, case_id: int, phone_key: str, now: datetime
) -> tuple[str, tuple[datetime, datetime] | None] | None:
    """The time zone and next window of a phone on which its owner agreed to be called, or None (R28, R29)."""
    agreed = exists().where(
        Consent.phone_id == Phone.id, Consent.channel == "voice", Consent.withdrawn_at.is_(None)
    )
    found = session.execute(
        select(Phone, Registrant.time_zone)
        .join(Registrant, Registrant.id == Phone.registrant_id)
        .join(Case, Case.registrant_id == Registrant.id)
        .where(Case.id == case_id, Phone.number_key == phone_key, *SAFE, agreed)
        .limit(1)
    ).first()
    return None if found is None else (found[1], next_window(found[0], found[1], now))
