"""The call queue: who waits for a person now, in which order, and whether they are still there."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.callbacks.liaison import free_liaisons
from models.calls.call import CALLS, Call
from models.calls.place import WAITING
from models.calls.role import AT_0
from models.calls.two_lists import Owed
from models.cases.case import Case
from models.store.base import Base, UtcDateTime
from models.store.database import changed_one
from models.store.job import Job

if TYPE_CHECKING:
    from models.calls.call_state import CallState

_WAITS = text("ended_at IS NULL")
#: A waiting caller's own call polls every few seconds. After this long without a poll nobody is there,
#: whether or not the carrier ever reported the hang-up.
SEEN_WITHIN = timedelta(seconds=60)


class QueuedCall(Base):
    """One call's wait. ``since`` is when the caller began to wait, ``seen_at`` when their call last polled.

    ``outcome``, once it has ended: ``talked``, ``kept`` (as a callback), ``offered`` (a callback, since
    nobody came), ``dialed`` (their own call dialed the office's number), ``left`` (the caller went back to a
    menu), ``abandoned`` (they hung up) or ``lapsed`` (no news of the call). ``verified`` is whether the PIN
    was right when they began to wait; it does not expire meanwhile. ``urgent``: they wait for a person who
    tells them hard news, so a callback in its place is urgent (R36); it does not expire either.
    """

    __tablename__ = "queued_calls"
    __table_args__ = (
        Index("ix_queued_calls_waiting", "since", sqlite_where=_WAITS, postgresql_where=_WAITS),
        Index("ix_queued_calls_measured", "verified", "since"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id"), unique=True)
    verified: Mapped[bool]
    urgent: Mapped[bool] = mapped_column(default=False, server_default=false())
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(16))


def wait_of(session: Session, call_id: int) -> QueuedCall | None:
    """The wait of this call that goes on now."""
    return session.scalars(
        select(QueuedCall).where(QueuedCall.call_id == call_id, QueuedCall.ended_at.is_(None))
    ).first()


def join_queue(
    session: Session, state: "CallState", now: datetime, *, verified: bool, urgent: bool = False
) -> QueuedCall:
    """Join the call queue, or record that the caller is still in it; a place keeps its original moment."""
    mine = select(QueuedCall).where(QueuedCall.call_id == state.id)
    wait = session.scalars(mine).first()
    if wait is None:
        new = {"call_id": state.id, "verified": verified, "urgent": urgent, "since": now, "seen_at": now}
        on_postgresql = session.get_bind().dialect.name == "postgresql"
        insert = (postgresql.insert if on_postgresql else sqlite.insert)(QueuedCall)
        # The same webhook may arrive twice at once; then the other request's row is this caller's.
        session.execute(insert.values(new).on_conflict_do_nothing())
        wait = session.scalars(mine).one()
    elif wait.ended_at is not None:
        # Back in the queue after a callback was offered or a talk ended: a new wait begins.
        wait.since, wait.verified, wait.urgent = now, verified, urgent
        wait.ended_at, wait.outcome = None, None
    # A caller who opens the case while waiting moves up. Nobody moves down: the polls of a wait renew no
    # verification, and nobody hears the news while they wait.
    wait.verified, wait.urgent, wait.seen_at = wait.verified or verified, wait.urgent or urgent, now
    session.flush()
    return wait


def leave_queue(session: Session, call_id: int, outcome: str, now: datetime) -> bool:
    """End the wait of a call, once; False when it does not wait."""
    ended = (
        update(QueuedCall)
        .where(QueuedCall.call_id == call_id, QueuedCall.ended_at.is_(None))
        .values(ended_at=now, outcome=outcome)
    )
    return changed_one(session, ended)


def take_back(session: Session, call_id: int) -> None:
    """Restore the position that this call has just given up as ``kept``: no callback could be promised."""
    kept = update(QueuedCall).where(QueuedCall.call_id == call_id, QueuedCall.outcome == "kept")
    session.execute(kept.values(ended_at=None, outcome=None))


def ahead_of(session: Session, now: datetime, *, verified: bool, wait: QueuedCall | None = None) -> int:
    """How many wait ahead of this place, or of someone who would join now: verified first, then by time.

    A caller for whom a liaison's phone already rings is being served, and is ahead of nobody.
    """
    if wait is None:
        return waiting(session, now, with_pin_alone=verified)
    earlier = or_(
        QueuedCall.since < wait.since, and_(QueuedCall.since == wait.since, QueuedCall.id < wait.id)
    )
    before = and_(QueuedCall.verified.is_(verified), earlier)
    if not verified:
        before = or_(QueuedCall.verified.is_(True), before)
    return _count(session, now, QueuedCall.id != wait.id, before)


def waiting(session: Session, now: datetime, *, with_pin_alone: bool = False) -> int:
    """How many wait in the queue and are not served yet; ``with_pin_alone`` counts those with a right PIN."""
    return _count(session, now, *((QueuedCall.verified.is_(True),) if with_pin_alone else ()))


def first_waiting(session: Session, now: datetime, most: int) -> list[int]:
    """The calls at the head of the call queue, verified ones first, then by when they began to wait."""
    return list(session.scalars(_FIRST_WAITING, _seen(now) | {"most": most}))


def in_queue(session: Session, now: datetime) -> tuple[int, datetime | None]:
    """How many are in the queue and not being served, and since when the first of them has waited."""
    found = select(func.count(), func.min(QueuedCall.since)).where(*_THERE)
    count, since = session.execute(found, _seen(now)).one()
    return count, since


def kept_for_queue(
    session: Session, now: datetime, *, verified: bool, due_at: datetime, owed: Owed | None
) -> int:
    """How many free liaisons a callback leaves to callers in the call queue, who poll every few seconds.

    An overdue one leaves none, and a verified person's callback leaves none to callers without a PIN. A
    callback without a PIN leaves none when the next offer is owed to its list; when it is owed to verified
    callers, those in the queue come first, however overdue it is. And a verified person's callback, overdue
    or not, leaves one to a queued caller without a PIN when the next offer is owed to those: the call that is
    fetched for it arrives a moment later than the callback's job (R36).
    """
    if not verified and owed is Owed.UNVERIFIED:
        return 0
    owed_in_queue = int(verified and owed is Owed.UNVERIFIED and _may_fetch_without_pin(session, now))
    is_overdue = due_at <= now
    if not verified and owed is Owed.VERIFIED:
        return waiting(session, now, with_pin_alone=is_overdue)
    return owed_in_queue + (0 if is_overdue else waiting(session, now, with_pin_alone=verified))


def talk_began(session: Session, wait: QueuedCall) -> datetime | None:
    """When a liaison took this caller by a key since they began to wait, or None if none did."""
    return session.scalar(
        select(func.min(Call.accepted_at)).where(
            Call.parent_call_id == wait.call_id, Call.accepted_at >= wait.since
        )
    )


def rung_since(session: Session, wait: QueuedCall) -> int:
    """How many liaisons were called for this caller since they began to wait."""
    rung = select(func.count()).where(Call.parent_call_id == wait.call_id, Call.started_at >= wait.since)
    return session.scalar(rung) or 0


def is_any_rung(session: Session, wait: QueuedCall) -> bool:
    """Whether the carrier took any of the calls to liaisons for this caller since they began to wait."""
    rung = select(Call.id).where(
        Call.parent_call_id == wait.call_id, Call.started_at >= wait.since, Call.call_sid.is_not(None)
    )
    return session.scalar(rung.limit(1)) is not None


def was_missed(session: Session, leg_id: int) -> list[Job]:
    """A liaison's leg ended without the key: the queued caller polls for the next one at once."""
    whose = (
        select(Call.parent_call_id)
        .where(Call.id == leg_id, Call.role == AT_0, Call.accepted_at.is_(None))
        .scalar_subquery()
    )
    waits = select(Call.id).where(Call.id == whose, Call.ended_at.is_(None), Call.place == WAITING)
    caller = session.scalar(waits)
    return [] if caller is None else [("move_leg", caller)]


def lapsed_waits(session: Session, now: datetime) -> list[int]:
    """The calls that have a place although there was no news of them for a minute."""
    return list(session.scalars(_LAPSED_WAITS, _seen(now)))


def _may_fetch_without_pin(session: Session, now: datetime) -> bool:
    """Whether a queued caller without a PIN waits whom somebody on shift could take at once."""
    fetchable = (
        select(QueuedCall.id)
        .join(Call, Call.id == QueuedCall.call_id)
        .where(*_THERE, QueuedCall.verified.is_(False), Call.place == WAITING, Call.ended_at.is_(None))
    )
    return session.scalar(fetchable.limit(1), _seen(now)) is not None and free_liaisons(session) > 0


def _count(session: Session, now: datetime, *which: Any) -> int:
    count = select(func.count()).select_from(QueuedCall).where(*_THERE, *which)
    return session.scalar(count, _seen(now)) or 0


def _seen(now: datetime) -> dict[str, Any]:
    return {"seen_after": now - SEEN_WITHIN}


_LEG = CALLS.alias()
#: Whether a liaison's leg is live for the caller of a place.
_IS_SERVED: ColumnElement[bool] = (
    select(_LEG.c.id).where(_LEG.c.parent_call_id == QueuedCall.call_id, _LEG.c.ended_at.is_(None)).exists()
)
#: Whether there was recent news of a caller's call: a poll, or any key, which counts as progress.
_IS_HEARD_OF = or_(
    QueuedCall.seen_at > bindparam("seen_after"),
    select(_LEG.c.id)
    .where(_LEG.c.id == QueuedCall.call_id, _LEG.c.progress_at > bindparam("seen_after"))
    .exists(),
)
_THERE = (QueuedCall.ended_at.is_(None), _IS_HEARD_OF, ~_IS_SERVED)
# Built once: every pass of the sweeper sends these two, and building takes longer than sending.
_FIRST_WAITING = (
    select(QueuedCall.call_id)
    .where(*_THERE)
    .order_by(QueuedCall.verified.desc(), QueuedCall.since, QueuedCall.id)
    .limit(bindparam("most"))
)
_LAPSED_WAITS = select(QueuedCall.call_id).where(QueuedCall.ended_at.is_(None), ~_IS_HEARD_OF, ~_IS_SERVED)
#: Whether the ``Call`` of a caller at 0 opens its ``Case`` to the liaison: by the PIN in force, and verified
#: when they began to wait. ``verified_at`` alone never expires, unlike the verification (R11).
OPENS_ITS_CASE: ColumnElement[bool] = and_(
    Call.case_id == Case.id,
    Call.verified_at >= Case.pin_issued_at,
    select(QueuedCall.id)
    .where(QueuedCall.call_id == Call.id, QueuedCall.verified.is_(True))
    .correlate(Call)
    .exists(),
)
