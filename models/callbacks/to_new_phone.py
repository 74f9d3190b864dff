"""Callbacks to a phone that replaces an unsafe one: nothing about a case is told there yet (R09)."""

from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.cases.case import Case
from models.cases.new_phone import held_phones
from models.cases.registrant import Phone


def holds_content(session: Session, callback: Callback, now: datetime) -> bool:
    """Whether a callback calls a phone on which nothing about its case may be told yet."""
    if callback.case_id is None:
        return False
    held = held_phones(now).where(Case.id == callback.case_id, Phone.phone_key == callback.phone_key)
    return session.execute(held.limit(1)).first() is not None


def is_to_new_phone(now: datetime) -> ColumnElement[bool]:
    """The same, for a statement about callbacks."""
    held = held_phones(now).where(Case.id == Callback.case_id, Phone.phone_key == Callback.phone_key)
    return held.correlate(Callback).exists()
