"""Alerts: one text or call to one staff member, and who is told (R36, R39)."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import ForeignKey, Index, String, Table, false, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.staff.staff import Staff
from models.store.base import Base, UtcDateTime
from models.store.database import changed_one
from models.store.policies import Policies

#: The levels that an overdue promise passes through in order, who is told, and the policy that says when.
LEVELS: tuple[tuple[str, str, Callable[[Policies], int], int], ...] = (
    ("staff_before", "staff", lambda policies: policies.warn_staff_before_minutes, 1),
    ("supervisor_before", "supervisor", lambda policies: policies.warn_supervisor_before_minutes, 1),
    ("staff_after", "staff", lambda policies: policies.warn_staff_after_minutes, -1),
    ("supervisor_after", "supervisor", lambda policies: policies.warn_supervisor_after_minutes, -1),
)
#: The level of a promise that is put off until after its moment: supervisors are told at once, as they are
#: shortly before any other promise is due.
PUT_OFF, PUT_OFF_TOLD = -1, 2
#: A callback that was left for a person, and its level once somebody was told of it.
LEFT, LEFT_TOLD = "left_for_staff", len(LEVELS) + 1
#: Other matters for supervisors: an import is held, its call list is ready, the audit has an alarm.
IMPORT_HELD, CALL_LIST, AUDIT_ALARM = "import_held", "call_list", "audit_alarm"
#: The carrier refuses the account's calls, or its texts; a role shows no sign of life (R39).
CALLS_REFUSED, TEXTS_REFUSED, ROLE_SILENT = "calls_refused", "texts_refused", "role_silent"
#: The carrier refuses calls from one of our numbers.
LINE_REFUSED = "line_refused"
#: A number is locked after wrong PINs (R04); reports of lost PINs wait for a supervisor (R08).
PIN_LOCKS, LOST_PINS = "pin_locks", "lost_pins"
#: The feed has confirmed nobody for too long (R14).
FEED_SILENT = "feed_silent"
#: A batch in the watched folder is not what its sender's signature says (R16).
FEED_REFUSED = "feed_refused"
#: The watched folder, or the file of the sender's keys, cannot be used.
FEED_STOPPED = "feed_stopped"
#: The sweeper purges nothing before somebody has looked at the clock (R41).
PURGE_WAITS = "purge_waits"
#: The feed sent names that no directory has, or unknown codes (R14, R15).
UNLISTED = "unlisted"
#: A matter for its reader alone; the words do not say what (R10).
ONLY_YOU = "only_you"
#: Somebody became a supervisor or an administrator (R40).
NEW_APPROVER = "new_approver"
#: Urgent work that nobody takes; and offers missed in a row, about which the liaison themselves is told.
UNTAKEN, SET_AWAY = "urgent_untaken", "set_away"
#: Notices that nobody has confirmed, or that need a person (R34).
NOTICES_LATE = "notices_late"
#: The prompt of each level's alert; all others are about promises that are at risk.
PROMPTS = {
    LEFT: "alert.left",
    IMPORT_HELD: "alert.import_held",
    CALL_LIST: "alert.call_list",
    AUDIT_ALARM: "alert.audit_alarm",
    CALLS_REFUSED: "alert.calls_refused",
    LINE_REFUSED: "alert.line_refused",
    TEXTS_REFUSED: "alert.texts_refused",
    ROLE_SILENT: "alert.role_silent",
    FEED_SILENT: "alert.feed_silent",
    FEED_REFUSED: "alert.feed_refused",
    FEED_STOPPED: "alert.feed_stopped",
    PURGE_WAITS: "alert.purge_waits",
    PIN_LOCKS: "alert.pin_locks",
    LOST_PINS: "alert.lost_pins",
    NEW_APPROVER: "alert.new_approver",
    UNLISTED: "alert.unlisted",
    UNTAKEN: "alert.untaken",
    SET_AWAY: "alert.set_away",
    ONLY_YOU: "alert.only_you",
    NOTICES_LATE: "alert.notices",
}
#: Levels that are told without a count.
_UNCOUNTED = frozenset(
    {
        CALLS_REFUSED,
        LINE_REFUSED,
        TEXTS_REFUSED,
        ROLE_SILENT,
        ONLY_YOU,
        NEW_APPROVER,
        FEED_SILENT,
        FEED_REFUSED,
        FEED_STOPPED,
        PURGE_WAITS,
    }
)
#: Levels that are told only by text, because nobody needs to be woken for them.
_BY_TEXT = frozenset(
    {
        LEFT,
        AUDIT_ALARM,
        CALLS_REFUSED,
        LINE_REFUSED,
        PIN_LOCKS,
        LOST_PINS,
        NEW_APPROVER,
        SET_AWAY,
        UNLISTED,
        PURGE_WAITS,
    }
)
#: Levels that are told only by call, because it is texts that are refused.
_BY_CALL = frozenset({TEXTS_REFUSED})
#: Not sent yet, in the same words as the partial index.
UNSENT = text("state IN ('made','sending')")


class Alert(Base):
    """One text or call to one person, which says how many promises became at risk at once.

    ``promises`` is the count that it tells: of imports or alarms if ``level`` is about those. ``is_repeat``:
    it repeats one of which nobody knows whether it was sent, and no other repeats it.

    ``state`` goes from ``made`` through ``sending`` to ``sent``, ``refused`` or ``unknown``. Back in ``made``
    it is not sent before ``sent_at``.
    """

    __tablename__ = "alerts"
    __table_args__ = (Index("ix_alerts_unsent", "made_at", sqlite_where=UNSENT, postgresql_where=UNSENT),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    channel: Mapped[str] = mapped_column(String(8))
    level: Mapped[str] = mapped_column(String(24))
    promises: Mapped[int]
    is_repeat: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[str] = mapped_column(String(8), default="made")
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"), index=True)


ALERTS = cast(Table, Alert.__table__)


@dataclass(frozen=True, slots=True)
class Told:
    """What one person is told: a count in a text, and if ``is_rung`` also in a call."""

    staff_id: int
    count: int
    is_rung: bool = False


class Recipient(NamedTuple):
    """A supervisor or administrator who is told when something needs a person."""

    staff_id: int
    role: str
    email: str
    is_at_hand: bool


def prompt_of(level: str, count: int) -> str:
    """The id of the prompt for an alert of this level; its slot is ``count``, unless that is one."""
    prompt = PROMPTS.get(level, "alert.late")
    return f"{prompt}_one" if count == 1 and level not in _UNCOUNTED else prompt


def tell(session: Session, level: str, told: Iterable[Told], now: datetime) -> None:
    """Create the alerts of one level: a text to each person, and a call to those with ``is_rung``.

    An older alert that could not be sent yet is updated instead. After a night in which the carrier refused
    our texts, nobody gets one text for every quarter of an hour.
    """
    people = list(told)
    texts = [(one, "text") for one in people if level not in _BY_CALL]
    calls = [(one, "call") for one in people if one.is_rung and level not in _BY_TEXT]
    for one, channel in [*texts, *calls]:
        whose = {"staff_id": one.staff_id, "channel": channel, "level": level}
        unsent = update(ALERTS).where(UNSENT, ALERTS.c.state == "made").filter_by(**whose)
        news = {"promises": one.count, "made_at": now}
        if not changed_one(session, unsent.values(**news)):
            session.add(Alert(**whose, **news))
    session.flush()


def recipients(session: Session) -> list[Recipient]:
    """Every supervisor and administrator who is not away; all of them if all are away, so somebody hears."""
    found = session.execute(
        select(Staff.id, Staff.role, Staff.email, or_(Staff.on_shift, Staff.on_call), Staff.away)
        .where(Staff.role.in_(("supervisor", "administrator")), Staff.left_at.is_(None))
        .order_by(Staff.id)
    ).all()
    here = [row for row in found if not row.away]
    return [Recipient(*row[:4]) for row in here or found]


def responsible(people: Sequence[Recipient], but: Collection[str] = ()) -> list[Recipient]:
    """The supervisors among them except ``but`` (e-mails); the administrators if none is left."""
    for role in ("supervisor", "administrator"):
        found = [one for one in people if one.role == role and one.email not in but]
        if found:
            return found
    return []


def tell_supervisors(session: Session, level: str, count: int, now: datetime, is_open: bool) -> None:
    """Create alerts for the supervisors; for the administrators if there is no supervisor.

    While the office is closed, only those at hand are called; the others get a text.
    """
    people = responsible(recipients(session))
    tell(session, level, [Told(one.staff_id, count, is_open or one.is_at_hand) for one in people], now)


def tell_both_roles(session: Session, level: str, now: datetime, *, but: int) -> None:
    """Text every supervisor and administrator but one, away or not (R40)."""
    people = session.scalars(
        select(Staff.id)
        .where(Staff.role.in_(("supervisor", "administrator")), Staff.left_at.is_(None), Staff.id != but)
        .order_by(Staff.id)
    )
    for staff_id in people.all():
        session.add(Alert(staff_id=staff_id, channel="text", level=level, promises=1, made_at=now))
    session.flush()


def alert_of(session: Session, call_id: int) -> tuple[str, int]:
    """The level of the alert that this call tells, and how many promises it is about."""
    found = session.execute(select(Alert.level, Alert.promises).where(Alert.call_id == call_id)).first()
    return ("", 0) if found is None else (found.level, found.promises)
