"""How fast the carrier may be asked to place calls: one row that every worker takes its slot from."""

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import String, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, UtcDateTime

#: The one thing that is paced: calls placed through the carrier's REST side (Twilio: one a second).
CALLS = "calls"
#: No slot lies further ahead than this, unless a clock went back; then it is forgotten.
_FURTHEST = timedelta(minutes=1)
#: A carrier that is overloaded or cannot be reached is left alone for so long.
REST = timedelta(seconds=5)


class Pace(Base):
    """``next_at`` is the first moment at which another may begin."""

    __tablename__ = "paces"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)


_PACES = cast(Table, Pace.__table__)


def take_slot(session: Session, now: datetime, interval: timedelta, patience: timedelta) -> datetime | None:
    """Take the next slot in which a call may be placed: now, or up to ``patience`` ahead.

    None, with nothing taken, when the next one is further ahead. The row is held until the transaction
    ends, so two workers never get the same slot.
    """
    next_at = _held(session, now)
    if next_at - now > _FURTHEST:
        next_at = now
    slot = max(now, next_at)
    if slot - now > patience:
        return None
    session.execute(update(_PACES).where(_PACES.c.name == CALLS).values(next_at=slot + interval))
    return slot


def rest(session: Session, now: datetime) -> None:
    """Place no call for a while: the carrier is overloaded or cannot be reached."""
    next_at = max(_held(session, now), now + REST)
    session.execute(update(_PACES).where(_PACES.c.name == CALLS).values(next_at=next_at))


def _held(session: Session, now: datetime) -> datetime:
    held = select(_PACES.c.next_at).where(_PACES.c.name == CALLS).with_for_update()
    found = session.scalar(held)
    if found is not None:
        return cast(datetime, found)
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    first = (postgresql.insert if on_postgresql else sqlite.insert)(_PACES).values(name=CALLS, next_at=now)
    session.execute(first.on_conflict_do_nothing())
    return cast(datetime, session.scalar(held))
