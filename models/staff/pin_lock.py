"""Locks and spent totals after wrong PINs: audited, reported to supervisors, and lifted by one (R04)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import false, func, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.cases.case import Case
from models.cases.pin import ATTESTED, HAS_LOCK, STRANGERS, PinCounter
from models.staff.alert import PIN_LOCKS, tell_supervisors
from models.staff.paging import take_page
from models.staff.refusals import LockRefusal
from models.store.database import is_any
from models.store.policies import Policies
from models.store.refusal import RefusedError

_UNTOLD = PinCounter.told == false()
_ANY_UNTOLD = select(PinCounter.number_key).where(_UNTOLD).limit(1)
_A_FEW = 200
#: What kind of phone a counter belongs to; never which phone.
STRANGE, KNOWN, UNATTESTED = "strangers", "known_phone", "known_phone_unattested"


class LockError(RefusedError):
    """A lock cannot be lifted this way; the message says why."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A counter of a case that accepts no PIN. ``kind`` is the kind of phone it belongs to."""

    case_id: int
    counter: str
    kind: str
    locked_at: datetime | None
    spent_at: datetime | None


def kind_of(counter: str) -> str:
    """What kind of phone a counter belongs to."""
    if counter == STRANGERS:
        return STRANGE
    return KNOWN if counter.startswith(ATTESTED) else UNATTESTED


def has_untold_locks(session: Session) -> bool:
    """Whether a lock or a spent total waits to be reported."""
    return is_any(session, _ANY_UNTOLD)


def tell_of_locks(session: Session, now: datetime, policies: Policies, is_open: bool) -> None:
    """Write an audit entry for each new lock, and tell supervisors in one message with a count.

    The message waits until the previous one is ``lock_alert_minutes`` old, so that many locks do not cause
    many messages. Locks of numbers that no case has are not reported. A closed case counts, since its caller
    hears the same as any other (R13).
    """
    of_no_case = ~select(Case.id).where(Case.number_key == PinCounter.number_key).exists()
    session.execute(update(PinCounter).where(_UNTOLD, of_no_case).values(told=True))
    if not has_untold_locks(session) or not take_page(session, PIN_LOCKS, now, policies.lock_alert_minutes):
        return
    untold = session.execute(
        select(PinCounter, Case.id)
        .join(Case, Case.number_key == PinCounter.number_key)
        .where(_UNTOLD)
        .with_for_update(of=PinCounter)
    ).all()
    for counter, case_id in untold:
        counter.told = True
        facts = {
            "kind": kind_of(counter.counter),
            "why": "lock" if counter.locked_at is not None else "total",
        }
        audit.record(
            session, actor="sweeper", action="lock_pin", target=f"case:{case_id}", facts=facts, now=now
        )
    session.flush()
    tell_supervisors(session, PIN_LOCKS, len(untold), now, is_open)


def standing_locks(session: Session) -> Sequence[Lock]:
    """The current locks of all cases, newest first."""
    rows = session.execute(
        select(Case.id, PinCounter.counter, PinCounter.locked_at, PinCounter.spent_at)
        .join(PinCounter, PinCounter.number_key == Case.number_key)
        .where(HAS_LOCK)
        .order_by(func.coalesce(PinCounter.locked_at, PinCounter.spent_at).desc())
        .limit(_A_FEW)
    )
    return [Lock(row[0], row[1], kind_of(row[1]), row[2], row[3]) for row in rows]


def lift_lock(session: Session, case_id: int, kind: str, *, by: str, now: datetime) -> int:
    """Lift this case's locks, waits and totals for one kind of phone; returns how many counters that were.

    The tries stay on record, and the next caller with the right PIN is told about them. Raises LockError.
    """
    counters = session.scalars(
        select(PinCounter)
        .join(Case, Case.number_key == PinCounter.number_key)
        .where(Case.id == case_id, HAS_LOCK)
        .with_for_update(of=PinCounter)
    ).all()
    lifted = [one for one in counters if kind_of(one.counter) == kind]
    if not lifted:
        raise LockError(LockRefusal.LIFTED)
    for one in lifted:
        one.consecutive, one.wait_until, one.locked_at, one.spent_at = 0, None, None, None
        one.lifted_at, one.told = now, True
    session.flush()
    audit.record(
        session,
        actor=by,
        action="lift_pin_lock",
        target=f"case:{case_id}",
        facts={"kind": kind, "counters": len(lifted)},
        now=now,
    )
    return len(lifted)
