"""How staff recognized the person on a call that we placed; until then the callback opens no case (R37)."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.callback import Callback
from models.callbacks.claim import actor_of, standing
from models.callbacks.refusals import CallbackRefusal
from models.store.refusal import RefusedError

#: By a word agreed before, by a code that the person was given, or by what was said in the last call.
RECOGNITIONS = ("agreed_word", "spoken_code", "last_call")
#: The action of the audit entry.
RECOGNIZED = "recognize_person"


def may_be_anyone(callback: Callback) -> bool:
    """Whether somebody is on the phone, and nobody has recorded how they were recognized.

    Anybody can press key 1 on a call that we placed, with a PIN or without (R37).
    """
    return callback.state == "talking" and callback.recognized_by is None


def awaits_recognition(callback: Callback) -> bool:
    """Whether staff are to record how they recognized the person on the phone.

    A call to tell a registrant about their PIN or phones opens no case, but would reveal to anyone who
    answers that there is one (R08, R37).
    """
    is_of_somebody = callback.registrant_id is not None or (
        callback.verified and callback.case_id is not None
    )
    return is_of_somebody and may_be_anyone(callback)


def recognize(session: Session, callback_id: int, staff_id: int, code: str, now: datetime) -> None:
    """Record how the person was recognized, with an audit entry; an earlier record is not replaced.

    Raises RefusedError for a code that is not in RECOGNITIONS, and when this person does not lead the talk.
    """
    callback = standing(session, callback_id)
    if callback.state != "talking" or callback.staff_id != staff_id:
        raise RefusedError(CallbackRefusal.NOT_TALKING)
    if code not in RECOGNITIONS:
        raise RefusedError(CallbackRefusal.UNKNOWN_RECOGNITION)
    if not awaits_recognition(callback):
        return
    callback.recognized_by = code
    session.flush()
    audit.record(
        session,
        actor=actor_of(staff_id),
        action=RECOGNIZED,
        target=f"callback:{callback_id}",
        facts={"code": code},
        now=now,
    )
