"""Which of a registrant's phones may be rung: confirmed, not unsafe, not stopped, in their own order."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database import keyring_of
from models.registrant import Phone


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
