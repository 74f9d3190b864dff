"""What staff do on the staff line without a browser: hear waiting counts, begin a shift, take a callback."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.callbacks.callback import IS_OPEN, Callback, advance
from models.callbacks.callback_list import due_callbacks, tidy_list
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.liaison import IS_FREE, reserve_liaison
from models.calls.call import CALLS
from models.calls.offer import note_offer
from models.calls.staff_line_stay import leave_line
from models.calls.two_lists import is_pressing, is_verified
from models.staff.set_away import end_sparing_of
from models.staff.staff import Staff, change_shift
from models.staff.wrap_up import end_wrap_up
from models.store.job import Job
from models.talks.call_queue import in_queue
from models.talks.dispatch import claim_callback
from models.talks.leg import accept_by_liaison

if TYPE_CHECKING:
    from models.calls.call_state import CallState

#: How many due callbacks are tried to find one that may be taken.
_LOOKS = 8


@dataclass(frozen=True, slots=True)
class Group:
    """How many wait, and since when the first has waited: from their request (R36)."""

    count: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who waits now: for a callback, by half and class, with the next promise; and in the call queue."""

    verified: int
    unverified: int
    urgent: Group
    other: Group
    due_at: datetime | None
    in_queue: Group


def waiting(session: Session, now: datetime) -> Waiting:
    """Who waits for a call now; people who chose a later time do not wait yet."""
    urgent = Callback.urgency == "urgent"
    row = session.execute(
        select(
            func.count().filter(Callback.verified),
            func.count().filter(~Callback.verified),
            func.count().filter(urgent),
            func.min(Callback.requested_at).filter(urgent),
            func.count().filter(~urgent),
            func.min(Callback.requested_at).filter(~urgent),
            func.min(Callback.due_at),
        ).where(IS_OPEN, Callback.state == "requested", Callback.next_attempt_at <= now)
    ).one()
    return Waiting(
        row[0], row[1], Group(row[2], row[3]), Group(row[4], row[5]), row[6], Group(*in_queue(session, now))
    )


def is_on_shift(session: Session, staff_id: int) -> bool:
    """Whether this person is on shift."""
    return bool(session.scalar(select(Staff.on_shift).where(Staff.id == staff_id)))


def may_be_rung_for_queue(session: Session, staff_id: int, now: datetime) -> bool:
    """Whether callers wait at 0 for whom this person would be called if their phone were free."""
    person = session.get_one(Staff, staff_id, populate_existing=True)
    is_free = person.on_shift and person.busy_call_id is None and person.resting_until is None
    return is_free and in_queue(session, now)[0] > 0


def set_shift(session: Session, staff_id: int, *, on_shift: bool, now: datetime) -> None:
    """Begin or end the shift of the person who signed in."""
    email = session.scalars(select(Staff.email).where(Staff.id == staff_id)).one()
    change_shift(session, email, on_shift=on_shift, actor=f"staff:{staff_id}", now=now)


def take_next(
    session: Session, leg: "CallState", now: datetime, policy: CallbackPolicy
) -> tuple[Literal["taken", "none"], list[Job]]:
    """Give this person the first callback on the list, in this same call: the caller's leg is placed at once.

    The number, the PIN and this key are the acceptance; everything else is as usual (Legs). Verified callers
    come first, in each half the urgent ones, and among these the ones who speak a language of this person.
    Another language is left to a free colleague who speaks it (R27, R36).
    """
    session.execute(select(CALLS.c.id).where(CALLS.c.id == leg.id).with_for_update(key_share=True))
    person = session.get(Staff, leg.staff_id, populate_existing=True) if leg.staff_id is not None else None
    if person is None or not person.on_shift or person.busy_call_id is not None:
        return "none", []
    # For the callback list this person is free; if the list is empty, the next menu reserves them again.
    leave_line(session, person.id)
    end_wrap_up(session, person.id, now)
    end_sparing_of(session, person.id)
    spoken = _languages(person)
    tidy_list(session, now, policy)
    found = due_callbacks(session, now, _LOOKS, policy.due_soon)
    rows = {row.id: row for row in session.scalars(select(Callback).where(Callback.id.in_(found)))}
    elsewhere = _spoken_by_free_colleagues(session, person.id) - spoken
    mine = [rows[found_id] for found_id in found if rows[found_id].language not in elsewhere]
    if mine:
        # Among those of the first one's list and class, prefer one who speaks a language of this person.
        head, soon = mine[0], now + policy.due_soon
        alike = (is_verified(head), is_pressing(head, soon))
        mine.sort(
            key=lambda row: (
                (is_verified(row), is_pressing(row, soon)) != alike,
                (is_verified(row), is_pressing(row, soon)) == alike and row.language not in spoken,
            )
        )
    for callback_id in [row.id for row in mine]:
        if not claim_callback(session, callback_id, now, policy):
            continue
        if not reserve_liaison(session, person.id, leg.id, now):
            advance(session, callback_id, "give_back", actor="worker", now=now)
            return "none", []
        note_offer(session, verified=rows[callback_id].verified, now=now)
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
        # A new address for each talk, so that this call can be told about its own talk.
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


def _languages(person: Staff) -> set[str]:
    return {code.strip() for code in person.languages.split(",")}


def _spoken_by_free_colleagues(session: Session, staff_id: int) -> set[str]:
    free = select(Staff).where(Staff.id != staff_id, IS_FREE)
    return set().union(*map(_languages, session.scalars(free)))
