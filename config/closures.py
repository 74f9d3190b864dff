"""Days on which the office is closed beside the public holidays, each with a name if it has one."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from config.field_error import FieldError

FIELD = "holidays.extra_closures"
#: The longest name, in characters.
LONGEST_NAME = 60


def read_closures(entries: Any) -> tuple[frozenset[date], Mapping[date, str]]:
    """Read the days and the names of those that have one; staff alone read a name.

    An entry is a date, or a table of a ``day`` and a ``name``. Raises FieldError at the first other one.
    """
    if not isinstance(entries, list):
        raise _no_day()
    days: set[date] = set()
    names: dict[date, str] = {}
    for entry in entries:
        is_named = isinstance(entry, dict)
        if is_named and set(entry) != {"day", "name"}:
            raise _no_day()
        day = entry["day"] if is_named else entry
        if type(day) is not date:
            raise _no_day()
        days.add(day)
        if is_named:
            names[day] = _name(entry["name"])
    return frozenset(days), names


def day_of(entry: Any) -> Any:
    """The day of an entry, whichever of the two forms it has."""
    return entry.get("day") if isinstance(entry, Mapping) else entry


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise FieldError(
            "%(field)s: a name must have 1 to %(most)s characters.", field=FIELD, most=LONGEST_NAME
        )
    return name


def _no_day() -> FieldError:
    return FieldError(
        "%(field)s must be a list of dates such as 2026-12-24, without quotes, or of"
        ' { day = 2026-12-24, name = "Staff day" }.',
        field=FIELD,
    )
