"""Pages supervisors while an import is held: at once, twice more, and finally with the call list (R16)."""

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.custody.imports.record import CustodyImport
from models.staff.alert import CALL_LIST, IMPORT_HELD, tell_supervisors
from models.staff.paging import take_page
from models.store.database import is_any
from models.store.policies import Policies

_IMPORTS = cast(Table, CustodyImport.__table__)
_ANY_HELD = select(CustodyImport.id).where(CustodyImport.state == "held").limit(1)


def is_anything_held(session: Session) -> bool:
    """Whether an import is held and people must look at it."""
    return is_any(session, _ANY_HELD)


def page_held(session: Session, now: datetime, policies: Policies, is_open: bool) -> None:
    """Page for the held imports whose next page is due; each page once, even after missed sweeps.

    Pages are ``page_minutes`` apart, so that a feed whose every file is held does not page for each one. A
    page says how many imports are held in total.
    """
    held = session.execute(
        select(CustodyImport.id, CustodyImport.pages, CustodyImport.decided_at, CustodyImport.started_at)
        .where(CustodyImport.state == "held")
        .order_by(CustodyImport.id)
    ).all()
    # After a missed sweep, only the newest page is sent, in place of those before it.
    passed = {one.id: _due(now - (one.decided_at or one.started_at), policies) for one in held}
    due = [one.id for one in held if passed[one.id] > one.pages]
    listed = [import_id for import_id, pages in passed.items() if has_call_list(pages, policies)]
    for level, those in ((IMPORT_HELD, list(passed)), (CALL_LIST, listed)):
        new = [one for one in due if (one in listed) == (level == CALL_LIST)]
        if new and take_page(session, level, now, policies.page_minutes):
            for import_id in new:
                _note_page(session, import_id, passed[import_id], level, now)
            tell_supervisors(session, level, len(those), now, is_open)


def _note_page(session: Session, import_id: int, page: int, level: str, now: datetime) -> None:
    session.execute(update(_IMPORTS).where(_IMPORTS.c.id == import_id).values(pages=page))
    audit.record(
        session,
        actor="sweeper",
        action="page_held_import",
        target=f"import:{import_id}",
        facts={"page": page, "level": level},
        now=now,
    )


def has_call_list(pages: int, policies: Policies) -> bool:
    """Whether an import has been held for so long that its call list is shown."""
    return pages > policies.held_pages


def _due(held_for: timedelta, policies: Policies) -> int:
    """How many pages should have been sent by now; the one after the last is the call list's."""
    pages = policies.held_pages
    if held_for >= timedelta(minutes=policies.held_list_minutes):
        return pages + 1
    return min(pages, 1 + int(held_for / timedelta(minutes=policies.held_page_minutes)))
