"""Taking back an import in the console: one person asks, another agrees in their own session (R16, R40)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.custody.imports.held import SettleError
from models.custody.imports.lock import import_lock
from models.custody.imports.record import CustodyImport
from models.custody.imports.request import asked_already, asker_of, drop_request, put_request, record_request
from models.custody.imports.upload import PATIENCE_SECONDS, By
from models.custody.refusals import SettleRefusal
from models.notices.taking_back.retraction import begin_retraction
from models.staff.two_people import check_untied
from models.store.database import Database

#: What one person asks a second to do; an import that landed may still name an earlier request.
WAY = "retract"


def ask_retraction(session: Session, import_id: int, by: By, now: datetime) -> None:
    """Ask a second person to take back an import that landed. Raises SettleError."""
    entry = _landed(session, import_id)
    if entry.asked == WAY:
        raise asked_already(session, entry)
    put_request(session, entry, WAY, by, now)


def withdraw_retraction(session: Session, import_id: int, by: By, now: datetime) -> None:
    """Withdraw the request; anyone who may take back may do so. Raises SettleError."""
    entry = _landed(session, import_id)
    if entry.asked != WAY:
        raise SettleError(SettleRefusal.NOT_ASKED)
    drop_request(session, entry, by, now)


def agree_retraction(database: Database, import_id: int, by: By, now: datetime, tied_days: float) -> None:
    """Take back an import as a first person requested. Raises SettleError, also for that same person.

    Both must still be allowed to settle imports. Raises TiedError if an action within ``tied_days`` ties the
    two. The rest takes longer than a click, so the sweeper does it. Raises ImportBusyError while an import
    is running.
    """
    with import_lock(database, PATIENCE_SECONDS), database.transaction() as session:
        entry = _landed(session, import_id)
        first = asker_of(session, entry, WAY, by)
        check_untied(session, first.id, by.staff_id, f"import:{import_id}", now, tied_days)
        session.expunge(entry)
        begin_retraction(session, import_id, [first.email, by.email], now)
        facts = {"asked_by": first.id}
        record_request(session, "retract_import", import_id, by, now, facts, state="retracting")


def _landed(session: Session, import_id: int) -> CustodyImport:
    entry = session.scalars(
        select(CustodyImport).where(CustodyImport.id == import_id).with_for_update()
    ).one_or_none()
    if entry is None or entry.state != "landed":
        raise SettleError(SettleRefusal.NOT_LANDED)
    return entry
