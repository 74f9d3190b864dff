"""Console sessions: who is signed in where, and until when; one row each, so that each can be ended."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, Index, String, Text, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.staff.staff import Staff
from models.store.base import Base, UtcDateTime
from models.store.database import keyring_of

#: How often at most a session in use is marked as seen.
SEEN_EVERY = timedelta(seconds=60)
TOKEN_BYTES = 32
#: How long after its end a session's row is kept.
KEPT = timedelta(days=30)


class StaffSession(Base):
    """``token_hash`` is of the browser's token; ``fresh_at`` is when they last proved who they are.

    ``kept_sealed`` are forms that were submitted before a proof of identity (models/staff/kept_form.py): they
    are shown again, filled in, when the same person has given it. No address is stored, and only the name of
    the browser.
    """

    __tablename__ = "staff_sessions"
    __table_args__ = (
        Index("ix_staff_sessions_staff_id", "staff_id"),
        Index("ix_staff_sessions_ends_at", "ends_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    method: Mapped[str] = mapped_column(String(32))
    browser: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    fresh_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    kept_sealed: Mapped[str | None] = mapped_column(Text)
    #: A hash of what the browser keeps, so that its failures are counted separately when they sign in again.
    known_browser: Mapped[str | None] = mapped_column(String(64))


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person with a valid session, as they were when the request came in.

    ``language`` is that of their pages, and ``spoken`` are those that they speak with callers.
    """

    session_id: int
    staff_id: int
    email: str
    role: str
    name: str = field(repr=False)
    language: str | None
    spoken: tuple[str, ...]
    method: str
    fresh_at: datetime
    seen_at: datetime
    has_kept: bool


def begin_session(
    session: Session,
    staff_id: int,
    *,
    method: str,
    browser: str,
    hours: float,
    now: datetime,
    known_browser: str | None = None,
) -> str:
    """Begin a session that ends after at most ``hours``; returns the token, which is not stored anywhere."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    forget_old_sessions(session, now)
    session.add(
        StaffSession(
            staff_id=staff_id,
            token_hash=hash_of(token),
            method=method,
            browser=browser[:80],
            created_at=now,
            seen_at=now,
            fresh_at=now,
            ends_at=now + timedelta(hours=hours),
            known_browser=known_browser,
        )
    )
    session.flush()
    return token


#: The conditions of a valid session and its person; its parameters are ``now`` and ``seen_after``.
LASTS = (
    Staff.left_at.is_(None),
    StaffSession.ended_at.is_(None),
    StaffSession.ends_at > bindparam("now"),
    StaffSession.seen_at > bindparam("seen_after"),
)
#: Every page and every part of one runs it, so it is built once and loads no whole rows.
_SIGNED_IN = (
    select(
        StaffSession.id.label("session_id"),
        StaffSession.method,
        StaffSession.fresh_at,
        StaffSession.seen_at,
        StaffSession.kept_sealed.is_not(None).label("has_kept"),
        Staff.id.label("staff_id"),
        Staff.email,
        Staff.role,
        Staff.name_sealed,
        Staff.interface_language,
        Staff.languages,
    )
    .join(Staff, Staff.id == StaffSession.staff_id)
    .where(StaffSession.token_hash == bindparam("token_hash"), *LASTS)
)


def find_signed_in(session: Session, token: str, *, idle_minutes: float, now: datetime) -> SignedIn | None:
    """The person with this token; None when its session has ended or never existed. One look-up."""
    asked = {"token_hash": hash_of(token), "now": now, "seen_after": now - timedelta(minutes=idle_minutes)}
    row = session.execute(_SIGNED_IN, asked).first()
    if row is None:
        return None
    return SignedIn(
        session_id=row.session_id,
        staff_id=row.staff_id,
        email=row.email,
        role=row.role,
        name=keyring_of(session).unseal("staff.name", row.name_sealed),
        language=row.interface_language,
        spoken=tuple(word.strip() for word in row.languages.split(",")),
        method=row.method,
        fresh_at=row.fresh_at,
        seen_at=row.seen_at,
        has_kept=row.has_kept,
    )


_LASTING = (
    select(StaffSession.id)
    .join(Staff, Staff.id == StaffSession.staff_id)
    .where(StaffSession.id.in_(bindparam("session_ids", expanding=True)), *LASTS)
)


def lasting_sessions(
    session: Session, session_ids: Collection[int], *, idle_minutes: float, now: datetime
) -> set[int]:
    """Those of these sessions that have not ended; the look itself is no activity in them."""
    asked = {
        "session_ids": list(session_ids),
        "now": now,
        "seen_after": now - timedelta(minutes=idle_minutes),
    }
    return set(session.scalars(_LASTING, asked))


def see_session(session: Session, session_id: int, now: datetime) -> None:
    """Record that the session is in use, so that it does not end as idle."""
    session.execute(update(StaffSession).where(StaffSession.id == session_id).values(seen_at=now))


def prove_again(session: Session, session_id: int, now: datetime) -> None:
    """Record that the person in this session has just proved again who they are."""
    session.execute(
        update(StaffSession).where(StaffSession.id == session_id).values(fresh_at=now, seen_at=now)
    )


def sessions_of(
    session: Session, staff_id: int, *, idle_minutes: float, now: datetime
) -> Sequence[StaffSession]:
    """A person's valid sessions, the last used first."""
    return session.scalars(
        select(StaffSession)
        .where(StaffSession.staff_id == staff_id, *_lasting(idle_minutes, now))
        .order_by(StaffSession.seen_at.desc(), StaffSession.id.desc())
    ).all()


def end_session(session: Session, staff_id: int, session_id: int, now: datetime) -> bool:
    """End a session of this person at once; False when they have no valid one with this id."""
    ended = session.scalar(
        update(StaffSession)
        .where(
            StaffSession.id == session_id,
            StaffSession.staff_id == staff_id,
            StaffSession.ended_at.is_(None),
        )
        .values(ended_at=now)
        .returning(StaffSession.id)
    )
    return ended is not None


def end_sessions_of(session: Session, staff_id: int, now: datetime, *, but: int | None = None) -> int:
    """End all of a person's sessions, or all but one; returns how many."""
    ended = update(StaffSession).where(StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None))
    if but is not None:
        ended = ended.where(StaffSession.id != but)
    return len(session.scalars(ended.values(ended_at=now).returning(StaffSession.id)).all())


def forget_old_sessions(session: Session, now: datetime) -> None:
    """Delete sessions that ended long ago, with the forms kept for them."""
    session.execute(delete(StaffSession).where(StaffSession.ends_at < now - KEPT))


def _lasting(idle_minutes: float, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        StaffSession.ended_at.is_(None),
        StaffSession.ends_at > now,
        StaffSession.seen_at > now - timedelta(minutes=idle_minutes),
    )


def hash_of(token: str) -> str:
    """The stored hash of a token: it has 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
