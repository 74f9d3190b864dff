"""A request without the PIN that was replaced by one with it, which then waits behind news (R35)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from models import Callback, Staff
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import FIRST, Registered, sweeps
from tests.calls.notices.promised.test_news_beside_promise import (
    calls_in,
    cancels,
    claims,
    is_called_about_news,
)
from tests.calls.notices.staff_tells import is_left_to_staff, tasks
from tests.calls.pin.test_faked_number import AFRAID, asks
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]


@pytest.mark.parametrize("rings", [False, True], ids=["claimed", "a liaison is called"])
def test_request_that_was_replaced_comes_back_when_the_one_behind_news_is_cancelled(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, rings: bool
) -> None:
    who = make_staff(on_shift=False)
    made = registered("transferred")
    is_left_to_staff(phone, made, "transferred")
    asks(phone.another(), *AFRAID, from_=FIRST)
    calls_in(phone, made, "2", "3").hangs_up()
    (mine,) = [one.id for one in tasks(hotline) if one.reason == "afraid" and one.state == "requested"]
    later = hotline.clock.now + timedelta(hours=5)
    with hotline.database.transaction() as session:
        moved = update(Callback).where(Callback.id == mine)
        session.execute(moved.values(next_attempt_at=later, due_at=later + timedelta(hours=1)))
    if rings:
        is_called_about_news(hotline, who)
    else:
        claims(hotline, who)

    cancels(phone, made)
    sweeps(hotline, seconds=5)

    promised = [(one.reason, one.verified) for one in tasks(hotline) if one.state == "requested"]
    assert promised == [("afraid", False)]
