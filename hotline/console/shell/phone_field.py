"""A phone number as people type it."""

import phonenumbers

from config.office import Office


def plain_number(text: str, office: Office) -> str | None:
    """E.164 for a number typed with or without its country code, None for anything else."""
    try:
        parsed = phonenumbers.parse(text[:40].strip(), office.countries[0])
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def dialable(number: str, office: Office) -> bool:
    """Whether the line may call it: an ordinary number of the office's countries, none of its own lines."""
    return office.can_dial(number)
