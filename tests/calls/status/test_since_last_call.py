"""What callers hear after the status about the time since their last call (R04)."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from models import Staff
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import (
    document_of,
    is_asked_for_a_number,
    opens_the_case,
    wrong,
)
from tests.factories import MadeCase, make_registration
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_caller_hears_after_the_status_when_the_last_call_was_and_of_wrong_tries(
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


@pytest.mark.parametrize("consent_ends_in_days", [300, 10])
def test_pauses_part_the_key_for_a_new_pin_from_the_key_for_a_person(
    phone: Phone, make_case: MakeCase, hotline: Hotline, consent_ends_in_days: int
) -> None:
    case = make_case(custody_status="in_custody")
    with hotline.database.transaction() as session:
        ends_at = hotline.clock.now + timedelta(days=consent_ends_in_days)
        make_registration(session, case, lapses_at=ends_at)
    hotline.clock.passes(minutes=30)
    somebody_tries(phone.another(), case)

    opens_the_case(phone, case)

    asked = "Please tell us soon if you still want calls about changes. " if consent_ends_in_days < 30 else ""
    assert phone.hears(f"to choose a new PIN, press 4. {asked}For a person, press 0.")
    assert options_without_a_pause(document_of(phone)) == []


def options_without_a_pause(document: str) -> list[str]:
    """Sentences with a key that come after another one without 500 to 750 ms before them (R21)."""
    said = re.findall(r"<Say[^>]*>(.*?)</Say>", document)
    options = [text for text in said if re.search(r"press [0-9]", text)]
    times = [re.match(r'<break time="(\d+)ms"/>', text) for text in options[1:]]
    return [
        text
        for text, time in zip(options[1:], times, strict=True)
        if time is None or not 500 <= int(time[1]) <= 750
    ]


def test_first_call_hears_nothing_of_an_earlier_call(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))

    assert phone.does_not_hear("last used", "someone entered")


def test_caller_who_keys_the_pin_again_after_ten_minutes_hears_of_no_use_of_this_same_call(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    clock.passes(minutes=11)
    phone.presses("1")
    assert phone.hears("I need your PIN again")

    phone.presses(case.pin)

    assert phone.hears("in custody", "To hear it again")
    assert phone.does_not_hear("last used")


def test_caller_who_keys_the_pin_again_hears_of_another_call_that_used_it_meanwhile(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    clock.passes(minutes=5)
    opens_the_case(phone.another(), case, from_="+12025550166")
    clock.passes(minutes=6)
    phone.presses("1")

    phone.presses(case.pin)

    assert phone.hears("Your PIN was last used today at 10:05 AM")


def test_caller_hears_of_a_use_before_this_call_though_they_keyed_the_pin_again_before_the_news(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="escaped")
    opens_the_case(phone.another(), case, from_="+12025550166")
    clock.passes(minutes=30)
    opens_the_case(phone, case)
    clock.passes(minutes=11)
    phone.presses("1")
    assert phone.hears("I need your PIN again")

    for keys in (case.pin, "1"):
        phone.presses(keys)

    assert phone.hears("this person escaped", "Your PIN was last used today at 10:00 AM")


def test_first_call_hears_of_wrong_tries_before_it(phone: Phone, make_case: MakeCase, clock: Clock) -> None:
    case = make_case(custody_status="in_custody")
    clock.passes(minutes=30)
    stranger = phone.another()
    is_asked_for_a_number(stranger, from_="+12025550166")
    stranger.presses(case.number)
    stranger.presses(wrong(case.pin))

    opens_the_case(phone, case)

    assert phone.hears("Someone entered a wrong PIN for your case", "to choose a new PIN, press 4")
    assert phone.does_not_hear("since your last call", "last used")


def somebody_tries(phone: Phone, case: MadeCase) -> None:
    is_asked_for_a_number(phone, from_="+12025550166")
    phone.presses(case.number)
    phone.presses(wrong(case.pin))
    phone.hangs_up()


@pytest.mark.parametrize("keys", [[], ["2"]], ids=["hangs up at the warning", "chooses a person"])
def test_caller_who_did_not_reach_the_warning_of_wrong_tries_hears_it_in_the_next_call(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock, keys: list[str]
) -> None:
    make_staff()
    case = make_case(custody_status="released")
    clock.passes(minutes=30)
    somebody_tries(phone.another(), case)
    first = phone.another()
    is_asked_for_a_number(first)
    for pressed in (case.number, case.pin, *keys):
        first.presses(pressed)
    assert first.does_not_hear("someone entered")
    if keys:
        hotline.accepts(first)
        assert first.is_talking
    first.hangs_up()
    clock.passes(minutes=5)

    opens_the_case(phone, case)
    phone.presses("1")

    assert phone.hears("someone entered a wrong PIN for your case")
    for key in ("*", "9"):
        phone.presses(key)
        assert phone.hears("someone entered a wrong PIN for your case")
        # It was before the last call, in which the caller only asked for a person.
        assert phone.does_not_hear("since your last call")
    phone.presses("1")
    assert phone.does_not_hear("someone entered")
    phone.hangs_up()
    later = phone.another()
    opens_the_case(later, case)
    later.presses("1")
    assert later.hears("They are out")
    assert later.does_not_hear("someone entered")


def test_caller_who_hangs_up_in_the_status_hears_of_wrong_tries_in_the_next_call(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    clock.passes(minutes=30)
    somebody_tries(phone.another(), case)
    first = phone.another()
    opens_the_case(first, case)
    first.hangs_up()
    clock.passes(minutes=5)

    opens_the_case(phone, case)

    assert phone.hears("someone entered a wrong PIN for your case")


def test_caller_hears_of_a_wrong_pin_after_the_warning_and_not_of_their_own_slip_before(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    first = phone.another()
    is_asked_for_a_number(first)
    for pressed in (case.number, wrong(case.pin), case.number, case.pin):
        first.presses(pressed)
    assert first.does_not_hear("someone entered")
    first.hangs_up()
    second = phone.another()
    opens_the_case(second, case)
    assert second.does_not_hear("someone entered")
    second.hangs_up()
    clock.passes(minutes=1)
    somebody_tries(phone.another(), case)

    opens_the_case(phone, case)

    assert phone.hears("Since your last call, someone entered a wrong PIN")


def test_caller_hears_nothing_of_their_own_slip_in_the_same_call(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone.another(), case)
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    phone.presses(wrong(case.pin))
    phone.presses(case.number)
    phone.presses(case.pin)

    assert phone.hears("Your PIN was last used")
    assert phone.does_not_hear("someone entered")


def test_star_repeats_it_and_hard_news_comes_first(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="released")
    opens_the_case(phone.another(), case)
    opens_the_case(phone, case)
    assert phone.does_not_hear("last used")

    phone.presses("1")
    assert phone.hears("They are out", "Your PIN was last used")
    phone.presses("*")

    assert phone.hears("Your PIN was last used")


def test_caller_hears_in_spanish_what_happened_since(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone.another(), case)
    opens_the_case(phone, case, language="2")

    assert phone.hears("Su PIN se usó por última vez hoy a las 10:00 de la mañana")
