"""Staff who sign in on the main line, where a case number is asked for, and what other callers hear there."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from config.office import Office
from models import AuditEntry, Call, PinTry, Staff
from models.calls.staff_number import for_main_line
from models.calls.staff_secret import issue_pin
from models.cases.case import check_digit_is_right
from models.store.database import Database
from tests.calls.callbacks.test_callbacks import CALLER, asks_express, nobody_is_held, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import reaches_the_first_menu
from tests.factories import HASHER, MadeCase
from tests.phone import Phone
from tests.statements import sent_statements

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
PIN, OTHER_PIN = "739482", "628051"
STAFF_PHONE = "+12025550170"


@pytest.fixture
def office(office: Office) -> Office:
    """An office whose staff have no number of their own to call."""
    return replace(office, staff_line=None)


@pytest.fixture
def number(make_staff: MakeStaff, hotline: Hotline) -> str:
    """The number of a liaison who is off shift, as it is keyed on the main line."""
    person = make_staff(phone=STAFF_PHONE, on_shift=False, email="lea@office.example.org", languages="en,es")
    with hotline.database.transaction() as session:
        return for_main_line(
            issue_pin(session, person.email, HASHER.hash(PIN), "the suite", hotline.clock.now)
        )


def is_asked_for_a_case(phone: Phone, from_: str = "+12025550133", language: str = "1") -> Phone:
    caller = phone.another()
    reaches_the_first_menu(caller, from_=from_, language=language)
    caller.presses("1")
    return caller


def nobodys(number: str) -> str:
    """A number of the same form that nobody has."""
    return for_main_line(str(int(number[2]) % 9 + 1) + number[3:7])


def test_staff_sign_in_where_the_case_number_is_asked_for_and_get_the_menus_of_the_staff_line(
    phone: Phone, hotline: Hotline, number: str
) -> None:
    staff = is_asked_for_a_case(phone)
    staff.presses(number)
    assert staff.hears("Please enter your 6-digit PIN")
    assert staff.does_not_hear("staff", "shift")
    staff.presses(PIN)

    assert staff.hears("You are off shift", "To begin your shift, press 1")
    staff.presses("1")
    assert staff.hears("You are on shift", "To take the next call, press 1")
    assert hotline.row(select(Staff.on_shift))
    assert {"sign_in", "begin_shift"} <= set(hotline.rows(select(AuditEntry.action)))


def test_staff_hear_the_menus_in_spanish(phone: Phone, number: str) -> None:
    staff = is_asked_for_a_case(phone, language="2")
    staff.presses(number)
    staff.presses(PIN)

    assert staff.hears("No está de turno", "Para empezar su turno, oprima 1")


def test_staff_number_has_the_form_of_no_case_number(number: str) -> None:
    assert len(number) == 8
    assert number.startswith("00")
    assert not check_digit_is_right(number)


def test_staff_take_and_finish_a_callback_in_a_call_to_the_main_line(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    hotline.jobs.waiting.clear()
    staff = is_asked_for_a_case(phone, from_=STAFF_PHONE)
    hotline.carrier.carries(staff)
    for keys in (number, PIN, "1", "1"):
        staff.presses(keys)
    assert staff.hears("We are calling them now")
    hotline.jobs.works_off()
    assert hotline.carrier.ringing[-1].to == CALLER
    called = phone.answers(hotline.carrier.ringing[-1])
    called.presses("1")
    hotline.jobs.works_off()
    assert (staff.is_talking, called.is_talking) == (True, True)

    called.hangs_up()
    hotline.jobs.works_off()
    assert staff.hears("The call is over. How did it end?")
    staff.presses("1")

    assert staff.hears("It is saved", "You are on shift")
    assert the_callback(hotline).outcome == "reached"
    assert nobody_is_held(hotline)


def test_wrong_pin_of_staff_and_wrong_case_number_sound_and_cost_the_same(
    phone: Phone, hotline: Hotline, database: Database, number: str, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    unknown_case = next(str(n) for n in range(10_000_000, 10_000_100) if check_digit_is_right(str(n)))
    heard, cost = [], []
    for keyed, pin in (
        (number, OTHER_PIN), (nobodys(number), PIN), (case.number, OTHER_PIN), (unknown_case, PIN),
    ):  # fmt: skip
        # Each has their own phone, so that none has the failures of the one before.
        caller = is_asked_for_a_case(phone, from_=f"+1202555016{len(heard)}")
        said, statements_of_all = [], []
        for keys in (keyed, pin, pin, pin):
            runs = HASHER.runs
            with sent_statements(database) as statements:
                caller.presses(keys)
            said.append(caller.heard)
            statements_of_all.append((tuple(statements), HASHER.runs - runs))
        heard.append(said)
        cost.append(statements_of_all)

    assert "Those numbers did not work" in heard[0][1]
    assert all(said == heard[0] for said in heard)
    assert all(one == cost[0] for one in cost)


@pytest.mark.parametrize("slip", ["a wrong check digit", "one zero", "too short", "the number alone"])
def test_caller_who_keys_almost_a_staff_number_has_mistyped_a_case_number(
    phone: Phone, number: str, slip: str
) -> None:
    caller = is_asked_for_a_case(phone)

    caller.presses(
        {
            "a wrong check digit": number[:-1] + str((int(number[-1]) + 1) % 10),
            "one zero": "0" + str(int(number[2]) % 9 + 1) + number[2:],
            "too short": number[:-1] + "#",
            "the number alone": number[2:7] + "#",
        }[slip]
    )

    assert caller.hears("That is not a case number", "case number")
    assert caller.does_not_hear("PIN")


def test_caller_who_lost_a_pin_and_keys_a_staff_number_reports_nothing_of_staff(
    phone: Phone, number: str
) -> None:
    caller = phone.another()
    reaches_the_first_menu(caller)
    for keys in ("2", "3"):
        caller.presses(keys)

    caller.presses(number)

    assert caller.hears("That is not a case number")


def test_caller_cannot_step_into_the_menus_of_staff_without_their_pin(
    phone: Phone, hotline: Hotline, number: str
) -> None:
    caller = is_asked_for_a_case(phone)
    for step in ("on_menu", "shift", "more", "staff"):
        answer = caller.raw(caller.posts(f"/voice/steps/{step}/4", Digits="1"))
        assert "shift" not in answer
    assert hotline.rows(select(Call.flow)) == ["victim_line"]


def test_staff_sign_in_again_after_ten_minutes_without_a_key(
    phone: Phone, hotline: Hotline, number: str, clock: Clock
) -> None:
    staff = is_asked_for_a_case(phone)
    staff.presses(number)
    staff.presses(PIN)
    clock.passes(minutes=11)

    staff.presses("1")

    assert staff.hears("Please sign in again", "staff number")
    assert not hotline.row(select(Staff.on_shift))


def test_keys_are_in_no_row(phone: Phone, hotline: Hotline, number: str) -> None:
    staff = is_asked_for_a_case(phone)
    staff.presses(number)
    staff.presses(PIN)

    call = hotline.row(select(Call))
    assert number not in call.trail + call.tried_key + call.said
    assert hotline.row(select(PinTry.opened))
