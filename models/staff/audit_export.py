"""Audit exports: one person asks, another with a different role agrees or rejects; it lasts a day (R40)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, and_, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from models.audit import audit
from models.audit.audit_search import Entry, Page, Place, Search, search
from models.staff.refusals import ExportRefusal
from models.staff.staff import Staff
from models.staff.two_people import check_untied, tied_to
from models.store.base import Base, UtcDateTime
from models.store.refusal import RefusedError

#: A file has this many entries at most, the newest ones, because the thread that makes it also answers
#: callers.
MOST = 2000
#: How long somebody may agree after the request, and how long the file is available after that.
LIVES = timedelta(hours=24)


class ExportError(RefusedError):
    """An export cannot be requested, agreed to or downloaded this way; the message says why."""


class AuditExport(Base):
    """``search`` has the criteria of a search as codes only; ``role`` is the role of the requester.

    Entries committed after ``newest_id`` are not in the file, and nothing in it is newer than ``newest_at``.
    It is available until ``until``, or was rejected, or withdrawn by its requester, at ``rejected_at``. The
    purge of R41 deletes the row some time after that.
    """

    __tablename__ = "audit_exports"

    id: Mapped[int] = mapped_column(primary_key=True)
    search: Mapped[dict[str, str]] = mapped_column(JSON)
    newest_id: Mapped[int]
    newest_at: Mapped[datetime] = mapped_column(UtcDateTime)
    count: Mapped[int]
    requested_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    role: Mapped[str] = mapped_column(String(16))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    agreed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rejected_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    rejected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


#: Nobody has decided about it.
IS_UNDECIDED = and_(AuditExport.agreed_by.is_(None), AuditExport.rejected_by.is_(None))


@dataclass(frozen=True, slots=True)
class StandingExport:
    """An export of the last days, with the e-mails of the requester and of those who agreed or rejected.

    ``role`` is the requester's role at the request and ``role_now`` their role now; the person who agrees has
    neither.
    """

    id: int
    search: Mapping[str, str]
    count: int
    requested_by: int
    requester: str
    role: str
    role_now: str
    requested_at: datetime
    agreed: str | None
    until: datetime | None
    rejected: str | None
    rejected_at: datetime | None

    @property
    def agreed_at(self) -> datetime | None:
        """When somebody agreed."""
        return None if self.until is None else self.until - LIVES


def ask_for_export(
    session: Session,
    staff: Staff,
    fields: Mapping[str, str],
    found: Page,
    count: int,
    now: datetime,
    *,
    newest_id: int,
) -> int:
    """Request the entries that a search up to the entry ``newest_id`` found; returns the export's id.

    Raises ExportError when the search found nothing.
    """
    if not found.entries:
        raise ExportError(ExportRefusal.NOTHING_FOUND)
    export = AuditExport(
        search=dict(fields), newest_id=newest_id, newest_at=found.entries[0].at, count=count,
        requested_by=staff.id, role=staff.role, requested_at=now,
    )  # fmt: skip
    session.add(export)
    session.flush()
    _note(session, staff, "ask_audit_export", export, now)
    return export.id


def agree_to_export(session: Session, export_id: int, staff: Staff, now: datetime, tied_days: float) -> None:
    """Agree, as somebody with another role than the requester's then and now; makes the file available.

    Raises ExportError, and TiedError if an action within ``tied_days`` ties the two (``check_untied``).
    """
    export = _undecided(session, export_id)
    if export.requested_by == staff.id:
        raise ExportError(ExportRefusal.SAME_PERSON)
    _check_other_role(session, export, staff)
    if now > export.requested_at + LIVES:
        raise ExportError(ExportRefusal.EXPIRED)
    check_untied(session, export.requested_by, staff.id, f"export:{export_id}", now, tied_days)
    export.agreed_by, export.until = staff.id, now + LIVES
    session.flush()
    _note(session, staff, "agree_audit_export", export, now)


def reject_export(session: Session, export_id: int, staff: Staff, now: datetime) -> None:
    """Reject a request of somebody with another role, or withdraw one's own. Raises ExportError."""
    export = _undecided(session, export_id)
    is_own = export.requested_by == staff.id
    if not is_own:
        _check_other_role(session, export, staff)
    export.rejected_by, export.rejected_at = staff.id, now
    session.flush()
    _note(session, staff, "withdraw_audit_export" if is_own else "reject_audit_export", export, now)


def take_export(session: Session, export_id: int, staff: Staff, now: datetime) -> StandingExport:
    """Log that the requester takes the file. Raises ExportError unless it is agreed to and in time."""
    export = _locked(session, export_id)
    if export.requested_by != staff.id:
        raise ExportError(ExportRefusal.NOT_YOURS)
    if export.rejected_by is not None:
        raise ExportError(ExportRefusal.REJECTED)
    if export.until is None:
        raise ExportError(ExportRefusal.NOT_AGREED)
    if now > export.until:
        raise ExportError(ExportRefusal.OVER)
    _note(session, staff, "export_audit", export, now)
    return standing_exports(session, now, export_id)[0]


def entries_of(session: Session, export_id: int, wanted: Search) -> Sequence[Entry]:
    """The entries of the file: nothing that was committed after the request."""
    export = session.get_one(AuditExport, export_id)
    behind = Place(export.newest_at, export.newest_id + 1)
    return search(session, replace(wanted, newest_id=export.newest_id), behind, size=MOST).entries


def standing_exports(session: Session, now: datetime, export_id: int | None = None) -> list[StandingExport]:
    """The requests of the last two days, newest first: to agree to, to download, or rejected lately."""
    asked, agreed, rejected = aliased(Staff), aliased(Staff), aliased(Staff)
    query = (
        select(AuditExport, asked.email, asked.role, agreed.email, rejected.email)
        .join(asked, asked.id == AuditExport.requested_by)
        .outerjoin(agreed, agreed.id == AuditExport.agreed_by)
        .outerjoin(rejected, rejected.id == AuditExport.rejected_by)
        .where(AuditExport.requested_at > now - 2 * LIVES)
        .order_by(AuditExport.id.desc())
    )
    if export_id is not None:
        query = query.where(AuditExport.id == export_id)
    return [
        StandingExport(
            one.id, one.search, one.count, one.requested_by, requester, one.role, role_now,
            one.requested_at, agreer, one.until, rejecter, one.rejected_at,
        )
        for one, requester, role_now, agreer, rejecter in session.execute(query)
        if now <= (one.until or one.requested_at + LIVES)
    ]  # fmt: skip


def bars_to_agree(
    session: Session, exports: Sequence[StandingExport], staff: Staff, now: datetime, tied_days: float
) -> Mapping[int, str]:
    """Why this person may not agree to some of the exports: ``own``, ``role`` or ``tied``, by their ids."""
    tied = tied_to(session, staff.id, {one.requested_by for one in exports}, now, tied_days)
    bars: dict[int, str] = {}
    for one in exports:
        if one.requested_by == staff.id:
            bars[one.id] = "own"
        elif staff.role in (one.role, one.role_now):
            bars[one.id] = "role"
        elif one.requested_by in tied:
            bars[one.id] = "tied"
    return bars


def _undecided(session: Session, export_id: int) -> AuditExport:
    export = _locked(session, export_id)
    if export.agreed_by is not None:
        raise ExportError(ExportRefusal.AGREED)
    if export.rejected_by is not None:
        raise ExportError(ExportRefusal.REJECTED)
    return export


def _check_other_role(session: Session, export: AuditExport, staff: Staff) -> None:
    if staff.role in (export.role, session.get_one(Staff, export.requested_by).role):
        raise ExportError(ExportRefusal.SAME_ROLE)


def _locked(session: Session, export_id: int) -> AuditExport:
    export = session.get(AuditExport, export_id, with_for_update=True, populate_existing=True)
    if export is None:
        raise ExportError(ExportRefusal.UNKNOWN)
    return export


def _note(session: Session, staff: Staff, action: str, export: AuditExport, now: datetime) -> None:
    facts: dict[str, Any] = {"count": export.count}
    if action == "agree_audit_export":
        facts["asked_by"] = export.requested_by
    audit.record(
        session, actor=staff.email, action=action, target=f"export:{export.id}", facts=facts, now=now
    )
