"""A line on which nobody can answer right now."""

from collections.abc import Callable

import pytest

from models import Staff
from tests.calls.at_0.waiting import TALKER
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@pytest.fixture
def busy(phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline) -> Phone:
    """The only liaison on shift talks with someone else; returns that caller's phone."""
    make_staff()
    talker = phone.another()
    opens_the_case(talker, make_case(custody_status="in_custody"), from_=TALKER)
    talker.presses("0")
    hotline.accepts(talker)
    assert talker.is_talking
    return talker
