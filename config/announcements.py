"""Announcements: what every caller hears on some days, before the first menu, in each language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from config.field_error import FieldError

#: Counts upcoming announcements too. The rules for spoken texts limit how long those of one day may be (R23).
MOST_ANNOUNCEMENTS = 8


@dataclass(frozen=True, slots=True)
class Announcement:
    """One text in each language, spoken from ``first_day`` to ``last_day``, both included."""

    text: Mapping[str, str]
    first_day: date
    last_day: date

    def is_on(self, day: date) -> bool:
        """Whether it is spoken on that day in the office's calendar."""
        return self.first_day <= day <= self.last_day


def read_announcements(entries: Any, languages: Sequence[str]) -> tuple[Announcement, ...]:
    """Check the list. Raises FieldError at the first field that is missing or wrong."""
    if not isinstance(entries, list) or len(entries) > MOST_ANNOUNCEMENTS:
        raise FieldError(
            "[[announcements]] may hold at most %(most)s announcements.", most=MOST_ANNOUNCEMENTS
        )
    return tuple(
        _announcement(f"announcements entry {position}", entry, languages)
        for position, entry in enumerate(entries, start=1)
    )


def _announcement(place: str, entry: Any, languages: Sequence[str]) -> Announcement:
    if not isinstance(entry, dict) or set(entry) != {"text", "first_day", "last_day"}:
        raise FieldError(f"{place} must have a text, a first_day and a last_day, and nothing else.")
    texts = entry["text"]
    if not isinstance(texts, dict) or set(texts) - set(languages):
        raise FieldError(f"{place}.text must be a text in each language of the office.")
    for code in languages:
        if not isinstance(texts.get(code), str) or not texts[code].strip():
            raise FieldError("%(field)s must be a text.", field=f"{place}.text.{code}")
    for name in ("first_day", "last_day"):
        if type(entry[name]) is not date:
            raise FieldError(f"{place}.{name} must be a date such as 2026-12-24, without quotes.")
    if entry["first_day"] > entry["last_day"]:
        raise FieldError("%(field)s must not be before the first day.", field=f"{place}.last_day")
    spoken = {code: " ".join(texts[code].split()) for code in languages}
    return Announcement(spoken, entry["first_day"], entry["last_day"])
