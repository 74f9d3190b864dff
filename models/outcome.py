"""What staff key of a talk afterwards. The row is closed by then; a code refines its outcome (R37)."""

from datetime import datetime, timedelta
from typing import Literal, Protocol

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import audit
from models.callback import CALLBACKS, IS_OWED, Callback, cancel_callback
from models.follow_up import LATER, SUPERVISOR, FollowUpOffice, follow_up
from models.job import Job
from models.staff import Staff

#: The codes by their words; each is an outcome of a callback that was reached.
OUTCOMES = ("reached", "message_left", LATER, SUPERVISOR)


class OutcomeOffice(FollowUpOffice, Protocol):
    """What an outcome asks of the office."""

    def policy(self, name: str) -> int | float: ...


def last_talk(session: Session, staff_id: int, now: datetime, office: OutcomeOffice) -> Callback | None:
    """The talk of this person that ended last, while its outcome may still be refined."""
    since = now - timedelta(minutes=office.policy("outcome_minutes"))
    return session.scalars(
        select(Callback)
        .where(Callback.staff_id == staff_id, Callback.state == "reached", Callback.closed_at > since)
        .order_by(Callback.closed_at.desc(), Callback.id.desc())
        .limit(1)
    ).first()


def note_outcome(
    session: Session, callback: Callback, code: str, staff_id: int, now: datetime, office: OutcomeOffice
) -> tuple[Literal["noted", "late"], list[Job]]:
    """Refine the outcome of a talk, and make what follows from it; ``late`` when its minutes are over.

    To be called later: a new callback. For the supervisor: a new one that is left for staff at once. Raises
    ValueError for a code that is none of OUTCOMES.
    """
    if code not in OUTCOMES:
        raise ValueError("There is no outcome of this name.")
    since = now - timedelta(minutes=office.policy("outcome_minutes"))
    refined = session.scalar(
        update(CALLBACKS)
        .where(
            CALLBACKS.c.id == callback.id,
            CALLBACKS.c.state == "reached",
            CALLBACKS.c.staff_id == staff_id,
            CALLBACKS.c.closed_at > since,
        )
        .values(outcome=code)
        .returning(CALLBACKS.c.id)
    )
    if refined is None:
        return "late", []
    actor, before = f"liaison:{staff_id}", callback.outcome
    audit.record(
        session,
        actor=actor,
        action="note_outcome",
        target=f"callback:{callback.id}",
        facts={"code": code},
        now=now,
    )
    if code == before:
        return "noted", []
    if before == LATER:
        _take_back_later(session, callback, f"staff:{staff_id}", now)
    if code not in (LATER, SUPERVISOR):
        return "noted", []
    at = now + timedelta(minutes=office.policy("call_later_minutes"))
    follow_up(
        session, callback, reason=code, at=at, due_at=office.due_at("other", at), actor=actor, now=now,
        left=code == SUPERVISOR,
    )  # fmt: skip
    # Nothing is due yet; the sweeper finds it when its time has come.
    return "noted", []


def _take_back_later(session: Session, callback: Callback, actor: str, now: datetime) -> None:
    """The code was put right: who need not be called again is not, unless they asked for it since."""
    promised = select(Callback.id).where(
        Callback.requested_in_call_id == callback.caller_call_id, Callback.reason == LATER, IS_OWED
    )
    for callback_id in session.scalars(promised).all():
        cancel_callback(session, callback_id, now, actor)


def rest(session: Session, staff_id: int, now: datetime, office: OutcomeOffice) -> datetime:
    """After a hard call nobody rings this person for a while; answers until when. The reason is not asked."""
    until = now + timedelta(minutes=office.policy("hard_call_minutes"))
    session.execute(update(Staff).where(Staff.id == staff_id).values(resting_until=until))
    audit.record(session, actor=f"liaison:{staff_id}", action="rest", target=f"staff:{staff_id}", now=now)
    return until


def end_rests(session: Session, now: datetime) -> None:
    """Whose rest is over may be rung again; their idleness counts from now."""
    over = update(Staff).where(Staff.resting_until <= now)
    session.execute(over.values(resting_until=None, last_offered_at=now))
