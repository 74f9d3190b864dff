"""A machine answers the person's phone: one neutral message where it is allowed, else nothing (R31)."""

from collections.abc import Callable

from models import Staff
from tests.calls.callbacks.test_callbacks import (
    TELLING,
    accepted_by,
    allows_a_message,
    asks_express,
    the_callback,
)
from tests.calls.conftest import Clock, Hotline
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def a_machine_answers(phone: Phone, hotline: Hotline) -> Phone:
    _, to_caller = accepted_by(phone, hotline)
    machine = phone.answers(to_caller)
    while not machine.is_over:
        machine.says_nothing()
    return machine


def test_machine_hears_a_neutral_message_once_where_it_is_allowed(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    allows_a_message(hotline)

    machine = a_machine_answers(phone, hotline)
    assert machine.hears("This is a message from the information line")
    assert not any(word in machine.heard_so_far for word in TELLING)
    assert the_callback(hotline).state == "requested"
    hotline.jobs.works_off()
    clock.passes(minutes=31)
    hotline.sweeps()

    again = a_machine_answers(phone, hotline)
    assert "message from" not in again.heard_so_far


def test_machine_hears_not_one_word_more_where_no_message_is_allowed(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))

    machine = a_machine_answers(phone, hotline)

    assert machine.heard == ""


def test_person_taken_for_a_machine_who_pressed_a_wrong_key_hears_the_question_once_more(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """Only a person presses a key, whatever the carrier says (R31)."""
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    person = phone.answers(accepted_by(phone, hotline)[1], AnsweredBy="machine_start")
    person.presses("3")

    person.says_nothing()

    assert person.hears("If yes, press 1. If not, press 2.")
    person.presses("1")
    assert person.is_talking
