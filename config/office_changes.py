"""The fields of the office that may be changed while it runs, and how changes are applied to its file."""

import copy
from collections.abc import Mapping
from datetime import date, time
from typing import Any

from config.field_error import FieldError
from config.policies import BOUNDS

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Every field that may be changed, by its name in the file. A change replaces the whole field.
EDITABLE = (
    *(f"hours.{day}" for day in _DAYS),
    *(f"holidays.{name}" for name in ("country", "subdivision", "extra_closures", "worked_holidays")),
    "services",
    "announcements",
    *(f"policies.{name}" for name in BOUNDS),
)
#: The fields that stay in the file, and why.
FIXED = {
    "release": "what may be said about a person is decided with counsel and changed with a deploy (R12)",
    "office.lines": "the numbers belong to the carrier's account, which is set up with the file",
    "office.discreet_lines": "people chose a number by how it is answered, so it must not change",
    "office.staff_line": "the numbers belong to the carrier's account, which is set up with the file",
    "office.person_number": "it is also written into the fallback document that is hosted elsewhere",
    "office.emergency_number": "it is also written into the fallback document that is hosted elsewhere",
    "office.languages": "a language needs its prompts, its list of telling words and a voice",
    "office.voices": "a voice belongs to the carrier and is tested before it is used",
    "office.name": "the name is part of prompts whose length was checked",
    "office.neutral_name": "it must not reveal what the line is for, and is checked with the prompts",
    "office.time_zone": "promised times are stored in it",
    "office.countries": "it decides which phones the line can call (R35)",
    "office.shared_phones": "they loosen limits on wrong PINs (R06)",
    "notices.partner": "the partner has agreed to answer these calls at any hour",
    "interpreters": "these numbers are called into a conversation and are tested before they are used",
}


def laid_over(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the file's table with some fields replaced; values are JSON, dates as ISO texts.

    Raises FieldError for a field that may not be changed. ``read_office`` checks the values.
    """
    laid: dict[str, Any] = copy.deepcopy(dict(table))
    for name, value in changes.items():
        if name not in EDITABLE:
            raise FieldError(f"{name} is not changed here: it stands in the office file.")
        place, _, last = name.rpartition(".")
        within = laid.setdefault(place, {}) if place else laid
        within[last] = _with_dates(name, value)
    return laid


def value_of(table: Mapping[str, Any], name: str) -> Any:
    """Return a field of a table as JSON; None if it is missing. Raises KeyError for an unknown field."""
    if name not in EDITABLE:
        raise KeyError(name)
    found: Any = table
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return plain(found)


def plain(value: Any) -> Any:
    """Return a value of the file as JSON has it: days and times as ISO texts."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, date | time) else value


def _with_dates(name: str, value: Any) -> Any:
    """Turn the dates in JSON into dates. Anything that is not a date stays, and the check reports it."""
    if name in {"holidays.extra_closures", "holidays.worked_holidays"} and isinstance(value, list):
        return [
            {key: _date(part) if key == "day" else part for key, part in one.items()}
            if isinstance(one, dict)
            else _date(one)
            for one in value
        ]
    if name.startswith("policies.") and isinstance(value, dict):
        return {key: _date(one) if key == "review_by" else one for key, one in value.items()}
    if name == "announcements" and isinstance(value, list):
        return [
            {key: _date(one) if key in {"first_day", "last_day"} else one for key, one in entry.items()}
            if isinstance(entry, dict)
            else entry
            for entry in value
        ]
    return copy.deepcopy(value)


def _date(value: Any) -> Any:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return value
