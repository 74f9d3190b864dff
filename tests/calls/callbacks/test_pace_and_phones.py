"""Calls of people who need time, and of people whose phone is no longer safe (R09, R26, R33)."""

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from hotline.trees import build_flows
from models import Callback, Phone, Registrant
from models.cases.case import check_digit_is_right
from tests.calls.conftest import Hotline
from tests.calls.places import at_the_last_question
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone as Telephone

MakeCase = Callable[..., MadeCase]
CALLER = "+12025550123"


def test_slow_pace_is_remembered_for_the_next_call(
    phone: Telephone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    phone.presses("9")
    phone.hangs_up()

    assert hotline.row(select(Registrant)).pace == "slow"
    again = phone.another()
    opens_the_case(again, case)
    # Far above the 8 seconds of a menu: one for each word spoken, and ten.
    assert 'timeout="8"' not in again.raw(again.redelivers_last())


def test_slip_at_the_last_question_does_not_end_the_call(phone: Telephone, make_case: MakeCase) -> None:
    at_the_last_question(phone, make_case())

    phone.presses("6")

    assert phone.hears("That key does not work here", "To go back to the main menu, press 1")
    phone.says_nothing()
    assert phone.is_over


def test_phone_marked_unsafe_is_not_called_back_even_if_it_called(
    phone: Telephone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    with hotline.database.transaction() as session:
        session.scalars(select(Phone)).one().unsafe_since = hotline.clock.now

    opens_the_case(phone, case, from_=CALLER)
    phone.presses("2")

    assert phone.hears("I cannot call this number back")
    assert hotline.rows(select(Callback)) == []


def test_caller_can_key_a_case_number_of_ten_digits_and_still_one_of_eight(
    phone: Telephone, make_case: MakeCase, hotline: Hotline, app: Flask
) -> None:
    flow = build_flows(hotline.office, case_digits=10)["victim_line"]
    line = app.extensions["hotline.line"]
    object.__setattr__(line, "flows", {**line.flows, "victim_line": flow})
    for number in ("41000723", "4100072317"):
        case = make_case(custody_status="in_custody", number=with_check_digit(number))
        caller = phone.another()
        opens_the_case(caller, case)
        assert caller.hears("in custody")


def with_check_digit(number: str) -> str:
    """The number with its last digit corrected."""
    return next(n for digit in "0123456789" if check_digit_is_right(n := number[:-1] + digit))
