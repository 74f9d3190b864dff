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
        "Since your last call, someone entered a wrong PIN for your case. It may have been you."
        " Your PIN was last used today at 10:00 AM. If that was not you: to choose a new PIN, press 4."
        " For a person, press 0. If you cannot talk, press 5 at any time. To hear it again, press 1",
        "To choose a new PIN, press 4",
    )
    assert phone.heard.index("in custody") < phone.heard.index("someone entered")
    phone.presses("1")
    assert phone.does_not_hear("someone entered", "last used")
    phone.hangs_up()
    later = phone.another()
    opens_the_case(later, case)
    assert later.hears("Your PIN was last used")
    assert later.does_not_hear("someone entered")


def test_the_first_call_hears_nothing_of_a_call_before(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))

    assert phone.does_not_hear("last used", "someone entered")


def test_the_first_call_is_told_of_wrong_tries_before_it(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    clock.passes(minutes=30)
    stranger = phone.another()
    is_asked_for_a_number(stranger, from_="+12025550166")
    stranger.presses(case.number)
    stranger.presses(wrong(case.pin))

    opens_the_case(phone, case)

    assert phone.hears("Someone entered a wrong PIN for your case", "to choose a new PIN, press 4")
    assert phone.does_not_hear("since your last call", "last used")


def test_ones_own_slip_in_the_same_call_is_no_news(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone.another(), case)
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    phone.presses(wrong(case.pin))
    phone.presses(case.number)
    phone.presses(case.pin)

    assert phone.hears("Your PIN was last used")
    assert phone.does_not_hear("someone entered")


def test_star_says_it_again_and_hard_news_comes_first(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="released")
    opens_the_case(phone.another(), case)
    opens_the_case(phone, case)
    assert phone.does_not_hear("last used")

    phone.presses("1")
    assert phone.hears("They are out", "Your PIN was last used")
    phone.presses("*")

    assert phone.hears("Your PIN was last used")


def test_what_happened_since_in_spanish(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone.another(), case)
    opens_the_case(phone, case, language="2")

    assert phone.hears("Su PIN se usó por última vez hoy a las 10:00 de la mañana")


# A lost PIN (R08).
