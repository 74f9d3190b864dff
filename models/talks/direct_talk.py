"""A talk with a caller at 0, who is on the line already: the accept key alone makes it (Legs)."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit import audit
from models.store.base import Base, UtcDateTime

_TALKING = text("state = 'talking'")


class DirectTalk(Base):
    """``state`` is ``talking`` or ``reached``; the other columns mean what those of a callback's talk do.

    The legs of its staff have the caller's call as their parent. A caller who was cut off, and waits for
    somebody else, may have a second one in the same call.
    """

    __tablename__ = "direct_talks"
    __table_args__ = (
        Index(
            "uq_direct_talks_caller",
            "caller_call_id",
            unique=True,
            sqlite_where=_TALKING,
            postgresql_where=_TALKING,
        ),
        Index("ix_direct_talks_caller", "caller_call_id"),
        Index("ix_direct_talks_staff", "staff_id", "closed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16), default="talking")
    caller_call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"))
    liaison_call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    language: Mapped[str] = mapped_column(String(8))
    conference: Mapped[str] = mapped_column(String(32))
    talking_at: Mapped[datetime] = mapped_column(UtcDateTime)
    held_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    announced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(32))


def begin_talk(
    session: Session, *, caller_call_id: int, leg_id: int, staff_id: int | None, language: str, now: datetime
) -> DirectTalk:
    """The liaison of the leg ``leg_id`` and this caller talk from now on, in a conference of their own."""
    talk = DirectTalk(
        caller_call_id=caller_call_id,
        liaison_call_id=leg_id,
        staff_id=staff_id,
        language=language,
        conference=secrets.token_hex(16),
        talking_at=now,
    )
    session.add(talk)
    session.flush()
    _note(session, talk, "begin_talk", f"liaison:{staff_id}", now)
    return talk


def latest_talk(session: Session, caller_call_id: int) -> DirectTalk | None:
    """The last talk of a caller's call as it stands, held until the transaction ends; None without one."""
    return session.scalars(
        select(DirectTalk)
        .where(DirectTalk.caller_call_id == caller_call_id)
        .order_by(DirectTalk.id.desc())
        .limit(1)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).first()


def talks_now(session: Session, caller_call_id: int) -> bool:
    """Whether a liaison has taken this caller, and the talk goes on."""
    live = select(DirectTalk.id).where(_TALKING, DirectTalk.caller_call_id == caller_call_id)
    return session.execute(live.limit(1)).first() is not None


def is_cut_short(talk: DirectTalk, over_at: datetime, seconds: float) -> bool:
    """Whether a talk that ended then, and that nobody of staff ended, was too short to have helped."""
    return over_at - talk.talking_at < timedelta(seconds=seconds)


def close(session: Session, talk: DirectTalk, actor: str, now: datetime) -> bool:
    """End the talk as reached, once; False when it was over."""
    closed = session.scalar(
        update(DirectTalk)
        .where(DirectTalk.id == talk.id, _TALKING)
        .values(state="reached", closed_at=now, outcome="reached")
        .returning(DirectTalk.id)
    )
    if closed is None:
        return False
    session.refresh(talk)
    _note(session, talk, "end_talk", actor, now)
    return True


def _note(session: Session, talk: DirectTalk, action: str, actor: str, now: datetime) -> None:
    audit.record(session, actor=actor, action=action, target=f"talk:{talk.id}", now=now)
