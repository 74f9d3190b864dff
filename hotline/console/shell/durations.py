"""Times of day in few words, durations as a wallboard shows them, and the end of a day as callers hear it."""

from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_time

from hotline.console.shell.words import written_in


@lru_cache(maxsize=4096)
def time_of_day(at: time, said_in: str) -> str:
    """A time of day as long as it must be: 9 AM, 2:05 PM. Cached, since a list shows the same few."""
    return format_time(at, "h a" if at.minute == 0 else "h:mm a", locale=written_in(said_in))


def as_promised(due_at: datetime, zone: ZoneInfo) -> datetime:
    """The moment by which callers were told that they will be called: 11:59 PM for the end of a day."""
    local = due_at.astimezone(zone)
    return due_at - timedelta(minutes=1) if local.hour == local.minute == 0 else due_at


def zone_if_twice(local: datetime) -> str:
    """A space and the zone of a time of day that comes twice on its day, such as " EST"; else empty."""
    comes_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f" {local:%Z}" if comes_twice else ""


def short(length: timedelta | None) -> str:
    """Such as ``45 s``, ``12 min`` or ``2 d 4 h``, the same in every language; a dash for None."""
    if length is None:
        return "–"
    seconds = max(0, int(length.total_seconds()))
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 60:
        return f"{seconds} s"
    if hours < 1:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes % 60:02d} min"
    return f"{hours // 24} d {hours % 24} h"
