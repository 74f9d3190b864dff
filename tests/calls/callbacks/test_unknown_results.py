"""Calls with an unknown result: what may have rung is never rung again, and a person decides (Legs)."""

from collections.abc import Callable

from sqlalchemy import select

from models import Callback, Staff
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.fake_carrier import FakeCarrier
from tests.phone import Phone

CALLER = "+12025550123"


def test_person_who_may_be_ringing_is_not_rung_again_when_the_liaison_hangs_up(
    phone: Phone,
    make_case: Callable[..., MadeCase],
    make_staff: Callable[..., Staff],
    hotline: Hotline,
    carrier: FakeCarrier,
) -> None:
    make_staff(phone="+12025550170")
    make_staff(phone="+12025550171")
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")
    phone.hangs_up()
    hotline.jobs.works_off()
    liaison = phone.answers(carrier.ringing[-1])
    carrier.loses_next_answer()
    liaison.presses("1")
    hotline.jobs.works_off()

    liaison.hangs_up()
    hotline.clock.passes(minutes=1)
    hotline.jobs.works_off()

    assert [call.to for call in carrier.placed].count(CALLER) == 1
    assert hotline.row(select(Callback.state)) == "left_for_staff"
