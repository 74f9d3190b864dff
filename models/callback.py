"""A callback: we phone someone back. The row is the promise; the queue only carries its id."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, UtcDateTime

OPEN_STATES = ("requested", "claimed", "ringing_liaison", "ringing_caller", "talking")
FINAL_STATES = ("reached", "no_answer", "left_for_staff", "cancelled")
STATES = OPEN_STATES + FINAL_STATES
_OPEN = text("state IN ('requested','claimed','ringing_liaison','ringing_caller','talking')")


class Callback(Base):
    """One promise to call. ``urgency`` is ``urgent`` or ``other`` (R36); ``due_at`` the latest moment promised."""

    __tablename__ = "callbacks"
    __table_args__ = (
        Index("uq_callbacks_open_case", "case_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_callbacks_due", "state", "next_attempt_at"),
        Index("ix_callbacks_number", "number_key", "requested_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16), default="requested")
    urgency: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(32))
    verified: Mapped[bool]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    requested_in_call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"))
    language: Mapped[str] = mapped_column(String(8))
    time_zone: Mapped[str] = mapped_column(String(64))
    number_sealed: Mapped[str] = mapped_column(Text)
    number_key: Mapped[str] = mapped_column(String(64))
    window_starts: Mapped[datetime | None] = mapped_column(UtcDateTime)
    window_ends: Mapped[datetime | None] = mapped_column(UtcDateTime)
    voicemail_allowed: Mapped[bool] = mapped_column(default=False)
    may_answer: Mapped[str] = mapped_column(String(16), default="only_me")
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    liaison_tries: Mapped[int] = mapped_column(default=0)
    caller_tries: Mapped[int] = mapped_column(default=0)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    liaison_call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id", use_alter=True))
    caller_call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id", use_alter=True))
    conference: Mapped[str | None] = mapped_column(String(32))
    talking_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(32))


#: Whether a callback stands open, in the very words of the partial index: a value sent apart from the
#: statement would hide from SQLite that the index serves, and each turn would go through all open ones.
IS_OPEN = Callback.state.in_([literal_column(f"'{state}'") for state in OPEN_STATES])
