"""Which hour it is where a caller may be, in words, and the zone that fits an hour they agree to (R29)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def hour_prompt(at: datetime, time_zone: str) -> str:
    """The prompt with the words for the full hour nearest to ``at`` in ``time_zone``: ``hour.15``."""
    return f"hour.{(at.astimezone(ZoneInfo(time_zone)) + timedelta(minutes=30)).hour}"


def neighbour(zones: Sequence[str], time_zone: str, at: datetime, *, later: bool) -> str:
    """The zone of ``zones`` whose clocks show the next earlier or later hour than those of ``time_zone``.

    From the last one the search goes round to the other end, so that every zone can be reached by one key.
    """
    offsets: dict[timedelta, str] = {}
    for zone in (time_zone, *zones):
        offsets.setdefault(_offset(zone, at), zone)
    order = sorted(offsets)
    position = order.index(_offset(time_zone, at)) + (1 if later else -1)
    return offsets[order[position % len(order)]]


def _offset(time_zone: str, at: datetime) -> timedelta:
    offset = at.astimezone(ZoneInfo(time_zone)).utcoffset()
    if offset is None:
        raise ValueError("A time zone without an offset.")
    return offset
