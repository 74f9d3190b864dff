"""Changes to the office since its file was written: append-only rows; the newest one of a field counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit import audit
from models.audit.refusals import OfficeChangeRefusal
from models.store.base import Base, UtcDateTime
from models.store.free_text import MOST_CHARACTERS, refusal
from models.store.refusal import RefusedError

#: Changes of the directories are in the same table, but are about no field of the office file.
FACILITY, COURT = "facility.", "court."
DIRECTORIES = (FACILITY, COURT)
#: Any number that no other lock of this installation has; on PostgreSQL this lock makes changes wait for each
#: other.
_LOCK = 3_118_274_906


class OfficeChangeError(RefusedError):
    """A change of the office is not saved; the message says why."""


class OfficeChange(Base):
    """``field`` is named as in the office file. ``value`` is JSON; None restores the file's value.

    For an entry of a directory (DIRECTORIES and a mark of its name), ``value`` has what it ``was`` and is
    ``now``, each a name and a phone or a time zone, or None, and ``reason`` may be empty.
    """

    __tablename__ = "office_changes"
    __table_args__ = (Index("ix_office_changes_field_id", "field", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(String(80))
    value: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    reason: Mapped[str] = mapped_column(String(MOST_CHARACTERS))
    actor: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def place(self) -> str | None:
        """The name of the directory entry that this is about; None for a field of the office file."""
        if not self.field.startswith(DIRECTORIES):
            return None
        value: dict[str, dict[str, str] | None] = self.value or {}
        return (value.get("now") or value.get("was") or {}).get("name")


@dataclass(frozen=True, slots=True)
class Standing:
    """The changes in force: the newest of each field. ``version`` is the id of the newest of all, or 0.

    ``versions`` has the newest change of each field, including those that were returned to the file.
    """

    version: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)


def newest_version(session: Session) -> int:
    """The id of the newest change, 0 before the first. It differs as soon as anything has changed."""
    return session.scalar(select(func.max(OfficeChange.id))) or 0


def newest_changes(session: Session) -> dict[str, OfficeChange]:
    """The newest change of each field and directory entry, in one query."""
    newest = select(func.max(OfficeChange.id)).group_by(OfficeChange.field)
    rows = session.scalars(select(OfficeChange).where(OfficeChange.id.in_(newest))).all()
    return {row.field: row for row in rows}


def standing_changes(session: Session) -> Standing:
    """The changes in force now, in one query."""
    rows = newest_changes(session).values()
    return Standing(
        max((row.id for row in rows), default=0),
        {
            row.field: row.value
            for row in rows
            if row.value is not None and not row.field.startswith(DIRECTORIES)
        },
        {row.field: row.id for row in rows},
    )


def change_fields(
    session: Session,
    values: Mapping[str, Any | None],
    *,
    reason: str,
    seen: Standing,
    actor: str,
    now: datetime,
) -> list[int] | None:
    """Append a change of each field and return their ids; None if anything was changed since ``seen``.

    All of them are in one transaction. The ``values`` must have been checked together with the other fields
    in ``seen``. Raises OfficeChangeError when the reason is missing or contains what free text may not (R37).
    """
    reason = " ".join(reason.split())
    if not reason:
        raise OfficeChangeError(OfficeChangeRefusal.NO_REASON)
    if refusal(reason) is not None:
        raise OfficeChangeError(OfficeChangeRefusal.REASON_TEXT, most=MOST_CHARACTERS)
    for name, value in values.items():
        words = value if name.startswith("policies.") and isinstance(value, Mapping) else {}
        if any(refusal(str(words.get(part, ""))) is not None for part in ("basis", "decided_by")):
            raise OfficeChangeError(OfficeChangeRefusal.POLICY_TEXT, most=MOST_CHARACTERS)
        days = value if name == "holidays.extra_closures" and isinstance(value, list) else []
        if any(refusal(str(day["name"])) is not None for day in days if isinstance(day, Mapping)):
            raise OfficeChangeError(OfficeChangeRefusal.DAY_NAME)
    if session.get_bind().dialect.name == "postgresql":
        # Held until the transaction ends, so that no change gets between this check and the new rows.
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if newest_version(session) != seen.version:
        return None
    made = []
    for name, value in values.items():
        row = OfficeChange(field=name, value=value, reason=reason, actor=actor, at=now)
        session.add(row)
        session.flush()
        made.append(row.id)
        facts = {"field": name, "change": row.id, "back_to_file": value is None}
        audit.record(
            session, actor=actor, action="change_office", target=f"office_change:{row.id}", facts=facts,
            now=now,
        )  # fmt: skip
    return made


def note_directory(
    session: Session, kind: str, mark: str, was: Mapping[str, str] | None, new: Mapping[str, str] | None,
    *, actor: str, now: datetime,
) -> None:  # fmt: skip
    """Record that a directory entry was added, changed or removed; ``mark`` is made from its folded name."""
    value = {"was": None if was is None else dict(was), "now": None if new is None else dict(new)}
    session.add(OfficeChange(field=f"{kind}{mark}", value=value, reason="", actor=actor, at=now))
    session.flush()


def changes_of(session: Session, name: str | None = None, limit: int = 50) -> list[OfficeChange]:
    """The latest changes, newest first; only those of one field when it is named."""
    found = select(OfficeChange).order_by(OfficeChange.id.desc()).limit(limit)
    if name is not None:
        found = found.where(OfficeChange.field == name)
    return list(session.scalars(found))


def changes_under(session: Session, kind: str, limit: int = 20) -> list[OfficeChange]:
    """The latest changes of one directory (FACILITY or COURT), newest first."""
    found = select(OfficeChange).where(OfficeChange.field.startswith(kind, autoescape=True))
    return list(session.scalars(found.order_by(OfficeChange.id.desc()).limit(limit)))


def change_numbered(session: Session, change_id: int) -> OfficeChange | None:
    """The change with this id, or None."""
    return session.get(OfficeChange, change_id)


def change_before(session: Session, change: OfficeChange) -> OfficeChange | None:
    """The change of the same field that it replaced, or None if that was the file's value."""
    found = select(OfficeChange).where(OfficeChange.field == change.field, OfficeChange.id < change.id)
    return session.scalars(found.order_by(OfficeChange.id.desc()).limit(1)).first()
