"""One file of the custody feed, its staged rows, its rejects, and whether the brake holds it (R16)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, SQLColumnExpression, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from models.store.base import Base, UtcDateTime

#: A file that two people took back: its records count as never written.
RETRACTED_STATES = ("retracting", "retracted")
#: A file in one of these says what is known.
COUNTED_STATES = ("applying", "landed")


class CustodyImport(Base):
    """One import.

    ``state``: staging, held, applying, landed, rejected or abandoned; when two people (``retracted_by``) take
    it back at ``retracted_at``, retracting and then retracted; for console uploads also uploading (it
    is being read, and ``seen_at`` is the reader's last sign of life) and previewed (a person has to decide).

    ``status_changes``, ``from_denial`` and the moved dates are the brake's counts
    (``models/custody/imports/brake.py``). ``ended`` says why an import was abandoned.
    ``kinds`` are the changes in what callers may hear, as counts,
    ``concerned`` the number of open cases that would hear something else, and ``reject_fields`` the rejects
    per field. ``landed_before`` is how many imports had landed when an upload began: its preview is no longer
    valid once another import is landed or being applied. ``decided_at`` is when it was accepted or held,
    ``pages`` how often staff were paged about it, and ``asked`` what one person asks a second to do:
    release, reject or retract. ``batch`` and ``batch_sha256`` are the number of a file with a manifest and
    the hash of its data (64 hexadecimal digits): a later look at the folder finds by them what became of the
    file.
    """

    __tablename__ = "imports"
    __table_args__ = (Index("ix_imports_state", "state", "id"), Index("ix_imports_batch", "batch"))

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    full: Mapped[bool]
    rows: Mapped[int] = mapped_column(default=0)
    new: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    status_changes: Mapped[int] = mapped_column(default=0, server_default="0")
    from_denial: Mapped[int] = mapped_column(default=0, server_default="0")
    moved_releases: Mapped[int] = mapped_column(default=0, server_default="0")
    moved_hearings: Mapped[int] = mapped_column(default=0, server_default="0")
    unchanged: Mapped[int] = mapped_column(default=0)
    ignored: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    hold_reasons: Mapped[list[str]] = mapped_column(JSON, default=list)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by: Mapped[list[str]] = mapped_column(JSON, default=list)
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    landed_before: Mapped[int | None]
    newest_as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended: Mapped[str | None] = mapped_column(String(16))
    kinds: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    concerned: Mapped[int | None]
    reject_fields: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))
    pages: Mapped[int] = mapped_column(default=0, server_default="0")
    asked: Mapped[str | None] = mapped_column(String(8))
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retracted_by: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    retracted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    batch: Mapped[int | None]
    batch_sha256: Mapped[str | None] = mapped_column(String(64))


def silencing_import(
    held_import_id: SQLColumnExpression[Any], import_id: SQLColumnExpression[Any]
) -> ColumnElement[Any]:
    """The import because of which a person's newest record is not told, for a query; NULL if there is none.

    Either it holds the record (``Subject.held_import_id``), or it is the record's own ``import_id`` and is
    being taken back: two people said that it is false, but another import may run for an hour first.
    """
    taken_back = select(CustodyImport.id).where(
        CustodyImport.id == import_id, CustodyImport.state == "retracting"
    )
    return func.coalesce(held_import_id, taken_back.scalar_subquery())


class ImportRow(Base):
    """A row that is applied when its import lands. It contains no more than a CustodyRecord may contain."""

    __tablename__ = "import_rows"
    __table_args__ = (Index("ix_import_rows_change", "import_id", "change"),)

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("subjects.id"), index=True)
    change: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(32))
    status_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    facility_key: Mapped[str | None] = mapped_column(String(200))
    releasable: Mapped[bool]
    removal_stage: Mapped[str | None] = mapped_column(String(32))
    expected_release_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_hearing_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    court_key: Mapped[str | None] = mapped_column(String(200))
    as_of: Mapped[datetime] = mapped_column(UtcDateTime)


class ImportReject(Base):
    """A row that did not land: its line, the field, and its code with facts as JSON, never a value.

    Only the first few are stored.
    """

    __tablename__ = "import_rejects"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(200))
