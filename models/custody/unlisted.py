"""Names, codes and rows of the feed that callers do not hear: tasks for staff (R14, R15)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import ForeignKey, String, Table, and_, case, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit import audit
from models.staff.alert import UNLISTED, tell_supervisors
from models.staff.paging import take_page
from models.store.base import Base, UtcDateTime
from models.store.database import is_any, keyring_of, send
from models.store.policies import Policies

#: How many different names of one file become tasks; the next file adds the others.
MOST_OF_A_FILE = 100
#: How many tasks the page shows.
MOST_SHOWN = 50
#: Kind and folded name, with how often it is in a file and its first line there.
Unlisted = Mapping[tuple[str, str], tuple[int, int]]


class UnlistedName(Base):
    """One name or code. Its text is never stored (R12): ``name_key`` is a keyed hash of the folded name.

    ``kind`` is ``facility``, ``court``, ``status`` or ``row``. The name of an unreadable row is its field,
    and a dismissed one is a task again with the next such row. ``import_id`` and ``line`` say where the feed
    last sent it, so that staff can read it there. ``settled_as`` is ``added`` or ``dismissed``.
    """

    __tablename__ = "unlisted_names"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name_key: Mapped[str] = mapped_column(String(64), unique=True)
    seen: Mapped[int]
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), index=True)
    line: Mapped[int]
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_as: Mapped[str | None] = mapped_column(String(16))
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


_NAMES = cast(Table, UnlistedName.__table__)
#: Nobody has added the name to its directory or dismissed it.
WAITS = UnlistedName.settled_at.is_(None)
# If an entry was since removed from its directory, its name is a task again; a dismissed one stays dismissed.
_IS_NEW_AGAIN = or_(
    UnlistedName.settled_as == "added", and_(UnlistedName.kind == "row", UnlistedName.settled_at.is_not(None))
)
_KEEP = (_made := insert(UnlistedName)).on_conflict_do_update(
    index_elements=["name_key"],
    set_={
        "seen": UnlistedName.seen + _made.excluded.seen,
        "last_seen_at": _made.excluded.last_seen_at,
        "import_id": _made.excluded.import_id,
        "line": _made.excluded.line,
        "told_at": case((_IS_NEW_AGAIN, None), else_=UnlistedName.told_at),
        "settled_at": case((_IS_NEW_AGAIN, None), else_=UnlistedName.settled_at),
        "settled_as": case((_IS_NEW_AGAIN, None), else_=UnlistedName.settled_as),
    },
)


def keep_unlisted(session: Session, import_id: int, names: Unlisted, now: datetime) -> None:
    """Create a task for each name, or add its count to the existing one."""
    for (kind, name), (seen, line) in sorted(names.items()):
        values = {
            "kind": kind, "name_key": _key(session, kind, name), "seen": seen, "first_seen_at": now,
            "last_seen_at": now, "import_id": import_id, "line": line,
        }  # fmt: skip
        send(session, _KEEP, values)


def unlisted_names(session: Session) -> Sequence[UnlistedName]:
    """The open tasks, newest first."""
    return session.scalars(
        select(UnlistedName)
        .where(WAITS)
        .order_by(UnlistedName.last_seen_at.desc(), UnlistedName.id.desc())
        .limit(MOST_SHOWN)
    ).all()


def unlisted_of(session: Session, import_id: int) -> Sequence[UnlistedName]:
    """The open tasks of names that this import was the last to have, in the order of its lines."""
    of_import = select(UnlistedName).where(WAITS, UnlistedName.import_id == import_id)
    return session.scalars(of_import.order_by(UnlistedName.line, UnlistedName.id).limit(MOST_SHOWN)).all()


def settle_added(session: Session, kind: str, name_key: str, now: datetime) -> None:
    """Settle the task of a name that is now in a directory; the addition is the audit entry."""
    key = _key(session, kind, name_key)
    waits = (_NAMES.c.name_key == key, _NAMES.c.settled_at.is_(None))
    session.execute(update(_NAMES).where(*waits).values(settled_at=now, settled_as="added"))


def dismiss_unlisted(session: Session, task_id: int, *, actor: str, now: datetime) -> bool:
    """Settle a task without adding an entry; False when somebody has already settled it."""
    waits = (_NAMES.c.id == task_id, _NAMES.c.settled_at.is_(None))
    gone = session.execute(
        update(_NAMES)
        .where(*waits)
        .values(settled_at=now, settled_as="dismissed")
        .returning(_NAMES.c.import_id, _NAMES.c.kind)
    ).first()
    if gone is None:
        return False
    audit.record(
        session, actor=actor, action="dismiss_unlisted", target=f"import:{gone.import_id}",
        facts={"unlisted": task_id}, now=now,
    )  # fmt: skip
    return True


def has_untold_names(session: Session) -> bool:
    """Whether there is a name that supervisors have not been told about."""
    return is_any(session, _ANY_UNTOLD)


def tell_of_unlisted(session: Session, now: datetime, policies: Policies, is_open: bool) -> None:
    """Tell the supervisors in one text about all names that they have not been told about."""
    if has_untold_names(session) and take_page(session, UNLISTED, now, policies.page_minutes):
        told = update(_NAMES).where(*_UNTOLD).values(told_at=now).returning(_NAMES.c.id)
        tell_supervisors(session, UNLISTED, len(session.execute(told).all()), now, is_open)


_UNTOLD = (_NAMES.c.settled_at.is_(None), _NAMES.c.told_at.is_(None))
_ANY_UNTOLD = select(_NAMES.c.id).where(*_UNTOLD).limit(1)


def _key(session: Session, kind: str, name: str) -> str:
    return keyring_of(session).index("unlisted", f"{kind}\0{name}")
