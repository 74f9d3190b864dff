"""A reminder of a date beside other news of its case: one call tells both, so the phone rings once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Notice
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, FIRST, Registered, misses, picks_up, sweeps
from tests.conftest import ON_SQLITE
from tests.phone import Phone

Registering = Callable[..., Registered]


@pytest.fixture
def moved(registered: Registering, hotline: Hotline) -> Registered:
    """Somebody was moved, and has a court date tomorrow, of which the sweeper makes a reminder."""
    court = {"next_hearing_at": hotline.clock.now + timedelta(days=1), "next_hearing_place": "Lumpkin Court"}
    made = registered("transferred", record=court)
    made.is_due("transferred")
    return made


def rings_within(phone: Phone, hotline: Hotline, minutes: int) -> list[int]:
    """The minutes at which the phone rings; nobody answers it."""
    rang = []
    for minute in range(minutes):
        if FIRST in sweeps(hotline, minutes=1):
            rang.append(minute)
            misses(phone, hotline)
    return rang


@ON_SQLITE
def test_phone_that_nobody_answers_rings_once_for_a_change_and_a_reminder(
    phone: Phone, moved: Registered, hotline: Hotline
) -> None:
    """It rang twice within a minute, and the second call could say no more than the first."""
    assert rings_within(phone, hotline, 30) == [0]


@ON_SQLITE
def test_call_about_a_change_tells_and_confirms_the_reminder_that_waits(
    phone: Phone, moved: Registered, hotline: Hotline
) -> None:
    assert sweeps(hotline) == [FIRST]
    called = picks_up(phone, hotline)
    for keys in ("1", CODE):
        called.presses(keys)
    assert called.hears("They were moved", "The next court date is tomorrow")

    hotline.clock.passes(seconds=40)
    called.presses("1")

    assert hotline.rows(select(Notice.state)) == ["confirmed", "confirmed"]


@ON_SQLITE
def test_reminder_rings_by_itself_once_the_calls_about_the_change_are_over(
    phone: Phone, moved: Registered, hotline: Hotline
) -> None:
    change = select(Notice.state).order_by(Notice.id).limit(1)
    while hotline.rows(change) == ["waiting"]:
        if FIRST in sweeps(hotline, minutes=10):
            misses(phone, hotline)

    assert hotline.rows(change) == ["left_for_staff"]
    assert len(rings_within(phone, hotline, 45)) == 1


@ON_SQLITE
def test_change_does_not_wait_for_the_calls_about_a_reminder(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    court = {"next_hearing_at": hotline.clock.now + timedelta(days=1), "next_hearing_place": "Lumpkin Court"}
    made = registered("transferred", record=court)
    assert sweeps(hotline) == [FIRST]
    misses(phone, hotline)

    made.is_due("transferred")

    assert sweeps(hotline, minutes=1) == [FIRST]


@ON_SQLITE
def test_reminder_does_not_wait_for_a_call_about_a_change_that_is_days_away(
    moved: Registered, hotline: Hotline
) -> None:
    agreed = hotline.clock.now + timedelta(days=3)
    first = select(Notice.id).order_by(Notice.id).limit(1).scalar_subquery()
    with hotline.database.transaction() as session:
        session.execute(update(Notice).where(Notice.id == first).values(next_attempt_at=agreed))

    assert sweeps(hotline, minutes=1) == [FIRST]
