"""Times of day in which a person may be called: the window they asked for, and their phone's own."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.store.policies import Policies


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """From ``starts`` to ``ends`` in local time, each day; past midnight when it ends before it starts."""

    starts: time
    ends: time

    @classmethod
    def of(cls, starts: time | None, ends: time | None) -> "DailyWindow | None":
        """The window of a phone's two columns; one alone is open on its other side, neither is no window."""
        if starts is None and ends is None:
            return None
        return cls(starts or time(0), ends or time(0))

    def moment_inside(self, at: datetime, time_zone: str) -> datetime:
        """The earliest moment at or after ``at`` inside the window, in the phone's time zone."""
        zone = ZoneInfo(time_zone)
        today = at.astimezone(zone).date()
        over_midnight = timedelta(days=1 if self.ends <= self.starts else 0)
        for ahead in (-1, 0, 1):
            day = today + timedelta(days=ahead)
            opens = datetime.combine(day, self.starts, zone).astimezone(UTC)
            closes = datetime.combine(day + over_midnight, self.ends, zone).astimezone(UTC)
            if at < closes:
                return max(at, opens)
        # When clocks change, the skipped hour may contain a whole short window; the day after has it again.
        return datetime.combine(today + timedelta(days=2), self.starts, zone).astimezone(UTC)


ALL_DAY = DailyWindow(time(0), time(0))


def calling_hours(policies: Policies) -> DailyWindow:
    """The hours in which the office calls people (R29); all day in one whose windows count as open."""
    return ALL_DAY if policies.always_open else day_hours(policies)


def day_hours(policies: Policies) -> DailyWindow:
    """The hours that are not night, also for a person who said no to calls at night (R28)."""
    return DailyWindow(time(policies.window_opens_hour), time(policies.window_closes_hour))


def night_hours(policies: Policies) -> DailyWindow:
    """The hours in which urgent news alone may ring, unless the person said no to that (R28)."""
    return DailyWindow(time(policies.window_closes_hour), time(policies.window_opens_hour))


def moment_inside(starts: datetime, ends: datetime, time_zone: str, at: datetime) -> datetime:
    """The earliest moment at or after ``at`` inside a window that repeats daily from its first day on."""
    zone = ZoneInfo(time_zone)
    days = _days_until(ends.astimezone(zone), at)
    return max(at, (starts.astimezone(zone) + timedelta(days=days)).astimezone(UTC))


def overlap(
    starts: datetime, ends: datetime, time_zone: str, daily: DailyWindow
) -> tuple[datetime, datetime] | None:
    """The first part inside ``daily`` of a window that repeats daily; None if they never meet."""
    opens = daily.moment_inside(starts, time_zone)
    day = opens.astimezone(ZoneInfo(time_zone)).date()
    closes = end_of_window(datetime.combine(day, daily.ends, ZoneInfo(time_zone)), time_zone, opens)
    return (opens, min(ends, closes)) if opens < ends else None


def end_of_window(ends: datetime, time_zone: str, at: datetime) -> datetime:
    """When a window that repeats daily, for the first time until ``ends``, next ends after ``at``."""
    local_end = ends.astimezone(ZoneInfo(time_zone))
    return (local_end + timedelta(days=_days_until(local_end, at))).astimezone(UTC)


def _days_until(local_end: datetime, at: datetime) -> int:
    """How many days later a daily window first ends after ``at``."""
    days = max(0, (at.astimezone(local_end.tzinfo).date() - local_end.date()).days)
    # Whole days are added to local time, so three in the afternoon stays three when clocks change.
    while (local_end + timedelta(days=days)).astimezone(UTC) <= at:
        days += 1
    return days
