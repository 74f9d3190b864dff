"""Imports as the console lists them, and how old the feed is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from models.custody.import_record import CustodyImport
from models.staff.staff import Staff

PAGE = 25
_UPLOADER, _ASKER = aliased(Staff), aliased(Staff)


@dataclass(frozen=True, slots=True)
class Listed:
    """An import with the e-mails of who uploaded it and who asks to settle it."""

    entry: CustodyImport
    uploaded_by: str | None
    asked_by: str | None


def history(session: Session, before: int | None = None, size: int = PAGE) -> list[Listed]:
    """Imports, newest first, older than ``before``. The count of statements does not grow with them."""
    query = _listing().order_by(CustodyImport.id.desc()).limit(size)
    if before is not None:
        query = query.where(CustodyImport.id < before)
    return _listed(session, query)


def waiting(session: Session) -> list[Listed]:
    """What is not settled: on its way in, read and not decided on, landing, or held; oldest first."""
    unsettled = CustodyImport.state.in_(("uploading", "previewed", "held", "applying"))
    return _listed(session, _listing().where(unsettled).order_by(CustodyImport.id))


def one_import(session: Session, import_id: int) -> Listed | None:
    """One of them."""
    return next(iter(_listed(session, _listing().where(CustodyImport.id == import_id))), None)


def _listing() -> Any:
    return (
        select(CustodyImport, _UPLOADER.email, _ASKER.email)
        .outerjoin(_UPLOADER, _UPLOADER.id == CustodyImport.uploaded_by_id)
        .outerjoin(_ASKER, _ASKER.id == CustodyImport.asked_by_id)
    )


def _listed(session: Session, query: Any) -> list[Listed]:
    found = [Listed(*row) for row in session.execute(query)]
    for one in found:
        # A page is drawn when its session is over.
        session.expunge(one.entry)
    return found


def newest_as_of(session: Session) -> datetime | None:
    """When the feed confirmed anybody last, by the newest of the imports that landed; None before any did."""
    lately: Sequence[datetime | None] = session.scalars(
        select(CustodyImport.newest_as_of)
        .where(CustodyImport.state == "landed")
        .order_by(CustodyImport.id.desc())
        .limit(PAGE)
    ).all()
    # An older file may land last; a few of them show the newest.
    return max((moment for moment in lately if moment is not None), default=None)
