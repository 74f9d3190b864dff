"""Pages supervisors while an import is held: at once, again twice, and at last with the call list (R16)."""

from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from models import audit
from models.alert import CALL_LIST, IMPORT_HELD, AlertOffice, tell_supervisors
from models.import_record import CustodyImport

_IMPORTS = cast(Table, CustodyImport.__table__)


def is_anything_held(session: Session) -> bool:
    """Whether people must look at an import."""
    held = select(CustodyImport.id).where(CustodyImport.state == "held")
    return session.execute(held.limit(1)).first() is not None


def page_held(session: Session, now: datetime, office: AlertOffice) -> None:
    """Page for every held import whose next page is due; each page once, whatever was missed meanwhile."""
    held = session.execute(
        select(CustodyImport.id, CustodyImport.pages, CustodyImport.decided_at, CustodyImport.started_at)
        .where(CustodyImport.state == "held")
        .order_by(CustodyImport.id)
    ).all()
    due = {IMPORT_HELD: 0, CALL_LIST: 0}
    for entry in held:
        passed = _due(now - (entry.decided_at or entry.started_at), office)
        if passed <= entry.pages:
            continue
        # After a sweep that was missed the newest page stands for those before it.
        paged = session.execute(
            update(_IMPORTS)
            .where(_IMPORTS.c.id == entry.id, _IMPORTS.c.state == "held", _IMPORTS.c.pages == entry.pages)
            .values(pages=passed)
            .returning(_IMPORTS.c.id)
        ).first()
        if paged is None:
            continue
        level = CALL_LIST if has_call_list(passed, office) else IMPORT_HELD
        due[level] += 1
        audit.record(
            session,
            actor="sweeper",
            action="page_held_import",
            target=f"import:{entry.id}",
            facts={"page": passed, "level": level},
            now=now,
        )
    for level, count in due.items():
        if count:
            tell_supervisors(session, level, count, now, office)


def has_call_list(pages: int, office: AlertOffice) -> bool:
    """Whether an import was held for so long that its call list is shown."""
    return pages > office.policy("held_pages")


def _due(held_for: timedelta, office: AlertOffice) -> int:
    """How many pages should have gone out by now; the one after the last is that of the call list."""
    pages = int(office.policy("held_pages"))
    if held_for >= timedelta(minutes=office.policy("held_list_minutes")):
        return pages + 1
    return min(pages, 1 + int(held_for / timedelta(minutes=office.policy("held_page_minutes"))))
