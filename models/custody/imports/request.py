"""Settling a held import in the console: one person asks, another agrees in their own session (R16)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import audit
from models.custody.imports.held import SettleError, settle
from models.custody.imports.lock import import_lock
from models.custody.imports.record import CustodyImport
from models.custody.imports.upload import PATIENCE_SECONDS, By
from models.custody.refusals import SettleRefusal
from models.staff.staff import Staff
from models.staff.two_people import check_untied
from models.store.database import Database

WAYS = ("release", "reject")
#: The roles that may settle an import in the console.
SETTLERS = ("supervisor", "administrator")


def ask(session: Session, import_id: int, way: str, by: By, now: datetime) -> None:
    """Ask a second person to release or reject a held import. Raises SettleError.

    Only one request is open at a time. To ask for the other option, withdraw it first, so that a second click
    never agrees to something the person did not read.
    """
    entry = _held(session, import_id)
    if way not in WAYS:
        raise SettleError(SettleRefusal.NO_WAY)
    if entry.asked is not None:
        raise asked_already(session, entry)
    put_request(session, entry, way, by, now)


def withdraw(session: Session, import_id: int, by: By, now: datetime) -> None:
    """Withdraw the request; anyone who may settle may do so. Raises SettleError."""
    entry = _held(session, import_id)
    if entry.asked is None:
        raise SettleError(SettleRefusal.NOT_ASKED)
    drop_request(session, entry, by, now)


def agree(database: Database, import_id: int, way: str, by: By, now: datetime, tied_days: float) -> None:
    """Settle a held import as a first person requested. Raises SettleError, also for that same person.

    ``way`` is the option that the second person read on their page. Both must still be allowed to settle
    imports. Raises TiedError for a release if an action within ``tied_days`` ties the two (``check_untied``).
    The rest takes longer than a click, so `hotline intake` and the sweeper do it (resume). Raises
    ImportBusyError while an import is running.
    """
    with import_lock(database, PATIENCE_SECONDS), database.transaction() as session:
        entry = _held(session, import_id)
        first = asker_of(session, entry, way, by)
        if way == "release":
            check_untied(session, first.id, by.staff_id, f"import:{import_id}", now, tied_days)
        state = "applying" if way == "release" else "rejected"
        settle(session, import_id, state, [first.email, by.email], now)
        record_request(session, f"{way}_import", import_id, by, now, {"asked_by": first.id}, state)


def may_settle(person: Staff) -> bool:
    """Whether this person may still settle, whatever they were when they asked or opened their page."""
    return person.role in SETTLERS and person.left_at is None


def _held(session: Session, import_id: int) -> CustodyImport:
    entry = session.scalars(
        select(CustodyImport).where(CustodyImport.id == import_id).with_for_update()
    ).one_or_none()
    if entry is None or entry.state != "held":
        who = entry.settled_by if entry is not None else []
        if not who:
            raise SettleError(SettleRefusal.NOT_HELD)
        raise SettleError(SettleRefusal.SETTLED, who=", ".join(who))
    return entry


def put_request(session: Session, entry: CustodyImport, way: str, by: By, now: datetime) -> None:
    """Ask a second person to do this with an import, which is locked."""
    entry.asked, entry.asked_by_id, entry.asked_at = way, by.staff_id, now
    session.flush()
    record_request(session, f"ask_{way}_import", entry.id, by, now)


def drop_request(session: Session, entry: CustodyImport, by: By, now: datetime) -> None:
    """Withdraw what a second person was asked to do with an import, which is locked."""
    entry.asked, entry.asked_by_id, entry.asked_at = None, None, None
    session.flush()
    record_request(session, "withdraw_import_request", entry.id, by, now)


def asked_already(session: Session, entry: CustodyImport) -> SettleError:
    """The refusal of a second request."""
    return SettleError(SettleRefusal.ASKED, who=session.get_one(Staff, entry.asked_by_id).email)


def asker_of(session: Session, entry: CustodyImport, way: str, by: By) -> Staff:
    """The person with whose request ``by`` agrees. Raises SettleError unless both may settle imports now."""
    if entry.asked != way:
        raise SettleError(SettleRefusal.CHANGED)
    if entry.asked_by_id == by.staff_id:
        raise SettleError(SettleRefusal.SAME_PERSON)
    first = session.get_one(Staff, entry.asked_by_id)
    if not may_settle(first):
        raise SettleError(SettleRefusal.ASKER_MAY_NOT, who=first.email)
    if not may_settle(session.get_one(Staff, by.staff_id)):
        raise SettleError(SettleRefusal.YOU_MAY_NOT)
    return first


def record_request(
    session: Session,
    action: str,
    import_id: int,
    by: By,
    now: datetime,
    facts: dict[str, int] | None = None,
    state: str | None = None,
) -> None:
    """Write an audit entry about a request, or about what two people settled."""
    target = f"import:{import_id}"
    audit.record(session, actor=by.email, action=action, target=target, facts=facts, state=state, now=now)
