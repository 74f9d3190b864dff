"""A callback: we phone someone back. The row is the promise; the queue only carries its id."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import audit
from models.base import Base, UtcDateTime
from models.callback_state import FINAL_STATES as FINAL_STATES
from models.callback_state import MOVES
from models.callback_state import OPEN_STATES as OPEN_STATES
from models.callback_state import STATES as STATES
from models.database import keyring_of

if TYPE_CHECKING:
    from models.caller_state import CallState

_OPEN = text("state IN ('requested','claimed','ringing_liaison','ringing_caller','talking')")


class Callback(Base):
    """One promise. ``urgency`` is ``urgent`` or ``other`` (R36); ``due_at`` is the latest moment promised."""

    __tablename__ = "callbacks"
    __table_args__ = (
        Index("uq_callbacks_open_case", "case_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_callbacks_due", "state", "next_attempt_at"),
        Index("ix_callbacks_number", "number_key", "requested_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16), default="requested")
    urgency: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(32))
    verified: Mapped[bool]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    requested_in_call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"))
    language: Mapped[str] = mapped_column(String(8))
    time_zone: Mapped[str] = mapped_column(String(64))
    number_sealed: Mapped[str] = mapped_column(Text)
    number_key: Mapped[str] = mapped_column(String(64))
    window_starts: Mapped[datetime | None] = mapped_column(UtcDateTime)
    window_ends: Mapped[datetime | None] = mapped_column(UtcDateTime)
    voicemail_allowed: Mapped[bool] = mapped_column(default=False)
    may_answer: Mapped[str] = mapped_column(String(16), default="only_me")
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    liaison_tries: Mapped[int] = mapped_column(default=0)
    caller_tries: Mapped[int] = mapped_column(default=0)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    liaison_call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id", use_alter=True))
    caller_call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id", use_alter=True))
    conference: Mapped[str | None] = mapped_column(String(32))
    talking_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(32))


CALLBACKS = cast(Table, Callback.__table__)
#: Whether a callback stands open, in the very words of the partial index: a value sent apart from the
#: statement would hide from SQLite that the index serves, and each turn would go through all open ones.
IS_OPEN = CALLBACKS.c.state.in_([literal_column(f"'{state}'") for state in OPEN_STATES])

A_DAY = timedelta(hours=24)


def advance(
    session: Session,
    callback_id: int,
    move: str,
    *,
    actor: str,
    now: datetime,
    only_if: Sequence[ColumnElement[bool]] = (),
    facts: dict[str, Any] | None = None,
    **values: Any,
) -> bool:
    """Make one move of the state table: one conditional UPDATE and an audit entry. False when too late.

    ``actor`` is a kind of mover and, after a colon, which one. Raises ValueError for a mover that may not
    make this move at all. A final state is never left, whoever asks.
    """
    rule = MOVES[move]
    if actor.partition(":")[0] not in rule.movers:
        raise ValueError(f"The move {move} is not one that {actor.partition(':')[0]} may make.")
    if rule.after in FINAL_STATES:
        values |= {"closed_at": now, "lease_until": None}
    elif rule.after == "requested":
        values |= {"lease_until": None, "staff_id": None, "conference": None}
        values |= {"liaison_call_id": None, "caller_call_id": None}
    statement = (
        update(CALLBACKS)
        .where(CALLBACKS.c.id == callback_id, CALLBACKS.c.state.in_(rule.before), *only_if)
        .values(state=rule.after, **values)
    )
    moved = cast(CursorResult[Any], session.execute(statement)).rowcount == 1
    if moved:
        audit.record(
            session,
            actor=actor,
            action=f"{move}_callback",
            target=f"callback:{callback_id}",
            facts=facts,
            now=now,
        )
    return moved


def locked(session: Session, callback_id: int) -> Callback | None:
    """The callback as it stands now, held until the transaction ends."""
    return session.scalars(
        select(Callback)
        .where(Callback.id == callback_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).first()


def request_callback(
    session: Session,
    *,
    call: "CallState",
    number: str,
    urgency: str,
    reason: str,
    due_at: datetime,
    next_attempt_at: datetime,
    time_zone: str,
    verified: bool,
    now: datetime,
    window: tuple[datetime, datetime] | None = None,
    unverified_a_day: int = 2,
) -> Callback | None:
    """Promise to call ``number`` (E.164, known to be one that may be dialled); None when refused (R35).

    A case has one open callback: asking again keeps its place in the list, and changes its window while no
    one is being rung for it. An unverified caller gets one to the calling phone only: one open at a time
    and ``unverified_a_day`` in 24 hours; whatever else they ask is refused.
    """
    starts, ends = window or (None, None)
    number_key = keyring_of(session).index("phone", number)
    if not verified:
        if call.phone_key is None or number_key != call.phone_key:
            return None
        _hold_phone(session, number_key)
    standing = _standing(session, call.case_id if verified else None, number_key)
    if standing is None:
        if not verified and _asked_lately(session, number_key, now) >= unverified_a_day:
            return None
        values = {
            "state": "requested", "urgency": urgency, "reason": reason, "verified": verified,
            "case_id": call.case_id if verified else None, "requested_in_call_id": call.id,
            "language": call.language, "time_zone": time_zone, "number_key": number_key,
            "number_sealed": keyring_of(session).seal("callback.number", number),
            "window_starts": starts, "window_ends": ends, "voicemail_allowed": False, "may_answer": "only_me",
            "requested_at": now, "due_at": due_at, "next_attempt_at": next_attempt_at,
            "liaison_tries": 0, "caller_tries": 0,
        }  # fmt: skip
        made = _insert_unless_open(session, values)
        if made is not None:
            _audit_change(session, "request", made, call, {"urgency": urgency, "verified": verified}, now)
            return session.get_one(Callback, made)
        # Another call about the same case asked a moment ago; theirs is the open one.
        standing = _standing(session, call.case_id, number_key)
        if standing is None:
            return None
    if standing.state == "requested":
        _ask_again(session, standing, urgency, due_at, next_attempt_at, window)
        _audit_change(session, "ask_again_for", standing.id, call, {"urgency": standing.urgency}, now)
    return standing


def cancel_callback(session: Session, callback_id: int, now: datetime, actor: str = "caller") -> bool:
    """Cancel a callback, unless the person is being rung or talking already; then False."""
    return advance(session, callback_id, "cancel", actor=actor, now=now)


def move_callback(
    session: Session,
    callback_id: int,
    *,
    next_attempt_at: datetime,
    due_at: datetime,
    now: datetime,
    actor: str = "caller",
) -> bool:
    """Give a callback another time, unless someone is being rung for it already; then False."""
    statement = (
        update(CALLBACKS)
        .where(CALLBACKS.c.id == callback_id, CALLBACKS.c.state == "requested")
        .values(next_attempt_at=next_attempt_at, due_at=due_at)
    )
    moved = cast(CursorResult[Any], session.execute(statement)).rowcount == 1
    if moved:
        audit.record(
            session, actor=actor, action="reschedule_callback", target=f"callback:{callback_id}", now=now
        )
    return moved


def leave_stopped(session: Session, number_key: str, now: datetime) -> int:
    """This phone said stop: its open callbacks go to a member of staff (R33). How many did."""
    standing = session.scalars(select(Callback.id).where(Callback.number_key == number_key, IS_OPEN)).all()
    left = [
        advance(session, callback_id, "leave", actor="caller:stop", now=now, outcome="stopped")
        for callback_id in standing
    ]
    return sum(left)


def due_callbacks(session: Session, now: datetime, limit: int) -> list[int]:
    """What to offer next, at most ``limit``: verified first, then urgent, then by the moment promised."""
    return list(
        session.scalars(
            select(Callback.id)
            .where(Callback.state == "requested", Callback.next_attempt_at <= now)
            .order_by(
                Callback.verified.desc(), (Callback.urgency == "urgent").desc(), Callback.due_at, Callback.id
            )
            .limit(limit)
        )
    )


def _standing(session: Session, case_id: int | None, number_key: str) -> Callback | None:
    """The open callback of the case; without a case, the open unverified one to this phone."""
    whose = (
        (Callback.case_id == case_id,)
        if case_id is not None
        else (Callback.number_key == number_key, Callback.case_id.is_(None), ~Callback.verified)
    )
    return session.scalars(select(Callback).where(*whose, IS_OPEN).with_for_update(key_share=True)).first()


def _asked_lately(session: Session, number_key: str, now: datetime) -> int:
    return session.scalar(
        select(func.count())
        .select_from(Callback)
        .where(Callback.number_key == number_key, Callback.requested_at > now - A_DAY, ~Callback.verified)
    ) or 0  # fmt: skip


def _hold_phone(session: Session, number_key: str) -> None:
    """Let one call at a time from this phone ask; SQLite's write transactions come one at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(int(number_key[:15], 16))))


def _insert_unless_open(session: Session, values: dict[str, Any]) -> int | None:
    """Insert the promise, or None when the case got an open one meanwhile: the partial index decides."""
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    statement = (postgresql.insert if on_postgresql else sqlite.insert)(CALLBACKS).values(values)
    made = session.scalars(statement.on_conflict_do_nothing().returning(CALLBACKS.c.id)).first()
    return None if made is None else int(made)


def _ask_again(
    session: Session,
    standing: Callback,
    urgency: str,
    due_at: datetime,
    next_attempt_at: datetime,
    window: tuple[datetime, datetime] | None,
) -> None:
    """Change a waiting promise in the asker's favour; only a window that they chose puts it off."""
    if window is not None:
        standing.window_starts, standing.window_ends = window
        standing.urgency, standing.due_at, standing.next_attempt_at = urgency, due_at, next_attempt_at
    else:
        standing.urgency = "urgent" if "urgent" in (urgency, standing.urgency) else "other"
        standing.due_at = min(standing.due_at, due_at)
        standing.next_attempt_at = min(standing.next_attempt_at, next_attempt_at)
    session.flush()


def _audit_change(
    session: Session, change: str, callback_id: int, call: "CallState", facts: dict[str, Any], now: datetime
) -> None:
    audit.record(
        session,
        actor=f"caller:{call.id}",
        action=f"{change}_callback",
        target=f"callback:{callback_id}",
        facts=facts,
        now=now,
    )
