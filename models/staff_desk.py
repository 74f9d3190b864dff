"""What staff do at the desk without a browser: hear how many wait, begin a shift, take the next callback."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.call import CALLS
from models.callback import IS_OPEN, Callback, advance
from models.callback_list import due_callbacks, tidy_line
from models.callback_policy import CallbackPolicy
from models.dispatch import claim_callback
from models.job import Job
from models.leg import accept_by_liaison
from models.liaison import hold_liaison
from models.staff import Staff, change_shift

if TYPE_CHECKING:
    from models.caller_state import CallState

#: How many of those due are looked at for one that may be taken.
_LOOKS = 8


@dataclass(frozen=True, slots=True)
class Waiting:
    """The callbacks that are due now: how many of each kind, since when, and the promise that ends first."""

    verified: int
    other: int
    since: datetime | None
    due_at: datetime | None


def waiting(session: Session, now: datetime) -> Waiting:
    """Who waits for a call now; whoever wished for a later time does not wait yet."""
    row = session.execute(
        select(
            func.count().filter(Callback.verified),
            func.count().filter(~Callback.verified),
            func.min(Callback.next_attempt_at),
            func.min(Callback.due_at),
        ).where(IS_OPEN, Callback.state == "requested", Callback.next_attempt_at <= now)
    ).one()
    return Waiting(row[0], row[1], row[2], row[3])


def is_on_shift(session: Session, staff_id: int) -> bool:
    """Whether this person's shift has begun."""
    return bool(session.scalar(select(Staff.on_shift).where(Staff.id == staff_id)))


def set_shift(session: Session, staff_id: int, *, on_shift: bool, now: datetime) -> None:
    """Begin or end the shift of whoever signed in."""
    email = session.scalars(select(Staff.email).where(Staff.id == staff_id)).one()
    change_shift(session, email, on_shift=on_shift, actor=f"staff:{staff_id}", now=now)


def take_next(
    session: Session, leg: "CallState", now: datetime, policy: CallbackPolicy
) -> tuple[Literal["taken", "none"], list[Job]]:
    """The first callback in line is this person's, in this very call: the caller's leg is placed at once.

    The number, the PIN and this key are the acceptance; nothing else of the way differs (Legs).
    """
    session.execute(select(CALLS.c.id).where(CALLS.c.id == leg.id).with_for_update(key_share=True))
    person = session.get(Staff, leg.staff_id, populate_existing=True) if leg.staff_id is not None else None
    if person is None or not person.on_shift or person.busy_call_id is not None:
        return "none", []
    spoken = {code.strip() for code in person.languages.split(",")}
    tidy_line(session, now, policy)
    found = due_callbacks(session, now, _LOOKS)
    rows = session.execute(select(Callback.id, Callback.language).where(Callback.id.in_(found))).all()
    languages = {row.id: row.language for row in rows}
    for callback_id in sorted(found, key=lambda one: languages[one] not in spoken):
        if not claim_callback(session, callback_id, now, policy):
            continue
        if not hold_liaison(session, person.id, leg.id, now):
            advance(session, callback_id, "give_back", actor="worker", now=now)
            return "none", []
        advance(
            session,
            callback_id,
            "ring_liaison",
            actor="worker",
            now=now,
            staff_id=person.id,
            liaison_call_id=leg.id,
            lease_until=policy.liaison_lease(now),
        )
        # An address of its own, so that this call can be told how its talk stands; each talk has a new one.
        leg.callback_id, leg.leg_id = callback_id, secrets.token_hex(16)
        session.execute(
            update(CALLS)
            .where(CALLS.c.id == leg.id)
            .values(callback_id=callback_id, leg_id=leg.leg_id, call_status="in-progress")
        )
        if accept_by_liaison(session, leg, now) != "accepted":
            return "none", []
        leg.accepted_at = now
        return "taken", [("dial_caller", callback_id)]
    return "none", []
