"""Heartbeats: each process of a role updates its row every ten seconds, so that silence is noticed (R39)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, bindparam, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base, UtcDateTime, table_of
from models.store.database import changed_one, keyring_of

#: The sweeper itself checks Redis for a sign of life.
REDIS = "redis"
#: The roles of one office. The optional ones are missed only once they have run.
ROLES = ("web", "console", "worker", "sweeper", "intake", "events", REDIS)
_OPTIONAL = ("console", "intake", "events", REDIS)
#: How often a process writes, and how long a role may be silent before people are told.
BEAT_SECONDS = 10.0
SILENT = timedelta(seconds=30)
_ALMOST = timedelta(seconds=BEAT_SECONDS - 1)
#: A heartbeat from further in the future does not count: a clock was set back since. Two machines' clocks
#: differ by less.
_AHEAD = timedelta(minutes=1)
#: How long rows of ended processes are kept.
_KEPT = timedelta(days=1)


class Heartbeat(Base):
    """One process of one role, from its start to the last sign of life.

    ``field_key`` is the name of the key under which it seals values.
    """

    __tablename__ = "heartbeats"

    process: Mapped[str] = mapped_column(String(32), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    field_key: Mapped[str | None] = mapped_column(String(20))


_HEARTBEATS = table_of(Heartbeat)
# Built once: every pass of the sweeper sends these two, and building takes longer than sending.
_LIVES = (
    select(
        _HEARTBEATS.c.role,
        func.max(_HEARTBEATS.c.seen_at).label("seen_at"),
        func.min(_HEARTBEATS.c.started_at).label("started_at"),
        func.count().filter(_HEARTBEATS.c.seen_at > bindparam("silent")).label("living"),
    )
    .where(_HEARTBEATS.c.seen_at <= bindparam("ahead"))
    .group_by(_HEARTBEATS.c.role)
)
_LAST_OF_ROLE = select(func.max(_HEARTBEATS.c.seen_at)).where(
    _HEARTBEATS.c.role == bindparam("role"), _HEARTBEATS.c.seen_at <= bindparam("ahead")
)

_REDIS_SEEN = select(_HEARTBEATS.c.seen_at).where(_HEARTBEATS.c.process == REDIS)
_REDIS_IS_UP = update(_HEARTBEATS).where(_HEARTBEATS.c.process == REDIS).values(seen_at=bindparam("now"))


@dataclass(frozen=True, slots=True)
class RoleLife:
    """A role: how many of its processes are alive, and how long it has been silent.

    ``silent_for`` is None for a role that has not run and is not missed.
    """

    role: str
    processes: int
    silent_for: timedelta | None

    @property
    def is_silent(self) -> bool:
        """Whether it has been silent for too long."""
        return self.silent_for is not None and self.silent_for >= SILENT


class Pulse:
    """The heartbeat of this process."""

    def __init__(self, role: str) -> None:
        self.role, self._process = role, secrets.token_hex(16)
        self._beaten_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to write again."""
        # It is also due if the clock was set back since.
        return self._beaten_at is None or not timedelta() <= now - self._beaten_at < _ALMOST

    def beat(self, session: Session, now: datetime) -> None:
        """Write that this process is alive. Its first beat also deletes the rows of long-ended processes."""
        mine = update(_HEARTBEATS).where(_HEARTBEATS.c.process == self._process)
        is_known = False
        if self._beaten_at is not None:
            # After a clock was set back, other roles are missed from now on, and not from a moment in the
            # future.
            since = {"started_at": now} if self._beaten_at > now else {}
            is_known = changed_one(session, mine.values(seen_at=now, **since))
        if not is_known:
            session.execute(delete(_HEARTBEATS).where(_HEARTBEATS.c.seen_at < now - _KEPT))
            key = keyring_of(session).current
            session.add(
                Heartbeat(process=self._process, role=self.role, started_at=now, seen_at=now, field_key=key)
            )
            session.flush()
        self._beaten_at = now


def note_redis(session: Session, now: datetime, *, is_up: bool) -> None:
    """Write whether Redis answers the sweeper; its silence counts from its last answer."""
    seen = session.scalar(_REDIS_SEEN)
    if seen is None:
        session.add(Heartbeat(process=REDIS, role=REDIS, started_at=now, seen_at=now))
        session.flush()
    elif is_up and not timedelta() <= now - seen < _ALMOST:
        session.execute(_REDIS_IS_UP, {"now": now})


def lives(session: Session, now: datetime) -> Sequence[RoleLife]:
    """Every role and how long it has been silent; no role is silent if no process of any role ever ran.

    A role that never ran is missed from the start of the first one that did. While the sweeper is silent, the
    state of Redis is unknown, since only the sweeper checks it.
    """
    rows = session.execute(_LIVES, {"silent": now - SILENT, "ahead": now + _AHEAD}).all()
    found = {row.role: row for row in rows}
    first = min((row.started_at for row in rows if row.role != REDIS), default=None)
    known = list[RoleLife]()
    for role in ROLES:
        row = found.get(role)
        since = row.seen_at if row is not None else None if role in _OPTIONAL else first
        silent_for = None if since is None else max(now - since, timedelta())
        if role == REDIS and any(one.role == "sweeper" and one.is_silent for one in known):
            silent_for = None
        known.append(RoleLife(role, row.living if row is not None else 0, silent_for))
    return known


def is_silent(session: Session, role: str, now: datetime) -> bool:
    """Whether a role has run before and shows no sign of life now."""
    seen = session.scalar(_LAST_OF_ROLE, {"role": role, "ahead": now + _AHEAD})
    return seen is not None and now - seen >= SILENT


def roles_with_another_key(session: Session, now: datetime) -> list[str]:
    """The roles of which a process is alive that seals values under another key than this one does."""
    others = _HEARTBEATS.c.field_key != keyring_of(session).current
    is_alive = _HEARTBEATS.c.seen_at.between(now - SILENT, now + _AHEAD)
    return sorted(session.scalars(select(_HEARTBEATS.c.role).where(others, is_alive).distinct()))


def nobody_dials(session: Session, now: datetime) -> bool:
    """Whether both the workers and the sweeper are silent, so that nothing places calls (R39)."""
    return all(one.is_silent for one in lives(session, now) if one.role in ("worker", "sweeper"))


def nobody_offers(session: Session, now: datetime) -> bool:
    """Whether the sweeper is silent: workers place what is asked for, but nothing is offered again (R36)."""
    return any(one.is_silent for one in lives(session, now) if one.role == "sweeper")
