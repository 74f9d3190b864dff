"""Ways through the line that many stories share."""

from tests.factories import MadeCase
from tests.phone import CALLER, Phone


def reaches_the_first_menu(phone: Phone, language: str = "1", from_: str = CALLER) -> None:
    """Dial in and choose a language."""
    phone.dials_in(from_=from_)
    phone.presses(language)


def is_asked_for_a_number(phone: Phone, language: str = "1", from_: str = CALLER) -> None:
    """Dial in, choose a language and one's own case."""
    reaches_the_first_menu(phone, language, from_)
    phone.presses("1")


def opens_the_case(phone: Phone, case: MadeCase, language: str = "1", from_: str = CALLER) -> None:
    """Dial in and key the number and the PIN."""
    is_asked_for_a_number(phone, language, from_)
    phone.presses(case.number)
    phone.presses(case.pin)


def wrong(pin: str) -> str:
    """A PIN that this is not."""
    return pin[:-1] + str((int(pin[-1]) + 1) % 10)
