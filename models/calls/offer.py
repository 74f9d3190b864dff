"""Offers: each call to a liaison about a caller, recorded so that the two lists alternate (R36)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base, UtcDateTime

#: How many earlier offers a decision considers; with the next one that is four in a row.
LOOKED_AT = 3
#: Offers further apart are not in a row: the evening's offers do not decide who is first the next morning.
_IN_A_ROW = timedelta(hours=4)
#: How many are kept; older ones are deleted, because nothing reads them.
_KEPT = 20


class Offer(Base):
    """A liaison was offered a caller, or took one; ``verified`` says which list the caller was taken from."""

    __tablename__ = "offers"

    id: Mapped[int] = mapped_column(primary_key=True)
    verified: Mapped[bool]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


_NEWEST = select(Offer.verified, Offer.at).order_by(Offer.id.desc()).limit(LOOKED_AT)


def note_offer(session: Session, *, verified: bool, now: datetime) -> None:
    """Record an offer, in the transaction that makes it."""
    offer = Offer(verified=verified, at=now)
    session.add(offer)
    session.flush()
    # Whoever deletes others right now need not be waited for, which could end in a deadlock.
    past = select(Offer.id).where(Offer.id <= offer.id - _KEPT).with_for_update(skip_locked=True)
    session.execute(delete(Offer).where(Offer.id.in_(past)).execution_options(synchronize_session=False))


def last_offers(session: Session, now: datetime) -> Sequence[bool]:
    """Whether each of the last offers in a row went to a verified caller, the oldest first."""
    newest = session.execute(_NEWEST).all()
    return [offer.verified for offer in newest if offer.at > now - _IN_A_ROW][::-1]
