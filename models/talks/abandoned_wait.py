"""Callers who hang up in the call queue: called back only after the right PIN and with consent (R36).

``talk_broke_off.py`` has the callers whom a liaison had taken: they need neither.
"""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from models.callbacks.appointment import promised_by
from models.callbacks.asking_call import pause_after
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_request import Promise, promise_callback
from models.calls.call import Call
from models.cases.case import Case
from models.cases.registrant import Consent, Phone, Registrant
from models.cases.safe_phone import SAFE, next_window
from models.staff.rota import Rota
from models.store.database import keyring_of
from models.store.job import Job
from models.talks.call_queue import QueuedCall, lapsed_waits, leave_queue, talk_began, wait_of
from models.talks.follow_talk import bring_forward


def wait_ended(session: Session, call_id: int, now: datetime, policy: CallbackPolicy) -> list[Job]:
    """A caller's call is over: end its wait, and promise a callback if they were waiting and agreed to one.

    Returns the jobs to enqueue after the commit; none for a call without a wait, or that reached a person.
    """
    wait = wait_of(session, call_id)
    if wait is None:
        return []
    talked_from = talk_began(session, wait)
    if talked_from is not None:
        leave_queue(session, call_id, "talked", talked_from)
        return []
    if not leave_queue(session, call_id, "abandoned", now):
        return []
    return call_back_if_agreed(session, wait, now, policy)


def end_lapsed_waits(session: Session, now: datetime, policy: CallbackPolicy) -> list[Job]:
    """Do the same for calls without any more news: the event of their end was lost."""
    jobs: list[Job] = []
    for call_id in lapsed_waits(session, now):
        wait = wait_of(session, call_id)
        if wait is not None and leave_queue(session, call_id, "lapsed", now):
            jobs += call_back_if_agreed(session, wait, now, policy)
    return jobs


def call_back_if_agreed(
    session: Session, wait: QueuedCall, now: datetime, policy: CallbackPolicy
) -> list[Job]:
    """A callback to the phone that called, if its owner gave the right PIN and agreed to calls; else nothing.

    Returns the jobs to enqueue.
    """
    call = session.get_one(Call, wait.call_id)
    if not wait.verified or call.case_id is None or call.phone_key is None or call.phone_sealed is None:
        return []
    allowed = _allowed_phone(session, call.case_id, call.phone_key, now)
    number = keyring_of(session).unseal("call.phone", call.phone_sealed)
    if allowed is None or not policy.can_dial(number):
        return []
    time_zone, window = allowed
    soon = now + pause_after(session, call.id, policy.numbers)
    at, due_at = policy.calling_window(soon, time_zone), policy.due_at("other", now)
    if wait.urgent:
        # They waited to hear hard news at this hour, and no part of the day puts that off (R36).
        at, window = Rota(session, now, policy).first_served(soon), None
        due_at = promised_by(at, policy.numbers)
    promise = Promise(
        number=number, urgency="urgent" if wait.urgent else "other", reason="abandoned", verified=True,
        language=call.language, time_zone=time_zone, requested_at=wait.since, due_at=due_at,
        next_attempt_at=at, case_id=call.case_id, call_id=call.id, silent=call.silent, window=window,
    )  # fmt: skip
    made = promise_callback(session, promise, actor=f"caller:{call.id}", now=now)
    if made is None and wait.urgent:
        bring_forward(session, call, at, due_at, f"caller:{call.id}", now, policy)
    return [] if made is None else [("dial_liaison", made)]


def _allowed_phone(
    session: Session, case_id: int, phone_key: str, now: datetime
) -> tuple[str, tuple[datetime, datetime] | None] | None:
    """The time zone and next window of a phone on which its owner agreed to be called, or None (R28, R29)."""
    agreed = exists().where(
        Consent.phone_id == Phone.id,
        Consent.channel == "voice",
        Consent.withdrawn_at.is_(None),
        Consent.registration_id.is_(None),
    )
    found = session.execute(
        select(Phone, Registrant.time_zone)
        .join(Registrant, Registrant.id == Phone.registrant_id)
        .join(Case, Case.registrant_id == Registrant.id)
        .where(Case.id == case_id, Phone.phone_key == phone_key, *SAFE, agreed)
        .limit(1)
    ).first()
    return None if found is None else (found[1], next_window(found[0], found[1], now))
