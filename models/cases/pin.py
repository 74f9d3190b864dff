"""PIN tries: counters, waits and locks belong to the entered number, whether or not it exists (R04-R06)."""

from datetime import datetime
from typing import Literal

from sqlalchemy import Index, String, text, true
from sqlalchemy.orm import Mapped, mapped_column

from models.store.base import Base, UtcDateTime

#: Which of a case's PINs was entered: none of them, its own, or the duress PIN (R10).
Match = Literal["", "pin", "duress"]
#: The one counter shared by all phones that a case does not know.
STRANGERS = ""
#: The prefixes of a known phone's two counters: one for calls that the carrier attests, one for others.
ATTESTED, UNATTESTED = "a", "u"
#: A counter that is locked or spent: one that is not null, in words for which SQLite uses the index.
HAS_LOCK = text(
    "(pin_counters.locked_at > '1970-01-01'"
    " OR (pin_counters.locked_at IS NULL AND pin_counters.spent_at > '1970-01-01'))"
)


class PinCounter(Base):
    """Consecutive failures at one number. ``counter`` is STRANGERS, or one of the two of a known phone.

    ``lifted_at``: tries before this moment no longer count toward the 30-day total. ``spent_at``: when the
    total was found spent. ``told`` is false while a lock or a spent total waits to be reported to the
    supervisors.

    Every row is in each index: with partial ones a try took longer at a number that is locked, or whose lock
    is not yet reported, which is so only of a case's (R05).
    """

    __tablename__ = "pin_counters"
    __table_args__ = (
        Index("ix_pin_counters_told", "told"),
        Index("ix_pin_counters_locked", "locked_at", "spent_at"),
    )

    number_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    counter: Mapped[str] = mapped_column(String(65), primary_key=True)
    consecutive: Mapped[int] = mapped_column(default=0)
    wait_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    spent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told: Mapped[bool] = mapped_column(default=True, server_default=true())


class PinTry(Base):
    """One try, written as failed before the hash is computed, and marked opened only if it was right."""

    __tablename__ = "pin_tries"
    __table_args__ = (
        Index("ix_pin_tries_number", "number_key", "counter", "at"),
        Index("ix_pin_tries_phone", "phone_key", "at"),
        Index("ix_pin_tries_at", "at"),
    )

    call_id: Mapped[int] = mapped_column(primary_key=True)
    turn: Mapped[int] = mapped_column(primary_key=True)
    number_key: Mapped[str] = mapped_column(String(64))
    counter: Mapped[str] = mapped_column(String(65), default=STRANGERS, server_default="")
    phone_key: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened: Mapped[bool] = mapped_column(default=False)


class KnownPhone(Base):
    """A phone, as a keyed hash, that verified this number; known for 180 days unless marked unsafe (R04)."""

    __tablename__ = "known_phones"

    number_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    phone_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_verified_at: Mapped[datetime] = mapped_column(UtcDateTime)
    unsafe_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
