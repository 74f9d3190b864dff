"""Staff hear how many wait and how long, and nothing of who they are."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select, update

from models import Callback, QueuedCall, Staff
from models.staff.staff import change_shift
from tests.calls.callbacks.test_callbacks import asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.staff_line.staff_calls import (
    asks_from,
    signs_in,
)
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase, make_call
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_staff_hear_how_many_wait_how_long_and_until_when_and_nothing_of_who_they_are(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, clock: Clock
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    clock.passes(minutes=25)
    staff = signs_in(phone, hotline, number)

    staff.presses("2")

    assert staff.hears(
        "No urgent callback is waiting", "The next callback is due", "To hear about the others, press 1"
    )
    staff.presses("1")
    assert staff.hears("One other callback is waiting, for 25 minutes now", "One of all who wait gave a PIN")
    assert staff.does_not_hear("0123", "case", "Ivo")


def test_staff_hear_that_a_promise_is_overdue(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, clock: Clock
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    clock.passes(days=5)
    staff = signs_in(phone, hotline, number)

    staff.presses("2")

    assert staff.hears("The first callback was due", "It is overdue")
    assert staff.does_not_hear("callback is due")


def test_longest_wait_counts_from_the_request_and_not_from_the_next_try(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, clock: Clock
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    clock.passes(minutes=40)
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(next_attempt_at=clock.now))
    staff = signs_in(phone, hotline, number)

    staff.presses("2")

    staff.presses("1")
    assert staff.hears("One other callback is waiting, for 40 minutes now")


def test_staff_who_ask_for_a_call_while_callers_wait_at_0_are_told_to_hang_up_for_them(
    phone: Phone, hotline: Hotline, number: str, clock: Clock
) -> None:
    staff = signs_in(phone, hotline, number)
    staff.presses("1")
    with hotline.database.transaction() as session:
        call = make_call(session)
        session.add(QueuedCall(call_id=call.id, verified=False, since=clock.now, seen_at=clock.now))

    staff.presses("1")

    assert staff.hears("Callers are in line now. Please hang up so that we can call you")
    assert staff.does_not_hear("There is no call to take now")


def test_staff_hear_each_class_with_its_longest_wait(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, clock: Clock
) -> None:
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550131")
    clock.passes(minutes=20)
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550132", key="3")
    clock.passes(minutes=7)
    staff = signs_in(phone, hotline, number)

    staff.presses("2")

    assert staff.hears("One urgent callback is waiting, for 7 minutes now")
    assert staff.does_not_hear("in line", "27 minutes")
    staff.presses("1")
    assert staff.hears("One other callback is waiting, for 27 minutes now", "2 of all who wait gave a PIN")


def test_staff_hear_waits_of_more_than_an_hour_in_hours_and_days(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, clock: Clock
) -> None:
    for minutes, caller in ((72 * 60, "+12025550131"), (25 * 60, "+12025550132")):
        asks_from(phone, make_case(custody_status="in_custody"), caller)
        with hotline.database.transaction() as session:
            newest = select(func.max(Callback.id)).scalar_subquery()
            since = clock.now - timedelta(minutes=minutes)
            session.execute(update(Callback).where(Callback.id == newest).values(requested_at=since))
    staff = signs_in(phone, hotline, number)

    staff.presses("2")
    staff.presses("1")

    assert staff.hears("2 other callbacks are waiting. The longest has waited 3 days.")
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(requested_at=clock.now - timedelta(hours=25)))
    staff.presses("2")
    staff.presses("1")
    assert staff.hears("The longest has waited 25 hours.")


@ON_SQLITE
def test_verified_callers_are_taken_before_others_also_in_another_language(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, make_staff: MakeStaff, clock: Clock
) -> None:
    asks_from(phone, None, "+12025550131")
    clock.passes(minutes=5)
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550132", language="2")
    clock.passes(minutes=1)
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550133")
    hotline.jobs.waiting.clear()
    staff = signs_in(phone, hotline, number)
    staff.presses("1")

    for expected in ("+12025550133", "+12025550132", "+12025550131"):
        staff.presses("1")
        hotline.jobs.works_off()
        assert hotline.carrier.ringing[-1].to == expected
        called = phone.answers(hotline.carrier.ringing[-1])
        called.presses("1")
        called.hangs_up()
        hotline.jobs.works_off()
        staff.presses("1")


def test_caller_in_another_language_is_left_to_a_free_colleague_who_speaks_it(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    make_staff(phone="+12025550171", languages="es")
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550132", language="2")
    hotline.jobs.waiting.clear()
    staff = signs_in(phone, hotline, number)
    staff.presses("1")

    staff.presses("1")

    assert staff.hears("There is no call to take now")
    assert the_callback(hotline).state == "requested"


def test_shift_that_was_ended_meanwhile_takes_no_call(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    hotline.jobs.waiting.clear()
    staff = signs_in(phone, hotline, number)
    assert staff.does_not_hear("take the next call")
    staff.presses("1")
    with hotline.database.transaction() as session:
        change_shift(
            session, "lea@office.example.org", on_shift=False, actor="the suite", now=hotline.clock.now
        )

    staff.presses("1")

    assert staff.hears("There is no call to take now", "You are off shift")
    assert the_callback(hotline).state == "requested"
