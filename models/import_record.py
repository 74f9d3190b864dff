"""One file of the custody feed, its staged rows, and whether the brake holds it (R16)."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, UtcDateTime


class CustodyImport(Base):
    """``state``: staging, held, applying, landed, rejected or abandoned."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    full: Mapped[bool]
    rows: Mapped[int] = mapped_column(default=0)
    new: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    ignored: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    hold_reasons: Mapped[list[str]] = mapped_column(JSON, default=list)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by: Mapped[list[str]] = mapped_column(JSON, default=list)


class ImportRow(Base):
    """A row that will be applied when its import lands; the gate's reasons were dropped while reading."""

    __tablename__ = "import_rows"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("subjects.id"), index=True)
    change: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(32))
    status_at: Mapped[datetime] = mapped_column(UtcDateTime)
    facility_key: Mapped[str | None] = mapped_column(String(200))
    releasable: Mapped[bool]
    removal_stage: Mapped[str | None] = mapped_column(String(32))
    expected_release_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_hearing_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_hearing_place: Mapped[str | None] = mapped_column(String(200))
    as_of: Mapped[datetime] = mapped_column(UtcDateTime)
