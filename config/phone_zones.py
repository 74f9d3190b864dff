"""Where a phone may be: the time zones of a number, by its area code, and those of whole countries."""

from functools import cache
from zoneinfo import available_timezones

import phonenumbers
from babel.core import get_global
from phonenumbers import timezone


def zones_of_number(number: str) -> tuple[str, ...]:
    """The IANA zones where an E.164 number may have been given out, none when nothing is known.

    A mobile number goes wherever its owner goes: this is a guess, to be confirmed by asking.
    """
    try:
        found = timezone.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(zone for zone in found if zone in _known())


@cache
def zones_of_countries(countries: tuple[str, ...]) -> tuple[str, ...]:
    """Every IANA zone of some countries (ISO 3166 codes), in order of their names."""
    territories = get_global("zone_territories")
    return tuple(sorted(z for z, country in territories.items() if country in countries and z in _known()))


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())
