"""A moment in the fewest words that staff need: in 12 min, 8 min overdue, tomorrow 9 AM."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton

from hotline.console.shell.durations import as_promised, time_of_day, zone_if_twice
from hotline.console.shell.words import _, language, ngettext, written_in

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: Within so many days the name of the day says which one is meant.
DAYS_BY_NAME = 6


def due_words(due_at: datetime, now: datetime, zone: ZoneInfo, *, is_narrow: bool = False) -> str:
    """When something is due: how long it is overdue, in how many minutes, or a moment in ``zone``.

    ``is_narrow`` is that of ``moment_words``.
    """
    late = now - due_at
    if late >= _DAY:
        return ngettext("%(num)d day overdue", "%(num)d days overdue", late // _DAY)
    if late >= _HOUR:
        return _("%(num)d h overdue", num=late // _HOUR)
    if late > timedelta():
        return _("%(num)d min overdue", num=max(1, late // _MINUTE))
    if -late < _HOUR:
        return _("in %(num)d min", num=max(1, -late // _MINUTE))
    return promised_words(due_at, now, zone, is_narrow=is_narrow)


def promised_words(due_at: datetime, now: datetime, zone: ZoneInfo, *, is_narrow: bool = False) -> str:
    """The moment of a promise in ``zone``, kept or not, as callers were told it."""
    return moment_words(as_promised(due_at, zone), now, zone, is_narrow=is_narrow)


def moment_words(at: datetime, now: datetime, zone: ZoneInfo, *, is_narrow: bool = False) -> str:
    """A moment in ``zone``, as long as it must be: 2:05 PM, tomorrow 9 AM, Thu 9 AM, Dec 5, 9 AM.

    ``is_narrow``: tomorrow by its name as well, Thu 9 AM. In the hour that comes twice when the clocks go
    back: 1:30 AM EDT.
    """
    # Midnight ends a day: "Nov 28, 12 AM" would be read as the morning of the 28th.
    local = at.astimezone(zone).replace(second=0, microsecond=0)
    is_midnight = local.hour == local.minute == 0
    day = local.date() - timedelta(days=is_midnight)
    clock = (_("midnight") if is_midnight else time_of_day(local.time(), language())) + zone_if_twice(local)
    ahead = (day - now.astimezone(zone).date()).days
    if ahead == 0:
        return clock
    if ahead == 1 and not is_narrow:
        return _("tomorrow %(time)s", time=clock)
    if 1 <= ahead <= DAYS_BY_NAME:
        return f"{_day(day, 'EEE', language())} {clock}"
    return f"{_day(day, 'MMMd', language())}, {clock}"


def time_there(now: datetime, time_zone: str, zone: ZoneInfo) -> str:
    """The time of day in the person's time zone, with the day if it is another one than in ``zone``."""
    local = now.astimezone(ZoneInfo(time_zone)).replace(second=0, microsecond=0)
    clock = time_of_day(local.time(), language())
    if local.date() == now.astimezone(zone).date():
        return clock
    return f"{_day(local.date(), 'EEE', language())} {clock}"


@lru_cache(maxsize=1024)
def _day(day: date, skeleton: str, said_in: str) -> str:
    return format_skeleton(skeleton, datetime.combine(day, time()), locale=written_in(said_in))
