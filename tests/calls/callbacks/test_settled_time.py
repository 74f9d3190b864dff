"""The line calls a person when staff said, however many others are due by the evening (R36)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from models import Staff
from models.callbacks.appointment import reschedule
from models.staff.staff import change_shift
from tests.calls.callbacks.test_callbacks import CALLER, LIAISON, the_callback
from tests.calls.callbacks.test_put_off import asks
from tests.calls.conftest import Clock, Hotline
from tests.calls.pin.test_faked_number import rings_in_vain
from tests.factories import MadeCase, make_callback
from tests.factories import make_case as made_case
from tests.phone import Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_person_is_called_at_the_time_that_staff_set_before_those_who_are_due_later_that_day(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    ana = make_staff(on_shift=False)
    asks(phone, make_case(custody_status="in_custody"))
    hotline.jobs.works_off()
    callback, at = the_callback(hotline), clock.now + timedelta(hours=1)
    policy = hotline.policy
    with hotline.database.transaction() as session:
        staff = session.get_one(Staff, ana.id)
        reschedule(session, callback.id, staff, at, clock.now, policy)
        for number in range(3):
            make_callback(
                session, made_case(session), phone=f"+1202555015{number}",
                due_at=clock.now + timedelta(hours=8), next_attempt_at=clock.now,
            )  # fmt: skip

    clock.passes(hours=1)
    with hotline.database.transaction() as session:
        change_shift(session, ana.email, on_shift=True, actor=f"staff:{ana.id}", now=clock.now)
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)
    hotline.answers(phone.another()).presses("1")

    assert hotline.rung() == [CALLER], "the line was to call at that time"


@pytest.mark.parametrize(("agreed", "rings"), [(True, ["13:00", "13:30"]), (False, ["13:00"])])
def test_person_who_agreed_on_a_time_after_two_missed_rings_is_rung_more_than_once_then(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, agreed: bool, rings: list[str]
) -> None:
    """They were told of that hour, missed one ring of it, and were never called again."""
    ana = make_staff(phone=LIAISON)
    asks(phone, make_case(custody_status="in_custody"))
    assert rings_in_vain(phone, hotline, 45) == ["10:15", "10:45"]

    callback, now = the_callback(hotline), hotline.clock.now
    with hotline.database.transaction() as session:
        staff = session.get_one(Staff, ana.id)
        at = now.replace(hour=18, minute=0)
        reschedule(session, callback.id, staff, at, now, hotline.policy, agreed=agreed)

    assert rings_in_vain(phone, hotline, 300) == rings
    assert the_callback(hotline).state == "no_answer"
