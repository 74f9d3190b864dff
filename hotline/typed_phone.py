"""Reads a phone number as people type it."""

import phonenumbers


def typed_phone(text: str, country: str | None = None) -> str | None:
    """E.164 for a number with + and country code, or as one writes it in ``country``; None for anything else.

    None as well for a number with an extension. No call of ours keys one: without it the line would ring a
    switchboard, and whoever works there would hear what is meant for one person.
    """
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if parsed.extension:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
