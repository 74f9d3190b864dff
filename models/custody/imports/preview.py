"""What a staged import would change, in words that may be told and in counts; no gate's reason (R12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, func, literal, select
from sqlalchemy.orm import Session

from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.custody import CustodyRecord
from models.custody.imports.record import ImportRow

#: What callers hear and staff see for everybody denied, absent, unknown or without a record alike (R13).
CANNOT_CONFIRM = "cannot_confirm"
CHANGES = ("new", "changed", "absent", "future", "unchanged")
PAGE = 25

_BEFORE: ColumnElement[str] = case(
    (
        and_(CustodyRecord.releasable, CustodyRecord.status != "unknown", Subject.absent_since.is_(None)),
        CustodyRecord.status,
    ),
    else_=literal(CANNOT_CONFIRM, String),
)
_AFTER: ColumnElement[str] = case(
    (
        and_(
            ImportRow.releasable, ImportRow.status != "unknown", ImportRow.change.not_in(("absent", "future"))
        ),
        ImportRow.status,
    ),
    else_=literal(CANNOT_CONFIRM, String),
)
_WORDS = (_BEFORE.label("before"), _AFTER.label("after"))


@dataclass(frozen=True, slots=True)
class Kind:
    """A number of people about whom the line would say ``after`` where it now says ``before``."""

    change: str
    before: str
    after: str
    people: int


@dataclass(frozen=True, slots=True)
class Change:
    """A person in a staged import, by row ids: what may be told before and after, and their cases.

    ``line`` is the file's; None for a person missing from a full snapshot.
    """

    place: int
    subject_id: int
    change: str
    before: str
    after: str
    case_ids: tuple[int, ...] = ()

    @property
    def line(self) -> int | None:
        """The physical line of the file."""
        return self.place if self.place > 0 else None


def measure(session: Session, import_id: int) -> tuple[list[Kind], int]:
    """The kinds of change with their counts, and how many open cases would hear something else."""
    each = _rows(ImportRow.change, *_WORDS)
    # PostgreSQL treats two equal expressions with parameters as different, so they are named first.
    one = each.where(ImportRow.import_id == import_id).subquery()
    grouped = select(one.c.change, one.c.before, one.c.after, func.count()).group_by(
        one.c.change, one.c.before, one.c.after
    )
    kinds = [Kind(*row) for row in session.execute(grouped)]
    concerned = session.scalar(
        _rows(func.count())
        .join(Case, Case.subject_id == ImportRow.subject_id)
        .where(ImportRow.import_id == import_id, Case.closed_at.is_(None), _BEFORE != _AFTER)
    )
    order = {change: place for place, change in enumerate(CHANGES)}
    kinds.sort(key=lambda kind: (order.get(kind.change, len(order)), -kind.people, kind.before, kind.after))
    return kinds, concerned or 0


def kinds_of(stored: Sequence[Sequence[Any]] | None) -> list[Kind]:
    """The kinds as they were stored with the import."""
    return [Kind(*one) for one in stored or ()]


def as_stored(kinds: Sequence[Kind]) -> list[list[Any]]:
    """The kinds in the form in which they are stored."""
    return [[kind.change, kind.before, kind.after, kind.people] for kind in kinds]


def changes(
    session: Session, import_id: int, *, heard_alone: bool, after: int | None = None, size: int = PAGE
) -> list[Change]:
    """Up to ``size`` people of a staged import, in the order of the file, after place ``after``.

    ``heard_alone``: only those about whom callers would hear something else, that is, the call list.
    """
    query = (
        _rows(
            ImportRow.line,
            ImportRow.subject_id,
            ImportRow.change,
            _BEFORE.label("before"),
            _AFTER.label("after"),
        )
        .where(ImportRow.import_id == import_id)
        .order_by(ImportRow.line)
        .limit(size)
    )
    query = query.where(_BEFORE != _AFTER) if heard_alone else query.where(ImportRow.change != "unchanged")
    if after is not None:
        query = query.where(ImportRow.line > after)
    rows = session.execute(query).all()
    cases: dict[int, list[int]] = {}
    for subject_id, case_id in session.execute(
        select(Case.subject_id, Case.id)
        .where(
            Case.subject_id.in_([row.subject_id for row in rows]),
            Case.closed_at.is_(None),
            Case.named_by.is_(None),
        )
        .order_by(Case.id)
    ):
        cases.setdefault(subject_id, []).append(case_id)
    return [
        Change(
            row.line, row.subject_id, row.change, row.before, row.after, tuple(cases.get(row.subject_id, ()))
        )
        for row in rows
    ]


def would_hear_else(session: Session, import_id: int, case_id: int) -> bool:
    """Whether the callers of this open case would hear something else by this import."""
    found = (
        _rows(Case.id)
        .join(Case, Case.subject_id == ImportRow.subject_id)
        .where(
            ImportRow.import_id == import_id, _BEFORE != _AFTER,
            Case.id == case_id, Case.closed_at.is_(None), Case.named_by.is_(None),
        )
    )  # fmt: skip
    return session.scalar(found) is not None


def _rows(*columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(ImportRow)
        .join(Subject, Subject.id == ImportRow.subject_id)
        .outerjoin(CustodyRecord, CustodyRecord.id == Subject.record_id)
    )
