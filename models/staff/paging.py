"""Pages: when staff were last told about each matter, so that a bad day is one message with a count (R36)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import String, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base, UtcDateTime, table_of
from models.store.database import send

#: A time further ahead was written by a clock that was set back since. Two machines' clocks differ by less.
AHEAD = timedelta(minutes=1)
#: A clock that is as far ahead was noted as more than AHEAD: each sweeper notes its own once a minute.
_SURELY_AHEAD = timedelta(minutes=3)
#: How the name of the clock of a machine begins, and how long one that nobody takes is kept.
CLOCK, _KEPT = "clock ", timedelta(days=1)


class PagedMatter(Base):
    """When staff were last told about one matter: a level of alerts, or a trouble."""

    __tablename__ = "paged_matters"

    name: Mapped[str] = mapped_column(String(24), primary_key=True)
    paged_at: Mapped[datetime] = mapped_column(UtcDateTime)


_MATTERS = table_of(PagedMatter)
_IS_CLOCK = _MATTERS.c.name.startswith(CLOCK)
_PAGED_AT = select(_MATTERS.c.paged_at).where(_MATTERS.c.name == bindparam("name"))
_ALL_PAGED_AT = select(_MATTERS.c.name, _MATTERS.c.paged_at).where(
    _MATTERS.c.name.in_(bindparam("names", expanding=True))
)
# Built once: the sweeper sends these every minute, and building takes longer than sending.
_AGAIN = (
    update(_MATTERS)
    .where(_MATTERS.c.name == bindparam("of"), _MATTERS.c.paged_at <= bindparam("before"))
    .values(paged_at=bindparam("now"))
)
_NEWEST_CLOCK = select(func.max(_MATTERS.c.paged_at)).where(_IS_CLOCK)
_SET_CLOCKS_RIGHT = (
    update(_MATTERS)
    .where(_IS_CLOCK, _MATTERS.c.paged_at > bindparam("ahead"))
    .values(paged_at=bindparam("now"))
    .returning(_MATTERS.c.name)
)
_FORGET_AHEAD = delete(_MATTERS).where(_MATTERS.c.paged_at > bindparam("surely_ahead"))
_FORGET_CLOCKS = delete(_MATTERS).where(_IS_CLOCK, _MATTERS.c.paged_at < bindparam("kept_since"))


def is_page_due(session: Session, name: str, now: datetime, minutes: int) -> bool:
    """Whether ``take_page`` would reserve it now; a read, for what is checked every two seconds."""
    return _is_due(session.scalar(_PAGED_AT, {"name": name}), now, minutes)


def due_pages(session: Session, now: datetime, apart: Mapping[str, int]) -> set[str]:
    """Those of many matters that ``is_page_due`` holds for, in one read; each with its minutes apart.

    So is a clock that was set back since it was noted.
    """
    taken = {row.name: row.paged_at for row in session.execute(_ALL_PAGED_AT, {"names": [*apart]})}
    return {
        name
        for name, minutes in apart.items()
        if _is_due(taken.get(name), now, minutes) or (name.startswith(CLOCK) and taken[name] > now + AHEAD)
    }


def see_clock(session: Session, clock: str, now: datetime) -> timedelta | None:
    """Note what this clock says. By how much it was set back since it was last noted; None if it was not.

    A replaced container has a new name, so its first look compares with the newest clock of all names. A
    matter that was told by a clock ahead is due again, unless another machine lives by such a clock: then
    that one tells it. Its own look moves its clock ahead once more.
    """
    taken = session.scalar(_PAGED_AT, {"name": clock}) or session.scalar(_NEWEST_CLOCK)
    ahead = set(send(session, _SET_CLOCKS_RIGHT, {"now": now, "ahead": now + AHEAD}).scalars())
    is_first = clock in ahead or take_page(session, clock, now, 1)
    if not ahead - {clock}:
        send(session, _FORGET_AHEAD, {"surely_ahead": now + _SURELY_AHEAD})
    send(session, _FORGET_CLOCKS, {"kept_since": now - _KEPT})
    return taken - now if is_first and taken is not None and taken > now + AHEAD else None


def take_page(session: Session, name: str, now: datetime, minutes: int) -> bool:
    """Reserve the right to tell staff about this matter now; two processes never tell it twice.

    False while the last message is younger than ``minutes``. So call this only when there is something new to
    tell, and leave it untold if the result is False: the next message includes it in its count. A moment
    ahead is that of another machine's clock, or of one that is set right within minutes (``see_clock``).
    """
    if send(session, _AGAIN, {"of": name, "now": now, "before": now - timedelta(minutes=minutes)}).rowcount:
        return True
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    first = (postgresql.insert if on_postgresql else sqlite.insert)(_MATTERS).values(name=name, paged_at=now)
    made = session.execute(first.on_conflict_do_nothing().returning(_MATTERS.c.name)).first()
    return made is not None


def _is_due(taken: datetime | None, now: datetime, minutes: int) -> bool:
    return taken is None or taken <= now - timedelta(minutes=minutes)
