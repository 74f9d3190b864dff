"""Callbacks to a phone on which nothing about a case is told yet: a new one (R09).

It replaces an unsafe one, or staff call it to say its code and nobody has confirmed it.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.cases.case import Case
from models.cases.new_phone import is_held
from models.cases.registrant import Phone
from models.cases.safe_phone import awaits_code

#: The phone of a callback, as the case's registrant has it.
_ITS_PHONE = (
    select(Phone.id)
    .join(Case, Case.registrant_id == Phone.registrant_id)
    .where(Case.id == Callback.case_id, Phone.phone_key == Callback.phone_key)
)
# A number that a caller with the PIN gave for one callback may be on the list too, and that opens the case.
_IS_FOR_CODE = and_(Phone.confirmed_at.is_(None), Callback.begun_by_staff)


def holds_content(session: Session, callback: Callback, now: datetime) -> bool:
    """Whether a callback calls a phone on which nothing about its case may be told yet."""
    if callback.case_id is None:
        return False
    return _is_true(session, select(Callback.id).where(Callback.id == callback.id, is_to_new_phone(now)))


def is_to_new_phone(now: datetime) -> ColumnElement[bool]:
    """The same, for a statement about callbacks."""
    return _ITS_PHONE.where(or_(is_held(now), _IS_FOR_CODE)).correlate(Callback).exists()


def is_for_code(session: Session, callback: Callback, *which: ColumnElement[bool]) -> bool:
    """Whether staff call a phone that nobody has confirmed, to say its code to it: the line never does.

    ``which`` are further conditions on the phone.
    """
    if callback.case_id is None or not callback.begun_by_staff:
        return False
    its = _ITS_PHONE.where(_IS_FOR_CODE, *which).correlate(Callback).exists()
    return _is_true(session, select(Callback.id).where(Callback.id == callback.id, its))


def lacks_code(session: Session, callback: Callback, now: datetime) -> bool:
    """Whether it is such a call, and there is no valid code to say: nobody makes it."""
    return is_for_code(session, callback) and not is_for_code(session, callback, awaits_code(now))


def calls_with_code(session: Session, callback_id: int, phone_id: int, staff_id: int) -> bool:
    """Whether this callback is such a call to this phone, and this staff member has it."""
    theirs = select(Callback.id).where(Callback.id == callback_id, Callback.staff_id == staff_id)
    its = _ITS_PHONE.where(_IS_FOR_CODE, Phone.id == phone_id).correlate(Callback).exists()
    return _is_true(session, theirs.where(its))


def _is_true(session: Session, statement: Select[int]) -> bool:
    return session.execute(statement.limit(1)).first() is not None
