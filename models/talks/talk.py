"""A talk: two people talk, who meet through a callback or because the caller pressed 0 (Legs)."""

import secrets
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import JSON, ForeignKey, Index, Select, String, Text, false, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit import audit
from models.callbacks.callback import Callback, advance, locked
from models.calls.call import CALLS
from models.calls.role import AT_0, JOINERS
from models.store.base import Base, UtcDateTime

#: The exact words of the partial indexes, so that both databases use them.
IS_ON = text("talks.closed_at IS NULL")
_ON = text("closed_at IS NULL")


class Talk(Base):
    """One talk, from the key that begins it until its end: the caller's for a callback, the liaison's at 0.

    ``callback_id`` is the callback that it fulfills; None for a caller at 0, whose inbound call may have a
    second talk after a hold broke off. ``leader_call_id`` is the leg of the leader, and ``staff_id`` that
    person; ``held_at`` is since when no staff are with the caller. ``announced_at`` is when the caller was
    last told who joins: joiners who accepted before then may come in (R43). ``outcome`` is one of
    ``models/overview/outcome.py: OUTCOME_CODES`` once the talk is over (R37). ``needs_interpreter``,
    ``safety_plan`` and ``referred_to`` are the facts of ``models/outcomes/talk_facts.py``. ``note_sealed``
    is a short note by staff on a talk at 0; a callback has its own.
    """

    __tablename__ = "talks"
    __table_args__ = (
        Index("uq_talks_on", "caller_call_id", unique=True, sqlite_where=_ON, postgresql_where=_ON),
        Index("ix_talks_caller", "caller_call_id"),
        Index("ix_talks_leader", "leader_call_id"),
        Index("ix_talks_staff", "staff_id", "closed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    callback_id: Mapped[int | None] = mapped_column(ForeignKey("callbacks.id"), unique=True)
    caller_call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"))
    leader_call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    language: Mapped[str] = mapped_column(String(8))
    conference: Mapped[str] = mapped_column(String(32))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    held_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    announced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(32))
    needs_interpreter: Mapped[bool | None]
    safety_plan: Mapped[bool] = mapped_column(default=False, server_default=false())
    referred_to: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    note_sealed: Mapped[str | None] = mapped_column(Text)

    @property
    def is_over(self) -> bool:
        """Whether it has ended; an ended talk never continues."""
        return self.closed_at is not None

    @property
    def audit_target(self) -> str:
        """The target of this talk's audit entries: the callback that it fulfills, or itself."""
        return f"talk:{self.id}" if self.callback_id is None else f"callback:{self.callback_id}"


class TalkLeg(Protocol):
    """The fields of a leg that lead to its talk; both a row and a turn's state have them."""

    @property
    def id(self) -> int: ...
    @property
    def callback_id(self) -> int | None: ...
    @property
    def parent_call_id(self) -> int | None: ...
    @property
    def role(self) -> str: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def accepted_at(self) -> datetime | None: ...


def begin_talk(
    session: Session,
    *,
    caller_call_id: int,
    leader_call_id: int,
    staff_id: int | None,
    language: str,
    now: datetime,
    callback_id: int | None = None,
) -> Talk:
    """The liaison of the leg ``leader_call_id`` and this caller talk from now on, in their own conference."""
    talk = Talk(
        callback_id=callback_id,
        caller_call_id=caller_call_id,
        leader_call_id=leader_call_id,
        staff_id=staff_id,
        language=language,
        conference=secrets.token_hex(16),
        began_at=now,
    )
    session.add(talk)
    session.flush()
    if callback_id is None:
        # A callback's change of state has its own entry.
        audit_talk(session, talk, "begin_talk", f"liaison:{staff_id}", now)
    return talk


def callback_of(session: Session, leg: TalkLeg) -> Callback | None:
    """The callback that a leg serves; locks first the leg, then it, until the transaction ends.

    Code that handles a leg's end locks the leg before its callback; in another order the two could deadlock.
    """
    if leg.callback_id is None:
        return None
    _hold_leg(session, leg)
    return locked(session, leg.callback_id)


def talk_of(session: Session, leg: TalkLeg) -> Talk | None:
    """The last talk of a leg; locks leg, callback and talk, in this order, until the transaction ends."""
    _hold_leg(session, leg)
    if leg.callback_id is None:
        return latest_talk(session, leg.parent_call_id or leg.id, began_by=in_talk_since(leg))
    locked(session, leg.callback_id)
    return talk_for(session, leg.callback_id)


def talk_for(session: Session, callback_id: int) -> Talk | None:
    """The talk that a callback has led to, locked until the transaction ends."""
    return session.scalars(_held().where(Talk.callback_id == callback_id)).first()


def locked_talk(session: Session, talk_id: int) -> Talk | None:
    """A talk, locked until the transaction ends."""
    return session.scalars(_held().where(Talk.id == talk_id)).first()


def in_talk_since(leg: TalkLeg) -> datetime | None:
    """When the talk of this leg of staff at 0 had begun; None for a leg of which that is not known.

    A caller who was cut off may be in a later talk while the leg still hears how its own talk ended.
    """
    if leg.role in JOINERS:
        return leg.started_at
    return leg.accepted_at if leg.role == AT_0 else None


def latest_talk(session: Session, caller_call_id: int, began_by: datetime | None = None) -> Talk | None:
    """The last talk of a caller's call that had begun ``began_by``, locked until the transaction ends."""
    mine = _held().where(Talk.caller_call_id == caller_call_id)
    if began_by is not None:
        mine = mine.where(Talk.began_at <= began_by)
    return session.scalars(mine.order_by(Talk.id.desc()).limit(1)).first()


def talks_now(session: Session, caller_call_id: int) -> bool:
    """Whether a liaison has taken this caller, and the talk is on."""
    on = select(Talk.id).where(IS_ON, Talk.caller_call_id == caller_call_id)
    return session.execute(on.limit(1)).first() is not None


def is_cut_short(talk: Talk, over_at: datetime, seconds: float) -> bool:
    """Whether a talk that ended then, not by staff, was too short to have helped."""
    return over_at - talk.began_at < timedelta(seconds=seconds)


def close(session: Session, talk: Talk, actor: str, now: datetime) -> bool:
    """End the talk as reached, once, and the callback that it fulfills; False when it was already over."""
    closed = session.scalar(
        update(Talk)
        .where(Talk.id == talk.id, IS_ON)
        .values(closed_at=now, outcome="reached")
        .returning(Talk.id)
    )
    if closed is None:
        return False
    session.refresh(talk)
    if talk.callback_id is None:
        audit_talk(session, talk, "end_talk", actor, now)
    else:
        advance(session, talk.callback_id, "reach", actor=actor, now=now, outcome="reached")
    return True


def audit_talk(
    session: Session,
    talk: Talk,
    action: str,
    actor: str,
    now: datetime,
    facts: dict[str, Any] | None = None,
) -> None:
    """Record what was done to a talk."""
    audit.record(session, actor=actor, action=action, target=talk.audit_target, facts=facts, now=now)


def _hold_leg(session: Session, leg: TalkLeg) -> None:
    session.execute(select(CALLS.c.id).where(CALLS.c.id == leg.id).with_for_update(key_share=True))


def _held() -> Select[Talk]:
    return select(Talk).with_for_update(key_share=True).execution_options(populate_existing=True)
