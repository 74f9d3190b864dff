"""What a machine that answers hears: neutral words, in seconds, and no promise that is not kept."""

from collections.abc import Callable

import pytest

from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    FIRST,
    TELLING,
    Registered,
    is_called,
    minutes_until_next,
    picks_up,
    sweeps,
    the_notice,
    until_the_last_try,
)
from tests.phone import Phone

Registering = Callable[..., Registered]


@pytest.mark.parametrize("is_last", [True, False], ids=["last try", "try before it"])
def test_machine_is_told_that_we_call_again_only_if_we_do(
    phone: Phone, registered: Registering, hotline: Hotline, is_last: bool
) -> None:
    said = {"voicemail_allowed": True, "voicemail_text": "we_call_again"}
    registered("transferred", phone=said).is_due("transferred")
    until_the_last_try(phone, hotline, 3 if is_last else 2)

    machine = picks_up(phone, hotline, AnsweredBy="machine_start")
    while not machine.is_over:
        machine.says_nothing()

    if is_last:
        assert machine.does_not_hear("We will call again.")
        assert FIRST not in sweeps(hotline, hours=2)
    else:
        assert machine.hears("We will call again.")
        assert FIRST in sweeps(hotline, hours=2)


def test_machine_hears_only_the_first_words_in_25_seconds(
    timed_phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released").is_dialed()
    began = hotline.clock.now
    machine = picks_up(timed_phone, hotline)

    while not machine.is_over:
        machine.says_nothing()

    assert (hotline.clock.now - began).total_seconds() <= 25
    assert not [word for word in TELLING if word in machine.heard_so_far.casefold()]
    assert the_notice(hotline).tries == 1


def test_machine_that_may_hear_it_records_a_neutral_message_once(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released", phone={"voicemail_allowed": True, "voicemail_text": "please_call"}).is_due()
    recorded = []
    for _ in range(2):
        sweeps(hotline, minutes=max(0, minutes_until_next(hotline)))
        machine = picks_up(phone, hotline, AnsweredBy="machine_start")
        while not machine.is_over:
            machine.says_nothing()
        recorded.append(machine.heard_so_far)

    assert "Please call us when you can" in recorded[0]
    assert "Please call us when you can" not in recorded[1]
    assert recorded[0].count("press 1") == 1


def test_screening_robot_that_talks_and_presses_nothing_learns_nothing(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    robot = is_called(phone, registered("escaped"), kind="escaped")
    robot.says("The person you are calling is using a screening service. Say your name and why you call.")
    while not robot.is_over:
        robot.says_nothing()

    assert not [word for word in TELLING if word in robot.heard_so_far.casefold()]
    assert the_notice(hotline).state == "waiting"
