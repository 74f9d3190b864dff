"""Parts of a day where the called person is, such as the next morning."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

#: A caller hears the promise, hangs up, and a liaison is called first.
_LAST_MINUTES = timedelta(minutes=5)


def next_part_of_day(
    at: datetime, time_zone: str, starts_hour: int, ends_hour: int
) -> tuple[datetime, datetime]:
    """The next span from one full hour to another in ``time_zone`` that is not over at ``at``, in UTC.

    A span that has begun counts while there is time to be called in it. In its last minutes the caller is
    still listening, so it is the whole span of the next day. Hours are 0 to 24 of that zone's own clock.
    """
    zone = ZoneInfo(time_zone)
    local = at.astimezone(zone)
    for ahead in (0, 1):
        day = local.date() + timedelta(days=ahead)
        starts = datetime.combine(day, time(starts_hour), zone)
        midnight = datetime.combine(day + timedelta(days=1), time(0), zone)
        ends = midnight if ends_hour == 24 else datetime.combine(day, time(ends_hour), zone)
        if ends - local > _LAST_MINUTES:
            return starts.astimezone(at.tzinfo), ends.astimezone(at.tzinfo)
    raise ValueError("A part of the day must end after it starts.")
