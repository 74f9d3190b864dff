"""The hour that a frightened person is promised is one in which somebody is there (R36)."""

from collections.abc import Callable
from datetime import UTC, datetime, time

import pytest

from config.office import Office
from models import Staff
from tests.calls.callbacks.promised.promises import others_wait
from tests.calls.conftest import Hotline
from tests.calls.stories import asks_very_soon, works
from tests.factories import MadeCase, make_office
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@pytest.fixture
def office() -> Office:
    """Open from 8 AM to 8 PM Eastern Time."""
    return make_office(always_open=False)


@pytest.fixture
def now() -> datetime:
    """A Wednesday, 4:59 PM in the office."""
    return datetime(2026, 12, 2, 21, 59, tzinfo=UTC)


def is_afraid(phone: Phone, make_case: MakeCase) -> None:
    asks_very_soon(phone, make_case(custody_status="in_custody"))


def test_only_liaison_goes_home_before_the_office_closes(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    works(hotline, make_staff(), "on_shift", time(9), time(17))

    is_afraid(phone, make_case)

    assert phone.hears("We will call you no later than tomorrow at 10:00 AM")


def test_only_liaison_goes_home_before_those_ahead_were_called(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """Behind twenty others they heard "tomorrow at 10:00 AM", as behind nobody."""
    works(hotline, make_staff(), "on_shift", time(9), time(17))
    others_wait(hotline, 20, verified=True)

    is_afraid(phone, make_case)

    assert phone.hears("We will call you no later than tomorrow at 11:40 AM")


def test_supervisor_is_there_until_the_office_closes(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    works(hotline, make_staff(), "on_shift", time(9), time(17))
    make_staff(email="sol@office.example.org", role="supervisor", phone="+12025550171", on_shift=False)

    is_afraid(phone, make_case)

    assert phone.hears("We will call you no later than today at 5:59 PM")


def test_colleague_begins_as_the_first_one_goes_home(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    works(hotline, make_staff(), "on_shift", time(9), time(17))
    later = make_staff(email="lee@office.example.org", phone="+12025550171", on_shift=False)
    works(hotline, later, "on_shift", time(18), time(20))

    is_afraid(phone, make_case)

    assert phone.hears("We will call you no later than today at 7:00 PM")


def test_on_call_begins_half_an_hour_after_the_office_has_closed(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    works(hotline, make_staff(on_shift=False), "on_call", time(20, 30), time(23, 30))
    hotline.clock.now = datetime(2026, 12, 3, 1, 10, tzinfo=UTC)

    is_afraid(phone, make_case)

    assert phone.hears("We will call you no later than today at 9:30 PM")


def test_person_who_left_the_office_does_not_count(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    gone = make_staff(on_shift=False)
    works(hotline, gone, "on_call", time(20, 30), time(23, 30))
    make_staff(email="lee@office.example.org", phone="+12025550171", on_shift=False)
    hotline.clock.now = datetime(2026, 12, 3, 1, 10, tzinfo=UTC)
    with hotline.database.transaction() as session:
        session.get_one(Staff, gone.id).left_at = hotline.clock.now

    is_afraid(phone, make_case)

    assert phone.hears("We will call you no later than tomorrow at 9:00 AM")
