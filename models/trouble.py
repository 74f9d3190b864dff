"""Troubles that operators and supervisors are told of: a refused account, a silent role (R39)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, String, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.alert import CALLS_REFUSED, ROLE_SILENT, TEXTS_REFUSED, AlertOffice, tell_supervisors
from models.base import Base, UtcDateTime, table_of
from models.heartbeat import lives
from models.pacing import CALLS, refusals

_LEVELS = {"calls": CALLS_REFUSED, "texts": TEXTS_REFUSED}


class TroublePage(Base):
    """When supervisors were last paged about one trouble: calls, texts, or a role."""

    __tablename__ = "trouble_pages"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    paged_at: Mapped[datetime] = mapped_column(UtcDateTime)


_PAGES = table_of(TroublePage)


@dataclass(frozen=True, slots=True)
class Trouble:
    """``name`` is calls or texts where the account is refused, else the silent role; ``code`` is Twilio's."""

    name: str
    since: datetime
    code: int | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether the carrier refuses the account."""
        return self.name in _LEVELS

    def told(self, now: datetime) -> str:
        """In one plain sentence for operators; it holds nothing private."""
        seconds = int((now - self.since).total_seconds())
        if not self.is_refusal:
            return f"no sign of life for {seconds} s"
        code = "" if self.code is None else f", error {self.code}"
        what = "calls" if self.name == CALLS else "texts"
        return f"the carrier has refused our {what} for {seconds} s{code}"


def troubles(session: Session, now: datetime) -> Sequence[Trouble]:
    """Every trouble of this moment: open breakers first, then silent roles."""
    open_breakers = [Trouble(one.kind, one.since, one.code) for one in refusals(session)]
    silent = [
        Trouble(one.role, now - one.silent_for)
        for one in lives(session, now)
        if one.is_silent and one.silent_for is not None
    ]
    return [*open_breakers, *silent]


def page_troubles(session: Session, now: datetime, office: AlertOffice, *, but: Sequence[str] = ()) -> int:
    """Page the supervisors about each trouble, at once and again after the policy's time; how many pages.

    ``but`` are names of troubles that somebody else pages.
    """
    every = timedelta(minutes=office.policy("trouble_page_minutes"))
    paged = 0
    for trouble in troubles(session, now):
        if trouble.name not in but and _take_page(session, trouble.name, now, every):
            tell_supervisors(session, _LEVELS.get(trouble.name, ROLE_SILENT), 1, now, office)
            paged += 1
    return paged


def _take_page(session: Session, name: str, now: datetime, every: timedelta) -> bool:
    """Take the right to page about this now; two processes never page twice."""
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    first = (postgresql.insert if on_postgresql else sqlite.insert)(_PAGES).values(name=name, paged_at=now)
    made = session.execute(first.on_conflict_do_nothing().returning(_PAGES.c.name)).first()
    if made is not None:
        return True
    again = update(_PAGES).where(_PAGES.c.name == name, _PAGES.c.paged_at <= now - every)
    return cast(CursorResult[Any], session.execute(again.values(paged_at=now))).rowcount == 1
