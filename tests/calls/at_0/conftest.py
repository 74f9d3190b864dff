"""The callers at 0 and the liaisons that the tests of this folder begin with."""

from collections.abc import Callable

import pytest

from models import Staff
from tests.calls.at_0.talking import FIRST
from tests.calls.at_0.waiting import TALKER
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@pytest.fixture
def talk(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> tuple[Phone, Phone]:
    """A liaison, and the caller at 0 whom the liaison took half a minute ago."""
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = hotline.accepts(phone)
    assert (liaison.is_talking, phone.is_talking) == (True, True)
    clock.passes(seconds=30)
    return liaison, phone


@pytest.fixture
def busy(phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock) -> Phone:
    """The only liaison on shift has talked with someone for half a minute; returns that caller's phone."""
    make_staff()
    talker = phone.another()
    opens_the_case(talker, make_case(custody_status="in_custody"), from_=TALKER)
    talker.presses("0")
    hotline.accepts(talker)
    assert talker.is_talking
    clock.passes(seconds=30)
    return talker
