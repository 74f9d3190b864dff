"""Keys while the news of a release is read: each works at once, and the danger line follows (R22, R23)."""

import pytest

from tests.calls.conftest import Hotline
from tests.calls.status.test_hard_news import LIAISON, MakeCase, MakeStaff
from tests.calls.stories import document_of, opens_the_case, reaches_the_first_menu
from tests.phone import Phone

DANGER = "If you are in danger, hang up and call 911."
NEWS = "this person was released"


def hears_the_news(phone: Phone, make_case: MakeCase, **facts: str) -> None:
    """Open the case of someone who was released, and ask to hear it now: the words have begun."""
    opens_the_case(phone, make_case(custody_status="released"), **facts)
    phone.hears_out = False
    phone.presses("1")


def test_key_7_while_the_news_is_read_covers_at_once(phone: Phone, make_case: MakeCase) -> None:
    hears_the_news(phone, make_case)
    assert phone.hears(NEWS)

    phone.presses("7")

    assert phone.does_not_hear("danger", "911", "released", "press")
    assert phone.is_over


def test_key_7_on_a_discreet_line_covers_while_the_news_is_read(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="released")
    phone.dials_in(to=hotline.office.discreet_lines[0])
    for keys in ("1", case.number, case.pin):
        phone.presses(keys)
    phone.hears_out = False
    phone.presses("1")
    assert phone.hears(NEWS)

    phone.presses("7")

    assert phone.does_not_hear("danger", "911", "released", "press")
    assert phone.is_over


@pytest.mark.parametrize("key", ["1", "2", "3", "4", "6", "#"])
def test_any_other_key_stops_the_news_and_answers_nothing(
    phone: Phone, make_case: MakeCase, key: str
) -> None:
    hears_the_news(phone, make_case)

    phone.presses(key)

    assert phone.hears(DANGER, "to be called back, press 2", "about staying safe, press 3")
    assert phone.does_not_hear(NEWS, "Sorry", "not one of the choices")
    phone.presses("2")
    assert phone.hears("As soon as we can")


def test_caller_who_listens_hears_the_news_the_danger_line_and_the_menu_in_this_order(
    phone: Phone, make_case: MakeCase
) -> None:
    hears_the_news(phone, make_case)
    assert phone.hears(NEWS)
    assert phone.does_not_hear(DANGER)

    phone.says_nothing()

    assert phone.hears(DANGER, "to be called back, press 2")
    assert phone.does_not_hear("Take your time")
    assert phone.heard.index(DANGER) < phone.heard.index("to be called back, press 2")
    phone.says_nothing()
    assert phone.hears("Take your time"), "the first silence that counts is the one at the menu"


def test_danger_line_after_the_news_is_stopped_by_no_key(phone: Phone, make_case: MakeCase) -> None:
    hears_the_news(phone, make_case)

    document = document_of(phone)
    assert document.index("<Gather") < document.index(NEWS), "a key stops the news"
    phone.says_nothing()

    document = document_of(phone)
    assert document.index("If you are in danger") < document.index("<Gather"), "and not the danger line"


def test_line_waits_for_no_more_than_a_moment_between_the_news_and_the_danger_line(
    phone: Phone, make_case: MakeCase
) -> None:
    hears_the_news(phone, make_case)
    assert 'timeout="1"' in document_of(phone)

    phone.presses("9")

    assert 'timeout="1"' in document_of(phone), "at the slow pace too"


@pytest.mark.parametrize("key", ["0", "5"])
def test_caller_who_asks_for_a_person_while_the_news_is_read_is_told_of_danger_before(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, key: str
) -> None:
    make_staff(phone=LIAISON)
    hears_the_news(phone, make_case)

    phone.presses(key)

    assert phone.hears(DANGER, "I am calling someone for you")
    assert phone.heard.count(DANGER) == 1
    assert phone.heard.index(DANGER) < phone.heard.index("I am calling someone")
    assert hotline.rung() == [LIAISON]


@pytest.mark.parametrize("key", ["*", "9"])
def test_star_and_9_while_the_news_is_read_begin_it_again(
    phone: Phone, make_case: MakeCase, key: str
) -> None:
    hears_the_news(phone, make_case)

    phone.presses(key)

    assert phone.hears(NEWS)
    assert phone.does_not_hear(DANGER, "hard to hear")
    phone.says_nothing()
    assert phone.hears(DANGER, "to be called back, press 2")


def test_star_at_the_menu_repeats_the_news_that_a_key_stopped(phone: Phone, make_case: MakeCase) -> None:
    hears_the_news(phone, make_case)
    phone.presses("3")
    phone.hears_out = True

    phone.presses("*")

    heard = phone.heard
    assert heard.index(NEWS) < heard.index(DANGER) < heard.index("to be called back, press 2")


def test_key_8_while_the_news_is_read_begins_it_in_the_next_language(
    phone: Phone, make_case: MakeCase
) -> None:
    hears_the_news(phone, make_case)

    phone.presses("8")

    assert phone.hears("esta persona quedó en libertad", "For English, press 8")
    phone.hears_out = True
    phone.presses("8")
    assert phone.hears(NEWS, DANGER, "to be called back, press 2")


def test_slow_caller_has_time_for_the_news_too_at_the_menu_after_it(
    phone: Phone, make_case: MakeCase
) -> None:
    """A relay operator is still typing the news while the menu is read (R26)."""
    hears_the_news(phone, make_case)
    phone.presses("9")
    words = len(phone.heard.split())
    phone.says_nothing()

    seconds = int(document_of(phone).partition('timeout="')[2].partition('"')[0])
    assert seconds >= words + len(phone.heard.split()) + 10


def test_repeated_request_while_the_news_is_read_gets_the_same_words(
    phone: Phone, make_case: MakeCase
) -> None:
    hears_the_news(phone, make_case)
    news = document_of(phone)

    assert phone.redelivers_last().get_data(as_text=True) == news


def test_key_5_before_hard_news_says_at_once_that_no_talking_is_needed_and_7_stops_it(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="escaped"))
    phone.hears_out = False

    phone.presses("5")

    assert phone.hears("You do not have to talk")
    assert phone.does_not_hear(DANGER)
    phone.presses("0")
    assert phone.hears(f"{DANGER} Until we talk", "I am calling someone")
    assert phone.heard.count(DANGER) == 1
    phone.presses("7")
    assert phone.is_over


def test_danger_line_at_the_start_of_a_call_is_as_it_was(phone: Phone) -> None:
    reaches_the_first_menu(phone)

    assert phone.heard_so_far.startswith(DANGER)
