"""The way back around hard news: it skips nothing, and repeats nothing that was heard (R19, R22)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]


def test_way_back_does_not_skip_the_danger_line(phone: Phone, make_case: MakeCase, hotline: Hotline) -> None:
    opens_the_case(phone, make_case(custody_status="escaped"))
    phone.presses("#")
    assert phone.hears("To be called back")
    phone.presses("2")

    phone.presses("1")

    assert phone.hears("If you are in danger, hang up and call 911. Until we talk", "We will call you")
    callback = hotline.row(select(Callback))
    assert (callback.urgency, callback.reason) == ("urgent", "hard_news")


@pytest.mark.parametrize("status", ["deceased", "escaped"])
def test_way_back_never_announces_news_that_was_heard(phone: Phone, make_case: MakeCase, status: str) -> None:
    opens_the_case(phone, make_case(custody_status=status))
    phone.presses("1")
    assert phone.hears("record says")

    phone.presses("#")

    assert phone.hears("your case, press 1")
    assert phone.does_not_hear("I have news")
