"""Who of the staff learns of news that nobody confirms, when, and who does not."""

from collections.abc import Callable
from datetime import time, timedelta

from sqlalchemy import select

from models import Alert, Case, Staff
from models.cases.duress import DuressWatch
from models.staff.alert import NOTICES_LATE
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    Registered,
    is_called,
    minutes_until_next,
    misses,
    sweeps,
    the_notice,
)
from tests.calls.stories import works
from tests.factories import make_duress_pin
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]


def test_reached_cap_makes_a_task_for_staff_at_once(
    phone: Phone, registered: Registering, hotline: Hotline, make_staff: MakeStaff
) -> None:
    make_staff(on_call=True)
    registered("escaped", cap=2).is_due("escaped")
    for _ in range(2):
        sweeps(hotline, minutes=max(0, minutes_until_next(hotline)))
        misses(phone, hotline)

    notice = the_notice(hotline)
    assert (notice.state, notice.task) == ("left_for_staff", "cap")
    sweeps(hotline, seconds=2)
    assert {alert.level for alert in hotline.rows(select(Alert))} == {NOTICES_LATE}


def test_unconfirmed_release_pages_those_on_call_after_half_an_hour_and_supervisors_after_two(
    phone: Phone, registered: Registering, hotline: Hotline, make_staff: MakeStaff
) -> None:
    on_call = make_staff(phone="+12025550171", on_shift=False)
    works(hotline, on_call, "on_call", time(0), time(23), range(7))
    supervisor = make_staff(phone="+12025550172", role="supervisor", on_shift=False)
    registered("released").is_due()
    told: dict[int, list[float]] = {on_call.id: [], supervisor.id: []}
    started = hotline.clock.now
    for minute in (0, 29, 30, 60, 90, 119, 120):
        hotline.clock.now = started + timedelta(minutes=minute)
        sweeps(hotline)
        for call in list(hotline.carrier.ringing):
            phone.another().declines(call, "no-answer")
        for alert in hotline.rows(select(Alert).where(Alert.level == NOTICES_LATE)):
            told[alert.staff_id] = told[alert.staff_id] or [minute]

    assert told == {on_call.id: [30], supervisor.id: [120]}


def test_confirmed_release_pages_nobody(
    phone: Phone, registered: Registering, hotline: Hotline, make_staff: MakeStaff
) -> None:
    make_staff(on_call=True)
    is_called(phone, registered("released"), "1", CODE, "1", "1")

    sweeps(hotline, hours=3)

    assert hotline.rows(select(Alert)) == []


def test_line_calls_nobody_after_a_duress_pin_and_only_the_liaison_who_knows_has_the_task(
    registered: Registering, hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, made = make_staff(), registered("escaped")
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, made.case)
        session.get_one(Case, duress.id).last_verified_at = hotline.clock.now
        session.get_one(DuressWatch, duress.id).staff_id = liaison.id
    made.is_due("escaped")

    hotline.dialler.do("dial_notice", the_notice(hotline).id)

    notice = the_notice(hotline)
    assert hotline.carrier.asked_for == []
    assert (notice.state, notice.outcome, notice.staff_id) == ("left_for_staff", "no_phone", liaison.id)
