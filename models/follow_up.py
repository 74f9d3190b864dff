"""A callback that follows another: the call dropped, was cut off on hold, or is to go on later (R36)."""

from datetime import datetime
from typing import Any, Literal, Protocol

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models import audit
from models.callback import CALLBACKS, IS_OPEN, Callback
from models.job import Job

#: Why one callback follows another; none of these is followed by a third of its own kind.
DROPPED, CUT_OFF, LATER, SUPERVISOR = "dropped", "cut_off", "call_later", "to_supervisor"
#: What the new promise does not take over from the old one.
_ANEW = frozenset(
    {
        "id", "state", "urgency", "reason", "requested_at", "due_at", "next_attempt_at", "lease_until",
        "liaison_tries", "caller_tries", "staff_id", "liaison_call_id", "caller_call_id", "conference",
        "talking_at", "held_at", "announced_at", "closed_at", "outcome", "requested_in_call_id",
    }
)  # fmt: skip


class FollowUpOffice(Protocol):
    """What a follow-up asks of the office."""

    def due_at(self, urgency: Literal["urgent", "other"], at: datetime) -> datetime: ...


def follow_up(
    session: Session,
    callback: Callback,
    *,
    reason: str,
    at: datetime,
    due_at: datetime,
    actor: str,
    now: datetime,
) -> list[Job]:
    """Promise the same person another call at ``at``, the latest by ``due_at``; the jobs to enqueue after.

    It is asked for in the caller's own leg, so that they can be told of it there. A case with an open
    callback keeps that one, and nothing is added.
    """
    kept = {
        column.name: getattr(callback, column.name)
        for column in CALLBACKS.columns
        if column.name not in _ANEW
    }
    values: dict[str, Any] = {
        **kept,
        "state": "requested",
        "urgency": callback.urgency if reason in (DROPPED, CUT_OFF) else "other",
        "reason": reason,
        "requested_at": now,
        "requested_in_call_id": callback.caller_call_id,
        "due_at": due_at,
        "next_attempt_at": at,
        "liaison_tries": 0,
        "caller_tries": 0,
    }  # fmt: skip
    if callback.case_id is None and stands(session, callback.number_key):
        return []
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(CALLBACKS).values(values).on_conflict_do_nothing().returning(CALLBACKS.c.id)
    made = session.scalars(statement).first()
    if made is None:
        return []
    facts = {"reason": reason, "after": callback.id}
    audit.record(
        session, actor=actor, action="request_callback", target=f"callback:{made}", facts=facts, now=now
    )
    return [("dial_liaison", int(made))]


def is_promised_again(session: Session, call_id: int | None) -> bool:
    """Whether the person on this leg was promised another call when their talk ended."""
    asked = select(Callback.id).where(Callback.requested_in_call_id == call_id, IS_OPEN).limit(1)
    return call_id is not None and session.scalar(asked) is not None


def stands(session: Session, number_key: str) -> bool:
    """Whether an unverified callback to this phone stands open already."""
    standing = select(Callback.id).where(
        Callback.number_key == number_key, Callback.case_id.is_(None), IS_OPEN
    )
    return session.scalar(standing.limit(1)) is not None
