"""The hour at a caller's probable location, in words, and the zone for an hour they agree to (R29)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
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

_SAME_ALL_YEAR = frozenset(f"zone.{name}" for hours, name in _ZONE_NAMES.items() if len(set(hours)) == 1)


def zone_prompt(time_zone: str, at: datetime) -> str | None:
    """The prompt with the name of ``time_zone`` in the year of ``at``, or None if it has no common name."""
    return _zone_prompt(time_zone, at.year)


@lru_cache(maxsize=1024)
def _zone_prompt(time_zone: str, year: int) -> str | None:
    zone = ZoneInfo(time_zone)
    hours = tuple(_offset_of(datetime(year, month, 1, tzinfo=zone)) / timedelta(hours=1) for month in (1, 7))
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


def neighbour(
    zones: Sequence[str], time_zone: str, at: datetime, *, later: bool, likely: Sequence[str] = ()
) -> str:
    """The zone of ``zones`` whose clocks show the next earlier or later hour than those of ``time_zone``.

    Zones of one hour that differ in another season are told apart by their names: earlier than Mountain Time
    comes Arizona time in winter. A ``likely`` one is the first of its hour. From the last one the search
    wraps around to the other end, so that the key for an earlier hour can reach every zone.
    """
    hours = _by_hour((*zones, time_zone), at, likely)
    here = _offset(time_zone, at)
    names, name = list(hours[here]), zone_prompt(time_zone, at)
    if not later and name in names[:-1]:
        return hours[here][names[names.index(name) + 1]]
    order = sorted(hours)
    position = order.index(here) + (1 if later else -1)
    return next(iter(hours[order[position % len(order)]].values()))


def has_twin(zones: Sequence[str], time_zone: str, at: datetime) -> bool:
    """Whether the hour alone does not tell this zone from another, whose clocks differ in another season."""
    return len(_by_hour((*zones, time_zone), at)[_offset(time_zone, at)]) > 1


def _by_hour(
    zones: Sequence[str], at: datetime, likely: Sequence[str] = ()
) -> Mapping[timedelta, Mapping[str | None, str]]:
    """A zone for each name, by their hours from UTC at this moment; one without a name only if it is alone.

    Those whose clocks change come first: more people live there.
    """
    hours: dict[timedelta, dict[str | None, str]] = {}
    named = ((zone_prompt(zone, at), zone) for zone in zones)
    order = sorted(named, key=lambda one: (one[0] is None, one[0] in _SAME_ALL_YEAR))
    for name, zone in (*((zone_prompt(zone, at), zone) for zone in likely), *order):
        alike = hours.setdefault(_offset(zone, at), {})
        if name is not None or not alike:
            alike.setdefault(name, zone)
    return hours


def _offset(time_zone: str, at: datetime) -> timedelta:
    return _offset_of(at.astimezone(ZoneInfo(time_zone)))


def _offset_of(local: datetime) -> timedelta:
    offset = local.utcoffset()
    if offset is None:
        raise ValueError("A time zone without an offset.")
    return offset
