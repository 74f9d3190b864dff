"""Lifting the 30-day total of wrong tries at a case number, which needs a supervisor (R04)."""

from datetime import datetime

from sqlalchemy import case as sa_case
from sqlalchemy import func, not_, select, true, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.calls.pin_facts import TOTAL_LIFE
from models.cases.case import find_case
from models.cases.pin import PinCounter, PinTry
from models.overview.refusals import TotalLiftRefusal
from models.staff.staff import Staff
from models.store.refusal import RefusedError


class TotalLiftError(RefusedError):
    """A total cannot be lifted this way; the message names the option."""


def lift_total(session: Session, number: str, *, by: str, now: datetime) -> int:
    """Stop counting the wrong tries at ``number`` so far toward its 30-day total; returns how many counted.

    ``by`` is a supervisor's e-mail. The tries stay on record, and a lock or a wait of the number does not
    change. Raises TotalLiftError for anyone else, and CaseError for an unknown number.
    """
    person = session.scalar(select(Staff).where(func.lower(Staff.email) == by.strip().lower()))
    if person is None or person.role != "supervisor":
        raise TotalLiftError(TotalLiftRefusal.NOT_SUPERVISOR)
    case = find_case(session, number)
    lifted_at = func.coalesce(PinCounter.lifted_at, now - TOTAL_LIFE)
    counted = session.scalar(
        select(func.count())
        .select_from(PinTry)
        .join(
            PinCounter, (PinCounter.number_key == PinTry.number_key) & (PinCounter.counter == PinTry.counter)
        )
        .where(
            PinTry.number_key == case.number_key,
            PinTry.at > lifted_at,
            PinTry.at >= now - TOTAL_LIFE,
            not_(PinTry.opened),
        )
    )
    # No supervisor is called for a total that this one has lifted.
    told = sa_case((PinCounter.locked_at.is_(None), true()), else_=PinCounter.told)
    lifted = update(PinCounter).where(PinCounter.number_key == case.number_key)
    session.execute(lifted.values(lifted_at=now, spent_at=None, told=told))
    audit.record(
        session,
        actor=person.email,
        action="lift_total",
        target=f"case:{case.id}",
        facts={"tries": counted or 0},
        now=now,
    )
    return counted or 0
