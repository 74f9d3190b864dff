"""Two people are two people: nobody approves with or for an account that the other could be (R40)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import audit
from models.audit.audit import AuditEntry
from models.staff.refusals import TiedRefusal
from models.staff.staff import Staff
from models.store.refusal import RefusedError

#: Who settles imports, approves PINs and agrees to files of the audit.
APPROVERS = ("supervisor", "administrator")
#: Deeds at another's account after which the doer may be able to sign in as that person, or chose their role.
DEEDS = ("add_staff", "reset_sign_in", "take_back_staff", "change_staff")
ATTEMPT = "try_tied_approval"


class TiedError(RefusedError):
    """These two may not approve together; ``ids`` are theirs and ``target`` what they would have approved."""

    def __init__(self, ids: tuple[int, int], target: str) -> None:
        super().__init__(TiedRefusal.TIED)
        self.ids, self.target = ids, target


def check_untied(
    session: Session, first_id: int, second_id: int, target: str, now: datetime, days: float
) -> None:
    """Raise TiedError when one of two people made, reset, re-roled or let in the other within ``days``.

    It counts through others too: who added two accounts could sign in as both.
    """
    origins = _origins(session, now, days)
    if origins[first_id] & origins[second_id]:
        raise TiedError((first_id, second_id), target)


def missing_pairs(session: Session, now: datetime, days: float) -> Sequence[str]:
    """What no two people of today may approve together: ``imports``, ``exports``, or nothing of it."""
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
    """Keep that two people tried it, in a transaction of its own; the watch of the audit raises the alarm."""
    first, second = error.ids
    audit.record(
        session, actor=actor, action=ATTEMPT, target=error.target, now=now,
        facts={"asked_by": first, "second": second},
    )  # fmt: skip


class _Origins(defaultdict[int, frozenset[int]]):
    """For each person themselves and whoever made them what they are; of others themselves alone."""

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
        # An entry that a purge has emptied does not say what was changed; it counts as a role.
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
