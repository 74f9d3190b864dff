"""An urgent callback opens the hours of the phone from which it is asked for, and of no other (R29)."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from models import Callback, Staff, Subject
from models import Phone as PhoneRow
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase, make_custody_record
from tests.phone import CALLER, Phone
from workers.sweeper import sweep

ELSEWHERE = "+12025550178"
MORNING, NIGHT = datetime(2026, 11, 25, 15, 0, tzinfo=UTC), datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """10 AM in the office and where the caller is."""
    return MORNING


@pytest.fixture
def case(make_case: Callable[..., MadeCase], make_staff: Callable[..., Staff], hotline: Hotline) -> MadeCase:
    """Its phone is called from three to five alone, and somebody is on call at night."""
    make_staff(on_call=True)
    case = make_case(custody_status="in_custody", phone=CALLER)
    with hotline.database.transaction() as session:
        session.execute(update(PhoneRow).values(window_starts=time(15), window_ends=time(17)))
    return case


def rings_at(phone: Phone, hotline: Hotline, clock: Clock) -> datetime:
    """When the phone of the callback rings next, by the clock of its person."""
    hotline.jobs.waiting.clear()
    while not hotline.rung():
        clock.passes(minutes=15)
        sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)
    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == CALLER
    return clock.now.astimezone(hotline.office.zone)


@pytest.mark.parametrize(("asks_from", "hour"), [(ELSEWHERE, 15), (CALLER, 2), ("", 2)])
def test_phone_rings_in_its_hours_if_its_person_is_afraid_at_another_one(
    phone: Phone, case: MadeCase, hotline: Hotline, clock: Clock, asks_from: str, hour: int
) -> None:
    """At two in the morning the phone at home rang, and they were somewhere else."""
    asks_express(phone, case)
    phone.hangs_up()
    clock.now = NIGHT
    again = phone.another()
    opens_the_case(again, case, from_=asks_from)

    for key in ("2", "3"):
        again.presses(key)

    says = again.hears if hour == 15 else again.does_not_hear
    assert says("We will try today, between three in the afternoon and five in the afternoon")
    assert says("We will call you no later than today at 5:00 PM", "at 988")
    assert again.does_not_hear("sorry")
    again.hangs_up()
    assert hotline.row(select(Callback)).urgency == "urgent"
    assert rings_at(phone, hotline, clock).hour == hour


def test_phone_that_an_afraid_person_asked_from_rings_at_once_although_they_ask_again_elsewhere(
    phone: Phone, case: MadeCase, hotline: Hotline, clock: Clock
) -> None:
    clock.now = NIGHT
    opens_the_case(phone, case)
    for key in ("2", "3"):
        phone.presses(key)
    assert phone.hears("We will call you no later than today at 3:00 AM")
    phone.hangs_up()
    again = phone.another()
    opens_the_case(again, case, from_=ELSEWHERE)
    for key in ("2", "2", "4"):
        again.presses(key)
    assert again.hears("We will call you no later than today at 3:00 AM")
    again.hangs_up()

    assert rings_at(phone, hotline, clock).hour == 2


def test_hard_news_heard_at_another_phone_rings_no_phone_outside_its_hours(
    phone: Phone, case: MadeCase, hotline: Hotline, clock: Clock
) -> None:
    asks_express(phone, case)
    phone.hangs_up()
    clock.now = NIGHT
    with hotline.database.transaction() as session:
        make_custody_record(
            session, session.get_one(Subject, case.subject_id), "released",
            status_at=clock.now - timedelta(hours=1), as_of=clock.now,
        )  # fmt: skip
    again = phone.another()
    opens_the_case(again, case, from_=ELSEWHERE)
    again.presses("1")
    again.presses("2")
    assert again.hears("You already have a callback", "between three in the afternoon and five")
    again.hangs_up()

    assert hotline.row(select(Callback)).reason == "hard_news"
    assert rings_at(phone, hotline, clock).hour == 15
