"""The rota: who will be there at a moment to come, by schedules, days off and shifts begun by hand (R36)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.staff.schedule import Absence, Schedule, covers, is_worked, read_plans
from models.staff.staff import Staff

#: Nobody is expected to stay longer than this on a shift that they began by hand.
_BY_HAND = timedelta(hours=12)
#: Schedules repeat after a week, so what is not found in this many days is not found.
_DAYS = 8


class OfficeHours(Protocol):
    """When the office is open. ``next_open(at)`` is the earliest moment at or after ``at`` when it is."""

    @property
    def zone(self) -> ZoneInfo: ...
    @property
    def is_holiday(self) -> Callable[[date], bool]: ...
    @property
    def is_open(self) -> Callable[[datetime], bool]: ...
    @property
    def next_open(self) -> Callable[[datetime], datetime]: ...


@dataclass(frozen=True, slots=True)
class _Person:
    role: str
    #: On shift now by hand: until their schedule next begins a shift, which then also ends it.
    stays_on: bool
    #: Off shift now, though their schedule has them on it: they went home, or were set away.
    has_left: bool
    #: The day on which they ended their last shift, or were set away, once the office was open; else None.
    went_on: date | None
    week: tuple[Schedule, ...]
    absences: tuple[Absence, ...]

    @property
    def has_shifts(self) -> bool:
        return any(span.kind == "on_shift" for span in self.week)

    def is_away(self, day: date) -> bool:
        return any(one.first_day <= day <= one.last_day for one in self.absences)


class Rota:
    """Everyone's plans, read once. Work that is not ``urgent`` is taken by those on shift alone."""

    def __init__(self, session: Session, now: datetime, office: OfficeHours) -> None:
        self._now, self._office, self._zone = now, office, office.zone
        spans, away = read_plans(session, now.astimezone(self._zone).date())
        people = select(Staff.id, Staff.role, Staff.on_shift, Staff.scheduled_shift, Staff.shift_changed_at)
        self._people = list[_Person]()
        for one in session.execute(people.where(Staff.left_at.is_(None))):
            week = tuple(spans.get(one.id, ()))
            follows = one.scheduled_shift is not False and any(span.kind == "on_shift" for span in week)
            stays_on, has_left = one.on_shift and not follows, bool(one.scheduled_shift) and not one.on_shift
            ended_at = None if one.on_shift else one.shift_changed_at
            went_on = None if ended_at is None else self._office_day(ended_at)
            absences = tuple(away.get(one.id, ()))
            self._people.append(_Person(one.role, stays_on, has_left, went_on, week, absences))

    def first_served(self, at: datetime, *, urgent: bool = True) -> datetime:
        """The earliest moment at or after ``at`` when somebody takes such work; at night those on call.

        Where nobody is known to come within a week, the office's hours are all that is known.
        """
        if self._is_anyone_there(at, urgent=urgent):
            return at
        known = (self.next_begin(at, urgent=urgent), self._next_kept(at, urgent=urgent))
        return min((one for one in known if one is not None), default=self._office.next_open(at))

    def first_inside(
        self, at: datetime, opens_at: Callable[[datetime], datetime | None], *, urgent: bool
    ) -> datetime | None:
        """The same, when the person may be called too; None if there is no such moment within a week.

        ``opens_at`` is the earliest moment at or after one at which the person may be called.
        """
        last: datetime | None = None
        while (opens := opens_at(at)) is not None:
            last = last or opens + timedelta(days=_DAYS)
            at = self.first_served(opens, urgent=urgent)
            if at == opens:
                return opens
            if at > last:
                break
        return None

    def next_begin(self, after: datetime, *, urgent: bool = True) -> datetime | None:
        """When the next span of anybody's schedule begins, after ``after``; None if none does in a week."""
        begins = (at for one in self._people for at in self._begins(one, after, urgent=urgent))
        return min(begins, default=None)

    def _is_anyone_there(self, at: datetime, *, urgent: bool) -> bool:
        if self._office.is_open(at) and self._keeps_hours(at, urgent=urgent):
            return True
        return any(
            self._stays_on(one, at)
            or any(self._is_there(one, span, at) for span in self._spans(one, urgent=urgent))
            for one in self._people
        )

    def _keeps_hours(self, at: datetime, *, urgent: bool) -> bool:
        """Whether somebody may be there at any open moment of that day.

        That is one who begins shifts by hand, unless they have ended one since it opened, and for urgent work
        a supervisor; not on a day off.
        """
        day = at.astimezone(self._zone).date()
        return any(
            (one.role == "supervisor" and urgent)
            or (one.role == "liaison" and not one.has_shifts and one.went_on != day)
            for one in self._people
            if not one.is_away(day)
        )

    def _office_day(self, at: datetime) -> date | None:
        """The day of the office that ``at`` is in; None before the office first opens that day."""
        day = at.astimezone(self._zone).date()
        opens = self._office.next_open(datetime.combine(day, time(), self._zone).astimezone(UTC))
        return day if opens <= at else None

    def _next_kept(self, at: datetime, *, urgent: bool) -> datetime | None:
        """When the office next opens on a day on which somebody keeps its hours; None within a week."""
        last = at + timedelta(days=_DAYS)
        while at <= last:
            at = self._office.next_open(at)
            if self._keeps_hours(at, urgent=urgent):
                return at
            at = next_day(at, self._zone)
        return None

    def _stays_on(self, one: _Person, at: datetime) -> bool:
        if not one.stays_on or at >= self._now + _BY_HAND:
            return False
        return all(begins > at for begins in self._begins(one, self._now, urgent=False))

    def _begins(self, one: _Person, after: datetime, *, urgent: bool) -> Iterator[datetime]:
        today = after.astimezone(self._zone).date()
        for span in self._spans(one, urgent=urgent):
            for day in (today + timedelta(days=ahead) for ahead in range(_DAYS)):
                if is_worked(span, day, self._office.is_holiday, one.absences):
                    begins = datetime.combine(day, span.starts, self._zone).astimezone(UTC)
                    if begins > after:
                        yield begins

    def _is_there(self, one: _Person, span: Schedule, at: datetime) -> bool:
        if not self._covers(one, span, at):
            return False
        is_over = one.has_left and span.kind == "on_shift" and at < self._now + timedelta(days=1)
        return not (is_over and self._covers(one, span, self._now))

    def _covers(self, one: _Person, span: Schedule, at: datetime) -> bool:
        return covers(span, at, self._zone, self._office.is_holiday, one.absences)

    @staticmethod
    def _spans(one: _Person, *, urgent: bool) -> list[Schedule]:
        return [span for span in one.week if urgent or span.kind == "on_shift"]


def next_day(at: datetime, zone: ZoneInfo) -> datetime:
    """The midnight that ends the day of ``at`` in ``zone``."""
    return datetime.combine(at.astimezone(zone).date() + timedelta(days=1), time(), zone).astimezone(UTC)
