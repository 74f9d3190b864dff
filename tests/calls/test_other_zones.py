"""Callers without the PIN who say that it is another hour where the phone is (R29, R35)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from config.office import Office
from models import Staff
from tests.calls.conftest import Clock, House
from tests.calls.test_callbacks import the_callback
from tests.calls.test_without_pin import DOUBTED, dials_to_the_callback_menu
from tests.factories import make_office
from tests.phone import Phone
from workers.sweeper import sweep

MakeStaff = Callable[..., Staff]
#: The area code of Hawaii: what the line guesses before it asks for the hour.
ISLANDER = "+18085550123"
MAINLANDER = "+12025550123"
EARLIER, LATER = "2", "3"
ATTESTED = {"StirVerstat": "TN-Validation-Passed-A"}


@pytest.fixture
def office() -> Office:
    return make_office(always_open=False)


@pytest.fixture
def now() -> datetime:
    """9 AM in New York, 4 AM in Honolulu."""
    return datetime(2026, 11, 25, 14, 0, tzinfo=UTC)


def asks_where(phone: Phone, key: str, from_: str, **extra: str) -> None:
    """Ask for a call at any time, once ``key`` has put the hour right by five zones."""
    dials_to_the_callback_menu(phone, from_=from_, **extra)
    phone.presses("2")
    for _ in range(5):
        phone.presses(key)
    assert phone.hears({LATER: "nine in the morning", EARLIER: "four in the morning"}[key])
    phone.presses("1")
    phone.presses("4")
    assert phone.hears("We will call you")
    phone.hangs_up()


def looks_for_work(house: House, at: datetime) -> None:
    sweep(house.database, house.jobs, house.carrier, house.office, at)
    house.jobs.works_off()


@pytest.mark.parametrize(
    "extra", [{}, DOUBTED, ATTESTED], ids=["the phone", "a doubted caller id", "attested"]
)
def test_a_stranger_does_not_put_off_a_call_by_the_time_zone_of_its_number(
    phone: Phone, make_staff: MakeStaff, house: House, clock: Clock, extra: dict[str, str]
) -> None:
    asks_where(phone, LATER, ISLANDER)
    before = the_callback(house)
    stranger = phone.another()

    dials_to_the_callback_menu(stranger, from_=ISLANDER, **extra)
    stranger.presses("1")
    stranger.hangs_up()

    after = the_callback(house)
    assert (after.time_zone, after.next_attempt_at) == (before.time_zone, before.next_attempt_at)
    make_staff()
    looks_for_work(house, clock.now)
    assert house.rung() != []


@pytest.mark.parametrize("extra", [{}, DOUBTED], ids=["not attested", "doubted"])
@pytest.mark.parametrize("part", [["1"], ["2", "1", "1"]], ids=["any time", "in the morning"])
def test_a_faked_number_does_not_have_the_phone_rung_at_night(
    phone: Phone, make_staff: MakeStaff, house: House, clock: Clock, extra: dict[str, str], part: list[str]
) -> None:
    asks_where(phone, EARLIER, MAINLANDER, **ATTESTED)
    stranger = phone.another()

    dials_to_the_callback_menu(stranger, from_=MAINLANDER, **extra)
    for key in part:
        stranger.presses(key)
    assert stranger.hears("We will call you")
    stranger.hangs_up()

    assert the_callback(house).time_zone == "America/Adak"
    make_staff()
    looks_for_work(house, clock.now)
    assert house.rung() == []
    clock.passes(hours=4, minutes=1)
    looks_for_work(house, clock.now)
    assert house.rung() != []


def test_a_caller_who_puts_the_hour_right_after_a_stranger_asked_is_called_as_promised(
    phone: Phone, make_staff: MakeStaff, house: House, clock: Clock
) -> None:
    stranger = phone.another()
    dials_to_the_callback_menu(stranger, from_=ISLANDER)
    stranger.presses("1")
    stranger.hangs_up()
    make_staff()
    looks_for_work(house, clock.now)
    assert house.rung() == []

    asks_where(phone, LATER, ISLANDER)

    clock.passes(minutes=1)
    looks_for_work(house, clock.now)
    assert house.rung() != []


def test_a_part_of_the_day_in_another_zone_replaces_no_earlier_one(
    phone: Phone, house: House, clock: Clock
) -> None:
    dials_to_the_callback_menu(phone, from_=MAINLANDER)
    for key in ("2", "1", "2"):
        phone.presses(key)
    phone.hangs_up()
    before = the_callback(house)
    stranger = phone.another()

    dials_to_the_callback_menu(stranger, from_=MAINLANDER)
    stranger.presses("2")
    for key in (*EARLIER * 5, "1", "1"):
        stranger.presses(key)
    assert stranger.hears("in the morning")
    stranger.hangs_up()

    after = the_callback(house)
    assert (after.time_zone, after.window_starts, after.next_attempt_at) == (
        before.time_zone,
        before.window_starts,
        before.next_attempt_at,
    )
    assert after.next_attempt_at <= clock.now + timedelta(hours=3)
