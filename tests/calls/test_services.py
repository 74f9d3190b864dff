"""A transfer to a partner line: every way it may end has words of its own."""

import pytest

from tests.calls.stories import reaches_the_first_menu
from tests.phone import Phone


def rings_the_crisis_line(phone: Phone, language: str = "1") -> None:
    reaches_the_first_menu(phone, language)
    phone.presses("3")
    phone.presses("1")
    assert phone.is_rung("988")


def test_caller_hears_whom_they_are_connected_to(phone: Phone) -> None:
    rings_the_crisis_line(phone)

    assert phone.hears("I am connecting you to the suicide and crisis line", "If no one answers")


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_a_crisis_line_that_does_not_answer_is_told_with_its_number_and_tried_again(
    phone: Phone, status: str
) -> None:
    rings_the_crisis_line(phone)

    phone.declines(status=status)

    assert phone.hears("I could not reach them", "988", "To try again, press 1", "For a person, press 0")
    assert phone.does_not_hear("hang up", "Goodbye")
    phone.presses("6")
    phone.presses("1")
    assert phone.is_rung("988")


def test_a_failed_transfer_in_spanish_reads_the_number(phone: Phone) -> None:
    rings_the_crisis_line(phone, "2")

    phone.lets_ring()

    assert phone.hears("No pude comunicarle", "988", "intentarlo otra vez, oprima 1")


def test_a_talk_with_a_crisis_line_ends_without_the_words_of_a_failure(phone: Phone) -> None:
    rings_the_crisis_line(phone)
    crisis_line = phone.answers()

    crisis_line.hangs_up()

    assert phone.hears("Your call with them is over", "You can hang up")
    assert phone.does_not_hear("could not reach")
