"""Which of a registrant's phones may be rung: confirmed, not unsafe, not stopped, in their own order."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.database import keyring_of
from models.registrant import Phone


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
        .where(
            Phone.registrant_id == registrant_id,
            Phone.confirmed_at.is_not(None),
            Phone.unsafe_since.is_(None),
            Phone.stopped_at.is_(None),
        )
        .order_by(Phone.position)
    )
    return [keyring_of(session).unseal("phone.number", number) for number in sealed]
