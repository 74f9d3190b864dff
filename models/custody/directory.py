"""The directories: only facilities and courts in them are ever stored from a feed, or spoken (R12, R14)."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit import audit
from models.audit.office_change import COURT, FACILITY, OfficeChange, changes_of, note_directory
from models.custody.refusals import DirectoryRefusal
from models.custody.unlisted import settle_added
from models.store.base import Base, UtcDateTime
from models.store.refusal import RefusedError

LONGEST_NAME = 200
#: Returns whether a text has one of the telling words of any language (R13); passed in by hotline.
Tells = Callable[[str], bool]


class DirectoryError(RefusedError):
    """An entry that the directory does not accept. One sentence, which does not repeat the name."""


def place_key(name: str) -> str:
    """A name folded for matching: letter case and runs of spaces do not count."""
    return " ".join(name.split()).casefold()


class Facility(Base):
    """A place where people are held, with the phone number that callers are told."""

    __tablename__ = "facilities"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    name_key: Mapped[str] = mapped_column(String(LONGEST_NAME), unique=True)
    phone: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Court(Base):
    """A court with its IANA time zone: hearing times are told in it, or not at all (R14)."""

    __tablename__ = "courts"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    name_key: Mapped[str] = mapped_column(String(LONGEST_NAME), unique=True)
    time_zone: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


#: Each kind with the one field of its entries beside the name.
_FACTS: dict[type[Facility | Court], str] = {Facility: "phone", Court: "time_zone"}
_KINDS: dict[type[Facility | Court], str] = {Facility: FACILITY, Court: COURT}


def set_facility(
    session: Session, *, name: str, phone: str, tells: Tells, actor: str, now: datetime
) -> tuple[int, bool]:
    """Add a facility, or update the one whose name folds to the same; returns its id and whether it is new.

    ``phone`` is E.164. Raises DirectoryError for a name with a telling word.
    """
    return _set(session, Facility, name, phone, tells, actor, now)


def set_court(
    session: Session, *, name: str, time_zone: str, tells: Tells, actor: str, now: datetime
) -> tuple[int, bool]:
    """Add a court, or update the one whose name folds to the same; returns its id and whether it is new.

    ``time_zone`` is an IANA name. Raises DirectoryError for a name with a telling word.
    """
    return _set(session, Court, name, time_zone, tells, actor, now)


def remove_facility(session: Session, *, name: str, actor: str, now: datetime) -> bool:
    """Remove a facility from the directory; False when it was not there."""
    return _remove(session, Facility, name, actor, now)


def remove_court(session: Session, *, name: str, actor: str, now: datetime) -> bool:
    """Remove a court from the directory; False when it was not there."""
    return _remove(session, Court, name, actor, now)


def undo_directory(
    session: Session, change: OfficeChange, *, tells: Tells, actor: str, now: datetime
) -> bool:
    """Restore an entry to what it was before this change; False when it has changed since.

    Raises DirectoryError as the additions do.
    """
    kind: type[Facility | Court] = Court if change.field.startswith(COURT) else Facility
    value: dict[str, dict[str, str] | None] = change.value or {}
    was, left, name = value.get("was"), value.get("now"), change.place or ""
    if _as_noted(_find(session, kind, name)) != left:
        return False
    if was is None:
        return _remove(session, kind, name, actor, now)
    _set(session, kind, was["name"], was[_FACTS[kind]], tells, actor, now)
    return True


def facilities(session: Session) -> list[Facility]:
    """Every facility that may be spoken, by name."""
    return list(session.scalars(select(Facility).order_by(Facility.name)))


def courts(session: Session) -> list[Court]:
    """Every court that may be spoken, by name."""
    return list(session.scalars(select(Court).order_by(Court.name)))


def facility_numbered(session: Session, facility_id: int) -> Facility | None:
    """The facility with this id, or None."""
    return session.get(Facility, facility_id)


def court_numbered(session: Session, court_id: int) -> Court | None:
    """The court with this id, or None."""
    return session.get(Court, court_id)


def changes_of_entry(session: Session, entry: Facility | Court) -> list[OfficeChange]:
    """The latest changes of one entry, newest first, also those before it was last removed."""
    return changes_of(session, f"{_KINDS[type(entry)]}{_mark(entry.name)}")


def _set(
    session: Session, kind: type[Facility | Court], name: str, fact: str, tells: Tells, actor: str,
    now: datetime,
) -> tuple[int, bool]:  # fmt: skip
    if tells(name):
        raise DirectoryError(DirectoryRefusal.TELLING_NAME)
    entry: Any = _find(session, kind, name)
    added, was = entry is None, _as_noted(entry)
    if entry is None:
        entry = kind(name_key=place_key(name), created_at=now)
        session.add(entry)
    entry.name = name
    setattr(entry, _FACTS[kind], fact)
    session.flush()
    if was != (new := _as_noted(entry)):
        note_directory(session, _KINDS[kind], _mark(name), was, new, actor=actor, now=now)
    settle_added(session, kind.__name__.lower(), place_key(name), now)
    _note_change(session, "add" if added else "update", kind, entry.id, actor, now)
    return entry.id, added


def _remove(session: Session, kind: type[Facility | Court], name: str, actor: str, now: datetime) -> bool:
    entry = _find(session, kind, name)
    if entry is None:
        return False
    note_directory(session, _KINDS[kind], _mark(name), _as_noted(entry), None, actor=actor, now=now)
    _note_change(session, "remove", kind, entry.id, actor, now)
    session.delete(entry)
    return True


def _find(session: Session, kind: type[Facility | Court], name: str) -> Facility | Court | None:
    found: Any = session.scalar(select(kind).where(kind.name_key == place_key(name)))
    return cast(Facility | Court | None, found)


def _as_noted(entry: Facility | Court | None) -> dict[str, str] | None:
    if entry is None:
        return None
    fact = _FACTS[type(entry)]
    return {"name": entry.name, fact: getattr(entry, fact)}


def _note_change(
    session: Session, deed: str, kind: type[Facility | Court], entry_id: int, actor: str, now: datetime
) -> None:
    name = kind.__name__.lower()
    audit.record(session, actor=actor, action=f"{deed}_{name}", target=f"{name}:{entry_id}", now=now)


def _mark(name: str) -> str:
    """A short mark of a name, because names are longer than the field column."""
    return hashlib.sha256(place_key(name).encode()).hexdigest()[:32]
