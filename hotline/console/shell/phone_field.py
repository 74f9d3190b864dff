"""A phone number as people type it."""

from config.office import Office
from hotline.typed_phone import typed_phone


def plain_number(text: str, office: Office) -> str | None:
    """E.164 for a number typed with or without its country code, None for anything else."""
    return typed_phone(text[:40].strip(), office.countries[0])


def dialable(number: str, office: Office) -> bool:
    """Whether the line may call it: an ordinary number of the office's countries, none of its own lines."""
    return office.can_dial(number)
