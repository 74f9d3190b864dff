"""Taking back an import in the console: one person asks, another agrees in their own session (R16, R40)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import audit
from models.custody.held_import import SettleError
from models.custody.import_lock import import_lock
from models.custody.import_record import CustodyImport
from models.custody.import_request import may_settle
from models.custody.import_upload import PATIENCE_SECONDS, By
from models.custody.refusals import SettleRefusal
from models.notices.taking_back.retraction import begin_retraction
from models.staff.staff import Staff
from models.staff.two_people import check_untied
from models.store.database import Database

#: What one person asks a second to do; an import that landed may still name an earlier request.
WAY = "retract"


def ask_retraction(session: Session, import_id: int, by: By, now: datetime) -> None:
    """Ask a second person to take back an import that landed. Raises SettleError."""
    entry = _landed(session, import_id)
    if entry.asked == WAY:
        raise SettleError(SettleRefusal.ASKED, who=session.get_one(Staff, entry.asked_by_id).email)
    entry.asked, entry.asked_by_id, entry.asked_at = WAY, by.staff_id, now
    session.flush()
    _record(session, "ask_retract_import", import_id, by, None, now)


def withdraw_retraction(session: Session, import_id: int, by: By, now: datetime) -> None:
    """Withdraw the request; anyone who may take back may do so. Raises SettleError."""
    entry = _landed(session, import_id)
    if entry.asked != WAY:
        raise SettleError(SettleRefusal.NOT_ASKED)
    entry.asked, entry.asked_by_id, entry.asked_at = None, None, None
    session.flush()
    _record(session, "withdraw_import_request", import_id, by, None, now)


def agree_retraction(database: Database, import_id: int, by: By, now: datetime, tied_days: float) -> None:
    """Take back an import as a first person requested. Raises SettleError, also for that same person.

    Both must still be allowed to settle imports. Raises TiedError if an action within ``tied_days`` ties the
    two. The rest takes longer than a click, so the sweeper does it. Raises ImportBusyError while an import
    is running.
    """
    with import_lock(database, PATIENCE_SECONDS), database.transaction() as session:
        entry = _landed(session, import_id)
        if entry.asked != WAY:
            raise SettleError(SettleRefusal.CHANGED)
        if entry.asked_by_id == by.staff_id:
            raise SettleError(SettleRefusal.SAME_PERSON)
        first = session.get_one(Staff, entry.asked_by_id)
        if not may_settle(first):
            raise SettleError(SettleRefusal.ASKER_MAY_NOT, who=first.email)
        if not may_settle(session.get_one(Staff, by.staff_id)):
            raise SettleError(SettleRefusal.YOU_MAY_NOT)
        check_untied(session, first.id, by.staff_id, f"import:{import_id}", now, tied_days)
        session.expunge(entry)
        begin_retraction(session, import_id, [first.email, by.email], now)
        _record(session, "retract_import", import_id, by, {"asked_by": first.id}, now, state="retracting")


def _landed(session: Session, import_id: int) -> CustodyImport:
    entry = session.scalars(
        select(CustodyImport).where(CustodyImport.id == import_id).with_for_update()
    ).one_or_none()
    if entry is None or entry.state != "landed":
        raise SettleError(SettleRefusal.NOT_LANDED)
    return entry


def _record(
    session: Session,
    action: str,
    import_id: int,
    by: By,
    facts: dict[str, int] | None,
    now: datetime,
    state: str | None = None,
) -> None:
    target = f"import:{import_id}"
    audit.record(session, actor=by.email, action=action, target=target, facts=facts, state=state, now=now)
