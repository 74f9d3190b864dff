"""Two-person rule: nobody approves with or for an account that they themselves could control (R40)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import combinations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import audit
from models.audit.audit import AuditEntry
from models.staff.refusals import TiedRefusal
from models.staff.staff import Staff
from models.store.refusal import RefusedError

#: The roles that settle imports, approve PINs and agree to audit exports.
APPROVERS = ("supervisor", "administrator")
#: Actions on another's account after which the actor may be able to sign in as that person, or has chosen
#: their role.
DEEDS = ("add_staff", "reset_sign_in", "take_back_staff", "change_staff")
ATTEMPT = "try_tied_approval"


class TiedError(RefusedError):
    """These two may not approve together; ``ids`` are theirs and ``target`` is what they would approve."""

    def __init__(self, ids: tuple[int, int], target: str) -> None:
        super().__init__(TiedRefusal.TIED)
        self.ids, self.target = ids, target


def check_untied(
    session: Session, first_id: int, second_id: int, target: str, now: datetime, days: float
) -> None:
    """Raise TiedError if one of two people created, reset, restored or re-roled the other within ``days``.

    Ties through other accounts count too: a person who added two accounts could sign in as both.
    """
    origins = _origins(session, now, days)
    if origins[first_id] & origins[second_id]:
        raise TiedError((first_id, second_id), target)


def tied_to(
    session: Session, staff_id: int, others: Iterable[int], now: datetime, days: float
) -> frozenset[int]:
    """Those of ``others`` with whom this person may approve nothing now, as ``check_untied`` decides."""
    asked = frozenset(others) - {staff_id}
    if not asked:
        return frozenset()
    origins = _origins(session, now, days)
    return frozenset(one for one in asked if origins[one] & origins[staff_id])


def missing_pairs(session: Session, now: datetime, days: float) -> Sequence[str]:
    """What no two of the current staff may approve together: ``imports``, ``exports``, or an empty list."""
    people = session.execute(
        select(Staff.id, Staff.role).where(Staff.role.in_(APPROVERS), Staff.left_at.is_(None))
    ).all()
    origins = _origins(session, now, days)
    pairs = [
        first.role != second.role
        for first, second in combinations(people, 2)
        if not origins[first.id] & origins[second.id]
    ]
    return [name for name, there in (("imports", bool(pairs)), ("exports", any(pairs))) if not there]


def note_attempt(session: Session, error: TiedError, actor: str, now: datetime) -> None:
    """Record that two people tried it, in its own transaction; the watch of the audit raises the alarm."""
    first, second = error.ids
    audit.record(
        session, actor=actor, action=ATTEMPT, target=error.target, now=now,
        facts={"asked_by": first, "second": second},
    )  # fmt: skip


class _Origins(defaultdict[int, frozenset[int]]):
    """For each person, themselves and whoever made their account what it is; for others only themselves."""

    def __missing__(self, staff_id: int) -> frozenset[int]:
        return frozenset({staff_id})


def _origins(session: Session, now: datetime, days: float) -> _Origins:
    makers: dict[int, set[int]] = defaultdict(set)
    entries = session.execute(
        select(Staff.id, AuditEntry.target, AuditEntry.action, AuditEntry.facts)
        .join(Staff, Staff.email == AuditEntry.actor)
        .where(AuditEntry.action.in_(DEEDS), AuditEntry.at > now - timedelta(days=days))
    )
    for maker_id, target, action, facts in entries:
        # An entry whose facts were purged does not say what was changed; it counts as a change of role.
        if action == "change_staff" and facts is not None and "role" not in facts.get("changed", ()):
            continue
        makers[int(target.partition(":")[2])].add(maker_id)
    found = _Origins()
    for made in makers:
        seen, open_ = {made}, [made]
        while open_:
            new = makers.get(open_.pop(), set()) - seen
            seen |= new
            open_ += new
        found[made] = frozenset(seen)
    return found
