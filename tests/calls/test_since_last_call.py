"""What callers hear after the status of the time since their last call (R04)."""

from collections.abc import Callable

from models import Staff
from tests.calls.conftest import Clock
from tests.calls.stories import (
    is_asked_for_a_number,
    opens_the_case,
    wrong,
)
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_after_the_status_the_line_says_when_the_last_call_was_and_of_wrong_tries(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone.another(), case)
    clock.passes(minutes=30)
    stranger = phone.another()
    is_asked_for_a_number(stranger, from_="+12025550166")
    stranger.presses(case.number)
    stranger.presses(wrong(case.pin))
    clock.passes(minutes=5)

    opens_the_case(phone, case)

    assert phone.hears(
        "Someone keyed a wrong PIN for your case. The last call with your PIN was on Wednesday, November 25",
        "at 10:00 AM. If that was not you, choose a new PIN. To hear it again, press 1",
        "To choose a new PIN, press 4",
    )
    assert phone.heard.index("in custody") < phone.heard.index("Someone keyed")
    phone.presses("1")
    assert phone.does_not_hear("Someone keyed", "The last call")
    phone.hangs_up()
    later = phone.another()
    opens_the_case(later, case)
    assert later.hears("The last call with your PIN")
    assert later.does_not_hear("Someone keyed")


def test_the_first_call_hears_nothing_of_a_call_before(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))

    assert phone.does_not_hear("The last call", "Someone keyed")


def test_ones_own_slip_in_the_same_call_is_no_news(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone.another(), case)
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    phone.presses(wrong(case.pin))
    phone.presses(case.number)
    phone.presses(case.pin)

    assert phone.hears("The last call with your PIN")
    assert phone.does_not_hear("Someone keyed")


def test_star_says_it_again_and_hard_news_comes_first(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="released")
    opens_the_case(phone.another(), case)
    opens_the_case(phone, case)
    assert phone.does_not_hear("The last call")

    phone.presses("1")
    assert phone.hears("let out", "The last call with your PIN")
    phone.presses("*")

    assert phone.hears("The last call with your PIN")


def test_what_happened_since_in_spanish(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone.another(), case)
    opens_the_case(phone, case, language="2")

    assert phone.hears("La última llamada con su PIN fue el miércoles")


# A lost PIN (R08).
