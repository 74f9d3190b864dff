"""A liaison whose talk has just ended."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from models import Callback, Staff
from tests.calls.callbacks.test_callbacks import accepted_by, allows_a_message, asks_express, the_callback
from tests.calls.conftest import Hotline
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
LIAISON = "+12025550170"


def talked(phone: Phone, hotline: Hotline) -> Phone:
    """Two people talk until the one who was called hangs up; returns the liaison's phone."""
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    called.hangs_up()
    hotline.jobs.works_off()
    return liaison


@pytest.fixture
def liaison(phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline) -> Phone:
    """A liaison whose talk, with somebody who allows messages, has just ended."""
    make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody"))
    allows_a_message(hotline)
    liaison = talked(phone, hotline)
    assert the_callback(hotline).state == "reached"
    assert liaison.hears("How did it end?")
    return liaison


def callbacks(hotline: Hotline) -> list[Any]:
    """All callbacks, oldest first."""
    return hotline.rows(select(Callback).order_by(Callback.id))


def set_callbacks(hotline: Hotline, **values: Any) -> None:
    """Give every callback these values."""
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(**values))
