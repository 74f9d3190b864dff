"""A talk that drops: one more call, if the person wanted that."""

from collections.abc import Callable

import pytest

from models import Staff
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express
from tests.calls.conftest import Clock, Hotline
from tests.calls.staff.conftest import callbacks, set_callbacks
from tests.conftest import in_turn
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@in_turn("who", ["liaison", "caller"])
@pytest.mark.parametrize(
    ("wish", "seconds", "again"), [("ring_once", 20, 1), ("ring_once", 70, 0), ("wait_for_me", 20, 0)]
)
def test_dropped_call_is_followed_by_one_more_where_the_person_wanted_that(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock,
    who: str, wish: str, seconds: int, again: int,
) -> None:  # fmt: skip
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    set_callbacks(hotline, when_dropped=wish)
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    clock.passes(seconds=seconds)

    (liaison if who == "liaison" else called).hangs_up()

    first, *more = callbacks(hotline)
    assert (first.state, first.outcome) == ("reached", "reached")
    assert [row.reason for row in more] == ["dropped"] * again


def test_dropped_call_that_somebody_else_asked_for_as_well_is_not_followed_by_another(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """One more call was the wish of one of them alone (R35)."""
    make_staff()
    for asker in (phone, phone.another()):
        asker.dials_in()
        for key in ("1", "2", "1", "1"):
            asker.presses(key)
        asker.hangs_up()
        set_callbacks(hotline, when_dropped="ring_once")
    _liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")

    called.hangs_up()

    assert [row.state for row in callbacks(hotline)] == ["reached"]


def test_call_that_drops_twice_is_not_followed_by_a_third(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    set_callbacks(hotline, when_dropped="ring_once")
    for _ in range(2):
        liaison, to_caller = accepted_by(phone, hotline)
        called = phone.answers(to_caller)
        called.presses("1")
        called.hangs_up()
        hotline.jobs.works_off()
        if not liaison.is_over:
            liaison.hangs_up()

    assert [row.state for row in callbacks(hotline)] == ["reached", "reached"]
