"""A machine answers the person's phone: one neutral message where it is allowed, else nothing (R31)."""

from collections.abc import Callable

import pytest

from models import Case, Staff
from models.overview.lost_pin import tell_safe_phones
from tests.calls.callbacks.test_callbacks import (
    TELLING,
    accepted_by,
    allows_a_message,
    asks_express,
    the_callback,
)
from tests.calls.callbacks.test_last_round import half_an_hour_passes
from tests.calls.conftest import Clock, Hotline
from tests.calls.staff.conftest import callbacks, set_callbacks, talked
from tests.calls.staff.test_outcome_in_console import saves_in_console
from tests.calls.stories import asks_very_soon
from tests.conftest import ON_SQLITE
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


def leaves(phone: Phone, hotline: Hotline, outcome: str) -> None:
    """A machine presses 1; the liaison keys that they left a message, or that no one was there."""
    liaison = talked(phone, hotline)
    liaison.presses("2")
    liaison.presses({"message_left": "1", "nobody_there": "2"}[outcome])
    half_an_hour_passes(hotline)


@ON_SQLITE
@pytest.mark.parametrize("outcome", ["nobody_there", "message_left"])
def test_message_is_left_once_although_a_machine_pressed_the_key_since(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, outcome: str
) -> None:
    """The request goes on in another row, and its person heard the same message twice."""
    make_staff()
    asks_very_soon(phone, make_case(custody_status="in_custody"))
    phone.hangs_up()
    allows_a_message(hotline)
    if outcome == "nobody_there":
        assert a_machine_answers(phone, hotline).hears("This is a message from the information line")
        hotline.jobs.works_off()
        half_an_hour_passes(hotline)
    leaves(phone, hotline, outcome)

    again = a_machine_answers(phone, hotline)

    assert "message from" not in again.heard_so_far


@ON_SQLITE
def test_person_is_called_again_after_a_liaison_left_word_that_we_will(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    set_callbacks(hotline, voicemail_allowed=True, voicemail_text="we_call_again")

    for _ in range(2):
        leaves(phone, hotline, "message_left")
    called = phone.answers(accepted_by(phone, hotline)[1])
    called.presses("1")

    assert called.is_talking
    assert [(row.outcome, row.caller_tries) for row in callbacks(hotline)] == [
        ("message_left", 0), ("message_left", 1), (None, 2),
    ]  # fmt: skip


@ON_SQLITE
def test_word_that_we_will_call_again_at_the_last_try_is_kept_by_a_person(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    set_callbacks(hotline, voicemail_allowed=True, voicemail_text="we_call_again", caller_tries=2)

    leaves(phone, hotline, "message_left")

    left = callbacks(hotline)[-1]
    assert (left.state, left.outcome) == ("left_for_staff", "no_answer")


@ON_SQLITE
def test_frightened_person_is_called_again_after_a_liaison_left_a_message(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """Nobody called them again, though nobody had talked with them (R36)."""
    make_staff()
    asks_very_soon(phone, make_case(custody_status="in_custody"))
    phone.hangs_up()
    allows_a_message(hotline)
    asked = the_callback(hotline)

    leaves(phone, hotline, "message_left")

    first, again = callbacks(hotline)
    assert (again.urgency, again.requested_at, again.due_at) == ("urgent", asked.requested_at, asked.due_at)
    assert first.replaced_by_id == again.id
    assert phone.answers(accepted_by(phone, hotline)[1]).hears("Is this a good time to talk?")


@ON_SQLITE
@pytest.mark.parametrize("outcome", ["nobody_there", "message_left"])
def test_owner_is_not_left_untold_of_a_new_pin_though_a_machine_pressed_the_key_each_time(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, outcome: str
) -> None:
    """Somebody else may have got it in their name (R08); the line gave up, and nobody had told them."""
    make_staff()
    case = make_case(custody_status="in_custody", phone="+12025550130")
    with hotline.database.transaction() as session:
        kept, now = session.get_one(Case, case.id), hotline.clock.now
        tell_safe_phones(session, kept, "pin_changed", "kim@office.example.org", hotline.policy, now)
    allows_a_message(hotline)
    hotline.jobs.enqueue("dial_liaison", the_callback(hotline).id)

    for _ in range(3):
        leaves(phone, hotline, outcome)

    left = callbacks(hotline)[-1]
    assert (left.state, left.outcome, left.reason) == ("left_for_staff", "no_answer", "pin_changed")


@pytest.mark.parametrize("urgent", [True, False])
def test_message_left_that_was_chosen_by_mistake_calls_nobody_again(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, urgent: bool
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    allows_a_message(hotline)
    if urgent:
        set_callbacks(hotline, urgency="urgent")
    liaison = talked(phone, hotline)
    liaison.presses("2")
    liaison.presses("1")

    saves_in_console(hotline, "reached")

    assert [row.state for row in callbacks(hotline)] == ["reached", "cancelled"][: 1 + urgent]


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
