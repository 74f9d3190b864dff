"""A subject: the person a case is about. Found by a keyed index of the feed's id, never by name."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, UtcDateTime


class Subject(Base):
    """``record_id`` is the newest custody record; ``as_of`` is when the feed last confirmed it."""

    __tablename__ = "subjects"

    id: Mapped[int] = mapped_column(primary_key=True)
    feed_key: Mapped[str] = mapped_column(String(64), unique=True)
    feed_id_sealed: Mapped[str] = mapped_column(Text)
    name_sealed: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    record_id: Mapped[int | None] = mapped_column(ForeignKey("custody_records.id", use_alter=True))
    as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    absent_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    held_import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id", use_alter=True), index=True)
