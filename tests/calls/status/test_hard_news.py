"""Calls of people whose case has hard news: a warning, a choice, the news, and what follows it (R19)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Subject
from tests import factories
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., object]
OUT = ["released", "released_on_bond", "released_on_supervision", "escaped"]
HARD = [*OUT, "removed", "deceased"]
UNTIL = "Until you hear it, please act as if this person may be out."
LIAISON = "+12025550171"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("released", "The record says this person was released on Monday, November 23. They are out."),
        ("released_on_bond", "was released on bond on Monday, November 23. That means money was paid"),
        ("released_on_supervision", "They were let out, with rules to follow."),
        ("escaped", "this person escaped on Monday, November 23. We do not know where they are."),
        ("removed", "was sent out of the United States on Monday, November 23. They may come back."),
        ("deceased", "I am sorry to tell you this. The record says that this person died on Monday"),
    ],
)
def test_caller_is_warned_of_hard_news_once_and_then_chooses(
    phone: Phone, make_case: MakeCase, status: str, words: str
) -> None:
    opens_the_case(phone, make_case(custody_status=status))

    assert phone.hears(
        f"I have news that may be hard to hear. {UNTIL} No one here can talk right now.",
        "to hear it now, press 1",
        "To have us call you soon, press 2",
    )
    assert phone.does_not_hear(words, "record says")
    phone.presses("1")
    assert phone.hears(words, "That is as of today at 10:00 AM.", "to be called back, press 2")
    assert phone.hears("To hear it again, press 1")
    phone.presses("1")
    assert phone.hears("record says")
    assert phone.does_not_hear("I have news", "hard to hear")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("released", "Según el registro, esta persona quedó en libertad el lunes 23 de noviembre."),
        ("escaped", "esta persona se escapó el lunes 23 de noviembre. No sabemos dónde está."),
        ("deceased", "Lamento decirle que esta persona falleció el lunes 23 de noviembre, según el registro"),
    ],
)
def test_caller_hears_hard_news_in_spanish(
    phone: Phone, make_case: MakeCase, status: str, words: str
) -> None:
    opens_the_case(phone, make_case(custody_status=status), language="2")

    assert phone.hears("actúe como si esta persona pudiera estar libre", "Para oírla ahora, oprima 1")
    assert phone.does_not_hear("todos están atendiendo")
    phone.presses("1")
    assert phone.hears(words, "Así estaba en el registro hoy a las 10:00 de la mañana")


@pytest.mark.parametrize("status", HARD)
def test_caller_hears_a_dated_fact_first_then_its_day_and_last_the_age_of_the_record(
    phone: Phone, make_case: MakeCase, clock: Clock, status: str
) -> None:
    told = clock.now - timedelta(days=1)
    opens_the_case(phone, make_case(custody_status=status, facility="Stewart", as_of=told))
    phone.presses("1")

    heard = phone.heard
    places = [heard.index(words) for words in ("this person", "November 23", "last held at Stewart", "as of")]
    assert places == sorted(places)
    assert phone.hears("That is as of yesterday at 10:00 AM.")


# A person or a callback in the place of the news.


def test_caller_may_have_a_free_person_tell_the_news_and_the_danger_line_comes_first(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="released"))
    assert phone.hears(UNTIL, "to hear it now, press 1", "To have a person tell you, press 2")
    assert phone.does_not_hear("No one here can talk")

    phone.presses("2")

    assert phone.hears(
        "If you are in danger, hang up and call 911. Until we talk, please act as if this person may be out.",
        "I am calling someone for you",
    )
    assert hotline.rung() == [LIAISON]


def test_caller_is_not_offered_a_liaison_who_is_in_wrap_up_to_tell_the_news(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, clock: Clock
) -> None:
    make_staff(phone=LIAISON, wrap_up_until=clock.now + timedelta(seconds=30))

    opens_the_case(phone, make_case(custody_status="released"))

    assert phone.hears("No one here can talk right now", "To have us call you soon, press 2")


@pytest.mark.parametrize("status", HARD)
def test_caller_who_asks_for_a_call_soon_hears_the_danger_line_before_they_are_let_go(
    phone: Phone, make_case: MakeCase, hotline: Hotline, status: str
) -> None:
    opens_the_case(phone, make_case(custody_status=status))

    phone.presses("2")

    assert phone.hears(
        "If you are in danger, hang up and call 911. Until we talk, please act as if this person may be out."
        " We will call you"
    )
    callback = hotline.row(select(Callback))
    assert (callback.urgency, callback.reason) == ("urgent", "hard_news")


@pytest.mark.parametrize("key", ["0", "5"])
def test_extra_key_for_a_person_does_not_skip_the_danger_line(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, key: str
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="escaped"))

    phone.presses(key)

    assert phone.hears("If you are in danger, hang up and call 911. Until we talk", "I am calling someone")
    phone.presses(key)
    assert phone.does_not_hear("If you are in danger")


def test_wrong_keys_before_hard_news_lead_to_a_person_by_the_danger_line(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="escaped"))

    for _ in range(3):
        phone.presses("6")
        assert phone.hears("press 1")
    assert phone.hears("to hear it now", "For a person, press 0")
    phone.presses("6")

    assert phone.hears("If you are in danger, hang up and call 911. Until we talk", "I am calling someone")


@pytest.mark.parametrize("slips", [["", "6"], ["6", ""], ["6", "", "6"]])
def test_wrong_key_and_silence_before_hard_news_leave_the_choice_to_the_caller(
    phone: Phone, make_case: MakeCase, slips: list[str]
) -> None:
    opens_the_case(phone, make_case(custody_status="escaped"))

    for slip in slips:
        phone.presses(slip) if slip else phone.says_nothing()

    assert phone.hears("to hear it now, press 1")
    phone.presses("1")
    assert phone.hears("this person escaped")


def test_caller_who_has_heard_the_news_goes_to_a_person_at_once(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="escaped"))
    phone.presses("1")

    phone.presses("0")

    assert phone.hears("I am calling someone")
    assert phone.does_not_hear("If you are in danger")


def test_news_of_one_case_does_not_replace_the_danger_line_of_another(
    phone: Phone, make_case: MakeCase
) -> None:
    other = make_case(custody_status="escaped")
    opens_the_case(phone, make_case(custody_status="released"))
    for keys in ("1", "2", "1", "1", "#", "1", other.number, other.pin):
        phone.presses(keys)
    assert phone.hears(UNTIL)

    phone.presses("0")

    assert phone.hears(
        "If you are in danger, hang up and call 911", "please act as if this person may be out"
    )


def test_silence_after_hard_news_of_a_second_case_writes_an_urgent_callback_for_that_case(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    other = make_case(custody_status="escaped")
    opens_the_case(phone, make_case(custody_status="released"))
    for keys in ("1", "#", "1", other.number, other.pin):
        phone.presses(keys)
    assert phone.hears(UNTIL)
    phone.presses("0")
    assert phone.hears("No one can answer right now", "press 1")

    while not phone.is_over:
        phone.says_nothing()

    callback = hotline.row(select(Callback))
    assert (callback.case_id, callback.urgency, callback.reason) == (other.id, "urgent", "hard_news")


def test_caller_who_leaves_the_queue_is_led_back_to_hard_news_of_a_second_case(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    waiting = phone.another()
    opens_the_case(waiting, make_case(custody_status="in_custody"))
    waiting.presses("0")
    other = make_case(custody_status="escaped")
    opens_the_case(phone, make_case(custody_status="released"))
    for keys in ("1", "#", "1", other.number, other.pin, "0"):
        phone.presses(keys)
    assert phone.hears("in line")

    phone.presses("#")

    assert phone.hears("I have news that may be hard to hear", "to hear it now, press 1")


def test_caller_without_hard_news_gets_a_person_without_the_danger_line(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody"))

    phone.presses("0")

    assert phone.does_not_hear("If you are in danger")


# Silence.


@pytest.mark.parametrize("status", HARD)
def test_silence_twice_before_hard_news_writes_an_urgent_callback_and_never_tells_the_news(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, status: str
) -> None:
    make_staff(role="supervisor", on_shift=False)
    opens_the_case(phone, make_case(custody_status=status))

    phone.says_nothing()
    assert phone.hears("Take your time", UNTIL, "to hear it now")
    phone.says_nothing()

    assert phone.hears("If you are in danger, hang up and call 911", "We will call you", "Goodbye")
    assert phone.is_over
    for words in ("record says", "released", "escaped", "sent out", "died"):
        assert words not in phone.heard_so_far
    callback = hotline.row(select(Callback))
    assert (callback.urgency, callback.reason) == ("urgent", "hard_news")
    assert callback.due_at == hotline.clock.now + timedelta(minutes=60)


def test_silence_twice_before_hard_news_brings_a_person_who_is_free(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="released"))

    phone.says_nothing()
    phone.says_nothing()

    assert phone.hears("If you are in danger, hang up and call 911", "I am calling someone for you")
    assert hotline.rung() == [LIAISON]


# After the news.


@pytest.mark.parametrize("status", OUT)
def test_danger_line_and_a_safety_line_follow_a_release_or_an_escape(
    phone: Phone, make_case: MakeCase, status: str
) -> None:
    opens_the_case(phone, make_case(custody_status=status))
    phone.presses("1")

    assert phone.hears(
        "I have nothing newer. If you are in danger, hang up and call 911.",
        "To talk with the domestic violence hotline about staying safe, press 3",
    )
    phone.presses("3")
    assert phone.is_rung("+18007997233")


def test_details_of_a_release_are_behind_the_first_option(phone: Phone, make_case: MakeCase) -> None:
    facts = {"removal_stage": "proceedings_open"}
    opens_the_case(phone, make_case(custody_status="released", facility="Stewart", record=facts))
    phone.presses("1")
    assert phone.hears("For court dates and more, press 1", "about staying safe, press 3")
    assert phone.does_not_hear("court case is still open")

    phone.presses("1")

    assert phone.hears("The phone number of Stewart is", "The immigration court case is still open")
    assert phone.hears("To hear it again, press 1", "about staying safe, press 3")
    phone.presses("1")
    assert phone.hears("was released", "If you are in danger")


def test_death_has_words_of_its_own_and_an_offer_of_support(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="deceased"))
    phone.presses("1")

    assert phone.hears(
        "I am sorry to tell you this", "died on Monday", "If you would like to talk with someone, press 0"
    )
    assert phone.does_not_hear(
        "released", "let out", "They are out", "in danger", "nothing newer", "For a person, press 0"
    )


def test_caller_is_warned_of_news_that_arrives_during_the_call_when_they_ask_for_the_status_again(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    with hotline.database.transaction() as session:
        subject = session.get_one(Subject, case.subject_id)
        factories.make_custody_record(session, subject, "escaped", releasable=True)

    phone.presses("1")

    assert phone.hears("I have news that may be hard to hear", "to hear it now, press 1")
    assert phone.does_not_hear("escaped")


@pytest.mark.parametrize("language", ["1", "2"])
def test_caller_who_cannot_talk_hears_of_their_key_after_the_pin(
    phone: Phone, make_case: MakeCase, language: str
) -> None:
    reaches_the_first_menu(phone, language)
    opens_the_case(phone.another(), make_case(custody_status="in_custody"))
    opens_the_case(phone, make_case(custody_status="in_custody"), language=language)

    assert phone.hears({"1": "If you cannot talk, press 5", "2": "Si no puede hablar, oprima 5"}[language])


def test_silent_caller_whom_no_liaison_takes_has_an_urgent_callback_in_the_end(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="released"))
    phone.says_nothing()
    phone.says_nothing()

    for _ in range(20):
        if phone.is_over:
            break
        if hotline.rung():
            hotline.declines(phone)
        phone.says_nothing()

    assert phone.is_over
    assert "was released" not in phone.heard_so_far
    assert "We will call you" in phone.heard_so_far
    callback = hotline.row(select(Callback))
    assert (callback.urgency, callback.reason, callback.verified) == ("urgent", "hard_news", True)


@pytest.mark.parametrize("key", ["0", "5"])
def test_caller_who_asks_for_a_person_before_hard_news_and_then_stays_silent_is_called_back(
    phone: Phone, make_case: MakeCase, hotline: Hotline, key: str
) -> None:
    opens_the_case(phone, make_case(custody_status="escaped"))
    phone.presses(key)
    assert phone.hears("No one can answer right now", "To have us call you soon, press 2")

    while not phone.is_over:
        phone.says_nothing()

    assert phone.hears("We will call you")
    assert "record says" not in phone.heard_so_far
    callback = hotline.row(select(Callback))
    assert (callback.urgency, callback.reason, callback.verified) == ("urgent", "hard_news", True)


def test_caller_who_heard_the_news_and_then_stays_silent_is_left_in_peace(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    opens_the_case(phone, make_case(custody_status="escaped"))
    phone.presses("1")
    phone.presses("0")
    assert phone.hears("To have us call this phone")

    while not phone.is_over:
        phone.says_nothing()

    assert hotline.rows(select(Callback)) == []


@pytest.mark.parametrize("status", ["removed", "deceased"])
def test_nobody_is_sent_to_the_phone_of_a_jail_after_a_removal_or_a_death(
    phone: Phone, make_case: MakeCase, status: str
) -> None:
    opens_the_case(phone, make_case(custody_status=status, facility="Stewart"))
    phone.presses("1")

    assert phone.hears("last held at Stewart", "To hear it again, press 1")
    assert phone.does_not_hear("court dates")
