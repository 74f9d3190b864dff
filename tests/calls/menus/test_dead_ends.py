"""No caller is let go before they could hear what there is to hear."""

from collections.abc import Callable

import pytest

from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]


@pytest.mark.parametrize("status", ["released", "escaped", "deceased"])
def test_caller_whom_no_phone_reaches_is_not_offered_a_call_and_hears_the_news_after_its_key_too(
    phone: Phone, make_case: MakeCase, hotline: Hotline, status: str
) -> None:
    opens_the_case(phone, make_case(custody_status=status, phone=None), from_="anonymous")
    assert phone.hears("To hear it now, press 1")
    assert phone.does_not_hear("To have us call you soon")

    phone.presses("2")

    assert phone.hears("To hear it now, press 1")
    assert phone.does_not_hear("That is all")
    phone.presses("1")
    assert phone.hears("The record says")
