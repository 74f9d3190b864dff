"""A phone that replaces an unsafe one: for some days nothing about a case is told there (R09).

The person who marked the old phone unsafe and added the new one may be the person the registrant fears. The
rule ends after a time, or when a staff member recognizes the person by more than their PIN.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement

from models.cases.registrant import Phone


def restrict_new(phones: Iterable[Phone], unsafe: Phone, now: datetime, hold: timedelta) -> None:
    """A phone is marked unsafe: phones added within ``hold`` replace it, and their wait starts now."""
    for phone in phones:
        if phone is not unsafe and phone.confirmed_at is not None and phone.confirmed_at > now - hold:
            phone.content_held_until = now + hold


def restrict_bound(phones: Iterable[Phone], bound: Phone, hold: timedelta) -> None:
    """A phone is added: it waits until ``hold`` after the latest other phone that was marked unsafe."""
    marked = [phone.unsafe_since for phone in phones if phone is not bound and phone.unsafe_since is not None]
    bound.content_held_until = max(marked) + hold if marked else None


def is_held(now: datetime) -> ColumnElement[bool]:
    """Whether nothing about a case may be told on a phone yet."""
    return Phone.content_held_until > now
