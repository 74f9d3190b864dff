"""Whoever answers says that it is no good time: nobody rings at once, and a person follows up (R30, R36)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback, Staff
from tests.calls.conftest import House
from tests.calls.stories import opens_the_case
from tests.calls.test_callbacks import accepted_by
from tests.calls.test_without_pin import dials_to_the_callback_menu
from tests.factories import MadeCase
from tests.phone import Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def asks(phone: Phone, case: MadeCase) -> None:
    """Ask for a callback as soon as can be, with the PIN."""
    opens_the_case(phone, case)
    for key in ("2", "1"):
        phone.presses(key)
    assert phone.hears("We will call you")
    phone.hangs_up()


def passes(house: House, minutes: int) -> None:
    """Let time pass, and look what is due."""
    house.clock.passes(minutes=minutes)
    sweep(house.database, house.jobs, house.carrier, house.office, house.clock.now)


@pytest.mark.parametrize("key", ["2", "7"])
def test_nobody_is_rung_for_another_callback_of_the_phone_that_cannot_talk_now(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, key: str
) -> None:
    asks(phone.another(), make_case(custody_status="in_custody"))
    without_pin = phone.another()
    dials_to_the_callback_menu(without_pin)
    without_pin.presses("1")
    without_pin.hangs_up()
    make_staff()

    passes(house, 0)
    liaison, to_caller = accepted_by(phone, house)
    called = phone.answers(to_caller)
    called.presses(key)
    house.jobs.works_off()
    liaison.hangs_up()

    for _ in range(5):
        passes(house, 5)
        assert house.rung() == [], "the other one would ring beside whoever walked in"
    passes(house, 6)
    assert house.rung() != []
    with house.database.reading() as session:
        rows = session.scalars(select(Callback)).all()
        assert sorted(row.caller_tries for row in rows) == [0, 1]


def test_a_callback_that_was_put_off_by_a_key_is_not_given_up_after_one_missed_ring(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    asks(phone.another(), make_case(custody_status="in_custody"))
    make_staff()

    for answer in ("2", "2", ""):
        passes(house, 31)
        liaison, to_caller = accepted_by(phone, house)
        if answer:
            phone.answers(to_caller).presses(answer)
        else:
            phone.another().lets_ring(to_caller)
        house.jobs.works_off()
        liaison.hangs_up()
        house.jobs.works_off()

    row = house.row(select(Callback))
    assert (row.state, row.outcome) == ("left_for_staff", "no_answer")
