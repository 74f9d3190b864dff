"""The hour at a caller's probable location, in words, and the zone for an hour they agree to (R29)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def hour_prompt(at: datetime, time_zone: str) -> str:
    """The prompt with the words for the full hour nearest to ``at`` in ``time_zone``: ``hour.15``."""
    return f"hour.{(at.astimezone(ZoneInfo(time_zone)) + timedelta(minutes=30)).hour}"


#: Time zones of the United States by their hours from UTC in January and in July.
_ZONE_NAMES: Mapping[tuple[float, ...], str] = {
    (-4, -4): "atlantic",
    (-5, -4): "eastern",
    (-6, -5): "central",
    (-7, -6): "mountain",
    (-7, -7): "arizona",
    (-8, -7): "pacific",
    (-9, -8): "alaska",
    (-10, -10): "hawaii",
    (-11, -11): "samoa",
    (10, 10): "chamorro",
}


def zone_prompt(time_zone: str, at: datetime) -> str | None:
    """The prompt with the name of ``time_zone`` in the year of ``at``, or None if it has no common name."""
    zone = ZoneInfo(time_zone)
    hours = tuple(
        _offset_of(datetime(at.year, month, 1, tzinfo=zone)) / timedelta(hours=1) for month in (1, 7)
    )
    name = _ZONE_NAMES.get(hours)
    return None if name is None else f"zone.{name}"


def in_zone(words: Callable[..., str], moment: str, time_zone: str, at: datetime) -> str:
    """A spoken ``moment`` with the name of its time zone, if it has one; ``words`` reads a prompt."""
    name = zone_prompt(time_zone, at)
    return moment if name is None else words("moment.zone", moment=moment, zone=words(name))


def next_midnight(at: datetime, time_zone: str) -> datetime:
    """When the day after ``at`` begins in ``time_zone``."""
    zone = ZoneInfo(time_zone)
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(0), zone).astimezone(UTC)


def neighbour(zones: Sequence[str], time_zone: str, at: datetime, *, later: bool) -> str:
    """The zone of ``zones`` whose clocks show the next earlier or later hour than those of ``time_zone``.

    From the last one the search wraps around to the other end, so that one key can reach every zone.
    """
    offsets: dict[timedelta, str] = {}
    for zone in (time_zone, *zones):
        offsets.setdefault(_offset(zone, at), zone)
    order = sorted(offsets)
    position = order.index(_offset(time_zone, at)) + (1 if later else -1)
    return offsets[order[position % len(order)]]


def _offset(time_zone: str, at: datetime) -> timedelta:
    return _offset_of(at.astimezone(ZoneInfo(time_zone)))


def _offset_of(local: datetime) -> timedelta:
    offset = local.utcoffset()
    if offset is None:
        raise ValueError("A time zone without an offset.")
    return offset
