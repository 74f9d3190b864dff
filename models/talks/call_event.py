"""Call events: what the carrier reports about a call later, out of order and more than once."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, cast

from sqlalchemy import CursorResult, String, Table, UniqueConstraint, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.callbacks.asking_call import asking_ended
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.lone_refusal import rest_if_failed
from models.calls.call import CALLS, Call
from models.calls.call_status import FINAL_CALL_STATUSES, TWILIO_CALL_STATUSES, bring_forward
from models.calls.pacing import CALLS as CALLS_OF_CARRIER
from models.calls.pacing import close_breaker
from models.store.base import Base, UtcDateTime
from models.store.job import Job
from models.talks.leg_end import leg_ended


class CallEvent(Base):
    """One call status in Twilio's words. ``call_sid`` may be unknown to us."""

    __tablename__ = "call_events"
    __table_args__ = (UniqueConstraint("call_sid", "call_status", "sequence_number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_sid: Mapped[str] = mapped_column(String(64))
    call_status: Mapped[str] = mapped_column(String(16))
    sequence_number: Mapped[int] = mapped_column(default=-1)
    answered_by: Mapped[str | None] = mapped_column(String(32))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


CALL_EVENTS = cast(Table, CallEvent.__table__)
_SID = re.compile(r"[A-Za-z0-9]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_ANSWERED_BY = re.compile(r"[a-z_]{1,32}")
#: Twilio retries an event for 90 s at most; an earlier time is from another clock.
_LATEST_NEWS = timedelta(minutes=2)
#: The carrier's words for any kind of machine; anything else is a person, or unknown.
_MACHINES = ("machine", "fax")


def record_call_event(
    session: Session,
    values: Mapping[str, str],
    now: datetime,
    policy: CallbackPolicy,
    leg_id: str | None = None,
) -> list[Job]:
    """Save one call event and apply it; returns the jobs to enqueue after the commit.

    ``values`` are Twilio's parameters as they came; ``leg_id`` was in the URL of a call we placed, and
    identifies that call even if the carrier's answer to placing it was lost. A repeated event changes
    nothing, a late one reverts nothing, one for an unknown call is saved, and anything that is not an event
    is ignored.
    """
    call_sid, call_status = values.get("CallSid", ""), values.get("CallStatus", "")
    hear_who_answered(session, call_sid, values)
    if not _SID.fullmatch(call_sid) or call_status not in TWILIO_CALL_STATUSES:
        return []
    answered_by = values.get("AnsweredBy", "")
    event = {
        "call_sid": call_sid,
        "call_status": call_status,
        "sequence_number": _sequence_number(values.get("SequenceNumber", "")),
        "answered_by": answered_by if _ANSWERED_BY.fullmatch(answered_by) else None,
        "received_at": now,
    }
    if not _insert_once(session, event):
        return []
    call_id = session.scalar(select(Call.id).where(Call.call_sid == call_sid).with_for_update(key_share=True))
    if call_id is None and leg_id is not None:
        call_id = _prove(session, leg_id, call_sid)
        if call_id is not None:
            close_breaker(session, CALLS_OF_CARRIER, now, call_id)
    if call_id is None:
        return []
    return _apply(session, call_id, call_status, now, policy, _moment_of(values.get("Timestamp", ""), now))


def hear_who_answered(session: Session, call_sid: str, values: Mapping[str, str]) -> None:
    """Record the carrier's report that a machine answered a call we placed (R31). It decides nothing."""
    if values.get("AnsweredBy", "").startswith(_MACHINES):
        placed = update(CALLS).where(CALLS.c.call_sid == call_sid, CALLS.c.direction == "outbound")
        session.execute(placed.values(by_machine=True))


def record_call_sid(
    session: Session, call_id: int, call_sid: str, now: datetime, policy: CallbackPolicy
) -> list[Job]:
    """Record the carrier's id for a leg, unless one is known, and apply the events that came before it.

    The carrier took the call: so it takes our calls. Returns the jobs to enqueue after the commit.
    """
    unknown = update(CALLS).where(CALLS.c.id == call_id, CALLS.c.call_sid.is_(None))
    recorded = session.execute(unknown.values(call_sid=call_sid))
    if cast(CursorResult[Any], recorded).rowcount:
        close_breaker(session, CALLS_OF_CARRIER, now, call_id)
    known = session.scalar(select(Call.call_sid).where(Call.id == call_id))
    came = session.scalars(
        select(CallEvent.call_status).where(CallEvent.call_sid == known).order_by(CallEvent.id)
    ).all()
    return [job for call_status in came for job in _apply(session, call_id, call_status, now, policy)]


def _apply(
    session: Session,
    call_id: int,
    call_status: str,
    now: datetime,
    policy: CallbackPolicy,
    ended_at: datetime | None = None,
) -> list[Job]:
    if call_status in FINAL_CALL_STATUSES:
        # This goes first, since promises that this same end makes keep the moment that they get there.
        asked = asking_ended(session, call_id, now, policy.numbers)
        jobs = asked + leg_ended(session, call_id, call_status, now, policy, ended_at=ended_at)
        if call_status == "failed":
            rest_if_failed(session, call_id, now)
        return jobs
    bring_forward(session, call_id, call_status)
    return []


def _moment_of(timestamp: str, now: datetime) -> datetime:
    """When the event happened, as the carrier says (RFC 2822); it is late while the web is down or slow."""
    try:
        at = parsedate_to_datetime(timestamp)
        at = at.replace(tzinfo=at.tzinfo or UTC)
        return at if now - _LATEST_NEWS < at < now else now
    except (ValueError, TypeError, OverflowError):
        return now


def _prove(session: Session, leg_id: str, call_sid: str) -> int | None:
    """The leg whose call the carrier mentions for the first time; None if it has another call."""
    proven: int | None = session.scalar(
        update(CALLS)
        .where(CALLS.c.leg_id == leg_id, CALLS.c.call_sid.is_(None))
        .values(call_sid=call_sid)
        .returning(CALLS.c.id)
    )
    return proven


def _insert_once(session: Session, event: dict[str, Any]) -> bool:
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    statement = (postgresql.insert if on_postgresql else sqlite.insert)(CALL_EVENTS).values(event)
    made = session.execute(statement.on_conflict_do_nothing().returning(CALL_EVENTS.c.id)).first()
    return made is not None


def _sequence_number(text: str) -> int:
    return int(text) if _NUMBER.fullmatch(text) else -1
