"""Watches new audit entries: views without a call, many views, own name or phone, and one pair (R37).

It continues after the last entry it saw, so an entry is judged once and no table is read from its start.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit.audit import AuditEntry
from models.callbacks.callback import STAFF_CALL, Callback
from models.calls.call import Call
from models.cases.case import Case
from models.cases.registrant import Phone, Registrant
from models.cases.subject import Subject
from models.cases.surname import surnames
from models.staff.alert import NEW_APPROVER, tell_both_roles
from models.staff.audit_alarm import SHELL_PAIR, Finding, raise_alarm
from models.staff.staff import Staff
from models.staff.two_people import APPROVERS, ATTEMPT
from models.store.base import Base, UtcDateTime
from models.store.database import keyring_of
from models.store.policies import Policies

#: The actions that count as viewing a case or a number of it; ``target`` is ``case:ID``, ``callback:ID`` or
#: ``phone:ID``.
LOOKS = frozenset({"look_at_case", "reveal_number", "reveal_case_number", "reveal_phone", "reveal_name"})
#: The actions that need two people's approval; their names are in two entries, or the second entry names the
#: first person.
APPROVALS = frozenset(
    {
        "release_import",
        "retract_import",
        "reject_import",
        "land_upload",
        "vouch_import",
        "replace_lost_pin",
        "approve_pin",
        "approve_request",
        "agree_audit_export",
        "add_hold",
        "lift_hold",
    }
)
#: In an entry of APPROVALS: the fact that names, by id, who asked for what ``actor`` then approved.
ASKED_BY = "asked_by"
#: After these actions somebody may approve who could not before.
NEW_APPROVERS = frozenset({"add_staff", "change_staff", "take_back_staff"})
BATCH = 200
#: Views of the same page within this time count as one: people who work on a case come back to it.
ONE_LOOK = timedelta(minutes=5)
MOST_LOOKS = 2000
_CURSOR = "alarms"
_STAFF_PREFIXES = ("liaison:", "staff:")


class AuditWatch(Base):
    """How far a reader of the audit has come: the last entry it judged."""

    __tablename__ = "audit_watches"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    entry_id: Mapped[int]


class Approval(Base):
    """One thing that two people approved, to count who approves with whom. ``pair`` is two e-mails."""

    __tablename__ = "approvals"
    __table_args__ = (Index("ix_approvals_at", "at", "pair"),)

    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entries.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str] = mapped_column(String(64))
    pair: Mapped[str] = mapped_column(String(512))


@dataclass(frozen=True, slots=True)
class Look:
    """A view by a staff member of something that belongs to one case."""

    entry: Any
    person: Staff
    case_id: int
    subject_id: int
    registrant_id: int


_SEEN_AND_NEWEST = select(AuditWatch.entry_id, select(func.max(AuditEntry.id)).scalar_subquery()).where(
    AuditWatch.name == _CURSOR
)
#: A rule for views: its name is in RULES, and it returns a count; 0 when there is nothing to ask about.
LookRule = Callable[[Session, Look, Policies], int]


def has_news(session: Session) -> bool:
    """Whether there is an entry that has not been judged yet."""
    found = session.execute(_SEEN_AND_NEWEST).first()
    return found is None or (found[1] or 0) > found[0]


def watch(session: Session, now: datetime, policies: Policies) -> list[Finding]:
    """Judge the entries since the last time; returns the new alarms.

    The first time it begins at the end of the chain, because entries from before the console have no views.
    """
    cursor = session.scalars(
        select(AuditWatch).where(AuditWatch.name == _CURSOR).with_for_update()
    ).one_or_none()
    if cursor is None:
        newest = session.scalar(select(func.max(AuditEntry.id))) or 0
        session.add(AuditWatch(name=_CURSOR, entry_id=newest))
        session.flush()
        return []
    entries = session.execute(
        select(
            AuditEntry.id, AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.target,
            AuditEntry.facts,
        )
        .where(AuditEntry.id > cursor.entry_id)
        .order_by(AuditEntry.id)
        .limit(BATCH)
    ).all()  # fmt: skip
    new = []
    for entry in entries:
        _tell_of_approver(session, entry, now)
        for found in _judge(session, entry, policies):
            if raise_alarm(session, found, entry.id, entry.at, now):
                new.append(found)
    if entries:
        cursor.entry_id = entries[-1].id
        session.flush()
    return new


def _judge(session: Session, entry: Any, policies: Policies) -> Iterator[Finding]:
    if entry.action in LOOKS:
        look = _look(session, entry)
        if look is not None:
            for rule, (count, target) in LOOK_RULES.items():
                if number := count(session, look, policies):
                    yield Finding(rule, look.person.email, target(look), number)
    elif entry.action in APPROVALS:
        yield from _one_pair(session, entry, policies)
        yield from _shell_pair(session, entry)
    elif entry.action == "search_cases":
        yield from _many_searches(session, entry, policies)
    elif entry.action == ATTEMPT:
        yield from _tied_pair(session, entry)


def _look(session: Session, entry: Any) -> Look | None:
    person = _person(session, entry.actor)
    kind, _, id_ = entry.target.partition(":")
    if person is None or not id_.isdecimal():
        return None
    query = select(Case.id, Case.subject_id, Case.registrant_id).order_by(Case.id.desc()).limit(1)
    if kind == "case":
        query = query.where(Case.id == int(id_))
    elif kind == "callback":
        query = query.join(Callback, Callback.case_id == Case.id).where(Callback.id == int(id_))
    elif kind == "phone":
        query = query.join(Phone, Phone.registrant_id == Case.registrant_id).where(Phone.id == int(id_))
    else:
        return None
    case = session.execute(query).first()
    return None if case is None else Look(entry, person, case.id, case.subject_id, case.registrant_id)


def _person(session: Session, actor: str) -> Staff | None:
    for prefix in _STAFF_PREFIXES:
        if actor.startswith(prefix) and actor[len(prefix) :].isdecimal():
            return session.get(Staff, int(actor[len(prefix) :]))
    return session.scalars(select(Staff).where(Staff.email == actor)).one_or_none()


def _without_call(session: Session, look: Look, policies: Policies) -> int:
    """Views by one person in the last hours of cases that had no call and no callback around then."""
    hours = timedelta(hours=policies.audit_look_hours)
    if _had_call(session, look.case_id, look.entry.at, hours):
        return 0
    lately = session.execute(
        select(AuditEntry.target, AuditEntry.at)
        .where(
            AuditEntry.actor == look.entry.actor,
            AuditEntry.action == look.entry.action,
            AuditEntry.at > look.entry.at - hours,
            AuditEntry.at <= look.entry.at,
        )
        .order_by(AuditEntry.at.desc())
        .limit(BATCH)
    ).all()
    cases = {target: at for target, at in lately if target.startswith("case:")}
    alone = sum(
        not _had_call(session, int(target.partition(":")[2]), at, hours) for target, at in cases.items()
    )
    alone = max(alone, 1)
    return alone if alone > policies.audit_looks_without_call else 0


def _had_call(session: Session, case_id: int, at: datetime, hours: timedelta) -> bool:
    """Whether somebody opened the case by its PIN, or was to be called back about it, within ``hours``."""
    called = select(Call.id).where(
        Call.case_id == case_id,
        Call.verified_at.is_not(None),
        Call.started_at > at - hours,
        Call.started_at <= at,
    )
    if session.execute(called.limit(1)).first() is not None:
        return True
    # A promise that is open, or ended lately, is a reason to view the case as well; a call that staff began
    # themselves is not.
    promised = select(Callback.id, Callback.closed_at).where(
        Callback.case_id == case_id, Callback.requested_at <= at, Callback.reason != STAFF_CALL
    )
    promise = session.execute(promised.order_by(Callback.id.desc()).limit(1)).first()
    return promise is not None and (promise.closed_at is None or promise.closed_at > at - hours)


def _many_looks(session: Session, look: Look, policies: Policies) -> int:
    """Views by everybody together of one subject, through any of the cases about them, in the last hours."""
    since = look.entry.at - timedelta(hours=policies.audit_look_hours)
    cases = session.scalars(select(Case.id).where(Case.subject_id == look.subject_id)).all()
    lately = session.execute(
        select(AuditEntry.actor, AuditEntry.action, AuditEntry.target, AuditEntry.at)
        .where(
            AuditEntry.target.in_([f"case:{case_id}" for case_id in cases]),
            AuditEntry.action.in_(LOOKS),
            AuditEntry.at > since,
            AuditEntry.at <= look.entry.at,
        )
        .order_by(AuditEntry.at)
        .limit(MOST_LOOKS)
    )
    looks, counted = 0, dict[tuple[str, ...], datetime]()
    for *what, at in lately:
        last = counted.get(tuple(what))
        if last is None or at - last >= ONE_LOOK:
            counted[tuple(what)], looks = at, looks + 1
    return looks if looks > policies.audit_looks_at_subject else 0


def _own_name(session: Session, look: Look, _policies: Policies) -> int:
    """Whether the viewer shares a surname with the registrant or the subject.

    The names are unsealed only for this check: an index of surnames would show a thief of the table who
    belongs to one family.
    """
    keyring = keyring_of(session)
    mine = surnames(keyring.unseal("staff.name", look.person.name_sealed))
    subject = session.get_one(Subject, look.subject_id).name_sealed
    registrant = session.get_one(Registrant, look.registrant_id).name_sealed
    theirs = frozenset[str]()
    if subject is not None:
        theirs |= surnames(keyring.unseal("subject.name", subject))
    if registrant is not None:
        theirs |= surnames(keyring.unseal("registrant.name", registrant))
    return int(bool(mine & theirs))


def _own_phone(session: Session, look: Look, _policies: Policies) -> int:
    """Whether the viewer's phone is one of the registrant's, by their keyed indexes."""
    same = select(Phone.id).where(
        Phone.registrant_id == look.registrant_id, Phone.phone_key == look.person.phone_key
    )
    return int(session.execute(same.limit(1)).first() is not None)


def _one_pair(session: Session, entry: Any, policies: Policies) -> Iterator[Finding]:
    pair = _pair(session, entry)
    if pair is None:
        return
    session.add(Approval(entry_id=entry.id, at=entry.at, action=entry.action, pair=pair))
    session.flush()
    since = entry.at - timedelta(days=policies.audit_pair_days)
    counts: Sequence[Any] = session.execute(
        select(Approval.pair, func.count()).where(Approval.at > since).group_by(Approval.pair)
    ).all()
    every = sum(count for _, count in counts)
    theirs = next((count for one, count in counts if one == pair), 0)
    most = every * policies.audit_pair_percent / 100
    if every >= policies.audit_pair_least and theirs > most:
        yield Finding("one_pair", pair, "approvals", theirs)


def _many_searches(session: Session, entry: Any, policies: Policies) -> Iterator[Finding]:
    """One person's searches by name within the time that the office set."""
    since = entry.at - timedelta(hours=policies.audit_look_hours)
    lately = select(func.count()).where(
        AuditEntry.actor == entry.actor,
        AuditEntry.action == entry.action,
        AuditEntry.at > since,
        AuditEntry.at <= entry.at,
    )
    count = session.scalar(lately) or 0
    if count > policies.audit_searches:
        yield Finding("many_searches", entry.actor, entry.target, count)


def _shell_pair(session: Session, entry: Any) -> Iterator[Finding]:
    """An approval by a command, which names two people and verifies neither (R40)."""
    if ASKED_BY not in (entry.facts or {}) and (pair := _pair(session, entry)) is not None:
        yield Finding(SHELL_PAIR, pair, entry.target, 1)


def _tied_pair(session: Session, entry: Any) -> Iterator[Finding]:
    """Two people who tried to approve together although one could sign in as the other (R40)."""
    ids = [(entry.facts or {}).get(name) for name in (ASKED_BY, "second")]
    emails = session.scalars(select(Staff.email).where(Staff.id.in_([i for i in ids if i is not None]))).all()
    yield Finding("tied_pair", " ".join(sorted(emails)) or entry.actor, entry.target, 1)


def _tell_of_approver(session: Session, entry: Any, now: datetime) -> None:
    """Text everyone else in both roles that somebody may approve now who could not before (R40)."""
    kind, _, id_ = entry.target.partition(":")
    facts = entry.facts or {}
    if entry.action not in NEW_APPROVERS or kind != "staff" or not id_.isdecimal():
        return
    person = session.get(Staff, int(id_))
    if person is None or person.role not in APPROVERS or person.left_at is not None:
        return
    if entry.action == "change_staff" and "role" not in facts.get("changed", ()):
        return
    tell_both_roles(session, NEW_APPROVER, now, but=person.id)


def _pair(session: Session, entry: Any) -> str | None:
    """The two e-mails in alphabetical order; None when the entry does not complete an approval."""
    asker = (entry.facts or {}).get(ASKED_BY)
    second = _person(session, entry.actor)
    if isinstance(asker, int):
        first = session.get(Staff, asker)
    else:
        # On the command line both are named at once, in two consecutive entries.
        other = session.execute(
            select(AuditEntry.actor)
            .where(
                AuditEntry.target == entry.target,
                AuditEntry.at == entry.at,
                AuditEntry.action == entry.action,
                AuditEntry.id < entry.id,
            )
            .order_by(AuditEntry.id.desc())
            .limit(1)
        ).first()
        first = None if other is None else _person(session, other.actor)
    if first is None or second is None or first.id == second.id:
        return None
    return " ".join(sorted((first.email, second.email)))


#: Each rule for views: how many it counts, and what its alarm is about.
LOOK_RULES: dict[str, tuple[LookRule, Callable[[Look], str]]] = {
    "without_call": (_without_call, lambda look: f"staff:{look.person.id}"),
    "many_looks": (_many_looks, lambda look: f"subject:{look.subject_id}"),
    "own_name": (_own_name, lambda look: f"case:{look.case_id}"),
    "own_phone": (_own_phone, lambda look: f"case:{look.case_id}"),
}
