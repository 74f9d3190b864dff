"""What can be done with an import that the brake holds: list it, release it, reject it (R16)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.custody.imports.brake import HoldReason
from models.custody.imports.landing import Landed, land, let_go
from models.custody.imports.lock import import_lock
from models.custody.imports.record import CustodyImport, ImportRow
from models.custody.refusals import SettleRefusal
from models.staff.staff import Staff, staff_by_email
from models.staff.two_people import check_untied
from models.store.database import Database
from models.store.refusal import RefusedError


@dataclass(frozen=True, slots=True)
class HeldImport:
    """A held import as staff see it: codes and counts. ``people`` is how many it would change."""

    id: int
    started_at: datetime
    full: bool
    rows: int
    new: int
    changed: int
    people: int
    reasons: tuple[HoldReason, ...]


class SettleError(RefusedError):
    """A held import cannot be settled this way. One sentence."""


def list_held(session: Session) -> list[HeldImport]:
    """The imports that wait for people, oldest first."""
    people = (
        select(func.count(ImportRow.line.distinct()))
        .where(ImportRow.import_id == CustodyImport.id, ImportRow.change != "unchanged")
        .correlate(CustodyImport)
        .scalar_subquery()
    )
    rows = session.execute(
        select(CustodyImport, people).where(CustodyImport.state == "held").order_by(CustodyImport.id)
    )
    return [
        HeldImport(
            entry.id, entry.started_at, entry.full, entry.rows, entry.new, entry.changed, count,
            tuple(HoldReason.from_text(text) for text in entry.hold_reasons),
        )
        for entry, count in rows
    ]  # fmt: skip


def release(
    database: Database, import_id: int, *, by: str, and_by: str, now: datetime, tied_days: float
) -> Landed:
    """Land a held import with the approval of two staff, by e-mail. Raises SettleError or ImportBusyError.

    Raises TiedError if an action within ``tied_days`` ties the two (``check_untied``, R40). Rows that newer
    information has replaced since, and rows dated in the future, are dropped.
    """
    with import_lock(database):
        with database.transaction() as session:
            people = two_of_staff(session, by, and_by, f"import:{import_id}", now, tied_days)
            settle(session, import_id, "applying", [person.email for person in people], now)
            for person in people:
                audit.record(
                    session,
                    actor=person.email,
                    action="release_import",
                    target=f"import:{import_id}",
                    state="applying",
                    now=now,
                )
        return land(database, import_id, now)


def reject(database: Database, import_id: int, *, by: str, now: datetime) -> None:
    """Discard a held import and unmark the people it held. Raises SettleError or ImportBusyError."""
    with import_lock(database):
        with database.transaction() as session:
            person = _named(session, by, "--by")
            settle(session, import_id, "rejected", [person.email], now)
            audit.record(
                session,
                actor=person.email,
                action="reject_import",
                target=f"import:{import_id}",
                state="rejected",
                now=now,
            )
        let_go(database, import_id)


def two_of_staff(
    session: Session,
    by: str,
    and_by: str,
    target: str,
    now: datetime,
    tied_days: float,
    if_one: SettleRefusal = SettleRefusal.TWO_PEOPLE,
) -> list[Staff]:
    """The two people with these e-mails, who may approve ``target`` together (R40).

    Raises SettleError, with ``if_one`` if both are one person, and TiedError if an action within
    ``tied_days`` ties the two.
    """
    people = [_named(session, by, "--by"), _named(session, and_by, "--and")]
    if people[0].id == people[1].id:
        raise SettleError(if_one)
    check_untied(session, people[0].id, people[1].id, target, now, tied_days)
    return people


def _named(session: Session, email: str, option: str) -> Staff:
    """The member of staff with this e-mail. Raises SettleError, which names the ``option`` of the command."""
    person = staff_by_email(session, email)
    if person is None:
        raise SettleError(SettleRefusal.NOT_STAFF, option=option)
    return person


def settle(session: Session, import_id: int, state: str, by: list[str], now: datetime) -> None:
    """Move a held import on to ``applying`` or ``rejected``. Raises SettleError when it is no longer held."""
    settled = session.execute(
        update(CustodyImport)
        .where(CustodyImport.id == import_id, CustodyImport.state == "held")
        .values(state=state, settled_by=by, settled_at=now, decided_at=now)
        .returning(CustodyImport.id)
    ).first()
    if settled is None:
        raise SettleError(SettleRefusal.NO_HELD_IMPORT, number=import_id)
