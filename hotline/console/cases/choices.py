"""Lists to choose from in forms about cases: pairs of a value and its text in the language of the page."""

from collections.abc import Iterable, Mapping

import phonenumbers

from config.office import Office
from hotline.console.cases.labels import DELIVERIES, DELIVERY_HINTS
from hotline.console.shell.words import gettext, language_name

Choices = list[tuple[str, str]]


def choices(labels: Mapping[str, str], *, only: Iterable[str] | None = None, first: str = "") -> Choices:
    """Codes with their texts, all or those of ``only``; ``first`` is the text of having chosen nothing."""
    codes = labels if only is None else only
    nothing = [("", first)] if first else []
    return nothing + [(code, gettext(labels[code])) for code in codes]


def deliveries() -> list[tuple[str, str, str]]:
    """How a PIN reaches somebody, each with what that means."""
    return [(code, gettext(text), gettext(DELIVERY_HINTS[code])) for code, text in DELIVERIES.items()]


def languages(codes: Iterable[str]) -> Choices:
    """Languages with their names."""
    return [(code, language_name(code)) for code in codes]


def line_name(line: str, office: Office) -> str:
    """One of the office's numbers as it is written down, and whether it is discreet (R32)."""
    written = phonenumbers.format_number(
        phonenumbers.parse(line), phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return gettext("%(number)s, discreet", number=written) if line in office.discreet_lines else written


def lines(office: Office) -> Choices:
    """The office's numbers to choose from; who chooses none knows the one they dialled."""
    return [("", gettext("The one they called"))] + [(line, line_name(line, office)) for line in office.lines]


def zones(names: Iterable[str], current: str) -> Choices:
    """Time zones by name, the one in force among them."""
    every = dict.fromkeys([*names, current])
    return [(name, name.replace("_", " ")) for name in sorted(every)]
