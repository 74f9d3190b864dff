"""Conditions of the line as a whole: each has a name, when it was measured, and how long it applies."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.store.base import Base, UtcDateTime


class Guard(Base):
    """One condition, such as too many failed PINs (R06). ``raised_until`` is None when it does not apply."""

    __tablename__ = "guards"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    raised_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    measured_at: Mapped[datetime] = mapped_column(UtcDateTime)
