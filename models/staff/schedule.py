"""Schedules: when each staff member is on shift or on call each week, and when they are away."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, String, bindparam, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit import audit
from models.staff.staff import Staff, find_staff
from models.store.base import Base

#: ``on_shift``: called for everything. ``on_call``: called for urgent callbacks while nobody is on shift.
KINDS = ("on_shift", "on_call")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Schedule(Base):
    """One span of a week, in the office's time zone. ``weekday`` is the day it starts; 0 is Monday.

    A span that ends at or before its start continues past midnight.
    """

    __tablename__ = "schedules"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    weekday: Mapped[int]
    starts: Mapped[time]
    ends: Mapped[time]


class Absence(Base):
    """Days, including the last one, on which a person's schedule puts them neither on shift nor on call."""

    __tablename__ = "absences"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    first_day: Mapped[date]
    last_day: Mapped[date]


# Built once: every pass of the sweeper sends these, and building takes longer than sending.
_WORKING = select(Staff).where(Staff.left_at.is_(None)).order_by(Staff.id)
_THEIR_SHIFTS = select(Staff.id, Staff.away, Staff.on_call, Staff.scheduled_shift).where(
    Staff.left_at.is_(None)
)
_SPANS = select(Schedule)
_AWAY = select(Absence).where(Absence.last_day >= bindparam("yesterday"))


def set_schedule(
    session: Session,
    email: str,
    *,
    kind: str,
    weekdays: Iterable[int],
    span: tuple[time, time] | None,
    actor: str,
    now: datetime,
) -> None:
    """Replace a person's weekly schedule on those days; ``span`` None leaves them free.

    A shift begun by hand continues until the next change in the new schedule. A shift begun by the schedule
    ends if the new one has none now. Raises StaffError for an unknown e-mail.
    """
    person, days = find_staff(session, email), sorted(set(weekdays))
    session.execute(
        delete(Schedule).where(
            Schedule.staff_id == person.id, Schedule.kind == kind, Schedule.weekday.in_(days)
        )
    )
    if span is not None:
        session.add_all(
            Schedule(staff_id=person.id, kind=kind, weekday=day, starts=span[0], ends=span[1]) for day in days
        )
    if kind == "on_shift" and person.scheduled_shift != person.on_shift:
        person.scheduled_shift = None
    session.flush()
    facts = {"kind": kind, "days": days, "span": span and [str(at)[:5] for at in span]}
    audit.record(
        session, actor=actor, action="set_schedule", target=f"staff:{person.id}", facts=facts, now=now
    )


def add_absence(
    session: Session, email: str, first_day: date, last_day: date, *, actor: str, now: datetime
) -> None:
    """Add days on which a person is away. Raises StaffError for an unknown e-mail."""
    person = find_staff(session, email)
    session.add(Absence(staff_id=person.id, first_day=first_day, last_day=last_day))
    session.flush()
    facts = {"first_day": first_day.isoformat(), "last_day": last_day.isoformat()}
    audit.record(
        session, actor=actor, action="add_absence", target=f"staff:{person.id}", facts=facts, now=now
    )


def remove_absence(session: Session, absence_id: int, *, actor: str, now: datetime) -> int | None:
    """Remove an absence; returns whose it was, or None if it does not exist."""
    absence = session.get(Absence, absence_id)
    if absence is None:
        return None
    staff_id = absence.staff_id
    facts = {"first_day": absence.first_day.isoformat(), "last_day": absence.last_day.isoformat()}
    session.delete(absence)
    session.flush()
    audit.record(
        session, actor=actor, action="remove_absence", target=f"staff:{staff_id}", facts=facts, now=now
    )
    return staff_id


def absences_of(session: Session, staff_id: int, since: date) -> list[Absence]:
    """A person's absences that have not ended before ``since``, the next one first."""
    theirs = select(Absence).where(Absence.staff_id == staff_id, Absence.last_day >= since)
    return list(session.scalars(theirs.order_by(Absence.first_day, Absence.id)))


def all_absences(session: Session, since: date) -> list[Absence]:
    """Everyone's absences that have not ended before ``since``, the next one first."""
    found = select(Absence).where(Absence.last_day >= since)
    return list(session.scalars(found.order_by(Absence.first_day, Absence.id)))


def weeks(session: Session) -> list[Schedule]:
    """Everyone's spans, from Monday on."""
    return list(session.scalars(select(Schedule).order_by(Schedule.weekday, Schedule.starts, Schedule.id)))


def week_of(session: Session, staff_id: int) -> list[Schedule]:
    """A person's spans, from Monday on."""
    spans = select(Schedule).where(Schedule.staff_id == staff_id)
    return list(session.scalars(spans.order_by(Schedule.kind, Schedule.weekday, Schedule.starts)))


def apply_schedules(
    session: Session, now: datetime, zone: ZoneInfo, is_holiday: Callable[[date], bool]
) -> None:
    """Begin and end shifts by the schedules, only at each change of a person's schedule.

    So a change of shift by hand applies until the next scheduled one. Office holidays and absences end a
    person's shift; only an absence ends on-call duty.
    """
    plans = _Plans(session, now, zone, is_holiday)
    for person in session.scalars(_WORKING).all():
        person.away, person.on_call, scheduled = plans.of(person)
        if scheduled is not None:
            _follow(session, person, scheduled, now)
    session.flush()


def is_any_change(
    session: Session, now: datetime, zone: ZoneInfo, is_holiday: Callable[[date], bool]
) -> bool:
    """Whether ``apply_schedules`` has anything to change."""
    plans = _Plans(session, now, zone, is_holiday)
    for person in session.execute(_THEIR_SHIFTS):
        *planned, scheduled = plans.of(person)
        if planned != [person.away, person.on_call] or scheduled not in (None, person.scheduled_shift):
            return True
    return False


class _Plans:
    """What the schedules say of each person at one moment."""

    def __init__(
        self, session: Session, now: datetime, zone: ZoneInfo, is_holiday: Callable[[date], bool]
    ) -> None:
        self._now, self._zone, self._is_holiday = now, zone, is_holiday
        self._today = now.astimezone(zone).date()
        self._spans, self._away = read_plans(session, self._today)

    def of(self, person: Any) -> tuple[bool, bool, bool | None]:
        """Whether they are away, on call and on shift; None for one whose shifts no schedule decides."""
        absences, week = self._away.get(person.id, []), self._spans.get(person.id, [])
        is_on = {
            kind: any(
                span.kind == kind and covers(span, self._now, self._zone, self._is_holiday, absences)
                for span in week
            )
            for kind in KINDS
        }
        is_away = any(one.first_day <= self._today <= one.last_day for one in absences)
        # A person whose schedule put them on shift and is now gone is taken off shift.
        is_scheduled = person.scheduled_shift or any(span.kind == "on_shift" for span in week)
        return is_away, is_on["on_call"], is_on["on_shift"] if is_scheduled else None


def read_plans(session: Session, today: date) -> tuple[dict[int, list[Schedule]], dict[int, list[Absence]]]:
    """Everyone's spans, and their absences that may still matter on ``today``, by person."""
    spans: dict[int, list[Schedule]] = {}
    for span in session.scalars(_SPANS):
        spans.setdefault(span.staff_id, []).append(span)
    away: dict[int, list[Absence]] = {}
    for absence in session.scalars(_AWAY, {"yesterday": today - timedelta(days=1)}):
        away.setdefault(absence.staff_id, []).append(absence)
    return spans, away


def _follow(session: Session, person: Staff, scheduled: bool, now: datetime) -> None:
    if person.scheduled_shift == scheduled:
        return
    person.set_away_at = None
    # A new schedule does not end a shift that the person began by hand.
    is_change = person.scheduled_shift is not None or scheduled
    person.scheduled_shift = scheduled
    if is_change and person.on_shift != scheduled:
        person.on_shift, person.shift_changed_at = scheduled, now
        person.missed_offers, person.wrap_up_until, person.spared_until = 0, None, None
        action = "begin_shift" if scheduled else "end_shift"
        audit.record(session, actor="schedule", action=action, target=f"staff:{person.id}", now=now)


def covers(
    span: Schedule,
    now: datetime,
    zone: ZoneInfo,
    is_holiday: Callable[[date], bool],
    away: Iterable[Absence],
) -> bool:
    """Whether somebody with this span is on shift or on call by it at ``now``, but for days ``away``."""
    over_midnight = span.ends <= span.starts
    today = now.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)) if over_midnight else (today,):
        if not is_worked(span, day, is_holiday, away):
            continue
        starts = datetime.combine(day, span.starts, zone)
        ends = datetime.combine(day + timedelta(days=over_midnight), span.ends, zone)
        # Compared as moments, not as local times: when clocks are set back, one local hour occurs twice.
        if starts.timestamp() <= now.timestamp() < ends.timestamp():
            return True
    return False


def is_worked(span: Schedule, day: date, is_holiday: Callable[[date], bool], away: Iterable[Absence]) -> bool:
    """Whether the span begins on this day: not on another weekday, a day away, or a holiday."""
    if day.weekday() != span.weekday or any(one.first_day <= day <= one.last_day for one in away):
        return False
    return span.kind != "on_shift" or not is_holiday(day)
