"""A transfer to a partner line: every way it may end has words of its own."""

from collections.abc import Callable

import pytest

from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase
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
def test_caller_hears_the_number_of_a_crisis_line_that_does_not_answer_and_can_try_again(
    phone: Phone, status: str
) -> None:
    rings_the_crisis_line(phone)

    phone.declines(status=status)

    assert phone.hears("I could not reach them", "988", "To try again, press 1", "For a person, press 0")
    assert phone.does_not_hear("hang up", "Goodbye")
    phone.presses("6")
    phone.presses("1")
    assert phone.is_rung("988")


@pytest.mark.parametrize(("keys", "option"), [("8", "intentarlo otra vez, oprima 1"), ("88", "To try again")])
def test_try_again_rings_the_same_line_in_another_language(phone: Phone, keys: str, option: str) -> None:
    rings_the_crisis_line(phone)
    phone.lets_ring()

    for key in keys:
        phone.presses(key)
    assert phone.hears("988", option)
    phone.presses("1")

    assert phone.is_rung("988")


def test_try_again_rings_the_same_line_after_the_way_back_to_that_menu(
    phone: Phone, make_case: Callable[..., MadeCase]
) -> None:
    opens_the_case(phone, make_case(custody_status="released"))
    phone.presses("1")
    phone.presses("3")
    assert phone.is_rung("+18007997233")
    phone.lets_ring()

    for key in ("2", "#"):
        phone.presses(key)
    assert phone.hears("To try again, press 1")
    phone.presses("1")

    assert phone.is_rung("+18007997233")


def test_try_again_rings_the_line_that_was_rung_last(phone: Phone) -> None:
    rings_the_crisis_line(phone)
    phone.lets_ring()
    phone.presses("2")
    phone.presses("2")
    (second,) = phone.rings
    phone.lets_ring()

    phone.presses("1")

    assert phone.is_rung(second)
    assert second != "988"


def test_failed_transfer_in_spanish_reads_the_number(phone: Phone) -> None:
    rings_the_crisis_line(phone, "2")

    phone.lets_ring()

    assert phone.hears("No pude comunicarle", "988", "intentarlo otra vez, oprima 1")


def test_talk_with_a_crisis_line_ends_without_the_words_of_a_failure(phone: Phone) -> None:
    rings_the_crisis_line(phone)
    crisis_line = phone.answers()

    crisis_line.hangs_up()

    assert phone.hears("Your call with them is over", "You can hang up")
    assert phone.does_not_hear("could not reach")
