"""Calls that go on after a promise: a caller who gave the PIN is led back into their case (R19, R22)."""

from collections.abc import Callable

import pytest

from tests.calls.conftest import Clock
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]


@pytest.mark.parametrize(
    ("language", "told", "option"),
    [("1", "To go back to your case, press 1", "To be called back"),
     ("2", "Para volver a su caso, oprima 1", "Para que le llamemos")],
)  # fmt: skip
def test_caller_with_a_pin_is_led_back_into_the_case_after_a_promise(
    phone: Phone, make_case: MakeCase, language: str, told: str, option: str
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"), language=language)
    for key in ("2", "1"):
        phone.presses(key)
    assert phone.hears(told)

    phone.presses("1")

    assert phone.hears(option)
    assert phone.does_not_hear("To hear about your case", "Para saber de su caso")


def test_way_back_leads_to_the_news_after_a_promise_in_place_of_hard_news(
    phone: Phone, make_case: MakeCase
) -> None:
    opens_the_case(phone, make_case(custody_status="released"))
    phone.presses("2")
    assert phone.hears("We will call you", "To go back to your case, press 1")

    phone.presses("1")

    assert phone.hears("I have news that may be hard to hear", "To hear it now, press 1")


def test_way_back_asks_for_the_pin_after_ten_minutes(phone: Phone, make_case: MakeCase, clock: Clock) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    for key in ("2", "1"):
        phone.presses(key)
    clock.passes(minutes=11)

    phone.presses("1")

    assert phone.hears("I need your PIN again")
