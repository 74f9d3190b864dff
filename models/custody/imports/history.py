"""Imports as the console lists them, and the age of the feed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from models.custody.imports.record import CustodyImport
from models.staff.staff import Staff

PAGE = 25
#: A year of files every ten minutes has 52,000 rows: a wrong one is looked for in a month of them.
_NEWEST_LANDED = (
    select(CustodyImport.id)
    .where(CustodyImport.state == "landed")
    .order_by(CustodyImport.id.desc())
    .limit(4500)
    .scalar_subquery()
)
#: Somebody asks a second person to take back what callers hear meanwhile.
IS_ASKED_BACK = and_(
    CustodyImport.state == "landed", CustodyImport.asked == "retract", CustodyImport.id.in_(_NEWEST_LANDED)
)
_UPLOADER, _ASKER = aliased(Staff), aliased(Staff)
_LATELY = (
    select(CustodyImport.newest_as_of)
    .where(CustodyImport.state == "landed")
    .order_by(CustodyImport.id.desc())
    .limit(PAGE)
)


@dataclass(frozen=True, slots=True)
class Listed:
    """An import with the e-mails of its uploader and of the person who asks to settle it."""

    entry: CustodyImport
    uploaded_by: str | None
    asked_by: str | None


def history(session: Session, before: int | None = None, size: int = PAGE) -> list[Listed]:
    """Imports, newest first, older than ``before``. The number of statements does not grow with them."""
    query = _listing().order_by(CustodyImport.id.desc()).limit(size)
    if before is not None:
        query = query.where(CustodyImport.id < before)
    return _listed(session, query)


def waiting(session: Session) -> list[Listed]:
    """Imports to decide on: uploading, previewed, landing, held, or asked to be taken back; oldest first."""
    unsettled = CustodyImport.state.in_(("uploading", "previewed", "held", "applying"))
    return _listed(session, _listing().where(or_(unsettled, IS_ASKED_BACK)).order_by(CustodyImport.id))


def one_import(session: Session, import_id: int) -> Listed | None:
    """The import with this id, or None."""
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
        # The page is rendered after its session has ended.
        session.expunge(one.entry)
    return found


def newest_as_of(session: Session) -> datetime | None:
    """The feed's newest confirmation among the landed imports; None before any landed."""
    lately: Sequence[datetime | None] = session.scalars(_LATELY).all()
    # An older file may land last, so the newest time is looked for in a few of them.
    return max((moment for moment in lately if moment is not None), default=None)
