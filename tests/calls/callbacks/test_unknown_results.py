"""Calls with an unknown result: what may have rung is never rung again, and a person decides (Legs)."""

import time
from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback, Staff
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.fake_carrier import FakeCarrier
from tests.phone import Phone
from workers import placing
from workers.placing import DialledLeg, Placer

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


@pytest.mark.parametrize("minutes", [0.6, 3])
def test_worker_that_is_halted_before_it_dials_rings_nobody_when_it_goes_on(
    phone: Phone,
    make_case: Callable[..., MadeCase],
    make_staff: Callable[..., Staff],
    hotline: Hotline,
    carrier: FakeCarrier,
    monkeypatch: pytest.MonkeyPatch,
    minutes: float,
) -> None:
    """A machine was suspended after the claim. Staff were to decide, and then the phone rang."""
    make_staff(phone="+12025550170")
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")
    phone.hangs_up()
    hotline.jobs.works_off()
    liaison = phone.answers(carrier.ringing[-1])
    liaison.presses("1")
    place = Placer.place

    def after_a_halt(placer: Placer, dial: DialledLeg) -> None:
        monkeypatch.setattr(Placer, "place", place)
        monkeypatch.setattr(placing, "wall_clock", lambda: time.time() + minutes * 60)
        for _ in range(2):
            hotline.clock.passes(minutes=minutes / 2)
            hotline.sweeps()
        place(placer, dial)

    monkeypatch.setattr(Placer, "place", after_a_halt)
    hotline.jobs.works_off()

    assert CALLER not in carrier.asked_for
    left = hotline.row(select(Callback))
    assert (left.state, left.outcome) == (
        ("left_for_staff", "unknown_call") if minutes > 1 else ("requested", None)
    )
    # The liaison does not wait for a call that nobody placed.
    liaison.says_nothing()
    assert liaison.is_over or liaison.hears("We could not connect you now")
