"""Reads office.toml field by field and says in one sentence what is wrong with it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from config.announcements import read_announcements
from config.closures import read_closures
from config.field_error import FieldError
from config.policies import read_policies
from config.public_holidays import public_holidays

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_SERVICES = 4

Span = tuple[time, time]

#: The numbers in the shipped office file. They belong to nobody, and nobody answers them.
SHIPPED_NUMBERS = frozenset(f"+1202555010{last}" for last in range(6))
#: The shipped office file, and who it says decided each of its policies.
SHIPPED_FILE = Path(__file__).with_name("office.toml")
SHIPPED_DECIDER = "the office's director"


@dataclass(frozen=True, slots=True)
class Service:
    """A service that a key in the help menu connects to; ``phone`` may be short, such as 988."""

    key: str
    name: Mapping[str, str]
    phone: str


_TABLES = frozenset(
    {
        "office", "hours", "holidays", "services", "notices", "interpreters", "release", "policies",
        "announcements",
    }
)  # fmt: skip
_SWITCHES = ("allow_facility", "allow_hearing", "allow_expected_release", "allow_removal_stage")
_OFFICE_FIELDS = frozenset(
    {
        "name", "neutral_name", "languages", "voices", "lines", "discreet_lines", "staff_line",
        "emergency_number", "person_number", "time_zone", "countries", "shared_phones",
    }
)  # fmt: skip


def read_office(table: Mapping[str, Any]) -> dict[str, Any]:
    """Check the file and return an Office's fields. Raises FieldError or PolicyError at the first error."""
    office, release = _table(table, "office"), _table(table, "release")
    _no_others(table, _TABLES, "")
    _no_others(office, _OFFICE_FIELDS, "office.")
    _no_others(release, {"gates", *_SWITCHES}, "release.")
    languages = _words(office, "office", "languages")
    if not languages or any(not re.fullmatch(r"[a-z]{2,3}", code) for code in languages):
        raise FieldError("office.languages must list language codes such as en.")
    voices = _table(office, "voices", "office.")
    lines = _numbers(office, "lines")
    if not lines:
        raise FieldError("office.lines must hold at least the main number.")
    discreet_lines = _numbers(office, "discreet_lines")
    if not set(discreet_lines) <= set(lines):
        raise FieldError("office.discreet_lines must hold numbers of office.lines alone.")
    countries = _words(office, "office", "countries")
    if not countries or any(c not in phonenumbers.SUPPORTED_REGIONS for c in countries):
        raise FieldError("office.countries must list country codes such as US.")
    emergency = office.get("emergency_number")
    if not isinstance(emergency, str) or not re.fullmatch(r"[0-9]{2,15}", emergency):
        raise FieldError("office.emergency_number must be digits in quotes, such as 911.")
    person_number = _text(office, "office", "person_number")
    if not E164.fullmatch(person_number):
        raise FieldError("office.person_number must be a number such as +12025550102.")
    time_zone = _text(office, "office", "time_zone")
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise FieldError("office.time_zone must be an IANA name such as America/New_York.") from None
    holiday_table = _table(table, "holidays")
    country, subdivision, worked = _calendar(holiday_table)
    closures, closure_names = read_closures(holiday_table.get("extra_closures", []))
    gates = _table(release, "gates", "release.")
    if not gates or any(value not in {"yes", "no"} for value in gates.values()):
        raise FieldError('release.gates must hold at least one gate, each "yes" or "no".')
    services = _services(table.get("services", []), languages)
    return dict(
        name=_each_language(office, "office", "name", languages),
        neutral_name=_each_language(office, "office", "neutral_name", languages),
        languages=languages,
        voices={
            code: _text(_table(voices, code, "office.voices."), f"office.voices.{code}", "voice")
            for code in languages
        },
        voice_languages={
            code: _text(_table(voices, code, "office.voices."), f"office.voices.{code}", "language")
            for code in languages
        },
        lines=lines,
        discreet_lines=discreet_lines,
        staff_line=_staff_line(office, lines),
        interpreters=_interpreters(table.get("interpreters", {}), languages),
        emergency_number=emergency,
        person_number=person_number,
        time_zone=time_zone,
        countries=countries,
        shared_phones=_numbers(office, "shared_phones"),
        services=services,
        partner=_partner(table.get("notices", {}), services),
        gates=gates,
        **{switch: _switch(release, switch) for switch in _SWITCHES},
        hours=_hours(_table(table, "hours")),
        holiday_country=country,
        holiday_subdivision=subdivision,
        extra_closures=closures,
        closure_names=closure_names,
        worked_holidays=worked,
        policies=read_policies(_table(table, "policies")),
        announcements=read_announcements(table.get("announcements", []), languages),
    )


def _table(table: Mapping[str, Any], name: str, prefix: str = "") -> dict[str, Any]:
    value = table.get(name)
    if not isinstance(value, dict):
        raise FieldError(f"[{prefix}{name}] is missing or is no table.")
    return value


def _no_others(table: Mapping[str, Any], known: set[str] | frozenset[str], prefix: str) -> None:
    if unknown := sorted(set(table) - known):
        raise FieldError(f"{prefix}{unknown[0]} is no field of the office file.")


def _text(table: Mapping[str, Any], place: str, name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value.strip():
        raise FieldError("%(field)s must be a text.", field=f"{place}.{name}")
    return value


def _words(table: Mapping[str, Any], place: str, name: str) -> tuple[str, ...]:
    value = table.get(name, [])
    if not isinstance(value, list) or any(not isinstance(word, str) for word in value):
        raise FieldError("%(field)s must be a list of texts.", field=f"{place}.{name}")
    if len(set(value)) != len(value):
        raise FieldError("%(field)s holds one entry twice.", field=f"{place}.{name}")
    return tuple(value)


def _numbers(office: Mapping[str, Any], name: str) -> tuple[str, ...]:
    numbers = _words(office, "office", name)
    if any(not E164.fullmatch(number) for number in numbers):
        raise FieldError(f"office.{name} must hold numbers such as +12025550100.")
    return numbers


def _staff_line(office: Mapping[str, Any], lines: tuple[str, ...]) -> str | None:
    number = office.get("staff_line", "")
    if number == "":
        return None
    if not isinstance(number, str) or not E164.fullmatch(number) or number in lines:
        raise FieldError(
            'office.staff_line must be a number of its own such as +12025550103, or "" for none.'
        )
    return number


def _interpreters(table: Any, languages: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(table, dict):
        raise FieldError("[interpreters] must give a number for a language.")
    _no_others(table, set(languages), "interpreters.")
    for code, number in table.items():
        if not isinstance(number, str) or not E164.fullmatch(number):
            raise FieldError(f"interpreters.{code} must be a number such as +12025550104.")
    return dict(table)


def _each_language(
    table: Mapping[str, Any], place: str, name: str, languages: tuple[str, ...]
) -> dict[str, str]:
    texts = _table(table, name, f"{place}.")
    _no_others(texts, set(languages), f"{place}.{name}.")
    return {code: _text(texts, f"{place}.{name}", code) for code in languages}


def _switch(release: Mapping[str, Any], name: str) -> bool:
    # A missing switch denies (R12). A value that is neither true nor false is a mistake to report.
    value = release.get(name, False)
    if not isinstance(value, bool):
        raise FieldError(f"release.{name} must be true or false.")
    return value


def _services(entries: Any, languages: tuple[str, ...]) -> tuple[Service, ...]:
    if not isinstance(entries, list) or len(entries) > MOST_SERVICES:
        raise FieldError("[[services]] may hold at most %(most)s services.", most=MOST_SERVICES)
    if not entries:
        raise FieldError("[[services]] must hold at least one service: the help menu offers them.")
    services = []
    for position, entry in enumerate(entries, start=1):
        place = f"services entry {position}"
        if not isinstance(entry, dict):
            raise FieldError(f"{place} must have a key, a name and a phone.")
        _no_others(entry, {"key", "name", "phone"}, f"{place}: ")
        phone = _text(entry, place, "phone")
        if not (E164.fullmatch(phone) or re.fullmatch(r"[0-9]{3,6}", phone)):
            raise FieldError(
                "%(field)s must be a number such as +12025550100 or a short one such as 988.",
                field=f"{place}.phone",
            )
        names = _each_language(entry, place, "name", languages)
        services.append(Service(_text(entry, place, "key"), names, phone))
    if len({service.key for service in services}) != len(services):
        raise FieldError("services holds one key twice.")
    return tuple(services)


def _partner(table: Any, services: tuple[Service, ...]) -> str | None:
    """The key of the service that is offered when nobody can talk about hard news; None if there is none."""
    if not isinstance(table, dict):
        raise FieldError("[notices] must be a table.")
    _no_others(table, {"partner"}, "notices.")
    key = table.get("partner", "")
    if key == "":
        return None
    if key not in [service.key for service in services]:
        raise FieldError(
            '%(field)s must be the key of one of the [[services]], or "" for none.', field="notices.partner"
        )
    return str(key)


def _hours(table: Mapping[str, Any]) -> dict[str, tuple[Span, ...]]:
    _no_others(table, set(WEEKDAYS), "hours.")
    hours = {day: tuple(_span(day, text) for text in _words(table, "hours", day)) for day in WEEKDAYS}
    if not any(hours.values()):
        raise FieldError("hours must open the office on at least one day of the week.")
    for day, spans in hours.items():
        if any(before[1] > after[0] for before, after in pairwise(spans)):
            raise FieldError("%(field)s must list its hours in order, without overlap.", field=f"hours.{day}")
    return hours


def _span(day: str, text: str) -> Span:
    complaint = FieldError('%(field)s must hold hours such as "08:00-20:00".', field=f"hours.{day}")
    starts, separator, ends = text.partition("-")
    try:
        # Midnight at the end of a day is written 24:00.
        span = (
            time.fromisoformat(starts.strip()),
            time.max if ends.strip() == "24:00" else time.fromisoformat(ends.strip()),
        )
    except ValueError:
        raise complaint from None
    # A time with a time zone cannot be compared with times that have none.
    if not separator or span[0].tzinfo or span[1].tzinfo or span[0] >= span[1]:
        raise complaint
    return span


def _calendar(table: Mapping[str, Any]) -> tuple[str | None, str | None, frozenset[date]]:
    """The country, the subdivision and the holidays on which the office is open."""
    _no_others(table, {"country", "subdivision", "extra_closures", "worked_holidays"}, "holidays.")
    country, subdivision = table.get("country") or None, table.get("subdivision") or None
    try:
        public_holidays(country, subdivision, 2026)
    except (NotImplementedError, TypeError, ValueError):
        raise FieldError(
            "holidays.country or holidays.subdivision is none that the holidays library knows."
        ) from None
    worked = table.get("worked_holidays", [])
    if not isinstance(worked, list) or any(type(day) is not date for day in worked):
        raise FieldError(
            "%(field)s must be a list of dates such as 2026-12-24, without quotes.",
            field="holidays.worked_holidays",
        )
    return country, subdivision, frozenset(worked)
