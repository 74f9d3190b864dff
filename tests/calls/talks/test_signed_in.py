"""A liaison who only talks stays signed in: a call is use of the console, a ringing phone is none."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from models import Staff
from models.staff.staff_session import StaffSession, begin_session, find_signed_in
from tests.calls.callbacks.test_callbacks import LIAISON, asks_express
from tests.calls.callouts.test_call_out import accepts, asks, stewart
from tests.calls.conftest import Hotline
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import MadeCase
from tests.phone import Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def signs_in(hotline: Hotline, hours: float = 12) -> str:
    """The one liaison signs in now, for so many hours."""
    with hotline.database.transaction() as session:
        staff_id = session.scalars(select(Staff.id)).one()
        now = hotline.clock.now
        return begin_session(session, staff_id, method="password", browser="Test", hours=hours, now=now)


def clicks_in_console(hotline: Hotline) -> None:
    with hotline.database.transaction() as session:
        session.execute(update(StaffSession).values(seen_at=hotline.clock.now))


def is_signed_in(hotline: Hotline, token: str) -> bool:
    idle = hotline.policies.console_idle_minutes
    with hotline.database.reading() as session:
        return find_signed_in(session, token, idle_minutes=idle, now=hotline.clock.now) is not None


def minutes_pass(hotline: Hotline, minutes: int) -> None:
    for _ in range(minutes):
        hotline.clock.passes(minutes=1)
        sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now)


@ON_SQLITE
def test_long_talk_does_not_end_the_session_of_the_liaison_who_then_saves_the_outcome(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    token = signs_in(hotline)

    minutes_pass(hotline, 45)
    assert is_signed_in(hotline, token)
    talk[1].hangs_up()
    talk[0].hangs_up()
    minutes_pass(hotline, 27)
    assert is_signed_in(hotline, token)
    minutes_pass(hotline, 4)
    assert not is_signed_in(hotline, token)


@ON_BOTH
def test_talk_in_which_twelve_hours_end_leaves_the_liaison_signed_in_until_its_outcome_is_saved(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    """The words, *Hold* and *End call* were gone in the middle, also for somebody who had just clicked."""
    token = signs_in(hotline, hours=0.5)

    for _ in range(40):
        clicks_in_console(hotline)
        minutes_pass(hotline, 1)
    assert is_signed_in(hotline, token)
    talk[1].hangs_up()
    talk[0].hangs_up()
    minutes_pass(hotline, 7)
    assert is_signed_in(hotline, token)
    minutes_pass(hotline, 10)
    assert not is_signed_in(hotline, token)


def test_talk_brings_back_no_session_that_had_ended_before_it(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    token = signs_in(hotline)
    minutes_pass(hotline, 31)
    asks_express(phone, make_case(custody_status="in_custody"))

    hotline.accepts(phone.another())
    minutes_pass(hotline, 2)

    assert not is_signed_in(hotline, token)


@pytest.mark.parametrize("does", ["rings", "accepts"])
def test_phone_that_only_rings_keeps_nobody_signed_in(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, does: str
) -> None:
    make_staff(phone=LIAISON)
    token = signs_in(hotline)
    minutes_pass(hotline, 29)
    asks_express(phone, make_case(custody_status="in_custody"))
    assert hotline.rung() == [LIAISON]
    if does == "accepts":
        hotline.answers(phone.another()).presses("1")

    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now)
    hotline.clock.passes(minutes=2)

    assert is_signed_in(hotline, token) == (does == "accepts")


def test_liaison_whom_an_agency_keeps_on_hold_stays_signed_in(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    case, lea = make_case(custody_status="in_custody", facility="Stewart"), make_staff(phone=LIAISON)
    token = signs_in(hotline)
    asks(hotline, case, lea, stewart(hotline))
    accepts(phone, hotline).answers()

    minutes_pass(hotline, 45)

    assert is_signed_in(hotline, token)
