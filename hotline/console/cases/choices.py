"""Options for the forms about cases: pairs of a value and its text in the page's language."""

from collections.abc import Iterable, Mapping

import phonenumbers

from config.office import Office
from hotline.console.cases.labels import DELIVERIES, DELIVERY_HINTS
from hotline.console.shell.words import gettext, language_name

Choices = list[tuple[str, str]]


def choices(labels: Mapping[str, str], *, only: Iterable[str] | None = None, first: str = "") -> Choices:
    """Codes with their texts, all or those of ``only``; ``first`` is the text for no choice."""
    codes = labels if only is None else only
    nothing = [("", first)] if first else []
    return nothing + [(code, gettext(labels[code])) for code in codes]


def deliveries() -> list[tuple[str, str, str]]:
    """The ways to hand over a PIN, each with what it means."""
    return [(code, gettext(text), gettext(DELIVERY_HINTS[code])) for code, text in DELIVERIES.items()]


def languages(codes: Iterable[str]) -> Choices:
    """Languages with their names."""
    return [(code, language_name(code)) for code in codes]


def line_name(line: str, office: Office) -> str:
    """One of the office's numbers as it is written, and whether it is discreet (R32)."""
    written = phonenumbers.format_number(
        phonenumbers.parse(line), phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return gettext("%(number)s, discreet", number=written) if line in office.discreet_lines else written


def lines(office: Office) -> Choices:
    """The office's numbers to choose from; the empty choice means the one that the person called."""
    return [("", gettext("The one they called"))] + [(line, line_name(line, office)) for line in office.lines]


def zones(names: Iterable[str], current: str) -> Choices:
    """Time zones by name, including the current one."""
    every = dict.fromkeys([*names, current])
    return [(name, name.replace("_", " ")) for name in sorted(every)]
