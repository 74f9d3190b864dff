"""Call events: what the carrier tells of a call after the fact, out of order and more than once."""

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, UtcDateTime


class CallEvent(Base):
    """One call status as Twilio words it. ``call_sid`` need not be known to us."""

    __tablename__ = "call_events"
    __table_args__ = (UniqueConstraint("call_sid", "call_status", "sequence_number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_sid: Mapped[str] = mapped_column(String(64))
    call_status: Mapped[str] = mapped_column(String(16))
    sequence_number: Mapped[int] = mapped_column(default=-1)
    sip_response_code: Mapped[int | None]
    duration_seconds: Mapped[int | None]
    answered_by: Mapped[str | None] = mapped_column(String(32))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
