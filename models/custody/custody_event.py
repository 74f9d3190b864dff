"""A custody event: a change that the feed reported about a subject, once, however often it comes (R28)."""

from datetime import datetime
from typing import cast

from sqlalchemy import ForeignKey, Index, String, Table, text
from sqlalchemy.orm import Mapped, mapped_column

from models.custody.custody import RELEASED_KINDS
from models.store.base import Base, UtcDateTime

#: A hearing or an expected release that comes near; ``at`` is its time.
REMINDERS = frozenset({"hearing", "expected_release"})
#: The feed has confirmed nobody since ``at``. It is about the feed, and alike for every subject (R13).
FEED_SILENT = "feed_silent"
#: The kind of a correction after which nothing can be confirmed.
UNCONFIRMED = "unknown"
#: Told by the cadence of R28 for a person who got out.
URGENT_KINDS = RELEASED_KINDS | {"escaped"}
#: Not yet turned into notices, in the same words as the partial index.
UNSPREAD = text("spread_at IS NULL")
_IS_CHANGE = text("before_id IS NOT NULL AND corrects_id IS NULL")


class CustodyEvent(Base):
    """A change between two records of one subject, a reminder of what the newest announces, or FEED_SILENT.

    ``kind`` is a status of R15 that may be told, one of REMINDERS, or FEED_SILENT, and ``at`` its own date.
    ``record_id`` is the record that reports it, None for FEED_SILENT. ``before_id`` is the one that stood
    until then and ``import_id`` the file; both are None unless a file reported it. ``spread_at`` is when its
    notices were made. ``stopped_at``: it is told to nobody any more, because a newer event replaced it, a
    gate closed, or two people took it back (``retracted_at``).

    A correction has ``corrects_id``, the newest event that was told falsely, and ``import_id`` is then the
    file that was taken back. Its ``kind`` is the status that is true now, or UNCONFIRMED. Its notices are
    made with it, for those alone who heard something false (models/notices/taking_back/retraction.py).
    """

    __tablename__ = "custody_events"
    __table_args__ = (
        # One record reports one change; a reminder is one for each date, even if records repeat it.
        Index(
            "uq_custody_events_record", "record_id", unique=True,
            sqlite_where=_IS_CHANGE, postgresql_where=_IS_CHANGE,
        ),
        Index(
            "uq_custody_events_reminder", "subject_id", "kind", "at", unique=True,
            sqlite_where=text("before_id IS NULL"), postgresql_where=text("before_id IS NULL"),
        ),
        Index("ix_custody_events_unspread", "id", sqlite_where=UNSPREAD, postgresql_where=UNSPREAD),
        Index("ix_custody_events_subject", "subject_id", "id"),
        Index("ix_custody_events_import", "import_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("subjects.id"))
    kind: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    record_id: Mapped[int | None] = mapped_column(ForeignKey("custody_records.id"))
    before_id: Mapped[int | None] = mapped_column(ForeignKey("custody_records.id"))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    spread_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retracted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("custody_events.id"))


#: The exact words of the partial index.
IS_UNSPREAD = text("custody_events.spread_at IS NULL")
CUSTODY_EVENTS = cast(Table, CustodyEvent.__table__)
