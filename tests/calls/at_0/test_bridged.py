"""Talks at 0 for which the caller's own call rang the liaison: what follows is as after any other (Legs)."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from config.office import Office
from models import Staff
from tests.calls.at_0.talking import FIRST, held_legs
from tests.calls.conftest import Clock, House
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@pytest.fixture
def office(office: Office) -> Office:
    """An office whose liaisons have time to write after a talk."""
    wrap_up = dataclasses.replace(office.policies["wrap_up_seconds"], value=30)
    return dataclasses.replace(office, policies={**office.policies, "wrap_up_seconds": wrap_up})


@pytest.mark.parametrize("first", ["liaison", "caller"])
def test_a_liaison_whom_the_callers_own_call_rang_writes_after_the_talk(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, clock: Clock, first: str
) -> None:
    make_staff(phone=FIRST)
    house.jobs.is_down = True
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = phone.answers()
    liaison.presses("1")

    (liaison if first == "liaison" else phone).hangs_up()

    assert held_legs(house) == []
    assert house.row(select(Staff.wrap_up_until)) == clock.now + timedelta(seconds=30)
    other = phone.another()
    reaches_the_first_menu(other, from_="+12025550124")
    other.presses("0")
    assert other.rings == ()


def test_a_liaison_who_takes_a_caller_so_has_missed_nothing_in_a_row(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    case = make_case(custody_status="in_custody")
    for redis_is_down in (False, True, False):
        caller = phone.another()
        house.jobs.is_down = redis_is_down
        opens_the_case(caller, case)
        caller.presses("0")
        if redis_is_down:
            caller.answers().presses("1")
        else:
            assert house.rung() == [FIRST]
            phone.another().declines(house.carrier.ringing[-1], "no-answer")
        caller.hangs_up()
        house.jobs.waiting.clear()
        clock.passes(minutes=5)

    (ana,) = house.rows(select(Staff))
    assert (ana.on_shift, ana.missed_offers) == (True, 1)
