"""Searches the audit by time, actor, action and target, one page at a time and always by an index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Table,
    and_,
    cast,
    column,
    func,
    literal,
    not_,
    select,
    table,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from models.audit.audit import AuditEntry

PAGE = 50
_ENTRIES: Table = AuditEntry.__table__  # type: ignore[assignment]
#: By name alone, since the audit knows no table of the rooms above it.
# Rooms above this one have these tables.
_CASES = table("cases", column("id"), column("duress_of"), column("registrant_id"))
_PHONES = table("phones", column("id"), column("registrant_id"))
_REGISTRATIONS = table("registrations", column("id"), column("case_id"))
_SHOWN = tuple(_ENTRIES.c[name] for name in ("id", "at", "actor", "action", "target", "facts", "salt"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: right after this entry. In a link it reads ``MICROSECONDS-ID``."""

    at: datetime
    id: int

    def to_text(self) -> str:
        """Its text in a link."""
        moment = self.at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return f"{moment // timedelta(microseconds=1)}-{self.id}"

    @classmethod
    def from_text(cls, text: str) -> "Place | None":
        """Parse a place from a link; None for text that is not one, as a link may be mistyped."""
        moment, dash, id_ = text.partition("-")
        if not (dash and moment.isascii() and moment.isdecimal() and id_.isascii() and id_.isdecimal()):
            return None
        try:
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(moment))
        except OverflowError:
            return None
        return cls(at, int(id_)) if len(id_) <= 18 else None


@dataclass(frozen=True, slots=True)
class Search:
    """The criteria of a search; empty ones do not narrow it. ``until`` is exclusive.

    ``actors`` are all the names under which one person or part of the app writes entries. ``newest_id`` is
    the last entry considered: entries are committed in the order of their ids, whatever their times are.
    """

    since: datetime | None = None
    until: datetime | None = None
    actors: tuple[str, ...] = ()
    action: str = ""
    target: str = ""
    newest_id: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is shown. ``purged``: its facts were deleted when their time was over."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    facts: Mapping[str, Any]
    purged: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, newest first, and where the next page begins if there is one."""

    entries: Sequence[Entry]
    older: Place | None


def search(session: Session, wanted: Search, after: Place | None = None, size: int = PAGE) -> Page:
    """One page of the entries that match, newest first, starting after ``after``.

    It runs one statement per actor and merges their few rows: with an IN, the database would sort all of
    their entries.
    """
    is_for_all = _is_for_all(session)
    found = [
        session.execute(_statement(is_for_all, wanted, actor, after).limit(size + 1)).all()
        for actor in wanted.actors or (None,)
    ]
    rows = list(merge(*found, key=lambda row: (row.at, row.id), reverse=True))[: size + 1]
    entries = [
        Entry(row.id, row.at, row.actor, row.action, row.target, row.facts or {}, row.salt is None)
        for row in rows[:size]
    ]
    older = Place(entries[-1].at, entries[-1].id) if len(rows) > size else None
    return Page(entries, older)


def count_found(session: Session, wanted: Search, most: int) -> int:
    """How many entries match, counted no further than ``most``."""
    found, is_for_all = 0, _is_for_all(session)
    for actor in wanted.actors or (None,):
        some = (
            _statement(is_for_all, wanted, actor, None)
            .with_only_columns(_ENTRIES.c.id)
            .order_by(None)
            .limit(most)
        )
        found += session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return min(found, most)


def has_target(session: Session, target: str) -> bool:
    """Whether any entry is about ``target``, such as ``case:7``."""
    found = select(_ENTRIES.c.id).where(_ENTRIES.c.target == target, _is_for_all(session))
    return session.scalar(found.limit(1)) is not None


def newest_entry(session: Session) -> int:
    """The id of the last committed entry, 0 if there is none."""
    return session.scalar(select(func.max(_ENTRIES.c.id))) or 0


def names_of(staff_id: int, email: str) -> tuple[str, ...]:
    """The names under which a staff member writes entries, in the console and on the phone."""
    return (email, f"liaison:{staff_id}", f"staff:{staff_id}")


def _is_for_all(session: Session) -> ColumnElement[bool]:
    """Leaves out what tells of a duress PIN: only its liaison and the supervisors may know (R10).

    They find it on a page of their own; the chain of hashes covers these entries like any other. The few
    targets are read first: with a query in their place, the database sorts entries instead of using an index.
    """
    of_duress = _CASES.c.duress_of.is_not(None)
    hidden = union_all(
        _targets("case", _CASES.c.id).where(of_duress),
        _targets("phone", _PHONES.c.id)
        .join(_CASES, _CASES.c.registrant_id == _PHONES.c.registrant_id)
        .where(of_duress),
        _targets("registration", _REGISTRATIONS.c.id)
        .join(_CASES, _CASES.c.id == _REGISTRATIONS.c.case_id)
        .where(of_duress),
    )
    return and_(
        not_(_ENTRIES.c.target.startswith("duress:")), _ENTRIES.c.target.not_in(session.scalars(hidden).all())
    )


def _targets(kind: str, row_id: ColumnElement[Any]) -> Select[Any]:
    return select(literal(f"{kind}:") + cast(row_id, String))


def _statement(
    is_for_all: ColumnElement[bool], wanted: Search, actor: str | None, after: Place | None
) -> Select[Any]:
    place = tuple_(_ENTRIES.c.at, _ENTRIES.c.id)
    query = select(*_SHOWN).where(is_for_all).order_by(_ENTRIES.c.at.desc(), _ENTRIES.c.id.desc())
    if wanted.since is not None:
        query = query.where(_ENTRIES.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(_ENTRIES.c.at < wanted.until)
    if actor is not None:
        query = query.where(_ENTRIES.c.actor == actor)
    if wanted.action:
        query = query.where(_ENTRIES.c.action == wanted.action)
    if wanted.target:
        query = query.where(_ENTRIES.c.target == wanted.target)
    if wanted.newest_id is not None:
        query = query.where(_ENTRIES.c.id <= wanted.newest_id)
    if after is not None:
        query = query.where(place < tuple_(literal(after.at, _ENTRIES.c.at.type), literal(after.id)))
    return query
