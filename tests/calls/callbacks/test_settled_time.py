"""The line calls a person when staff said, however many others are due by the evening (R36)."""

from collections.abc import Callable
from datetime import timedelta

from models import Staff
from models.callbacks.appointment import reschedule
from models.staff.staff import change_shift
from tests.calls.callbacks.test_callbacks import CALLER, the_callback
from tests.calls.callbacks.test_put_off import asks
from tests.calls.conftest import Clock, Hotline
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
