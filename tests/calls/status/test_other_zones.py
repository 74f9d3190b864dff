"""Callers without the PIN who say that it is another hour where the phone is (R29, R35)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from config.office import Office
from models import Callback, Staff
from models.talks.own_call import call_now
from tests.calls.callbacks.test_callbacks import the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.pin.test_without_pin import DOUBTED, dials_to_the_callback_menu
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase, make_callback, make_office
from tests.phone import Phone
from workers.sweeper import sweep

MakeStaff = Callable[..., Staff]
MakeCase = Callable[..., MadeCase]
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
    """Ask for a call at any time, once ``key`` has corrected the hour by five zones.

    In winter Arizona time is asked for by its name, after Mountain Time with the same hour.
    """
    dials_to_the_callback_menu(phone, from_=from_, **extra)
    phone.presses("2")
    for _ in range(6 if key == EARLIER else 5):
        phone.presses(key)
    assert phone.hears({LATER: "nine in the morning", EARLIER: "four in the morning"}[key])
    phone.presses("1")
    phone.presses("4")
    assert phone.hears("We will call you")
    phone.hangs_up()


def looks_for_work(hotline: Hotline, at: datetime) -> None:
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, at)
    hotline.jobs.works_off()


@pytest.mark.parametrize(
    "extra", [{}, DOUBTED, ATTESTED], ids=["the phone", "a doubted caller id", "attested"]
)
def test_stranger_does_not_put_off_a_call_by_the_time_zone_of_its_number(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock, extra: dict[str, str]
) -> None:
    asks_where(phone, LATER, ISLANDER)
    before = the_callback(hotline)
    stranger = phone.another()

    dials_to_the_callback_menu(stranger, from_=ISLANDER, **extra)
    stranger.presses("1")
    stranger.hangs_up()

    after = the_callback(hotline)
    assert (after.time_zone, after.next_attempt_at) == (before.time_zone, before.next_attempt_at)
    make_staff()
    looks_for_work(hotline, clock.now)
    assert hotline.rung() != []


@ON_SQLITE
@pytest.mark.parametrize("extra", [{}, DOUBTED], ids=["not attested", "doubted"])
@pytest.mark.parametrize("part", [["1"], ["2", "1", "1"]], ids=["any time", "in the morning"])
def test_faked_number_does_not_make_the_phone_ring_at_night(
    phone: Phone,
    make_staff: MakeStaff,
    hotline: Hotline,
    clock: Clock,
    extra: dict[str, str],
    part: list[str],
) -> None:
    asks_where(phone, EARLIER, MAINLANDER, **ATTESTED)
    stranger = phone.another()

    dials_to_the_callback_menu(stranger, from_=MAINLANDER, **extra)
    for key in part:
        stranger.presses(key)
    assert stranger.hears("We will call you")
    stranger.hangs_up()

    assert the_callback(hotline).time_zone == "Pacific/Honolulu"
    make_staff()
    looks_for_work(hotline, clock.now)
    assert hotline.rung() == []
    clock.passes(hours=4, minutes=1)
    looks_for_work(hotline, clock.now)
    assert hotline.rung() != []


def test_caller_who_corrects_the_hour_after_a_stranger_asked_is_called_as_promised(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    stranger = phone.another()
    dials_to_the_callback_menu(stranger, from_=ISLANDER)
    stranger.presses("1")
    stranger.hangs_up()
    make_staff()
    looks_for_work(hotline, clock.now)
    assert hotline.rung() == []

    asks_where(phone, LATER, ISLANDER)

    clock.passes(minutes=1)
    looks_for_work(hotline, clock.now)
    assert hotline.rung() != []


def test_part_of_the_day_in_another_zone_replaces_no_earlier_one(
    phone: Phone, hotline: Hotline, clock: Clock
) -> None:
    dials_to_the_callback_menu(phone, from_=MAINLANDER)
    for key in ("2", "1", "2"):
        phone.presses(key)
    phone.hangs_up()
    before = the_callback(hotline)
    stranger = phone.another()

    dials_to_the_callback_menu(stranger, from_=MAINLANDER)
    stranger.presses("2")
    for key in (*EARLIER * 6, "1", "1"):
        stranger.presses(key)
    assert stranger.hears("in the morning")
    stranger.hangs_up()

    after = the_callback(hotline)
    assert (after.time_zone, after.window_starts, after.next_attempt_at) == (
        before.time_zone,
        before.window_starts,
        before.next_attempt_at,
    )
    assert after.next_attempt_at <= clock.now + timedelta(hours=3)


def test_part_of_the_day_in_which_the_office_never_works_is_not_promised(
    phone: Phone, hotline: Hotline
) -> None:
    """From five on in Honolulu it is ten at night in New York: that call would never have rung anybody."""
    dials_to_the_callback_menu(phone, from_=ISLANDER)
    for key in ("2", "1"):
        phone.presses(key)
    assert phone.hears("For the evening, press 3")

    phone.presses("3")

    assert phone.hears("We are closed then. Please choose another time.", "For the morning, press 1")
    assert hotline.rows(select(Callback)) == []
    phone.presses("2")
    assert phone.hears("in the afternoon", "We will call you")


def test_open_callback_stays_when_the_caller_chooses_such_a_part_for_it(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", time_zone="America/Los_Angeles")
    opens_the_case(phone, case)
    for key in ("2", "2", "2"):
        phone.presses(key)
    assert phone.hears("in the afternoon")
    phone.hangs_up()
    before = the_callback(hotline)
    again = phone.another()
    opens_the_case(again, case)
    for key in ("2", "2", "3"):
        again.presses(key)

    assert again.hears("We are closed then. Please choose another time.")

    again.hangs_up()
    after = the_callback(hotline)
    assert (after.window_starts, after.due_at) == (before.window_starts, before.due_at)
    make_staff()
    assert after.window_starts is not None
    clock.now = after.window_starts
    looks_for_work(hotline, clock.now)
    assert hotline.rung() != []


def test_staff_who_still_work_may_call_in_the_persons_hours_after_the_office_has_closed(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    """On the page of what was left because "no moment fits" no button worked: each was refused."""
    lea = make_staff()
    case = make_case(time_zone="America/Los_Angeles")
    clock.now = datetime(2026, 11, 26, 1, 30, tzinfo=UTC)
    evening = clock.now - timedelta(minutes=30)
    with hotline.database.transaction() as session:
        asked = make_callback(
            session, case, time_zone="America/Los_Angeles", state="left_for_staff", outcome="no_window",
            closed_at=evening, window_starts=evening, window_ends=evening + timedelta(hours=4),
        ).id  # fmt: skip
        policy = hotline.policy
        jobs = call_now(session, asked, lea.id, clock.now, policy)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)

    hotline.accepts(phone)

    assert len(hotline.carrier.ringing) == 1, "the person's phone rings"
    assert the_callback(hotline).state == "ringing_caller"
