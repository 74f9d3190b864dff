"""A consent that ends soon: staff are asked to ask the registrant again before it does (R28).

After ``lapses_at`` the line calls nobody by itself. The registration stays: the registrant renews it when
they next call, or when staff ask them. The task is over once they did (``close_asked``).
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback, advance
from models.callbacks.callback_request import Promise, promise_callback
from models.callbacks.callback_state import TAKEN_UP_AGAIN
from models.callbacks.follow_up import NO_SAFE_PHONE
from models.callbacks.wishes import SAFEST, wishes_of_phone
from models.cases.case import Case
from models.cases.registrant import Registrant
from models.cases.safe_phone import proving_phones, safe_phones
from models.notices.registration import Registration
from models.store.database import keyring_of
from models.store.policies import Policies

REASON = "consent_ends"


def ask_to_renew(session: Session, now: datetime, policies: Policies, limit: int) -> int:
    """Give staff one task for each of at most ``limit`` consents that end soon; returns how many.

    Nobody is asked at a phone that replaced an unsafe one, for its 72 hours. No task is made for a closed
    case, of which nothing is told, nor for a duress case: a call about it would tell that it was used.
    """
    ending = (
        select(Registration)
        .where(_ends(now, policies))
        .order_by(Registration.lapses_at)
        .limit(limit)
        .with_for_update()
    )
    made = 0
    for registration in session.scalars(ending).all():
        case = session.get_one(Case, registration.case_id)
        if now < _held_until(session, case.registrant_id, now) < registration.lapses_at:
            continue
        registration.lapse_told_at = now
        if case.closed_at is None and case.duress_of is None:
            _make_task(session, case, registration.lapses_at, now)
            made += 1
    session.flush()
    return made


def _held_until(session: Session, registrant_id: int, now: datetime) -> datetime:
    """Until when there are only phones that replaced an unsafe one: who answers there would say no (R09)."""
    if proving_phones(session, registrant_id, now):
        return now
    held = (one.content_held_until for one in safe_phones(session, registrant_id))
    return min((until for until in held if until is not None), default=now)


def close_asked(session: Session, registrant_id: int, actor: str, now: datetime) -> None:
    """The registrant has kept or stopped their calls: staff need not ring them to ask any more.

    A person with several cases has a task for each consent that ends soon.
    """
    asked = select(Callback).where(
        Callback.registrant_id == registrant_id, Callback.reason == REASON, Callback.state == TAKEN_UP_AGAIN
    )
    tasks = session.scalars(asked.order_by(Callback.id)).all()
    if not tasks:
        return
    still = (
        select(Registration.lapses_at)
        .join(Case, Case.id == Registration.case_id)
        .where(
            Case.registrant_id == registrant_id,
            Registration.state != "stopped",
            Registration.lapse_told_at.is_not(None),
        )
    )
    ending = session.scalars(still).all()
    # The task of a consent that still ends stays: it is due when that ends.
    settled = sorted(tasks, key=lambda task: task.due_at in ending)[: max(0, len(tasks) - len(ending))]
    for task in settled:
        advance(session, task.id, "close_left", actor=actor, now=now, outcome="settled_otherwise")


def _ends(now: datetime, policies: Policies) -> ColumnElement[bool]:
    return and_(
        Registration.state != "stopped",
        Registration.lapse_told_at.is_(None),
        Registration.lapses_at <= now + timedelta(days=policies.consent_renew_days),
    )


def _make_task(session: Session, case: Case, lapses_at: datetime, now: datetime) -> None:
    registrant = session.get_one(Registrant, case.registrant_id)
    phone = next(iter(proving_phones(session, registrant.id, now)), None)
    number = "" if phone is None else keyring_of(session).unseal("phone.number", phone.number_sealed)
    task = Promise(
        number=number, urgency="other", reason=REASON, verified=True, language=registrant.language,
        time_zone=registrant.time_zone, requested_at=now, due_at=max(now, lapses_at), next_attempt_at=now,
        registrant_id=registrant.id, state="left_for_staff",
        outcome=NO_SAFE_PHONE if phone is None else REASON,
        wishes=SAFEST if phone is None else wishes_of_phone(phone),
    )  # fmt: skip
    promise_callback(session, task, actor="sweeper", now=now)
