"""A telephone number as people type it."""

from collections.abc import Sequence

import phonenumbers

_MOST_CHARACTERS = 40
#: Where a number without a country code is from, if the line's own numbers do not say.
_REGION = "US"


def region_of(lines: Sequence[str]) -> str:
    """Return the region (as ``US``) of the first of ``lines`` (E.164) that is in one."""
    for line in lines:
        try:
            found = phonenumbers.region_code_for_country_code(phonenumbers.parse(line).country_code or 0)
        except phonenumbers.NumberParseException:
            continue
        if found not in {"ZZ", "001"}:
            return str(found)
    return _REGION


def e164(text: str, region: str = _REGION) -> str:
    """Return a number in E.164, typed with a country code or as in ``region``. Raises ValueError."""
    try:
        parsed = phonenumbers.parse(text[:_MOST_CHARACTERS].strip(), region)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed) or parsed.extension:
        raise ValueError("type a number such as (202) 555-0110 or +44 20 7946 0958")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
