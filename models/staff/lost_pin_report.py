"""Reports of a lost PIN, as calls leave them: one row each, whether or not a case has the number (R08)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Table, bindparam, func, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.staff.alert import LOST_PINS, tell_supervisors
from models.staff.paging import take_page
from models.store.base import Base, UtcDateTime
from models.store.database import Write, is_any
from models.store.policies import Policies

NEW, WAITING = text("state = 'new'"), text("state = 'waiting'")


class LostPinReport(Base):
    """One report by one call.

    ``state`` is ``new`` until the sweeper has judged it, then ``waiting`` (for a supervisor), ``called``,
    ``refused`` or ``declined``. ``number_key`` is the number entered, which may be no case's. ``told_at`` is
    when supervisors were told that it waits.
    """

    __tablename__ = "lost_pin_reports"
    __table_args__ = (
        Index("ix_lost_pin_reports_phone", "phone_key", "reported_at"),
        Index("ix_lost_pin_reports_reported_at", "reported_at"),
        Index("ix_lost_pin_reports_new", "id", sqlite_where=NEW, postgresql_where=NEW),
        Index("ix_lost_pin_reports_waiting", "id", sqlite_where=WAITING, postgresql_where=WAITING),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number_key: Mapped[str] = mapped_column(String(64))
    phone_key: Mapped[str | None] = mapped_column(String(64))
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"), index=True)
    silent: Mapped[bool]
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16))
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


_REPORTS: Table = LostPinReport.__table__  # type: ignore[assignment]
_UNTOLD = (WAITING, _REPORTS.c.told_at.is_(None))
_ANY_NEW = select(_REPORTS.c.id).where(NEW).limit(1)
_ANY_UNTOLD = select(_REPORTS.c.id).where(*_UNTOLD).limit(1)
_REPORT = (
    insert(_REPORTS)
    .values({
        name: bindparam(f"lost_{name}", type_=_REPORTS.c[name].type)
        for name in ("number_key", "phone_key", "call_id", "silent", "reported_at", "state")
    })
    .inline()
)  # fmt: skip


def reporting(number_key: str, phone_key: str | None, call_id: int, now: datetime, *, silent: bool) -> Write:
    """The write that leaves a report; it is the same for every number (R05)."""
    return _REPORT, {
        "lost_number_key": number_key, "lost_phone_key": phone_key, "lost_call_id": call_id,
        "lost_silent": silent, "lost_reported_at": now, "lost_state": "new",
    }  # fmt: skip


def has_new_reports(session: Session) -> bool:
    """Whether a call left a report that has not been judged yet."""
    return is_any(session, _ANY_NEW)


def has_untold_reports(session: Session) -> bool:
    """Whether supervisors have not yet been told of a report that waits for them."""
    return is_any(session, _ANY_UNTOLD)


def tell_of_reports(session: Session, now: datetime, policies: Policies, is_open: bool) -> None:
    """Tell the supervisors in one text how many reports wait for them (R08)."""
    if has_untold_reports(session) and take_page(session, LOST_PINS, now, policies.page_minutes):
        session.execute(update(_REPORTS).where(*_UNTOLD).values(told_at=now))
        waiting = session.scalar(select(func.count()).select_from(_REPORTS).where(WAITING)) or 0
        tell_supervisors(session, LOST_PINS, waiting, now, is_open)
