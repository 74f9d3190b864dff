"""A callback falls due while its person is on the line with us, so their phone is busy (R36)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback, Staff
from tests.calls.conftest import Hotline
from tests.calls.stories import asks_very_soon, reaches_the_first_menu
from tests.conftest import ON_SQLITE, in_turn
from tests.factories import MadeCase
from tests.phone import CALLER, Phone, PlacedCall

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def is_afraid(phone: Phone, case: MadeCase) -> None:
    """Ask for a call very soon, and hang up."""
    asks_very_soon(phone, case)
    assert phone.hears("We will call you")
    phone.hangs_up()


def calls_the_crisis_line(phone: Phone, **how: str) -> None:
    """Call again, and talk with a partner line by our transfer."""
    phone.dials_in(**how)
    for key in ("1", "3", "1"):
        phone.presses(key)
    assert phone.is_rung("988")


def is_tried(hotline: Hotline, phone: Phone) -> tuple[Phone, PlacedCall]:
    """The liaison who is rung for the callback accepts it, and the person is rung."""
    hotline.sweeps()
    liaison = hotline.accepts(phone)
    (to_caller,) = hotline.carrier.ringing
    assert to_caller.to == CALLER
    return liaison, to_caller


def is_called_about_two_cases(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> tuple[Phone, PlacedCall]:
    """A person talks with one liaison while another one has them called too; their phone, and that call."""
    for _ in range(2):
        is_afraid(phone, make_case(custody_status="in_custody"))
    make_staff(phone="+12025550171")
    make_staff(phone="+12025550172")
    hotline.sweeps()
    hotline.jobs.works_off()
    for offer in hotline.carrier.ringing:
        phone.answers(offer).presses("1")
    hotline.jobs.works_off()
    first, second = hotline.carrier.ringing
    talking = phone.answers(first)
    talking.presses("1")
    return talking, second


def states_and_tries(hotline: Hotline) -> list[tuple[str, int]]:
    """The state of each callback, and how often its person did not answer."""
    rows = hotline.rows(select(Callback).order_by(Callback.id))
    return [(row.state, row.caller_tries) for row in rows]


@ON_SQLITE
def test_frightened_person_on_the_line_with_a_crisis_line_loses_no_try(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    is_afraid(phone, make_case(custody_status="in_custody"))
    again = phone.another()
    calls_the_crisis_line(again)
    make_staff()

    for _ in range(4):
        liaison, to_caller = is_tried(hotline, phone)
        phone.another().declines(to_caller, "busy")
        hotline.jobs.works_off()
        assert liaison.is_over
        assert hotline.rung() == [], "nobody is rung again at once"
        hotline.clock.passes(minutes=2, seconds=1)
    again.hangs_up()

    callback = hotline.row(select(Callback))
    assert (callback.state, callback.caller_tries) == ("requested", 0)
    _, to_caller = is_tried(hotline, phone)
    called = phone.answers(to_caller)
    called.presses("1")
    assert called.is_talking


def test_frightened_person_who_waits_at_0_loses_no_try(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    is_afraid(phone, make_case(custody_status="in_custody"))
    make_staff()
    liaison, to_caller = is_tried(hotline, phone)
    again = phone.another()
    reaches_the_first_menu(again)
    again.presses("0")
    assert again.hears("next in line")

    phone.another().declines(to_caller, "busy")
    hotline.jobs.works_off()

    callback = hotline.row(select(Callback))
    assert (callback.state, callback.caller_tries) == ("requested", 0)
    assert liaison.is_over


def test_person_whom_we_call_about_another_case_at_the_same_time_loses_no_try(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    talking, second = is_called_about_two_cases(phone, make_case, make_staff, hotline)

    phone.another().declines(second, "busy")
    hotline.jobs.works_off()

    assert talking.is_talking
    assert states_and_tries(hotline) == [("talking", 0), ("requested", 0)]


@pytest.mark.parametrize("second_call", ["rings on", "goes to a machine"])
def test_person_who_talks_with_us_loses_no_try_by_a_second_call_that_their_phone_takes(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, second_call: str
) -> None:
    talking, second = is_called_about_two_cases(phone, make_case, make_staff, hotline)

    if second_call == "rings on":
        phone.another().lets_ring(second)
    else:
        phone.answers(second, AnsweredBy="machine_end_beep").says_nothing()
    hotline.jobs.works_off()

    assert talking.is_talking
    assert states_and_tries(hotline) == [("talking", 0), ("requested", 0)]
    talking.hangs_up()
    hotline.clock.passes(minutes=30, seconds=1)
    _, to_caller = is_tried(hotline, phone)
    phone.another().lets_ring(to_caller)
    assert hotline.rows(select(Callback.caller_tries).order_by(Callback.id)) == [0, 1]


@in_turn("call", ["none", "over", "doubted", "of another phone"])
def test_busy_phone_that_is_not_on_the_line_with_us_is_a_try(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, call: str
) -> None:
    is_afraid(phone, make_case(custody_status="in_custody"))
    other = phone.another()
    if call == "doubted":
        calls_the_crisis_line(other, StirVerstat="TN-Validation-Failed-C")
    elif call == "of another phone":
        calls_the_crisis_line(other, from_="+12025550148")
    elif call == "over":
        calls_the_crisis_line(other)
        other.hangs_up()
    make_staff()

    _, to_caller = is_tried(hotline, phone)
    phone.another().declines(to_caller, "busy")

    assert hotline.row(select(Callback.caller_tries)) == 1


def test_person_on_the_line_who_lets_their_phone_ring_has_missed_it(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    is_afraid(phone, make_case(custody_status="in_custody"))
    calls_the_crisis_line(phone.another())
    make_staff()

    _, to_caller = is_tried(hotline, phone)
    phone.another().declines(to_caller, "no-answer")

    assert hotline.row(select(Callback.caller_tries)) == 1


@ON_SQLITE
def test_busy_phone_is_not_rung_without_end_because_of_an_open_call(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    is_afraid(phone, make_case(custody_status="in_custody"))
    calls_the_crisis_line(phone.another())
    make_staff()
    rounds = 0

    while hotline.row(select(Callback.state)) == "requested" and rounds < 20:
        _, to_caller = is_tried(hotline, phone)
        phone.another().declines(to_caller, "busy")
        hotline.jobs.works_off()
        rounds += 1
        hotline.clock.passes(minutes=2 if hotline.row(select(Callback.caller_tries)) == 0 else 30, seconds=1)

    callback = hotline.row(select(Callback))
    assert (callback.state, callback.outcome, callback.caller_tries) == ("left_for_staff", "no_answer", 3)
    assert rounds == 9
