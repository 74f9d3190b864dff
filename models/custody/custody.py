"""Custody records, which are append-only."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from models.store.base import Base, UtcDateTime

CUSTODY_STATUSES = (
    "in_custody",
    "transferred",
    "returned_to_custody",
    "released_on_bond",
    "released_on_supervision",
    "released",
    "removed",
    "escaped",
    "deceased",
    "unknown",
)
#: A person whose record says they are in custody; such a record ages (R14).
IN_CUSTODY_KINDS = frozenset({"in_custody", "transferred", "returned_to_custody"})
RELEASED_KINDS = frozenset({"released_on_bond", "released_on_supervision", "released"})
#: Events that happened on a date and stay true; each of them is hard news (R14, R19).
DATED_FACTS = RELEASED_KINDS | {"removed", "escaped", "deceased"}
REMOVAL_STAGES = ("proceedings_open", "appeal_pending", "removal_ordered")


class CustodyRecord(Base):
    """What the feed said about a subject at one time. Of the gate, only ``releasable`` is stored (R12).

    Of a row that the gate denies, nothing else is stored: its status is ``unknown`` and the rest is empty.
    ``facility_key`` and ``court_key`` name entries of the office's directories, never a feed's own text.
    ``was_absent``: when this record came, the newest full snapshot had not named the person.
    """

    __tablename__ = "custody_records"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("subjects.id"), index=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), index=True)
    status: Mapped[str] = mapped_column(String(32))
    status_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    facility_key: Mapped[str | None] = mapped_column(String(200))
    releasable: Mapped[bool]
    removal_stage: Mapped[str | None] = mapped_column(String(32))
    expected_release_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_hearing_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    court_key: Mapped[str | None] = mapped_column(String(200))
    as_of: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    was_absent: Mapped[bool] = mapped_column(default=False, server_default=false())
