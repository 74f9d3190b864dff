"""Many calls of one phone at once, and callers under a number that is not theirs (R07, R38)."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from models import Callback, KnownPhone, Staff
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import is_asked_for_a_number, opens_the_case, reaches_the_first_menu, wrong
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
SPOOFED = {"StirVerstat": "TN-Validation-Failed-C"}


@pytest.fixture
def crowd(phone: Phone, hotline: Hotline) -> list[Phone]:
    """As many open calls of one phone as the office lets reach a case."""
    calls = [phone.another() for _ in range(hotline.policies.calls_at_once)]
    for call in calls:
        reaches_the_first_menu(call)
        assert call.hears("To hear about your case, press 1")
    return calls


def may_try_again(phone: Phone, case: MadeCase, from_: str = CALLER) -> bool:
    """Whether a call is asked for the PIN again after a wrong one: a call too many has one try."""
    opens_the_case(phone, dataclasses.replace(case, pin=wrong(case.pin)), from_=from_)
    return phone.hears("Please enter your 6-digit PIN")


def test_one_call_too_many_opens_the_case_with_the_right_pin_and_is_then_like_any_other(
    phone: Phone, crowd: list[Phone], make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)

    assert phone.hears("in custody")
    phone.presses("4")
    phone.presses(case.pin)
    assert phone.hears("new 6-digit PIN")


def test_one_call_too_many_has_one_try_and_then_a_person_or_a_callback(
    phone: Phone, crowd: list[Phone], make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, dataclasses.replace(case, pin=wrong(case.pin)))

    assert phone.does_not_hear("enter your case number", "enter your PIN")
    assert phone.hears("as soon as we can, press 1")
    phone.presses("1")
    assert hotline.row(select(Callback.state)) == "requested"


def test_one_call_too_many_reaches_a_person_by_0(
    phone: Phone, crowd: list[Phone], make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    reaches_the_first_menu(phone)

    phone.presses("0")

    hotline.accepts(phone)
    assert phone.is_talking


def test_call_that_has_ended_frees_a_slot(phone: Phone, crowd: list[Phone], make_case: MakeCase) -> None:
    crowd[0].hangs_up()

    assert may_try_again(phone, make_case(custody_status="in_custody"))


def test_calls_whose_end_event_never_came_do_not_keep_a_slot_for_long(
    phone: Phone, crowd: list[Phone], make_case: MakeCase, clock: Clock
) -> None:
    clock.passes(minutes=2, seconds=1)

    assert may_try_again(phone, make_case(custody_status="in_custody"))


@pytest.mark.parametrize("key", ["*", "6"], ids=["repeat", "no option"])
def test_calls_that_press_keys_without_progress_keep_a_slot_while_they_are_open(
    phone: Phone, crowd: list[Phone], make_case: MakeCase, clock: Clock, key: str
) -> None:
    clock.passes(minutes=1, seconds=30)
    for call in crowd:
        call.presses(key)
        assert not call.is_over
    clock.passes(minutes=1)

    case = make_case(custody_status="in_custody")
    opens_the_case(phone, dataclasses.replace(case, pin=wrong(case.pin)))

    assert phone.does_not_hear("enter your case number", "enter your PIN")
    assert phone.hears("as soon as we can, press 1")


def test_calls_that_wait_for_a_person_keep_a_slot_without_another_key(
    phone: Phone, crowd: list[Phone], make_case: MakeCase, make_staff: MakeStaff, clock: Clock
) -> None:
    make_staff()
    for call in crowd:
        call.presses("0")
    clock.passes(minutes=1, seconds=30)
    for call in crowd:
        call.says_nothing()
        assert not call.is_over
    clock.passes(minutes=1)

    case = make_case(custody_status="in_custody")
    opens_the_case(phone, dataclasses.replace(case, pin=wrong(case.pin)))
    assert phone.does_not_hear("Please enter your 6-digit PIN")


def test_calls_that_came_first_go_on_as_before(phone: Phone, crowd: list[Phone], make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    reaches_the_first_menu(phone)

    crowd[0].presses("1")
    crowd[0].presses(case.number)
    crowd[0].presses(case.pin)

    assert crowd[0].hears("in custody")


@pytest.mark.parametrize("from_", ["anonymous", "+12025550188"])
def test_withheld_numbers_and_other_phones_do_not_share_one_limit(
    phone: Phone, crowd: list[Phone], make_case: MakeCase, hotline: Hotline, from_: str
) -> None:
    case = make_case(custody_status="in_custody")
    for _ in range(hotline.policies.calls_at_once + 1 if from_ == "anonymous" else 1):
        caller = phone.another()
        is_asked_for_a_number(caller, from_=from_)
        assert caller.hears("case number")

    assert may_try_again(phone, case, from_)


def test_shared_phone_has_no_limit(
    app: Flask, phone: Phone, crowd: list[Phone], make_case: MakeCase, hotline: Hotline
) -> None:
    key = hotline.database.keyring.index("phone", CALLER)
    line = app.extensions["hotline.line"]
    object.__setattr__(line, "rules", dataclasses.replace(line.rules, shared_phone_keys=frozenset({key})))

    assert may_try_again(phone, make_case(custody_status="in_custody"))


def test_caller_under_anothers_number_takes_no_slot_from_them(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    for _ in range(hotline.policies.calls_at_once):
        phone.another().dials_in(**SPOOFED)

    assert may_try_again(phone, make_case(custody_status="in_custody"))


def test_caller_under_anothers_number_takes_no_slot_from_calls_that_the_carrier_attests(
    phone: Phone, crowd: list[Phone], make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    phone.dials_in(StirVerstat="TN-Validation-Passed-A")
    for keys in ("1", "1", case.number, wrong(case.pin)):
        phone.presses(keys)

    assert phone.hears("Please enter your 6-digit PIN")


def test_limit_of_calls_does_not_reveal_another_open_call_with_the_pin(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone.another(), case)
    for _ in range(hotline.policies.calls_at_once - 1):
        phone.another().dials_in()

    assert may_try_again(phone, case)


def test_stranger_who_tries_pins_under_anothers_number_locks_them_out_of_nothing(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone.another(), case)
    for _ in range(12):
        stranger = phone.another()
        stranger.dials_in(**SPOOFED)
        for keys in ("1", "1", case.number, wrong(case.pin)):
            stranger.presses(keys)
        stranger.hangs_up()
        clock.passes(hours=1)

    opens_the_case(phone, case)

    assert phone.hears("in custody")


def test_right_pin_under_a_doubted_number_opens_the_case_and_makes_no_phone_known(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", record={"status_at": clock.now - timedelta(days=1)})
    phone.dials_in(**SPOOFED)
    for keys in ("1", "1", case.number, case.pin):
        phone.presses(keys)

    assert phone.hears("in custody")
    assert hotline.rows(select(KnownPhone)) == []
