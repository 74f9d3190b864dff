"""A phone that replaces an unsafe one: for some days nothing of a case is told there (R09).

Whoever marked the old phone unsafe and bound the new one may be the person who is feared. The rule ends by
time, or by a member of staff who knows the person by more than their PIN.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.cases.case import Case
from models.cases.registrant import Phone


def hold_new(phones: Iterable[Phone], unsafe: Phone, now: datetime, hold: timedelta) -> None:
    """A phone is marked unsafe: those that were bound within ``hold`` replace it, and wait from now."""
    for phone in phones:
        if phone is not unsafe and phone.confirmed_at is not None and phone.confirmed_at > now - hold:
            phone.content_held_until = now + hold


def hold_bound(phones: Iterable[Phone], bound: Phone, hold: timedelta) -> None:
    """A phone is bound: it waits until ``hold`` after the last of the others that was marked unsafe."""
    marked = [phone.unsafe_since for phone in phones if phone is not bound and phone.unsafe_since is not None]
    bound.content_held_until = max(marked) + hold if marked else None


def holds_content(session: Session, callback: Callback, now: datetime) -> bool:
    """Whether a callback rings a phone where nothing of its case may be told yet."""
    if callback.case_id is None:
        return False
    held = _held(now).where(Case.id == callback.case_id, Phone.number_key == callback.number_key)
    return session.execute(held.limit(1)).first() is not None


def is_to_new_phone(now: datetime) -> ColumnElement[bool]:
    """The same, for a statement about callbacks."""
    held = _held(now).where(Case.id == Callback.case_id, Phone.number_key == Callback.number_key)
    return held.correlate(Callback).exists()


def _held(now: datetime) -> Select[int]:
    """The phones of cases where nothing may be told yet."""
    return (
        select(Phone.id)
        .join(Case, Case.registrant_id == Phone.registrant_id)
        .where(Phone.content_held_until > now)
    )
