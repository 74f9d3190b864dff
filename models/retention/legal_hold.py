"""Legal holds: while one is in force, a purge deletes nothing of its case, or nothing at all (R41)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, exists, select, text
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from models.audit import audit
from models.cases.case import find_case
from models.retention.refusals import HoldRefusal
from models.staff.staff import Staff, find_staff
from models.staff.two_people import APPROVERS, check_untied
from models.store.base import Base, UtcDateTime
from models.store.refusal import RefusedError

#: Why rows must be kept. A code, because free text could name a person.
REASONS = ("litigation", "records_request", "investigation", "audit")
_IN_FORCE = text("lifted_at IS NULL")


class HoldError(RefusedError):
    """A hold is not set or lifted; the message says why."""


class LegalHold(Base):
    """One hold, set and lifted by two people each. ``case_id`` is None for a hold on everything."""

    __tablename__ = "legal_holds"
    __table_args__ = (
        Index("ix_legal_holds_in_force", "case_id", sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    reason: Mapped[str] = mapped_column(String(32))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    set_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    set_with_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    lifted_with_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


@dataclass(frozen=True, slots=True)
class ShownHold:
    """A hold as staff see it, with the e-mails of the people who set it and of those who lifted it."""

    id: int
    case_id: int | None
    reason: str
    set_at: datetime
    set_by: tuple[str, str]
    lifted_at: datetime | None
    lifted_by: tuple[str, str] | None


def add_hold(
    session: Session,
    number: str | None,
    reason: str,
    *,
    by: str,
    and_by: str,
    now: datetime,
    tied_days: float,
) -> int:
    """Hold the case with this number, or everything if it is None; returns the hold's id.

    ``by`` and ``and_by`` are e-mails of two approvers. Raises HoldError, StaffError for an unknown e-mail,
    CaseError for an unknown number, and TiedError for two people who may not approve together (R40).
    """
    if reason not in REASONS:
        raise HoldError(HoldRefusal.UNKNOWN_REASON, known=", ".join(REASONS))
    case_id = None if number is None else find_case(session, number).id
    target = "holds" if case_id is None else f"case:{case_id}"
    people = _two_people(session, by, and_by, target, now, tied_days)
    same = select(LegalHold.id).where(LegalHold.case_id.is_not_distinct_from(case_id))
    if session.scalars(same.where(LegalHold.lifted_at.is_(None))).first() is not None:
        raise HoldError(HoldRefusal.HELD)
    hold = LegalHold(
        case_id=case_id, reason=reason, set_at=now, set_by_id=people[0].id, set_with_id=people[1].id
    )
    session.add(hold)
    session.flush()
    _note(session, people, "add_hold", hold, now)
    return hold.id


def lift_hold(
    session: Session, hold_id: int, *, by: str, and_by: str, now: datetime, tied_days: float
) -> None:
    """Lift a hold, approved by two people; the next purge deletes what it kept. Raises as ``add_hold``."""
    hold = session.get(LegalHold, hold_id, with_for_update=True, populate_existing=True)
    if hold is None or hold.lifted_at is not None:
        raise HoldError(HoldRefusal.UNKNOWN, number=hold_id)
    people = _two_people(session, by, and_by, f"hold:{hold_id}", now, tied_days)
    hold.lifted_at, hold.lifted_by_id, hold.lifted_with_id = now, people[0].id, people[1].id
    session.flush()
    _note(session, people, "lift_hold", hold, now)


def all_holds(session: Session) -> Sequence[ShownHold]:
    """Every hold, oldest first, with those that were lifted."""
    by, second, lifter, other = (aliased(Staff) for _ in range(4))
    rows = session.execute(
        select(LegalHold, by.email, second.email, lifter.email, other.email)
        .join(by, by.id == LegalHold.set_by_id)
        .join(second, second.id == LegalHold.set_with_id)
        .outerjoin(lifter, lifter.id == LegalHold.lifted_by_id)
        .outerjoin(other, other.id == LegalHold.lifted_with_id)
        .order_by(LegalHold.id)
    )
    return [
        ShownHold(
            hold.id, hold.case_id, hold.reason, hold.set_at, (first, and_by), hold.lifted_at,
            None if lifted is None else (lifted, and_lifted),
        )
        for hold, first, and_by, lifted, and_lifted in rows
    ]  # fmt: skip


def is_everything_held(session: Session) -> bool:
    """Whether a hold on everything is in force."""
    held = exists().where(LegalHold.case_id.is_(None), LegalHold.lifted_at.is_(None))
    return bool(session.scalar(select(held)))


def is_any_case_held(session: Session) -> bool:
    """Whether a hold on a case is in force."""
    held = exists().where(LegalHold.case_id.is_not(None), LegalHold.lifted_at.is_(None))
    return bool(session.scalar(select(held)))


def _two_people(
    session: Session, by: str, and_by: str, target: str, now: datetime, tied_days: float
) -> list[Staff]:
    people = [find_staff(session, email) for email in (by, and_by)]
    if people[0].id == people[1].id:
        raise HoldError(HoldRefusal.SAME_PERSON)
    for person in people:
        if person.role not in APPROVERS:
            raise HoldError(HoldRefusal.ROLE, who=person.email)
    check_untied(session, people[0].id, people[1].id, target, now, tied_days)
    return people


def _note(session: Session, people: Sequence[Staff], action: str, hold: LegalHold, now: datetime) -> None:
    facts = {"reason": hold.reason, "case": hold.case_id}
    for person in people:
        audit.record(
            session, actor=person.email, action=action, target=f"hold:{hold.id}", facts=facts, now=now
        )
