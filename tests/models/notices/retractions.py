"""Files that were found wrong after they landed, and who takes them back."""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import Notice
from models.custody.imports.record import CustodyImport
from models.notices.notice_moves import confirm, note_said
from models.notices.spreading import spread
from models.notices.taking_back.retraction import (
    Retraction,
    retract,
)
from models.store.database import Database
from tests.models.custody.feed import at
from tests.models.notices.registered import OUT, feeds

ANA, BEN = "ana@office.example.org", "ben@office.example.org"
NEW_YORK = ZoneInfo("America/New_York")


def spreads(database: Database, hours: float) -> None:
    with database.transaction() as session:
        spread(session, at(hours), 50)


def hears(database: Database, hours: float, *, case_id: int | None = None) -> None:
    """Whoever waits for a call hears the news, and confirms it."""
    with database.transaction() as session:
        found = session.scalars(select(Notice).where(Notice.state == "waiting").order_by(Notice.id)).all()
        for one in found:
            if case_id in (None, one.case_id):
                note_said(session, [one], at(hours), is_status=True)
                one.heard_at = at(hours)
                confirm(session, one.id, "call", at(hours), "caller:1")


def last_import(database: Database) -> int:
    with database.reading() as session:
        return session.scalars(select(CustodyImport.id).order_by(CustodyImport.id.desc())).first() or 0


def takes_back(database: Database, import_id: int, hours: float, **people: str) -> Retraction:
    who = {"by": ANA, "and_by": BEN, **people}
    return retract(database, import_id, now=at(hours), tied_days=30, office=NEW_YORK, **who)


def false_release(database: Database, **values: Any) -> int:
    """A wrong file says that somebody got out; returns its import."""
    feeds(database, **{**OUT, **values})
    spreads(database, 1)
    return last_import(database)
