"""What the office decides: names, lines, hours, holidays, services, release switches and policies."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from config.announcements import Announcement
from config.field_error import FieldError
from config.office_changes import laid_over
from config.office_file import E164, SHIPPED_NUMBERS, WEEKDAYS, Service, Span, read_office
from config.phone_zones import zones_of_countries, zones_of_number
from config.policies import Policy
from config.public_holidays import public_holidays

#: Numbers reserved for fiction belong to nobody. Demos and tests call them; no numbering plan knows them.
FICTIONAL = re.compile(r"(\+1[2-9][0-9]{2})55501[0-9]{2}")
LONGEST_CLOSURE_DAYS = 60
ORDINARY = frozenset(
    {
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        phonenumbers.PhoneNumberType.VOIP,
    }
)

_WHOLE_DAY: tuple[Span, ...] = ((time(0), time.max),)


class OfficeError(ValueError):
    """The office file is wrong. The message is one sentence that names the file and the field.

    ``fault`` is the error of one field, where a page may say it in another language.
    """

    def __init__(self, sentence: str, fault: FieldError | None = None) -> None:
        super().__init__(sentence)
        self.fault = fault


@dataclass(frozen=True, kw_only=True)
class Office:
    """One office, read from its file. Times of day are in the office's time zone; every moment is aware."""

    name: Mapping[str, str]
    neutral_name: Mapping[str, str]
    languages: tuple[str, ...]
    voices: Mapping[str, str]
    voice_languages: Mapping[str, str]
    lines: tuple[str, ...]
    #: The lines that answer by the neutral name (R32).
    discreet_lines: tuple[str, ...]
    staff_line: str | None
    interpreters: Mapping[str, str]
    emergency_number: str
    person_number: str
    time_zone: str
    countries: tuple[str, ...]
    shared_phones: tuple[str, ...]
    services: tuple[Service, ...]
    #: The key of the service that is offered when nobody here can talk about hard news (R19).
    partner: str | None
    gates: Mapping[str, str]
    allow_facility: bool
    allow_hearing: bool
    allow_expected_release: bool
    allow_removal_stage: bool
    hours: Mapping[str, tuple[Span, ...]]
    holiday_country: str | None
    holiday_subdivision: str | None
    extra_closures: frozenset[date]
    worked_holidays: frozenset[date]
    policies: Mapping[str, Policy]
    #: The names of those extra closures that have one.
    closure_names: Mapping[date, str] = field(default_factory=dict)
    announcements: tuple[Announcement, ...] = ()
    always_open: bool = False
    #: The table that was read, field by field as in the file. Changes are applied to it.
    table: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, path: Path, always_open: bool = False) -> "Office":
        """Read and check an office file. Raises OfficeError at the first field that is missing or wrong."""
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise OfficeError(f"The office file {path} cannot be read: {error.strerror}.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise OfficeError(f"The office file {path} is not valid TOML: {error}.") from None
        try:
            return cls(**read_office(table), always_open=always_open, table=table)
        except FieldError as error:
            raise OfficeError(f"{path}: {error}") from None

    def with_changes(self, changes: Mapping[str, Any]) -> "Office":
        """Return this office with some fields changed, each by its name in the file (``hours.monday``).

        Values are JSON, with dates as ISO texts. Raises OfficeError, with the same message as for the file,
        when a field is wrong, conflicts with the others, or may not be changed here.
        """
        if not changes:
            return self
        try:
            table = laid_over(self.table, changes)
            before, after = read_office(self.table), read_office(table)
        except FieldError as error:
            raise OfficeError(str(error), error) from None
        new = {name: value for name, value in after.items() if value != before[name]}
        if "policies" in new:
            changed = {name: one for name, one in new["policies"].items() if one != before["policies"][name]}
            new["policies"] = {**self.policies, **changed}
        return replace(self, **new, table=table)

    def announced(self, at: datetime) -> tuple[Mapping[str, str], ...]:
        """The texts of that day's announcements (in the office's time zone), each by language."""
        today = _aware(at).astimezone(self.zone).date()
        return tuple(one.text for one in self.announcements if one.is_on(today))

    def placeholders(self) -> list[str]:
        """The fields that still hold a number from the shipped file, such as ``office.person_number``."""
        fields = {
            "office.lines": self.lines,
            "office.person_number": (self.person_number,),
            "office.staff_line": (self.staff_line or "",),
            **{f"interpreters.{code}": (number,) for code, number in self.interpreters.items()},
        }
        return [name for name, numbers in fields.items() if SHIPPED_NUMBERS & set(numbers)]

    def is_open(self, at: datetime) -> bool:
        """Whether the office is open at that moment, with holidays and extra closures taken into account."""
        local = _aware(at).astimezone(self.zone)
        return self.always_open or any(
            starts <= local.time() < ends for starts, ends in self._spans(local.date())
        )

    def is_holiday(self, day: date) -> bool:
        """Whether the office is closed on that day of its calendar: a holiday not worked, or a closure."""
        if self.always_open:
            return False
        return day in self.extra_closures or (
            day not in self.worked_holidays
            and day in public_holidays(self.holiday_country, self.holiday_subdivision, day.year)
        )

    def next_open(self, at: datetime) -> datetime:
        """The earliest moment at or after ``at`` when the office is open."""
        if self.is_open(at):
            return at
        local = at.astimezone(self.zone)
        for ahead in range(LONGEST_CLOSURE_DAYS):
            day = local.date() + timedelta(days=ahead)
            for starts, _ in self._spans(day):
                opens = _moment(day, starts, self.zone)
                if opens >= at:
                    return opens
        raise _never_opens()

    def due_at(self, urgency: Literal["urgent", "other"], at: datetime) -> datetime:
        """The latest moment promised for a callback that was requested at ``at`` (R36).

        Urgent callbacks are due within ``urgent_minutes``, all others by the close of the next business day.
        """
        if urgency == "urgent":
            return _aware(at) + timedelta(minutes=self.policies["urgent_minutes"].value)
        today = _aware(at).astimezone(self.zone).date()
        for ahead in range(1, LONGEST_CLOSURE_DAYS):
            day = today + timedelta(days=ahead)
            if spans := self._spans(day):
                return _moment(day, spans[-1][1], self.zone)
        raise _never_opens()

    def can_dial(self, number: str) -> bool:
        """Whether the line may dial this E.164 number: an ordinary number in the office's countries (R35).

        False for premium, toll-free, short and satellite numbers, and for the office's own lines.
        """
        if not E164.fullmatch(number) or number in (*self.lines, self.staff_line):
            return False
        try:
            parsed = phonenumbers.parse(_neighbour(number))
        except phonenumbers.NumberParseException:
            return False
        return (
            phonenumbers.number_type(parsed) in ORDINARY
            and phonenumbers.region_code_for_number(parsed) in self.countries
        )

    def zone_of(self, number: str) -> str:
        """Guess the time zone of this E.164 number. The person is asked to confirm it (R29)."""
        zones = zones_of_number(_neighbour(number))
        if not zones or self.time_zone in zones:
            return self.time_zone
        return zones[len(zones) // 2]

    @property
    def zones(self) -> tuple[str, ...]:
        """Every time zone in which the people that this office calls may be."""
        return zones_of_countries(self.countries)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the office's days and hours."""
        return _zone(self.time_zone)

    def _spans(self, day: date) -> tuple[Span, ...]:
        if self.always_open:
            return _WHOLE_DAY
        if self.is_holiday(day):
            return ()
        return self.hours.get(WEEKDAYS[day.weekday()], ())


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise OfficeError("time_zone must be an IANA name such as America/New_York.") from None


def _never_opens() -> OfficeError:
    fault = FieldError(
        "%(field)s: the office does not open within %(days)s days.", field="hours", days=LONGEST_CLOSURE_DAYS
    )
    return OfficeError(str(fault), fault)


def _neighbour(number: str) -> str:
    """An ordinary number in the same area code: 900 stays premium, 800 toll-free, 876 abroad, 808 Hawaii."""
    fictional = FICTIONAL.fullmatch(number)
    if fictional is None:
        return number
    return _in_small_territories().get(fictional[1], f"{fictional[1]}2345678")


@cache
def _in_small_territories() -> dict[str, str]:
    """An ordinary number for each area code with few assigned exchanges, where 234 is not one of them."""
    examples = (phonenumbers.example_number(region) for region in ("VI", "AS"))
    numbers = (
        phonenumbers.format_number(one, phonenumbers.PhoneNumberFormat.E164) for one in examples if one
    )
    return {number[:5]: number for number in numbers}


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("A moment without a time zone was given to the office.")
    return at


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    # The last microsecond of a day means the midnight after it.
    if at == time.max:
        day, at = day + timedelta(days=1), time(0)
    return datetime.combine(day, at, zone).astimezone(UTC)
