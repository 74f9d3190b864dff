"""Checks typed option values: one sentence that names the field, never a private value, and exit 2."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.office import Office
from hotline.cli.command.context import fail
from hotline.typed_phone import typed_phone


def plain_text(field: str, value: str, longest: int) -> str:
    """A value without surrounding spaces. Exits 2 if it is empty, too long or has odd characters."""
    value = " ".join(value.split(" ")).strip()
    if not value:
        fail(f"{field} is empty.")
    if len(value) > longest:
        fail(f"{field} is longer than {longest} characters.")
    if not value.isprintable():
        fail(f"{field} holds a character that cannot be printed.")
    return value


def ordinary_phone(field: str, value: str, office: Office) -> str:
    """A phone that the line may call, in E.164. Exits 2 for any other."""
    number = typed_phone(value)
    if number is None:
        fail(f"{field} is not a phone number in E.164, such as +12025550123.")
    if number in office.lines:
        fail(f"{field} is a number of this line itself.")
    if not office.can_dial(number):
        countries = " or ".join(office.countries)
        fail(f"{field} is not a phone that the line may ring: it takes ordinary numbers of {countries}.")
    return number


def language_of(field: str, value: str, office: Office) -> str:
    """A language of the office. Exits 2 for any other."""
    value = value.strip().lower()
    if value not in office.languages:
        shown = value if value.isalpha() and len(value) <= 8 else "what was given"
        fail(f"{field}: {shown} is none of the office's languages, which are {', '.join(office.languages)}.")
    return value


def time_zone_of(field: str, value: str) -> str:
    """An IANA time zone. Exits 2 for an unknown name."""
    try:
        return ZoneInfo(value.strip()).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        fail(f"{field} is not an IANA time zone, such as America/New_York.")
