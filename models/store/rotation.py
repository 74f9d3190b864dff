"""Moves every sealed value to the current field key, while the line is open.

No state is kept between runs: each value's own key id says whether it is done. A run may be killed at any
moment, and the next one continues where it stopped.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, bindparam, func, select, update
from sqlalchemy.orm import Session

from models.store.base import Base
from models.store.database import Database, keyring_of
from models.store.keyring import Keyring, SealError

#: Rows in one transaction: it takes a few milliseconds, so no caller waits for it.
BATCH = 200


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column of sealed text, and the purpose that is bound into each of its values."""

    table: str
    column: str
    purpose: str

    @property
    def where(self) -> Table:
        """The table of the schema."""
        return Base.metadata.tables[self.table]

    @property
    def what(self) -> "Column[Any]":
        """The column of the schema."""
        return self.where.c[self.column]


SEALED_COLUMNS = (
    SealedColumn("registrants", "name_sealed", "registrant.name"),
    SealedColumn("phones", "number_sealed", "phone.number"),
    SealedColumn("subjects", "feed_id_sealed", "subject.feed_id"),
    SealedColumn("subjects", "name_sealed", "subject.name"),
    SealedColumn("cases", "number_sealed", "case.number"),
    SealedColumn("cases", "named_sealed", "subject.name"),
    SealedColumn("calls", "phone_sealed", "call.phone"),
    # A turn may contain a name or a number to dial, so what was said is sealed as well.
    SealedColumn("calls", "said", "call.said"),
    SealedColumn("callbacks", "number_sealed", "callback.number"),
    SealedColumn("callbacks", "note_sealed", "callback.note"),
    SealedColumn("talks", "note_sealed", "talk.note"),
    SealedColumn("staff", "name_sealed", "staff.name"),
    SealedColumn("staff", "phone_sealed", "staff.phone"),
    SealedColumn("staff", "number_sealed", "staff.number"),
    SealedColumn("staff", "totp_sealed", "staff.totp"),
    SealedColumn("staff_sessions", "kept_sealed", "staff_session.kept"),
)


@dataclass(frozen=True, slots=True)
class Rotated:
    """A run: values sealed again, values that no listed key opens, values left for the next run."""

    moved: int
    unreadable: int
    remaining: int


def count_remaining(session: Session) -> int:
    """How many values are sealed under a key other than the current one."""
    keyring = keyring_of(session)
    counts = (
        session.scalar(select(func.count()).select_from(sealed.where).where(_is_old(sealed, keyring)))
        for sealed in SEALED_COLUMNS
    )
    return sum(count or 0 for count in counts)


def opens_latest(session: Session) -> bool:
    """Whether a listed key opens the latest value of every sealed column; this detects a wrong key."""
    keyring = keyring_of(session)
    try:
        for sealed, latest in _latest(session):
            keyring.unseal(sealed.purpose, latest)
    except SealError:
        return False
    return True


def unlisted_keys(session: Session) -> list[str]:
    """The ids of keys that are not listed and under which a column's latest value is sealed."""
    keyring = keyring_of(session)
    found = {keyring.unlisted_key(latest) for _column, latest in _latest(session)}
    return sorted(key_id for key_id in found if key_id is not None)


def _latest(session: Session) -> Iterator[tuple[SealedColumn, str]]:
    for sealed in SEALED_COLUMNS:
        there = select(sealed.what).where(sealed.what.is_not(None), sealed.what != "")
        latest = session.scalar(there.order_by(sealed.where.c.id.desc()).limit(1))
        if latest is not None:
            yield sealed, latest


def rotate(
    database: Database,
    *,
    batch: int = BATCH,
    on_progress: Callable[[int], None] = lambda _seen: None,
) -> Rotated:
    """Seal every old value again in many short transactions; ``on_progress`` gets the number seen so far.

    A value that changed meanwhile is left as its writer made it. A value that no listed key opens is left and
    counted. An exception from ``on_progress`` (an interrupt) ends the run between two transactions.
    """
    moved = unreadable = 0
    for sealed in SEALED_COLUMNS:
        last = 0
        while rows := _old_rows(database, sealed, after=last, limit=batch):
            last = rows[-1][0]
            changes, failed = _sealed_anew(database.keyring, sealed, rows)
            moved += _write(database, sealed, changes)
            unreadable += failed
            on_progress(len(rows))
    with database.reading() as session:
        return Rotated(moved, unreadable, count_remaining(session))


def _is_old(sealed: SealedColumn, keyring: Keyring) -> ColumnElement[bool]:
    # Not LIKE, because a key's name may contain its wildcards.
    prefix = f"{keyring.current}."
    return and_(sealed.what != "", func.substr(sealed.what, 1, len(prefix)) != prefix)


def _old_rows(
    database: Database, sealed: SealedColumn, *, after: int, limit: int
) -> Sequence[tuple[int, str]]:
    row_id = sealed.where.c.id
    statement = (
        select(row_id, sealed.what)
        .where(row_id > after, _is_old(sealed, database.keyring))
        .order_by(row_id)
        .limit(limit)
    )
    with database.reading() as session:
        return [(found_id, value) for found_id, value in session.execute(statement)]


def _sealed_anew(
    keyring: Keyring, sealed: SealedColumn, rows: Sequence[tuple[int, str]]
) -> tuple[list[dict[str, Any]], int]:
    changes: list[dict[str, Any]] = []
    failed = 0
    for row_id, old in rows:
        try:
            text = keyring.unseal(sealed.purpose, old)
        except SealError:
            failed += 1
            continue
        changes.append({"row_id": row_id, "old": old, "new": keyring.seal(sealed.purpose, text)})
    return changes, failed


def _write(database: Database, sealed: SealedColumn, changes: list[dict[str, Any]]) -> int:
    """Write only rows that are still as they were read; returns how many rows that was."""
    statement = (
        update(sealed.where)
        .where(sealed.where.c.id == bindparam("row_id"), sealed.what == bindparam("old"))
        .values({sealed.what: bindparam("new")})
    )
    moved = 0
    with database.transaction() as session:
        for change in changes:
            result = session.connection().execute(statement, change)
            moved += result.rowcount
    return moved
