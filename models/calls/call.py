"""A call: one leg, its place in a call tree, and the one statement that saves a turn of it."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    Update,
    bindparam,
    case,
    false,
    null,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from models.calls.role import CALLER
from models.store.base import Base, UtcDateTime
from models.store.database import Database, Write

# Most calls have none of these. A partial index holds only the calls that have one.
_HAS_LEG_ID = text("leg_id IS NOT NULL")
_HAS_CASE = text("case_id IS NOT NULL")
_OF_CALLBACK = text("callback_id IS NOT NULL")
_OF_NOTICE = text("notice_id IS NOT NULL")
_HAS_PARENT = text("parent_call_id IS NOT NULL")
_OPEN_INBOUND = text("ended_at IS NULL AND direction = 'inbound'")
_A_LIVE_CHILD = text("ended_at IS NULL AND parent_call_id IS NOT NULL")
_A_LIVE_LEG = text("ended_at IS NULL AND callback_id IS NOT NULL")
_A_LIVE_NOTICE = text("ended_at IS NULL AND notice_id IS NOT NULL")
_OF_STAFF = text("ended_at IS NULL AND staff_id IS NOT NULL")


def _by_turn(*args: Any, **options: Any) -> Any:
    """A column that nearly every turn changes. A turn changes columns of this kind and of the next only."""
    return mapped_column(*args, info={"written": "by turn"}, **options)


def _seldom(*args: Any, **options: Any) -> Any:
    """A column that few turns change. Only a turn that has changed one of them writes them."""
    return mapped_column(*args, info={"written": "seldom"}, **options)


def _at_ring(*args: Any, **options: Any) -> Any:
    """A column that is written once, when an inbound call rings."""
    return mapped_column(*args, info={"written": "at ring"}, **options)


class CallColumns:
    """The columns of one leg, for the table and for a turn's state (models/calls/call_state.py).

    ``turn`` is the number of the expected answer, and ``said`` is the last Turn, as JSON.

    ``role`` is who is on the phone (models/calls/role.py), and ``place`` is where the call is, as far as the
    models tell places apart (models/calls/place.py). ``flow`` and ``step`` are its tree and its step: only
    the engine reads them, and a leg that we placed has neither before its first document. ``asked_at`` is
    when the caller last asked for a callback here, a new one or the existing one. ``topic`` is what they
    chose at the menus. ``missed_state``: somebody was called into a talk but did not come, and staff in it
    are to be told (``missed``) or were told (``told``). ``fetched_by`` is the carrier's token of the last
    request to a leg's own address: a repeat of that request has the same one.

    ``tried_key`` is the key under which tries at a PIN or code are counted: a keyed hash of the last number
    entered, of a case or of staff, real or not, or of the person whose code it is. ``trail`` lists the passed
    steps, never a key. ``leg_id`` is opaque and created before we dial; Twilio's ``call_sid`` comes later.

    ``silent``: the caller cannot talk. ``time_zone``: an IANA name that the caller confirmed. ``wrong_tries``
    and ``last_call_at`` are what the caller has yet to hear about the time since their last verified call
    (R04). ``new_pin_hash`` is a new PIN, or the key of a new notice code, between its two entries; neither is
    in any row itself (R03).
    ``caller_id_doubted``: the carrier says that the number is not the caller's; ``caller_id_attested``: that
    it is (R04, R07). ``by_machine``: the carrier says that a machine answered a call we placed, which is a
    hint and decides nothing (R31). ``letter_at``: when a mailed PIN let the caller choose their own PIN here
    (R02). ``wishes``: how a caller without a PIN wants to be called, in words of models/callbacks/wishes.py
    (``Wishes.as_text``). ``opened_at``: when the notice code, or a key if that was chosen, opened the news of
    the call's notice (R30).
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    call_sid: Mapped[str | None] = _at_ring(String(64), unique=True)
    leg_id: Mapped[str | None] = mapped_column(String(32))
    direction: Mapped[str] = _at_ring(String(8))
    role: Mapped[str] = _seldom(String(16), default=CALLER, server_default=CALLER)
    flow: Mapped[str] = _seldom(String(32))
    line: Mapped[str] = _at_ring(String(64), default="")
    phone_sealed: Mapped[str | None] = _at_ring(Text)
    phone_key: Mapped[str | None] = _at_ring(String(64))
    call_status: Mapped[str | None] = _at_ring(String(16))
    started_at: Mapped[datetime] = _at_ring(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    language: Mapped[str] = _seldom(String(8))
    pace: Mapped[str] = _seldom(String(8), default="normal")
    step: Mapped[str] = _by_turn(String(40))
    place: Mapped[str | None] = _by_turn(String(16))
    turn: Mapped[int] = _by_turn()
    heard_from: Mapped[str] = _by_turn(String(40))
    misses: Mapped[int] = _by_turn(default=0)
    silences: Mapped[int] = _by_turn(default=0)
    tries: Mapped[int] = _seldom(default=0)
    pending_since: Mapped[datetime | None] = _seldom(UtcDateTime)
    last_key_at: Mapped[datetime | None] = _by_turn(UtcDateTime)
    progress_at: Mapped[datetime | None] = _by_turn(UtcDateTime)
    said: Mapped[str] = _by_turn(Text)
    topic: Mapped[str | None] = _by_turn(String(32))
    trail: Mapped[str] = _by_turn(Text, default="")

    tried_key: Mapped[str | None] = _seldom(String(64))
    case_id: Mapped[int | None] = _seldom(ForeignKey("cases.id"))
    verified_at: Mapped[datetime | None] = _seldom(UtcDateTime)

    callback_id: Mapped[int | None] = mapped_column(ForeignKey("callbacks.id", use_alter=True))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notices.id", use_alter=True))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", use_alter=True))
    parent_call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"))
    accepted_at: Mapped[datetime | None] = _seldom(UtcDateTime)

    silent: Mapped[bool] = _seldom(default=False, server_default=false())
    time_zone: Mapped[str | None] = _seldom(String(64))
    wrong_tries: Mapped[int] = _seldom(default=0, server_default="0")
    last_call_at: Mapped[datetime | None] = _seldom(UtcDateTime)
    new_pin_hash: Mapped[str | None] = _seldom(Text)
    caller_id_doubted: Mapped[bool] = _at_ring(default=False, server_default=false())
    by_machine: Mapped[bool] = mapped_column(default=False, server_default=false())
    caller_id_attested: Mapped[bool] = _at_ring(default=False, server_default=false())
    wishes: Mapped[str | None] = _seldom(String(64))
    letter_at: Mapped[datetime | None] = _seldom(UtcDateTime)
    asked_at: Mapped[datetime | None] = _seldom(UtcDateTime)
    opened_at: Mapped[datetime | None] = _seldom(UtcDateTime)
    missed_state: Mapped[str | None] = mapped_column(String(8))
    fetched_by: Mapped[str | None] = _seldom(String(64))


class Call(CallColumns, Base):
    """One leg."""

    __tablename__ = "calls"
    __table_args__ = (
        Index(
            "uq_calls_leg_id", "leg_id", unique=True, sqlite_where=_HAS_LEG_ID, postgresql_where=_HAS_LEG_ID
        ),
        Index("ix_calls_case_id", "case_id", sqlite_where=_HAS_CASE, postgresql_where=_HAS_CASE),
        Index(
            "ix_calls_callback_id", "callback_id", sqlite_where=_OF_CALLBACK, postgresql_where=_OF_CALLBACK
        ),
        Index("ix_calls_notice_id", "notice_id", sqlite_where=_OF_NOTICE, postgresql_where=_OF_NOTICE),
        Index(
            "ix_calls_parent_call_id",
            "parent_call_id",
            sqlite_where=_HAS_PARENT,
            postgresql_where=_HAS_PARENT,
        ),
        Index(
            "ix_calls_open_of_phone", "phone_key", sqlite_where=_OPEN_INBOUND, postgresql_where=_OPEN_INBOUND
        ),
        Index(
            "ix_calls_live_children",
            "started_at",
            sqlite_where=_A_LIVE_CHILD,
            postgresql_where=_A_LIVE_CHILD,
        ),
        Index("ix_calls_live_legs", "started_at", sqlite_where=_A_LIVE_LEG, postgresql_where=_A_LIVE_LEG),
        Index(
            "ix_calls_live_notices",
            "started_at",
            sqlite_where=_A_LIVE_NOTICE,
            postgresql_where=_A_LIVE_NOTICE,
        ),
        Index("ix_calls_of_staff", "staff_id", sqlite_where=_OF_STAFF, postgresql_where=_OF_STAFF),
    )


CALLS: Table = Call.__table__  # type: ignore[assignment]


def _written(*when: str) -> tuple[str, ...]:
    return tuple(column.name for column in CALLS.c if column.info.get("written") in when)


_RING, _TURN, _SELDOM = _written("at ring"), _written("by turn"), _written("seldom")
_ALL = _TURN + _SELDOM
#: The values of the columns that few turns change, from a dict of a call's columns.
seldom_of = itemgetter(*_SELDOM)


def _saving(names: Sequence[str]) -> Update:
    # What was said is erased when a call ends; a late turn does not restore it (R39).
    erased: dict[str, Any] = {"said": "", "new_pin_hash": null()}
    values = {name: bindparam(f"call_{name}", type_=CALLS.c[name].type) for name in names}
    return (
        update(CALLS)
        .where(CALLS.c.id == bindparam("saved_call_id"), CALLS.c.turn == bindparam("turn_read"))
        .values(
            {
                name: case((CALLS.c.ended_at.is_(None), value), else_=erased[name])
                if name in erased
                else value
                for name, value in values.items()
            }
        )
    )


_SAVE = _saving(_TURN)
# A member of staff may be signed out during a turn, which must not sign them in again.
_SAVE_ALL = _saving(_ALL).where(
    CALLS.c.verified_at.is_not_distinct_from(bindparam("verified_read", type_=CALLS.c.verified_at.type))
)
_VERIFIED = _SELDOM.index("verified_at")
_INSERT = (
    insert(CALLS)
    .values({name: bindparam(f"new_{name}", type_=CALLS.c[name].type) for name in _RING + _ALL})
    .on_conflict_do_nothing(index_elements=[CALLS.c.call_sid])
    # PostgreSQL does not need to return the new id, since nobody reads it; the save checks whether there is a
    # row.
    .inline()
    .execution_options(preserve_rowcount=True)
)


def inserting_call(call: Any) -> Write:
    """The write that inserts an inbound call with its first turn; no row when its CallSid is known."""
    return _INSERT, {f"new_{name}": getattr(call, name) for name in _RING + _ALL}


def saving_turn(call: Any) -> Write:
    """The write that saves what a turn changed; it touches no row if the call has since moved on.

    ``call`` has an ``id``, every column that a turn may change, and ``turn_read`` and ``seldom_read`` from
    when it was read. A column that few turns change may have been changed by somebody else meanwhile, so the
    other turns do not write it.
    """
    if seldom_of(vars(call)) == call.seldom_read:
        return _SAVE, _values(call, _TURN)
    return _SAVE_ALL, _values(call, _ALL) | {"verified_read": call.seldom_read[_VERIFIED]}


def _values(call: Any, names: Sequence[str]) -> dict[str, Any]:
    values = {f"call_{name}": getattr(call, name) for name in names}
    return values | {"saved_call_id": call.id, "turn_read": call.turn_read}


def keep_pending(database: Database, call_ids: Sequence[int], now: datetime) -> None:
    """Record that the PINs of these calls still wait to be hashed and are not lost with their process."""
    with database.transaction() as session:
        waits = update(CALLS).where(CALLS.c.id.in_(call_ids), CALLS.c.pending_since.is_not(None))
        session.execute(waits.values(pending_since=now))
