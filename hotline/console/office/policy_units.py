"""The values of policies with their units, such as "60 minutes" or "8 AM"."""

from collections.abc import Callable
from datetime import time

from babel.numbers import format_decimal

from hotline.console.shell.durations import time_of_day
from hotline.console.shell.words import language, ngettext, written_in

#: The policies whose value is an hour of the day.
HOURS_OF_DAY = frozenset({"window_opens_hour", "window_closes_hour"})

Number = int | float


def with_unit(name: str, value: Number) -> str:
    """A value of the policy with its unit, in the language of the page; a plain count has none."""
    if name in HOURS_OF_DAY:
        return time_of_day(time(int(value)), language())
    unit = _UNITS.get(name.rpartition("_")[2])
    return plain(value) if unit is None else unit(value)


def plain(value: Number) -> str:
    """The number alone, as the language of the page writes it, such as 1,440."""
    return format_decimal(value, locale=written_in(language()))


def _one(n: Number) -> int:
    """1 for exactly one, else any plural number: a fraction has the plural form."""
    return 1 if n == 1 else 2


def _minutes(n: Number) -> str:
    return ngettext("%(num)s minute", "%(num)s minutes", _one(n), num=plain(n))


def _seconds(n: Number) -> str:
    return ngettext("%(num)s second", "%(num)s seconds", _one(n), num=plain(n))


def _hours(n: Number) -> str:
    return ngettext("%(num)s hour", "%(num)s hours", _one(n), num=plain(n))


def _days(n: Number) -> str:
    return ngettext("%(num)s day", "%(num)s days", _one(n), num=plain(n))


def _times(n: Number) -> str:
    return ngettext("%(num)s time", "%(num)s times", _one(n), num=plain(n))


#: The last part of a policy's name, and how its value is written.
_UNITS: dict[str, Callable[[Number], str]] = {
    "minutes": _minutes,
    "seconds": _seconds,
    "hours": _hours,
    "days": _days,
    "factor": _times,
    "percent": lambda n: f"{plain(n)}%",
    "megabytes": lambda n: f"{plain(n)} MB",
}
