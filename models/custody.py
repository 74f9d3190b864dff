"""Custody records, which are only ever appended, and the facilities of the office's own directory."""

import hashlib
from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import audit
from models.base import Base, UtcDateTime
from models.office_change import OfficeChange, note_directory

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
#: Someone whom the record places in custody; the record ages (R14).
IN_CUSTODY_KINDS = frozenset({"in_custody", "transferred", "returned_to_custody"})
RELEASED_KINDS = frozenset({"released_on_bond", "released_on_supervision", "released"})
#: What happened on a date and stays true; each of them is hard news (R14, R19).
DATED_FACTS = RELEASED_KINDS | {"removed", "escaped", "deceased"}
REMOVAL_STAGES = ("proceedings_open", "appeal_pending", "removal_ordered")


def facility_key(name: str) -> str:
    """A facility's name folded for matching: letter case and runs of spaces do not count."""
    return " ".join(name.split()).casefold()


class Facility(Base):
    """A place of the office's directory: only a facility in it is ever spoken (R14)."""

    __tablename__ = "facilities"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200), unique=True)
    phone: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CustodyRecord(Base):
    """What the feed said about a subject at one time. Of the gate only ``releasable`` is kept (R12)."""

    __tablename__ = "custody_records"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("subjects.id"), index=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), index=True)
    status: Mapped[str] = mapped_column(String(32))
    status_at: Mapped[datetime] = mapped_column(UtcDateTime)
    facility_key: Mapped[str | None] = mapped_column(String(200))
    releasable: Mapped[bool]
    removal_stage: Mapped[str | None] = mapped_column(String(32))
    expected_release_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_hearing_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_hearing_place: Mapped[str | None] = mapped_column(String(200))
    as_of: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def set_facility(session: Session, *, name: str, phone: str, actor: str, now: datetime) -> tuple[int, bool]:
    """Add a facility, or update the one whose name folds to the same; returns its id and whether it is new.

    ``phone`` is E.164. Records that came before the entry are spoken with it from now on.
    """
    entry = session.scalar(select(Facility).where(Facility.name_key == facility_key(name)))
    added, was = entry is None, None if entry is None else {"name": entry.name, "phone": entry.phone}
    if entry is None:
        entry = Facility(name_key=facility_key(name), created_at=now)
        session.add(entry)
    entry.name, entry.phone = name, phone
    session.flush()
    if was != (new := {"name": name, "phone": phone}):
        note_directory(session, _mark(name), was, new, actor=actor, now=now)
    action = "add_facility" if added else "update_facility"
    audit.record(session, actor=actor, action=action, target=f"facility:{entry.id}", now=now)
    return entry.id, added


def undo_directory(session: Session, change: OfficeChange, *, actor: str, now: datetime) -> bool:
    """Bring back what a facility was before this change; False when it is something else by now."""
    value: dict[str, dict[str, str] | None] = change.value or {}
    was, left, name = value.get("was"), value.get("now"), change.place or ""
    entry = session.scalar(select(Facility).where(Facility.name_key == facility_key(name)))
    if (None if entry is None else {"name": entry.name, "phone": entry.phone}) != left:
        return False
    if was is None:
        return remove_facility(session, name=name, actor=actor, now=now)
    set_facility(session, name=was["name"], phone=was["phone"], actor=actor, now=now)
    return True


def _mark(name: str) -> str:
    """A short mark of a name, for names are longer than a field's."""
    return hashlib.sha256(facility_key(name).encode()).hexdigest()[:32]


def directory(session: Session) -> list[Facility]:
    """Every facility that may be spoken, by name."""
    return list(session.scalars(select(Facility).order_by(Facility.name)))


def facility_numbered(session: Session, facility_id: int) -> Facility | None:
    """One facility of the directory."""
    return session.get(Facility, facility_id)


def remove_facility(session: Session, *, name: str, actor: str, now: datetime) -> bool:
    """Take a facility out of the directory; False when it was not there. Records keep its folded name."""
    entry = session.scalar(select(Facility).where(Facility.name_key == facility_key(name)))
    if entry is None:
        return False
    was = {"name": entry.name, "phone": entry.phone}
    note_directory(session, _mark(name), was, None, actor=actor, now=now)
    audit.record(session, actor=actor, action="remove_facility", target=f"facility:{entry.id}", now=now)
    session.delete(entry)
    return True
