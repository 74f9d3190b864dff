"""Staff sign in on their line by number and PIN, under the same limits as callers (R04, R05)."""

import pytest
from sqlalchemy import select

from models import AuditEntry, PinTry
from models.calls.staff_number import for_main_line
from models.calls.staff_secret import issue_pin
from tests.calls.callbacks.test_callbacks import allows_a_message, asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.staff_line.staff_calls import (
    OTHER_PIN,
    PIN,
    MakeCase,
    dials_the_staff_line,
    on_shift,
    signs_in,
    takes_the_next_call,
)
from tests.calls.stories import reaches_the_first_menu
from tests.conftest import ON_BOTH
from tests.factories import HASHER
from tests.phone import Phone


@ON_BOTH
def test_staff_sign_in_by_number_and_pin_and_begin_and_end_their_shift(
    phone: Phone, hotline: Hotline, number: str
) -> None:
    staff = dials_the_staff_line(phone, hotline)
    assert staff.hears("This is the staff line of the information line", "Please enter your staff number")
    assert staff.does_not_hear("victim", "danger")
    staff.presses(number)
    staff.presses(PIN)
    assert staff.hears("You are off shift", "To begin your shift, press 1")

    staff.presses("1")
    assert staff.hears("You are on shift", "To take the next call, press 1")
    assert on_shift(hotline)
    staff.presses("3")
    assert staff.hears("You are off shift")
    assert not on_shift(hotline)
    assert {"sign_in", "begin_shift", "end_shift"} <= set(hotline.rows(select(AuditEntry.action)))


def test_staff_line_speaks_spanish(phone: Phone, hotline: Hotline, number: str) -> None:
    staff = dials_the_staff_line(phone, hotline, "2")
    staff.presses(number)
    staff.presses(PIN)

    assert staff.hears("No está de turno", "Para empezar su turno, oprima 1")


def test_unknown_number_and_wrong_pin_hear_the_same_and_cost_the_same(
    phone: Phone, hotline: Hotline, number: str
) -> None:
    wrong = signs_in(phone, hotline, number, OTHER_PIN)
    runs = HASHER.runs
    unknown = signs_in(phone, hotline, str(int(number[0]) % 9 + 1) + number[1:], PIN)

    assert HASHER.runs == runs + 1
    assert wrong.heard == unknown.heard
    assert wrong.hears("I could not sign you in with those numbers")


def test_call_ends_without_a_hint_after_three_wrong_tries(
    phone: Phone, hotline: Hotline, number: str
) -> None:
    staff = dials_the_staff_line(phone, hotline)
    for _ in range(3):
        staff.presses(number)
        staff.presses(OTHER_PIN)

    assert staff.hears("Please ask your supervisor")
    assert staff.is_over
    assert len(hotline.rows(select(PinTry))) == 3


def test_many_wrong_tries_lock_even_the_right_pin_until_a_new_one_is_issued(
    phone: Phone, hotline: Hotline, number: str, clock: Clock
) -> None:
    for _ in range(10):
        signs_in(phone, hotline, number, OTHER_PIN).hangs_up()
        clock.passes(hours=1)
    assert signs_in(phone, hotline, number).hears("I could not sign you in with those numbers")

    with hotline.database.transaction() as session:
        issue_pin(session, "lea@office.example.org", HASHER.hash(OTHER_PIN), "the suite", clock.now)

    assert signs_in(phone, hotline, number, OTHER_PIN).hears("You are off shift")


def test_wrong_tries_on_the_main_line_lock_the_number_on_the_staff_line_too(
    phone: Phone, hotline: Hotline, number: str, clock: Clock
) -> None:
    for _ in range(10):
        caller = phone.another()
        reaches_the_first_menu(caller)
        for keys in ("1", for_main_line(number), OTHER_PIN):
            caller.presses(keys)
        assert caller.hears("Those numbers did not work")
        caller.hangs_up()
        clock.passes(hours=1)

    assert signs_in(phone, hotline, number).hears("I could not sign you in with those numbers")


def test_nobody_gets_past_the_pin_by_guessing_steps_and_a_long_silence_asks_for_it_again(
    phone: Phone, hotline: Hotline, number: str, clock: Clock
) -> None:
    stranger = dials_the_staff_line(phone, hotline)
    for step in ("on_menu", "more", "shift", "new_pin"):
        answer = stranger.raw(stranger.posts(f"/voice/steps/{step}/3", Digits="1"))
        assert "shift" not in answer

    staff = signs_in(phone, hotline, number)
    clock.passes(minutes=11)
    staff.presses("1")
    assert staff.hears("Please sign in again")
    assert not on_shift(hotline)


def test_staff_whose_talk_was_over_ten_minutes_key_its_outcome_and_sign_in_again(
    phone: Phone, hotline: Hotline, number: str, make_case: MakeCase, clock: Clock
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    allows_a_message(hotline)
    staff = takes_the_next_call(phone, hotline, number)
    called = phone.answers(hotline.carrier.placed[-1])
    called.presses("1")
    hotline.jobs.works_off()
    assert staff.is_talking
    clock.passes(minutes=11)
    called.hangs_up()
    hotline.jobs.works_off()

    staff.presses("2")
    staff.presses("1")

    assert staff.hears("It is saved", "Please sign in again")
    assert staff.does_not_hear("You are on shift")
    assert the_callback(hotline).outcome == "message_left"
    staff.presses(number)
    staff.presses(PIN)
    assert staff.hears("You are on shift")


def test_staff_whose_number_or_pin_is_too_short_hear_its_length(
    phone: Phone, hotline: Hotline, number: str
) -> None:
    staff = dials_the_staff_line(phone, hotline)
    staff.presses("12")
    assert staff.hears("A staff number has five digits. Please enter your staff number.")
    staff.presses(number)

    staff.presses("12")

    assert staff.hears("A PIN has six digits. Please enter your PIN.")


def test_staff_are_promised_nobody_after_a_fault_on_the_staff_line(
    phone: Phone, hotline: Hotline, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = signs_in(phone, hotline, number)
    with monkeypatch.context() as patch:
        patch.setattr("ivr_flows.verbs.staff_verbs.staff_menu.set_shift", _breaks)
        staff.presses("1")

    assert staff.hears("I am sorry, something went wrong. Goodbye.")
    assert staff.does_not_hear("help you")
    assert staff.is_over


def _breaks(*_: object, **__: object) -> None:
    raise RuntimeError("This part is broken.")
