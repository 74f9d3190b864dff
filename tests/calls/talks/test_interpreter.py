"""An interpreter joins as a third leg, announced, or there is none."""

from dataclasses import replace

from flask import Flask

from hotline.exchange.delivery.faults import Faults
from tests.calls.at_0.talking import passes
from tests.calls.conftest import Hotline
from tests.calls.talks.talking import (
    INTERPRETER,
    joins,
    states,
)
from tests.fake_carrier import FakeCarrier
from tests.phone import Phone


def test_interpreter_joins_as_a_third_leg_and_is_announced(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, carrier: FakeCarrier
) -> None:
    liaison, called = talk
    liaison.presses("*")
    liaison.presses("3")
    assert liaison.hears("We are calling the interpreter")
    hotline.jobs.works_off()
    assert carrier.ringing[-1].to == INTERPRETER

    interpreter = phone.answers(carrier.ringing[-1])
    assert interpreter.hears("A call needs an interpreter", "To accept, press 1. To decline, press 2.")
    interpreter.presses("1")
    hotline.jobs.works_off()

    assert called.hears("An interpreter is joining the call")
    assert (liaison.is_talking, called.is_talking, interpreter.is_talking) == (True, True, True)
    interpreter.hangs_up()
    assert (liaison.is_talking, called.is_talking) == (True, True)
    called.hangs_up()
    hotline.jobs.works_off()
    assert states(hotline) == ["reached"]


def test_interpreter_hears_words_while_the_caller_is_on_hold(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, carrier: FakeCarrier
) -> None:
    liaison, called = talk
    liaison.presses("*")
    liaison.presses("3")
    hotline.jobs.works_off()
    interpreter = joins(phone, hotline, carrier.ringing[-1])

    liaison.presses("*")
    assert interpreter.hears("Please stay on the line")
    interpreter.says_nothing()
    liaison.presses("1")
    hotline.jobs.works_off()
    interpreter.says_nothing()

    assert (liaison.is_talking, called.is_talking, interpreter.is_talking) == (True, True, True)


def test_no_interpreter_is_offered_without_a_number_for_the_language(
    talk: tuple[Phone, Phone], hotline: Hotline, app: Flask
) -> None:
    liaison, _ = talk
    line = app.extensions["hotline.line"]
    # The line is built only once, so the test has to reach under it.
    object.__setattr__(line, "rules", replace(line.rules, office=replace(hotline.office, interpreters={})))
    liaison.presses("*")

    liaison.presses("3")

    assert liaison.hears("No interpreter can be called now")


def test_liaison_may_call_the_interpreter_again_when_the_carriers_answer_was_lost(
    talk: tuple[Phone, Phone], hotline: Hotline, carrier: FakeCarrier
) -> None:
    """Until the talk was over, the liaison heard that no interpreter can be called."""
    liaison, _ = talk
    carrier.loses_next_answer(dialled=False)
    liaison.presses("*")
    liaison.presses("3")
    assert hotline.rung() == []

    for _ in range(3):
        passes(hotline, 12)
        hotline.jobs.works_off()

    assert liaison.hears("The interpreter did not join")
    liaison.presses("*")
    liaison.presses("3")
    assert hotline.rung() == [INTERPRETER]


def test_liaison_may_call_the_interpreter_again_when_no_event_tells_that_nobody_answered(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, carrier: FakeCarrier
) -> None:
    liaison, _ = talk
    liaison.presses("*")
    liaison.presses("3")
    deaf = phone.another()
    deaf.suffers(Faults(rates={"event_drop": 1.0}))
    assert hotline.rung() == [INTERPRETER]
    deaf.lets_ring(carrier.ringing[-1])

    for _ in range(4):
        passes(hotline, 12)
        hotline.jobs.works_off()

    assert liaison.hears("The interpreter did not join")
    liaison.presses("*")
    liaison.presses("3")
    assert hotline.rung() == [INTERPRETER]
