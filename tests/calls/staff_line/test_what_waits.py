"""Staff hear how many wait, how long, and nothing of who."""

from collections.abc import Callable

from sqlalchemy import update

from models import Callback, LineWait, Staff
from models.staff import change_shift
from tests.calls.conftest import Clock, House
from tests.calls.staff_line.desk import (
    asks_from,
    signs_in,
)
from tests.calls.test_callbacks import asks_express, the_callback
from tests.factories import MadeCase, make_call
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_staff_hear_how_many_wait_how_long_and_until_when_and_nothing_of_who(
    phone: Phone, house: House, number: str, make_case: MakeCase, clock: Clock
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    clock.passes(minutes=25)
    staff = signs_in(phone, house, number)

    staff.presses("2")

    assert staff.hears(
        "Verified callers who wait: 1. Other callers who wait: 0", "The longest wait, in minutes: 25",
        "The first promise ends",
    )  # fmt: skip
    assert staff.does_not_hear("0123", "case", "Ivo")


def test_a_promise_that_is_over_is_said_to_be_over(
    phone: Phone, house: House, number: str, make_case: MakeCase, clock: Clock
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    clock.passes(days=5)
    staff = signs_in(phone, house, number)

    staff.presses("2")

    assert staff.hears("The first promise ended", "It is over")
    assert staff.does_not_hear("promise ends")


def test_the_longest_wait_counts_from_the_request_and_not_from_the_next_try(
    phone: Phone, house: House, number: str, make_case: MakeCase, clock: Clock
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    clock.passes(minutes=40)
    with house.database.transaction() as session:
        session.execute(update(Callback).values(next_attempt_at=clock.now))
    staff = signs_in(phone, house, number)

    staff.presses("2")

    assert staff.hears("Calls that are not urgent: 1. The longest wait, in minutes: 40")


def test_who_asks_for_a_call_while_callers_wait_at_0_is_told_to_hang_up_for_them(
    phone: Phone, house: House, number: str, clock: Clock
) -> None:
    staff = signs_in(phone, house, number)
    staff.presses("1")
    with house.database.transaction() as session:
        call = make_call(session)
        session.add(LineWait(call_id=call.id, verified=False, since=clock.now, seen_at=clock.now))

    staff.presses("1")

    assert staff.hears("Callers wait in line now. Please hang up, so that we can ring you for them")
    assert staff.does_not_hear("There is no call to take now")


def test_staff_hear_each_class_and_the_line_with_its_longest_wait(
    phone: Phone, house: House, number: str, make_case: MakeCase, clock: Clock
) -> None:
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550131")
    clock.passes(minutes=20)
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550132", key="3")
    clock.passes(minutes=7)
    staff = signs_in(phone, house, number)

    staff.presses("2")

    assert staff.hears(
        "Verified callers who wait: 2",
        "Urgent calls: 1. The longest wait, in minutes: 7",
        "Calls that are not urgent: 1. The longest wait, in minutes: 27",
    )
    assert staff.does_not_hear("Callers in line")


def test_verified_callers_are_taken_before_others_also_in_another_language(
    phone: Phone, house: House, number: str, make_case: MakeCase, make_staff: MakeStaff, clock: Clock
) -> None:
    asks_from(phone, None, "+12025550131")
    clock.passes(minutes=5)
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550132", language="2")
    clock.passes(minutes=1)
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550133")
    house.jobs.waiting.clear()
    staff = signs_in(phone, house, number)
    staff.presses("1")

    for expected in ("+12025550133", "+12025550132", "+12025550131"):
        staff.presses("1")
        house.jobs.works_off()
        assert house.carrier.ringing[-1].to == expected
        called = phone.answers(house.carrier.ringing[-1])
        called.presses("1")
        called.hangs_up()
        house.jobs.works_off()
        staff.presses("1")


def test_a_caller_in_another_language_is_left_to_a_free_colleague_who_speaks_it(
    phone: Phone, house: House, number: str, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    make_staff(phone="+12025550171", languages="es")
    asks_from(phone, make_case(custody_status="in_custody"), "+12025550132", language="2")
    house.jobs.waiting.clear()
    staff = signs_in(phone, house, number)
    staff.presses("1")

    staff.presses("1")

    assert staff.hears("There is no call to take now")
    assert the_callback(house).state == "requested"


def test_a_shift_that_was_ended_meanwhile_takes_no_call(
    phone: Phone, house: House, number: str, make_case: MakeCase
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    house.jobs.waiting.clear()
    staff = signs_in(phone, house, number)
    assert staff.does_not_hear("take the next call")
    staff.presses("1")
    with house.database.transaction() as session:
        change_shift(
            session, "lea@office.example.org", on_shift=False, actor="the suite", now=house.clock.now
        )

    staff.presses("1")

    assert staff.hears("There is no call to take now", "You are off shift")
    assert the_callback(house).state == "requested"
