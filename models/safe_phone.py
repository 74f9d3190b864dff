"""Which of a registrant's phones may be rung: confirmed, not unsafe, not stopped, in their own order."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from models.database import keyring_of
from models.registrant import Phone

SAFE: tuple[ColumnElement[bool], ...] = (
    Phone.confirmed_at.is_not(None),
    Phone.unsafe_since.is_(None),
    Phone.stopped_at.is_(None),
)


def is_barred(session: Session, registrant_id: int, phone_key: str) -> bool:
    """Whether the registrant marked this phone unsafe, or it said stop: it is not rung (R09, R33)."""
    barred = select(Phone.id).where(
        Phone.registrant_id == registrant_id,
        Phone.number_key == phone_key,
        or_(Phone.unsafe_since.is_not(None), Phone.stopped_at.is_not(None)),
    )
    return session.execute(barred.limit(1)).first() is not None


def safe_numbers(session: Session, registrant_id: int) -> list[str]:
    """The registrant's safe numbers in E.164, first choice first (R09, R33)."""
    sealed = session.scalars(
        select(Phone.number_sealed)
        .where(Phone.registrant_id == registrant_id, *SAFE)
        .order_by(Phone.position)
    )
    return [keyring_of(session).unseal("phone.number", number) for number in sealed]


def safe_phones(session: Session, registrant_id: int) -> list[Phone]:
    """The phones themselves, first choice first."""
    of_registrant = select(Phone).where(Phone.registrant_id == registrant_id, *SAFE)
    return list(session.scalars(of_registrant.order_by(Phone.position)))


def next_window(phone: Phone, time_zone: str, at: datetime) -> tuple[datetime, datetime] | None:
    """The window of this phone that is not over at ``at``, or None when its owner set none (R29)."""
    if phone.window_starts is None or phone.window_ends is None:
        return None
    zone = ZoneInfo(time_zone)
    day = at.astimezone(zone).date()
    for ahead in (0, 1):
        date = day + timedelta(days=ahead)
        ends_on = date + timedelta(days=phone.window_ends <= phone.window_starts)
        starts = datetime.combine(date, phone.window_starts, zone).astimezone(at.tzinfo)
        ends = datetime.combine(ends_on, phone.window_ends, zone).astimezone(at.tzinfo)
        if ends > at:
            return starts, ends
    return None
