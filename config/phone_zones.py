"""The time zones in which a phone may be: those of a number's area code, and those of whole countries."""

from functools import cache
from zoneinfo import available_timezones

import phonenumbers
from babel.core import get_global
from phonenumbers import timezone


def zones_of_number(number: str) -> tuple[str, ...]:
    """The IANA zones that an E.164 number may belong to; empty when nothing is known.

    A mobile number goes wherever its owner goes, so this is a guess that the person is asked to confirm.
    """
    try:
        found = timezone.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(zone for zone in found if zone in _known())


@cache
def zones_of_countries(countries: tuple[str, ...]) -> tuple[str, ...]:
    """Every IANA zone of some countries (ISO 3166 codes), sorted by name."""
    territories = get_global("zone_territories")
    return tuple(sorted(z for z, country in territories.items() if country in countries and z in _known()))


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())
