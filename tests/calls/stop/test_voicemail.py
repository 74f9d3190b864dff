"""A machine answers for a person who allowed a message: it is left once for each phone, at any try (R31)."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from models import Callback, Registrant, Staff
from models.overview.history import history_of
from tests.calls.callbacks.test_callbacks import accepted_by, allows_a_message, asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import MadeCase
from tests.phone import Phone, PlacedCall

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
MESSAGE = "This is a message from the information line. Please call us when you can. Goodbye."


@pytest.fixture
def allowed(phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline) -> PlacedCall:
    """The phone of somebody who asked for a callback, and for a message on their machine, rings."""
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    allows_a_message(hotline)
    return accepted_by(phone, hotline)[1]


def rings_again(phone: Phone, hotline: Hotline, clock: Clock) -> PlacedCall:
    """Half an hour later the line tries once more, and a liaison accepts."""
    hotline.jobs.works_off()
    clock.passes(minutes=31)
    hotline.sweeps()
    return accepted_by(phone, hotline)[1]


def machine_takes(phone: Phone, call: PlacedCall) -> str:
    """A machine answers and records to the end; returns all that it recorded."""
    machine = phone.answers(call)
    while not machine.is_over:
        machine.says_nothing()
    return machine.heard_so_far


@pytest.mark.parametrize("first_try", ["busy", "no-answer"])
def test_message_is_left_at_the_second_try_when_no_machine_answered_the_first(
    phone: Phone, allowed: PlacedCall, hotline: Hotline, clock: Clock, first_try: str
) -> None:
    phone.another().declines(allowed, first_try)

    assert MESSAGE in machine_takes(phone, rings_again(phone, hotline, clock))


def test_message_is_left_after_a_try_at_which_the_person_could_not_talk(
    phone: Phone, allowed: PlacedCall, hotline: Hotline, clock: Clock
) -> None:
    phone.answers(allowed).presses("2")

    assert MESSAGE in machine_takes(phone, rings_again(phone, hotline, clock))


@ON_BOTH
def test_staff_read_that_the_line_left_the_message_and_not_the_person(
    phone: Phone, allowed: PlacedCall, hotline: Hotline
) -> None:
    machine_takes(phone, allowed)

    with hotline.database.reading() as session:
        history = history_of(session, the_callback(hotline).id)
    assert [one.who for one in history if one.what == "leave_message"] == ["worker"]


def test_message_is_left_once(phone: Phone, allowed: PlacedCall, hotline: Hotline, clock: Clock) -> None:
    assert MESSAGE in machine_takes(phone, allowed)

    assert MESSAGE not in machine_takes(phone, rings_again(phone, hotline, clock))


def test_person_stored_as_slow_keeps_the_question_when_the_carrier_detects_a_machine(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    # A relay operator's tones are a fax to the carrier; in the slow pace no machine judges (R26).
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    with hotline.database.transaction() as session:
        session.execute(update(Registrant).values(pace="slow"))
    relay = phone.answers(accepted_by(phone, hotline)[1], AnsweredBy="fax")

    relay.says_nothing()

    assert relay.hears("If yes, press 1. If not, press 2.")
    relay.presses("1")
    assert relay.is_talking


def test_call_that_was_canceled_while_it_rang_is_no_try_of_the_persons(
    phone: Phone, allowed: PlacedCall, hotline: Hotline
) -> None:
    phone.another().declines(allowed, "canceled")

    assert (the_callback(hotline).state, the_callback(hotline).caller_tries) == ("requested", 0)


@ON_SQLITE
@pytest.mark.parametrize(("text", "left"), [("we_call_again", False), ("please_call", True)])
def test_no_message_says_at_the_last_try_that_we_will_call_again(
    phone: Phone, allowed: PlacedCall, hotline: Hotline, clock: Clock, text: str, left: bool
) -> None:
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(voicemail_text=text))
    phone.another().declines(allowed, "busy")
    phone.another().declines(rings_again(phone, hotline, clock), "busy")

    recorded = machine_takes(phone, rings_again(phone, hotline, clock))

    assert the_callback(hotline).state == "no_answer"
    assert ("This is a message" in recorded) is left
    assert "We will call again" not in recorded
