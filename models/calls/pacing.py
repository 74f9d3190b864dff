"""How fast the carrier may be asked, and the circuit breaker for an account that it refuses (R39).

There is one row for calls and one for texts. Every worker takes its slot from the row of calls. While the
carrier refuses the account, a slot is a probe: one call, and one text, every 30 s. If only one number of the
office is refused, it has its own row; see ``models/callbacks/lone_refusal.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast, get_args

from sqlalchemy import CursorResult, String, Table, delete, func, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.calls.call import CALLS as CALL_ROWS
from models.staff.paging import AHEAD
from models.store.base import Base, UtcDateTime
from models.store.database import is_any

Kind = Literal["calls", "texts"]
#: Calls placed through the carrier's REST API are paced (Twilio: one a second); texts only when it asks for
#: it.
CALLS: Kind = "calls"
TEXTS: Kind = "texts"
#: What a probe of a refused account can be about; of those never refused the first goes first.
Source = Literal["callbacks", "notices", "alerts"]
_SOURCES: tuple[Source, ...] = get_args(Source)
#: The row of a carrier that accepts no calls, though it refuses nothing.
_CARRIER = "carrier"
#: The pace of calls about notices, which is a part of that of all calls.
NOTICES = "notices"
#: No slot is further ahead than this, unless a clock was set back; then it is discarded.
_FURTHEST = timedelta(minutes=1)
#: How long a carrier that is overloaded or cannot be reached is left alone.
REST = timedelta(seconds=5)
#: A carrier takes none of our calls once it has accepted none for this long; one failed call is no trouble.
_TAKES_NONE_AFTER = timedelta(seconds=30)
#: While calls are tried, one fails every few seconds. After this long without one an answer counts for more.
_TRIED_OF_LATE = timedelta(minutes=1)
#: Twilio's code for a wrong token or key, or for an account that is suspended: it does not let us in.
SIGN_IN_CODE = 20003
#: How often one call, or text, is tried while the account is refused.
PROBE = timedelta(seconds=30)


class Pace(Base):
    """``next_at`` is the first moment at which another may begin.

    While the breaker is open, ``refused_at`` is when it opened, ``refused_code`` Twilio's error code, and
    ``refused_call_id`` the last refused call. So long each source whose probe was refused has a row as well,
    with when that was last and which call.
    """

    __tablename__ = "paces"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refused_code: Mapped[int | None]
    refused_call_id: Mapped[int | None]


PACES = cast(Table, Pace.__table__)
_NOTED = select(PACES.c.name).where(PACES.c.refused_at.is_not(None)).limit(1)
_REFUSALS = (
    select(PACES)
    .where(PACES.c.name.in_((CALLS, TEXTS)), PACES.c.refused_at.is_not(None))
    .order_by(PACES.c.name)
)


def _name_of(kind: Kind, source: Source) -> str:
    return f"{kind}:{source}"


_LAST_REFUSED = CALL_ROWS.join(PACES, PACES.c.refused_call_id == CALL_ROWS.c.id)
_REFUSED_CALLBACK = (
    select(CALL_ROWS.c.callback_id)
    .select_from(_LAST_REFUSED)
    .where(PACES.c.name == _name_of(CALLS, "callbacks"))
)
#: The notice whose call was last refused while the breaker is open; a probe tries another first.
REFUSED_NOTICE = (
    select(CALL_ROWS.c.notice_id)
    .select_from(_LAST_REFUSED)
    .where(PACES.c.name == _name_of(CALLS, "notices"))
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An open breaker: since when the carrier refuses the account, with Twilio's code if there is one."""

    kind: Kind
    since: datetime
    code: int | None
    next_probe_at: datetime


def take_slot(session: Session, now: datetime, interval: timedelta, patience: timedelta) -> datetime | None:
    """Take the next slot in which a call may be placed: now, or up to ``patience`` ahead.

    Returns None and takes nothing when the next one is further ahead. The row is locked until the transaction
    ends, so two workers never get the same slot. A probe of a refused account is taken for now or not at all.
    """
    held = lock_pace(session, CALLS, now)
    next_at: datetime = held.next_at
    if next_at - now > _FURTHEST:
        next_at = now
    slot = max(now, next_at)
    if held.refused_at is not None:
        interval, patience = PROBE, timedelta()
    if slot - now > patience:
        return None
    _set(session, CALLS, next_at=slot + interval)
    return slot


def reserve_pace(
    session: Session, name: str, now: datetime, interval: timedelta, patience: timedelta
) -> datetime | None:
    """Take the next turn of a kind of call that has a slower pace of its own, under ``name``.

    The call itself needs a slot as well (``take_slot``). Returns None, and takes nothing, if the next turn is
    further ahead than ``patience``.
    """
    next_at: datetime = lock_pace(session, name, now).next_at
    turn = max(now, next_at if next_at - now <= _FURTHEST else now)
    if turn - now > patience:
        return None
    _set(session, name, next_at=turn + interval)
    return turn


def may_text(session: Session, now: datetime) -> bool:
    """Whether a text may be sent now. While the account is refused, this takes the one probe that is due."""
    row = session.execute(select(PACES).where(PACES.c.name == TEXTS)).first()
    if row is None or (row.refused_at is None and row.next_at <= now):
        return True
    held = lock_pace(session, TEXTS, now)
    if now < held.next_at <= now + _FURTHEST:
        return False
    if held.refused_at is not None:
        _set(session, TEXTS, next_at=now + PROBE)
    return True


def rest(session: Session, now: datetime, code: int | None = None, kind: Kind = CALLS) -> None:
    """Place no calls, or send no texts, for a while: the carrier is overloaded or cannot be reached.

    This records since when it has accepted no calls, with Twilio's code.
    """
    next_at = max(lock_pace(session, kind, now).next_at, now + REST)
    _set(session, kind, next_at=next_at)
    if kind == TEXTS:
        return
    since = lock_pace(session, _CARRIER, now).refused_at or now
    _set(session, _CARRIER, refused_at=since, refused_code=code, next_at=now)


def open_breaker(
    session: Session,
    kind: Kind,
    code: int | None,
    now: datetime,
    call_id: int | None = None,
    source: Source = "callbacks",
) -> None:
    """The carrier refused the account: only a probe every 30 s until one is accepted."""
    held = lock_pace(session, kind, now)
    _set(
        session, kind, next_at=now + PROBE, refused_at=held.refused_at or now, refused_code=code,
        refused_call_id=call_id,
    )  # fmt: skip
    note_probe(session, kind, now, call_id, source)


def note_probe(session: Session, kind: Kind, now: datetime, call_id: int | None, source: Source) -> None:
    """A probe of this source was refused, for itself or not: the other sources have their turn first."""
    name = _name_of(kind, source)
    lock_pace(session, name, now)
    _set(session, name, next_at=now, refused_call_id=call_id)


def probe_turns(session: Session, kind: Kind) -> list[Source] | None:
    """Which source may have the next probe, the first one with anything due; None without an open breaker.

    The source refused longest ago comes first. One phone that is refused for itself must not be every probe:
    what another source has to call or text shows whether the account works (R39).
    """
    if refusal(session, kind) is None:
        return None
    names = [_name_of(kind, one) for one in _SOURCES]
    rows = session.execute(select(PACES.c.name, PACES.c.next_at).where(PACES.c.name.in_(names)))
    last = {row.name: row.next_at for row in rows}
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(_SOURCES, key=lambda one: last.get(_name_of(kind, one), never))


def close_breaker(session: Session, kind: Kind, now: datetime, call_id: int | None = None) -> None:
    """The carrier accepted a call or a text: the account works. Touches no row if no breaker was open.

    ``call_id`` is a call of which that is known only now: one older than the last refused one proves nothing.
    """
    is_news = true() if call_id is None else func.coalesce(PACES.c.refused_call_id, 0) < call_id
    # One after the other, in the order in which ``rest`` locks them.
    for name in (kind, _CARRIER) if kind == CALLS else (kind,):
        closed = session.execute(
            update(PACES)
            .where(PACES.c.name == name, PACES.c.refused_at.is_not(None), is_news)
            .values(next_at=now, refused_at=None, refused_code=None, refused_call_id=None)
        )
        if name == kind and cast(CursorResult[Any], closed).rowcount:
            names = [_name_of(kind, one) for one in _SOURCES]
            session.execute(delete(PACES).where(PACES.c.name.in_(names)))


def refusals(session: Session) -> Sequence[Refusal]:
    """The open breakers, at most one each for calls and texts."""
    rows = session.execute(_REFUSALS)
    return [Refusal(r.name, r.refused_at, r.refused_code, r.next_at) for r in rows]


def refusal(session: Session, kind: Kind) -> Refusal | None:
    """The open breaker of calls, or of texts."""
    return next((one for one in refusals(session) if one.kind == kind), None)


def is_refused(session: Session) -> bool:
    """Whether the carrier refuses the account's calls."""
    return refusal(session, CALLS) is not None


def refused_callback(session: Session) -> int | None:
    """The callback whose call was last refused while the breaker is open; a probe tries another first."""
    return session.scalar(_REFUSED_CALLBACK)


def is_any_noted(session: Session) -> bool:
    """Whether the carrier is known to refuse the account or one of our numbers, or to accept no calls."""
    return is_any(session, _NOTED)


def taking_none(session: Session) -> tuple[datetime, int | None] | None:
    """Since when the carrier has accepted no call of ours, and Twilio's code; None after one failed call."""
    row = session.execute(
        select(PACES).where(PACES.c.name == _CARRIER, PACES.c.refused_at.is_not(None))
    ).first()
    if row is None or row.next_at - row.refused_at < _TAKES_NONE_AFTER:
        return None
    return row.refused_at, row.refused_code


def forget_refusals(session: Session, now: datetime) -> None:
    """The carrier answered a question: it can be reached, and lets the account in.

    What is known of calls that it did not take ends, and so does a refusal to let us in, unless a call or
    text was tried of late. With nothing due none is tried, so nothing else would show that it works again.
    """
    is_old = or_(PACES.c.next_at < now - _TRIED_OF_LATE, PACES.c.next_at > now + _TRIED_OF_LATE)
    is_about_us = or_(PACES.c.name == _CARRIER, PACES.c.refused_code == SIGN_IN_CODE)
    over = select(PACES.c.name).where(
        PACES.c.name.in_((CALLS, TEXTS, _CARRIER)), PACES.c.refused_at.is_not(None), is_old, is_about_us
    )
    for name in session.scalars(over.order_by(PACES.c.name)).all():
        if name == _CARRIER:
            _set(session, name, next_at=now, refused_at=None, refused_code=None)
        else:
            close_breaker(session, cast(Kind, name), now)


def settle_set_back(session: Session, now: datetime, ahead: timedelta) -> None:
    """The clock was ``ahead`` and is set right: no probe waits for where it was, and a refusal began by now.

    Otherwise a carrier that takes none of our calls would be named only once the clock gets there again.
    """
    later = now + AHEAD
    written = select(PACES).where(or_(PACES.c.next_at > later, PACES.c.refused_at > later))
    for row in session.execute(written.order_by(PACES.c.name).with_for_update()).all():
        moments = {"next_at": row.next_at, "refused_at": row.refused_at}
        _set(session, row.name, **{name: at - ahead for name, at in moments.items() if at and at > later})


def _set(session: Session, kind: str, **values: Any) -> None:
    session.execute(update(PACES).where(PACES.c.name == kind).values(**values))


def lock_pace(session: Session, name: str, now: datetime) -> Any:
    """The row of this name, created if needed, and locked until the transaction ends."""
    held = select(PACES).where(PACES.c.name == name).with_for_update()
    found = session.execute(held).first()
    if found is not None:
        return found
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    first = (postgresql.insert if on_postgresql else sqlite.insert)(PACES).values(name=name, next_at=now)
    session.execute(first.on_conflict_do_nothing())
    return session.execute(held).one()
