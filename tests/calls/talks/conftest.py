"""The two who talk, for the tests of talks."""

from collections.abc import Callable

import pytest

from models import Staff
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express
from tests.calls.conftest import Hotline
from tests.calls.talks.talking import (
    FIRST,
)
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@pytest.fixture
def talk(phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline) -> tuple[Phone, Phone]:
    """A liaison and the person called back, who talk."""
    make_staff(phone=FIRST)
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    hotline.jobs.works_off()
    assert (liaison.is_talking, called.is_talking) == (True, True)
    return liaison, called
