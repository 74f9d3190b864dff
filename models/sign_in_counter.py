"""Counts failed sign-ins to the console, each kind of counter on its own keyed hash."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, UtcDateTime


class SignInCounter(Base):
    """``key`` is a keyed hash of what is counted on: an e-mail, whether it exists or not, or a client."""

    __tablename__ = "sign_in_counters"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    failed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
