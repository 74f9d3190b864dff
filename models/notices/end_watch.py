"""A caller with the PIN stopped or paused the calls about changes: staff ask whether it was the registrant.

Somebody else may know the PIN, and would turn the calls off before a release. The next caller with the PIN is
told as well (``ivr_flows/verbs/pin_verbs.py``), by the same rule for every case (R13).
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.callbacks.callback import IS_PROMISED, Callback
from models.callbacks.callback_request import Promise, promise_callback
from models.callbacks.follow_up import NO_SAFE_PHONE
from models.callbacks.wishes import SAFEST, wishes_of_phone
from models.cases.case import Case
from models.cases.registrant import Registrant
from models.cases.safe_phone import proving_phones
from models.notices.registration import HAS_NO_TASK, Registration
from models.store.database import keyring_of
from models.store.policies import Policies

REASON = "calls_stopped"


def ask_who_stopped(session: Session, now: datetime, policies: Policies, limit: int) -> int:
    """Give staff a task for each of at most ``limit`` registrations that a caller ended; returns how many.

    One open task for each registrant is enough. No task is made for a closed case, of which nothing is told,
    nor for a duress case: a call about it would tell that it was used. The sweeper makes them, so that every
    case costs the call as many statements.
    """
    ended = select(Registration).where(HAS_NO_TASK).order_by(Registration.id).limit(limit).with_for_update()
    made = 0
    for registration in session.scalars(ended).all():
        registration.end_task_at = now
        case = session.get_one(Case, registration.case_id)
        # Also if it stands again: what it stopped meanwhile stays stopped.
        may_ask = case.closed_at is None and case.duress_of is None
        if may_ask and not _is_asked(session, case.registrant_id):
            _make_task(session, case.registrant_id, now, policies)
            made += 1
    session.flush()
    return made


def _is_asked(session: Session, registrant_id: int) -> bool:
    mine = select(Callback.id).where(
        Callback.registrant_id == registrant_id, Callback.reason == REASON, IS_PROMISED
    )
    return session.execute(mine.limit(1)).first() is not None


def _make_task(session: Session, registrant_id: int, now: datetime, policies: Policies) -> None:
    registrant = session.get_one(Registrant, registrant_id)
    phone = next(iter(proving_phones(session, registrant_id, now)), None)
    number = "" if phone is None else keyring_of(session).unseal("phone.number", phone.number_sealed)
    task = Promise(
        number=number, urgency="other", reason=REASON, verified=False, language=registrant.language,
        time_zone=registrant.time_zone, requested_at=now, next_attempt_at=now,
        due_at=now + timedelta(minutes=policies.stop_task_minutes), registrant_id=registrant_id,
        state="left_for_staff", outcome=NO_SAFE_PHONE if phone is None else REASON,
        wishes=SAFEST if phone is None else wishes_of_phone(phone),
    )  # fmt: skip
    promise_callback(session, task, actor="sweeper", now=now)
