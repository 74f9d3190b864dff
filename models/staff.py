"""Staff: liaisons, supervisors and administrators, their phones and shifts."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, UtcDateTime

ROLES = ("liaison", "supervisor", "administrator")


class Staff(Base):
    """``busy_call_id`` is the leg that rings or holds this person; a free liaison is on shift and not busy."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name_sealed: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    phone_sealed: Mapped[str] = mapped_column(Text)
    phone_key: Mapped[str] = mapped_column(String(64))
    office_phone: Mapped[bool] = mapped_column(default=True)
    languages: Mapped[str] = mapped_column(String(100), default="en")
    password_hash: Mapped[str] = mapped_column(Text)
    password_is_one_time: Mapped[bool] = mapped_column(default=True)
    on_shift: Mapped[bool] = mapped_column(default=False)
    shift_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_offered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    busy_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    busy_call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id", use_alter=True))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
