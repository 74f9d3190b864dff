"""Alarms: events in the audit that a supervisor should ask about, each once until it is settled."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ForeignKey, Index, String, Table, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit import audit
from models.staff.alert import AUDIT_ALARM, Told, recipients, responsible, tell
from models.staff.paging import take_page
from models.staff.refusals import AlarmRefusal
from models.staff.staff import Staff
from models.store.base import Base, UtcDateTime
from models.store.database import is_any
from models.store.policies import Policies
from models.store.refusal import RefusedError

#: The rules: about a case or a number that was viewed, and about the people who view and approve.
RULES = (
    "without_call", "many_looks", "one_pair", "own_name", "own_phone", "tied_pair", "shell_pair",
    "many_searches",
)  # fmt: skip
#: The alarm for an approval by a command. The people it names must be told: someone at a shell named them.
SHELL_PAIR = "shell_pair"
#: What a supervisor found when asking: a code each, so that no name is written down.
FINDINGS = ("explained", "talked_to", "taken_further")
_OPEN = text("settled_at IS NULL")


class AlarmError(RefusedError):
    """An alarm cannot be settled this way; the message says why."""


class AuditAlarm(Base):
    """``rule`` is one of RULES; ``actor`` an e-mail (two, for a pair); ``target`` as in the audit.

    ``count`` is the rule's count when it was last raised. While the alarm is open, the same finding only
    updates ``count`` and the last entry. ``told_at`` is when supervisors were told of it.
    """

    __tablename__ = "audit_alarms"
    __table_args__ = (
        Index(
            "uq_audit_alarms_open", "rule", "actor", "target", unique=True,
            sqlite_where=_OPEN, postgresql_where=_OPEN,
        ),
        Index("ix_audit_alarms_settled", "settled_at", "id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(512))
    target: Mapped[str] = mapped_column(String(64))
    count: Mapped[int]
    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entries.id"))
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by: Mapped[str | None] = mapped_column(String(254))
    finding: Mapped[str | None] = mapped_column(String(16))
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


_ALARMS = cast(Table, AuditAlarm.__table__)
_UNTOLD = (_OPEN, _ALARMS.c.told_at.is_(None))
_ANY_UNTOLD = select(_ALARMS.c.id).where(*_UNTOLD).limit(1)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found at one entry."""

    rule: str
    actor: str
    target: str
    count: int


def raise_alarm(session: Session, found: Finding, entry_id: int, at: datetime, now: datetime) -> bool:
    """Open an alarm, or update the open one; returns whether it is new. A new one gets an audit entry."""
    known = session.scalar(
        update(_ALARMS)
        .where(
            _ALARMS.c.rule == found.rule,
            _ALARMS.c.actor == found.actor,
            _ALARMS.c.target == found.target,
            _OPEN,
        )
        .values(count=found.count, entry_id=entry_id, last_at=at)
        .returning(_ALARMS.c.id)
    )
    if known is not None:
        return False
    alarm = AuditAlarm(
        rule=found.rule, actor=found.actor, target=found.target, count=found.count, entry_id=entry_id,
        last_at=at,
    )  # fmt: skip
    session.add(alarm)
    session.flush()
    audit.record(
        session,
        actor="sweeper",
        action="raise_audit_alarm",
        target=f"alarm:{alarm.id}",
        facts={"rule": found.rule, "entry": entry_id, "count": found.count},
        now=now,
    )
    return True


def has_untold_alarms(session: Session) -> bool:
    """Whether supervisors have not yet been told of an alarm that nobody settled."""
    return is_any(session, _ANY_UNTOLD)


def tell_of_alarms(session: Session, now: datetime, policies: Policies) -> None:
    """Tell the supervisors in one text how many alarms came; nobody is told of one about themselves.

    The exception: people whom a command named in their absence must be told, whatever their role. An alarm
    about every supervisor goes to the administrators.
    """
    if not has_untold_alarms(session) or not take_page(session, AUDIT_ALARM, now, policies.page_minutes):
        return
    untold = update(_ALARMS).where(*_UNTOLD).values(told_at=now).returning(_ALARMS.c.rule, _ALARMS.c.actor)
    people, counts = recipients(session), Counter[int]()
    for rule, actor in session.execute(untold).all():
        emails = actor.split(" ")
        about = () if rule == SHELL_PAIR else emails
        told = {one.staff_id for one in responsible(people, but=about)}
        counts.update(told | _ids_of(session, emails) if rule == SHELL_PAIR else told)
    tell(session, AUDIT_ALARM, [Told(who, count) for who, count in sorted(counts.items())], now)


def _ids_of(session: Session, emails: Sequence[str]) -> set[int]:
    """Those of these people who are still on the staff list, away or not."""
    return set(session.scalars(select(Staff.id).where(Staff.email.in_(emails), Staff.left_at.is_(None))))


def open_alarms(session: Session, limit: int = 200) -> Sequence[AuditAlarm]:
    """The alarms that nobody settled yet, newest first."""
    query = select(AuditAlarm).where(_OPEN).order_by(AuditAlarm.id.desc()).limit(limit)
    return session.scalars(query).all()


def settled_alarms(session: Session, limit: int = 50) -> Sequence[AuditAlarm]:
    """The last settled alarms, newest first."""
    query = (
        select(AuditAlarm)
        .where(AuditAlarm.settled_at.is_not(None))
        .order_by(AuditAlarm.settled_at.desc(), AuditAlarm.id.desc())
        .limit(limit)
    )
    return session.scalars(query).all()


def is_about(alarm: AuditAlarm, email: str) -> bool:
    """Whether the alarm is about this person's actions."""
    return email in alarm.actor.split(" ")


def settle_alarm(session: Session, alarm_id: int, *, finding: str, by: str, now: datetime) -> None:
    """Record what was found, by someone whom the alarm is not about. Raises AlarmError."""
    if finding not in FINDINGS:
        raise AlarmError(AlarmRefusal.NO_FINDING)
    alarm = session.scalars(
        select(AuditAlarm).where(AuditAlarm.id == alarm_id).with_for_update()
    ).one_or_none()
    if alarm is None:
        raise AlarmError(AlarmRefusal.UNKNOWN)
    if alarm.settled_at is not None:
        raise AlarmError(AlarmRefusal.SETTLED, who=alarm.settled_by)
    if is_about(alarm, by):
        raise AlarmError(AlarmRefusal.ABOUT_YOU)
    alarm.settled_at, alarm.settled_by, alarm.finding = now, by, finding
    session.flush()
    facts: dict[str, Any] = {"rule": alarm.rule, "finding": finding}
    audit.record(
        session, actor=by, action="settle_audit_alarm", target=f"alarm:{alarm_id}", facts=facts, now=now
    )
