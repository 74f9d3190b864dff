"""Audit entries: who did what, in a chain of hashes over salted commitments (R41)."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import JSON, ColumnElement, Index, String, Table, func, insert, null, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base, UtcDateTime
from models.store.change_log import note_change
from models.store.database import do_last

#: What the first entry has as the hash of the one before it.
BEGINNING = "0" * 64
SALT_BYTES = 16
#: Any number that no other lock of this installation has; on PostgreSQL this lock makes entries wait for each
#: other.
_LOCK = 7_243_551_903
#: The action of a purge entry: its facts are the ids of the first and the last entry that it emptied, and the
#: ids between them whose facts it kept (``kept``), if there are any.
PURGE = "purge_audit"
#: The action of the entry that ends a purge of all tables; its facts count what it deleted from each.
PURGE_ROWS = "purge_rows"
#: The entries of purges keep their facts, because those name what was emptied.
_KEPT = (PURGE, PURGE_ROWS)
#: Where a session keeps the entries that its commit will append.
_WAITING = "audit entries"


class AuditEntry(Base):
    """``facts`` and ``salt`` may be purged; ``commitment`` keeps the chain valid without them.

    The entries of a purge itself keep their facts, because those name what was emptied.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        # Each kind of search reads its entries in display order, one page and no more.
        Index("ix_audit_entries_at", "at", "id"),
        Index("ix_audit_entries_actor", "actor", "at", "id"),
        Index("ix_audit_entries_action", "action", "at", "id"),
        Index("ix_audit_entries_target", "target", "at", "id"),
        Index("ix_audit_entries_actor_action", "actor", "action", "at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(254))
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    salt: Mapped[str | None] = mapped_column(String(32))
    commitment: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


_ENTRIES: Table = AuditEntry.__table__  # type: ignore[assignment]


def record(
    session: Session,
    *,
    actor: str,
    action: str,
    target: str,
    facts: dict[str, Any] | None = None,
    state: str | None = None,
    now: datetime,
) -> None:
    """Append an entry when the transaction commits; a rollback drops it.

    ``actor`` is a staff e-mail or the name of a part of the app, ``action`` a verb and its noun such as
    ``open_case``, ``target`` a table's word and an id such as ``case:12``. ``facts`` is plain JSON and
    contains no name, number or PIN. The same transaction cannot read the entry back: entries are written
    after everything else, so that the lock on the end of the chain is always the last one taken.

    ``state`` is the target's new state, for one log line after the commit (R39); no entry contains it.
    """
    waiting = session.info.get(_WAITING)
    if waiting is None:
        waiting = session.info[_WAITING] = []
        do_last(session, _append_waiting)
    waiting.append(
        {
            "at": now.astimezone(UTC),
            "actor": actor,
            "action": action,
            "target": target,
            "facts": facts,
            "state": state,
        }
    )


def _append_waiting(session: Session) -> None:
    waiting: list[dict[str, Any]] = session.info.pop(_WAITING)
    # A flush after taking the lock could wait for a row whose owner waits for the lock.
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        # This is a separate statement, because the query for the last entry must start after the wait.
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    newest = select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)
    previous = session.scalars(newest).first() or BEGINNING
    for entry in waiting:
        facts, state = entry.pop("facts"), entry.pop("state")
        if state is not None:
            note_change(session, entry["target"], state)
        salt = secrets.token_hex(SALT_BYTES)
        entry |= {"commitment": _commitment(salt, facts), "previous": previous}
        previous = _hash(**entry)
        entry |= {"hash": previous, "facts": facts, "salt": salt}
    session.execute(insert(_ENTRIES), waiting)


@dataclass(frozen=True, slots=True)
class Fault:
    """The first wrong entry.

    ``changed``: its words or facts are not those it was made with. ``out_of_place``: it does not follow the
    one before it, because something was removed, inserted or swapped there.

    ``emptied``: the chain fits, but this is the first entry whose facts are gone and which no purge names.
    """

    entry: int
    what: Literal["changed", "out_of_place", "emptied"]


def find_fault(session: Session, passed: Callable[[int, str], None] | None = None) -> Fault | None:
    """Check the whole chain; ``passed`` gets the id and hash of each entry that fits.

    An entry without facts and salt fits by its commitment if a later purge entry names it (R41). If entries
    are cut off at the end, the shorter chain still fits: only the head, kept elsewhere
    (models/audit/audit_head.py), can reveal that.
    """
    previous, emptied, purged = BEGINNING, list[range](), list[range]()
    every = select(_ENTRIES).order_by(_ENTRIES.c.id).execution_options(yield_per=1000)
    with session.execute(every) as entries:
        for entry in entries:
            if not _fits(entry):
                return Fault(int(entry.id), "changed")
            if entry.previous != previous:
                return Fault(int(entry.id), "out_of_place")
            previous = entry.hash
            if entry.salt is None:
                _note_emptied(emptied, int(entry.id))
            elif entry.action == PURGE:
                purged.extend(_purged_by(entry))
            if passed is not None:
                passed(int(entry.id), previous)
    unnamed = _first_unnamed(emptied, purged)
    return None if unnamed is None else Fault(unnamed, "emptied")


def _note_emptied(emptied: list[range], entry: int) -> None:
    """Add the emptied ids as ranges, so that a chain purged for years costs only a few of them."""
    if emptied and emptied[-1].stop == entry:
        emptied[-1] = range(emptied[-1].start, entry + 1)
    else:
        emptied.append(range(entry, entry + 1))


def _purged_by(entry: Any) -> Iterator[range]:
    """The ids that a purge entry names, none of them after itself, in runs between the ids that it kept."""
    facts = entry.facts or {}
    start, last = int(facts.get("first", 0)), min(int(facts.get("last", -1)), int(entry.id) - 1)
    for kept in sorted(map(int, facts.get("kept", ()))):
        if start <= kept <= last:
            yield range(start, kept)
            start = kept + 1
    yield range(start, last + 1)


def _first_unnamed(emptied: list[range], purged: list[range]) -> int | None:
    purged = sorted(purged, key=lambda ids: ids.start)
    for run in emptied:
        entry = run.start
        for ids in purged:
            entry = ids.stop if entry in ids else entry
        if entry in run:
            return entry
    return None


def verify(session: Session) -> int | None:
    """The id of the first entry that does not fit the chain or its own facts; None if all fit."""
    fault = find_fault(session)
    return None if fault is None else fault.entry


@dataclass(frozen=True, slots=True)
class Emptied:
    """One batch of a purge: the last id that it checked, to continue from, and how many it emptied."""

    last_id: int
    count: int


def next_to_purge(session: Session, before: datetime, after_id: int) -> int | None:
    """The first entry after ``after_id`` whose facts are still to be purged."""
    wanted = select(_ENTRIES.c.id).where(_ENTRIES.c.id > after_id, *_purgeable(before))
    return session.scalars(wanted.order_by(_ENTRIES.c.id).limit(1)).first()


def count_to_purge(session: Session, before: datetime) -> int:
    """How many entries have facts that are older than ``before``; those under a legal hold count too."""
    return session.scalar(select(func.count()).select_from(_ENTRIES).where(*_purgeable(before))) or 0


def purge_facts(
    session: Session,
    before: datetime,
    after_id: int,
    most: int,
    now: datetime,
    *,
    actor: str = "sweeper",
    held: Callable[[Session, Collection[str]], Collection[str]] = lambda _session, _targets: (),
) -> Emptied | None:
    """Delete facts and salts of entries older than ``before``, among the ``most`` entries after ``after_id``.

    Returns None at the end of the chain. ``held`` returns those of some targets whose entries must be kept.

    The remaining columns (who, what, when, and the commitment) keep the chain valid. Without its salt, nobody
    can find out by trying what a commitment was made from (R41). A new entry names the emptied ones.
    """
    has_facts = _ENTRIES.c.salt.is_not(None).label("has_facts")
    checked = select(_ENTRIES.c.id, _ENTRIES.c.target, has_facts).where(_ENTRIES.c.id > after_id)
    found = session.execute(checked.order_by(_ENTRIES.c.id).limit(most)).all()
    if not found:
        return None
    keep = frozenset(held(session, {entry.target for entry in found}))
    ids = [entry.id for entry in found if entry.target not in keep]
    emptied = session.scalars(
        update(_ENTRIES)
        .where(_ENTRIES.c.id.in_(ids), *_purgeable(before))
        .values(facts=null(), salt=None)
        .returning(_ENTRIES.c.id)
    ).all()
    if emptied:
        first, last = min(emptied), max(emptied)
        facts: dict[str, Any] = {"first": first, "last": last}
        left = {entry.id for entry in found if entry.has_facts}.difference(emptied)
        if kept := sorted(entry_id for entry_id in left if first < entry_id < last):
            facts["kept"] = kept
        record(session, actor=actor, action=PURGE, target=f"entry:{first}", facts=facts, now=now)
    return Emptied(int(found[-1].id), len(emptied))


def _purgeable(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return (_ENTRIES.c.at < before, _ENTRIES.c.salt.is_not(None), _ENTRIES.c.action.not_in(_KEPT))


def _fits(entry: Any) -> bool:
    """Whether an entry's hash matches its words, and its commitment matches its facts unless purged."""
    worked = _hash(
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        target=entry.target,
        commitment=entry.commitment,
        previous=entry.previous,
    )
    if worked != entry.hash:
        return False
    if entry.salt is None:
        return entry.facts is None
    return bool(_commitment(entry.salt, entry.facts) == entry.commitment)


def _commitment(salt: str, facts: dict[str, Any] | None) -> str:
    return hmac.new(bytes.fromhex(salt), _canonical(facts), hashlib.sha256).hexdigest()


def _hash(*, at: datetime, actor: str, action: str, target: str, commitment: str, previous: str) -> str:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(_canonical([previous, moment, actor, action, target, commitment])).hexdigest()


def _canonical(document: Any) -> bytes:
    """One spelling for one document, the same before it is stored and after it is read back."""
    # The round trip first turns what JSON cannot express (numbers as keys) into what the row will contain.
    plain = json.loads(json.dumps(document))
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
