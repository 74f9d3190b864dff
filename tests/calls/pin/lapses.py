"""Callers of a case whose ten minutes without a key go by (R11)."""

from tests.calls.at_0.waiting import OTHER
from tests.calls.conftest import Clock
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone


def waits(phone: Phone, clock: Clock, minutes: int = 11) -> None:
    """Stay in the queue without a key; the line says something every minute."""
    for _ in range(minutes):
        clock.passes(minutes=1)
        phone.says_nothing()


def waits_for_a_person(phone: Phone, case: MadeCase, clock: Clock) -> None:
    """Number, PIN, 0, and eleven minutes in the queue."""
    opens_the_case(phone, case)
    phone.presses("0")
    assert phone.hears("No one can answer right now")
    waits(phone, clock)


def asks_for_a_morning(phone: Phone, case: MadeCase) -> None:
    """The case has a callback tomorrow morning, from an earlier call."""
    opens_the_case(phone, case)
    for key in ("2", "2", "1", "1"):
        phone.presses(key)
    phone.hangs_up()


def asks_for_an_evening(phone: Phone, case: MadeCase, status: str) -> None:
    """A call about this case to another phone, in the evening."""
    opens_the_case(phone, case, from_=OTHER)
    if status == "escaped":
        phone.presses("1")
    for key in ("2", "2", "3"):
        phone.presses(key)
    phone.hangs_up()
