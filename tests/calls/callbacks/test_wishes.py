"""Calls of people who choose when and how they are called back (R29, R31, R35)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Staff
from tests.calls.conftest import Clock, Hotline
from tests.calls.pin.test_without_pin import dials_to_the_callback_menu
from tests.calls.stories import chooses_more, newest_callback, opens_the_case, reaches_the_first_menu
from tests.conftest import ON_BOTH
from tests.factories import MadeCase, make_callback
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@ON_BOTH
def test_caller_hears_every_wish_repeated_and_it_is_kept(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    chooses_more(phone, make_case(custody_status="in_custody"))
    phone.presses("4")
    assert phone.hears("We will call you", "If that is all, press 1")

    phone.presses("2")
    assert phone.hears("To let us ask if someone there expects our call, press 2")
    phone.presses("2")
    assert phone.hears("Got it.")
    phone.presses("3")
    assert phone.hears("For no message, press 1", "For a message that asks you to call us, press 2")
    phone.presses("2")
    phone.presses("4")
    phone.presses("1")
    assert phone.hears("To have us call you once more, press 2")
    phone.presses("2")
    phone.presses("4")
    phone.presses("2")
    phone.presses("3")
    phone.presses("4")
    phone.presses("3")
    assert phone.hears("For English, press 1", "Para español, oprima 2")
    phone.presses("2")
    assert phone.hears("Listo.")
    phone.presses("1")

    assert phone.hears(
        "Podemos dejar un mensaje corto", "podemos preguntar si alguien ahí espera nuestra llamada"
    )
    asked = newest_callback(hotline)
    assert (asked.may_answer, asked.voicemail_allowed, asked.voicemail_text) == (
        "ask_for_me", True, "please_call",
    )  # fmt: skip
    assert (asked.when_dropped, asked.reason, asked.language) == ("ring_once", "about_safety", "es")


@pytest.mark.parametrize("where", [(), ("2",), ("3",), ("4",), ("4", "1"), ("4", "2"), ("4", "3")])
def test_caller_who_hangs_up_or_stays_silent_among_the_wishes_is_called_with_the_safest(
    phone: Phone, make_case: MakeCase, hotline: Hotline, where: tuple[str, ...]
) -> None:
    chooses_more(phone, make_case(custody_status="in_custody"))
    phone.presses("1")
    for key in where:
        phone.presses(key)
    for _ in range(4):
        phone.says_nothing()

    assert phone.hears("We will leave no message", "we will not say why we called")
    phone.hangs_up()
    asked = newest_callback(hotline)
    assert (asked.state, asked.may_answer, asked.voicemail_allowed) == ("requested", "only_me", False)


@pytest.mark.parametrize("keys", ["6", "66"])
def test_wrong_keys_among_the_wishes_lead_to_a_person_and_lose_nothing(
    phone: Phone, make_case: MakeCase, hotline: Hotline, keys: str
) -> None:
    chooses_more(phone, make_case(custody_status="in_custody"))
    phone.presses("1")
    for _ in range(4):
        phone.presses(keys)

    assert phone.hears("No one can answer right now", "You already have a callback")
    assert newest_callback(hotline).state == "requested"


def test_wish_that_is_sent_twice_is_kept_once(phone: Phone, make_case: MakeCase, hotline: Hotline) -> None:
    chooses_more(phone, make_case(custody_status="in_custody"))
    phone.presses("1")
    phone.presses("2")
    phone.presses("3")

    again = phone.raw(phone.redelivers_last())

    assert "Got it." in again
    assert newest_callback(hotline).may_answer == "anyone"
    assert len(hotline.rows(select(Callback))) == 1


def test_wish_for_a_callback_that_is_being_made_comes_too_late(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    chooses_more(phone, make_case(custody_status="in_custody"))
    phone.presses("4")
    phone.presses("2")
    with hotline.database.transaction() as session:
        session.scalars(select(Callback)).one().state = "ringing_liaison"

    phone.presses("3")

    assert phone.hears("Your callback cannot be changed now")
    assert newest_callback(hotline).may_answer == "only_me"


def test_caller_who_asks_again_while_a_liaison_is_rung_hears_that_a_message_is_allowed(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    chooses_more(phone, case)
    for key in ("4", "3", "2"):
        phone.presses(key)
    assert phone.hears("asks you to call")
    phone.hangs_up()
    assert hotline.rung()

    opens_the_case(phone, case)
    phone.presses("2")
    phone.presses("1")

    assert phone.hears("We will call you", "We may leave a short message")
    assert phone.does_not_hear("no message")


def earlier_callback(hotline: Hotline, case: MadeCase, phone: str = CALLER) -> None:
    """A callback of last week, with other answers than the safest."""
    with hotline.database.transaction() as session:
        make_callback(
            session, case, phone=phone, state="reached", requested_at=hotline.clock.now - timedelta(days=7),
            may_answer="ask_for_me", voicemail_allowed=True, voicemail_text="hello", when_dropped="ring_once",
        )  # fmt: skip


def test_more_choices_begin_with_the_answers_of_last_time(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    earlier_callback(hotline, case)
    chooses_more(phone, case)
    phone.presses("4")
    phone.presses("1")

    assert phone.hears("We may leave a short message", "we may ask if someone there expects our call")
    asked = newest_callback(hotline)
    assert (asked.may_answer, asked.voicemail_text, asked.when_dropped) == (
        "ask_for_me", "hello", "ring_once",
    )  # fmt: skip


def test_express_and_another_phone_still_begin_with_the_safest_answers(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    earlier_callback(hotline, case, phone="+12025550144")
    chooses_more(phone, case)
    phone.presses("4")
    assert newest_callback(hotline).may_answer == "only_me"
    other = make_case(custody_status="in_custody")
    earlier_callback(hotline, other)
    express = phone.another()
    opens_the_case(express, other)
    express.presses("2")
    express.presses("1")

    assert express.hears("We will leave no message")
    assert newest_callback(hotline).may_answer == "only_me"


def test_caller_without_a_pin_gets_no_answers_of_last_time(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    earlier_callback(hotline, make_case(custody_status="in_custody"))
    reaches_the_first_menu(phone)
    for key in ("2", "1", "2", "1", "4", "1"):
        phone.presses(key)

    assert phone.hears("We will leave no message")
    assert (newest_callback(hotline).may_answer, newest_callback(hotline).verified) == ("only_me", False)


def test_caller_hears_a_measured_wait_for_a_callback_in_words(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    with hotline.database.transaction() as session:
        for number in range(30):
            since = clock.now - timedelta(days=1, minutes=number)
            for verified, minutes in ((True, 40), (False, 180)):
                made = make_callback(session, state="reached", requested_at=since)
                made.verified = verified
                made.talking_at = made.closed_at = since + timedelta(minutes=minutes)
            # They wished for the evening, or staff thought of calling again: that is not a wait in the queue.
            for later in ({"window_starts": since, "window_ends": since}, {"reason": "call_later"}):
                made = make_callback(session, state="reached", requested_at=since, **later)
                made.verified = True
                made.talking_at = made.closed_at = since + timedelta(hours=10)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")

    assert phone.hears("Most people talk with us within about forty minutes")
    stranger = phone.another()
    reaches_the_first_menu(stranger, language="2", from_="+12025550145")
    for key in ("2", "1", "1"):
        stranger.presses(key)
    assert stranger.hears("La mayoría de las personas habla con nosotros en unas tres horas")


def test_caller_is_promised_no_spanish_that_nobody_on_the_staff_may_speak(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(languages="en")
    opens_the_case(phone, make_case(custody_status="in_custody"), language="2")

    for key in ("2", "2", "4", "4", "3", "2"):
        phone.presses(key)

    assert phone.hears("Trataremos de hablarle en español.")
    phone.hangs_up()
    liaison = hotline.answers(phone)
    assert liaison.hears("There is someone to call back")


FIRST = {
    "1": "Got it. The person who calls you will see the first reason for this call."
    " You can tell them about this too.",
    "2": "Listo. La persona que le llame verá el primer motivo de esta llamada. También podrá contarle esto.",
}


@pytest.mark.parametrize("language", ["1", "2"])
@pytest.mark.parametrize(
    ("status", "keys"), [("in_custody", "3"), ("released", "1")], ids=["afraid", "hard news"]
)
def test_what_a_call_is_about_does_not_hide_from_the_liaison_why_it_is_urgent(
    phone: Phone, make_case: MakeCase, hotline: Hotline, language: str, status: str, keys: str
) -> None:
    case = make_case(custody_status=status, status_at=hotline.clock.now - timedelta(hours=1))
    opens_the_case(phone, case, language=language)
    if status == "released":
        phone.presses("1")
    for key in ("2", keys):
        phone.presses(key)
    phone.hangs_up()
    before = newest_callback(hotline).reason
    opens_the_case(phone, case, language=language)
    if status == "released":
        phone.presses("1")

    for key in ("2", "3", "4", "2", "2"):
        phone.presses(key)

    assert phone.hears(FIRST[language])
    assert newest_callback(hotline).reason == before == ("afraid" if status == "in_custody" else "hard_news")


@pytest.mark.parametrize("earlier", [True, False], ids=["another stands", "alone"])
@pytest.mark.parametrize(
    ("part", "reason"), [("4", "afraid"), ("1", "about_court")], ids=["any time", "morning"]
)
def test_caller_without_a_pin_who_is_afraid_and_then_chooses_more_hears_which_reason_is_kept(
    phone: Phone, hotline: Hotline, part: str, reason: str, earlier: bool
) -> None:
    if earlier:
        before = phone.another()
        dials_to_the_callback_menu(before)
        before.presses("1")
        before.hangs_up()
    dials_to_the_callback_menu(phone)
    for key in ("3", "1", "2", "1", "2", "1", part, "4", "2", "2"):
        phone.presses(key)

    # The words are the same whatever stands (R35).
    assert phone.hears(FIRST["1"] if reason == "afraid" else "Got it. The call is about court.")
    if not earlier:
        assert newest_callback(hotline).reason == reason


@pytest.mark.parametrize("has_pin", [True, False], ids=["with the PIN", "without"])
@pytest.mark.parametrize("how", ["key 8", "back to the languages"])
def test_caller_who_hears_the_promise_in_another_language_is_called_in_that_one(
    phone: Phone, make_case: MakeCase, hotline: Hotline, has_pin: bool, how: str
) -> None:
    asks_here(phone, make_case(custody_status="in_custody") if has_pin else None)
    assert newest_callback(hotline).language == "en"

    if how == "key 8":
        phone.presses("8")
        assert phone.hears("Le llamaremos a más tardar")
    else:
        for _ in range(8):
            if "Para español, oprima 2" not in phone.heard:
                phone.presses("#")
        phone.presses("2")

    assert newest_callback(hotline).language == "es"
    phone.presses("8")
    assert newest_callback(hotline).language == "en"


def test_key_8_changes_neither_a_language_chosen_for_the_callback_nor_what_another_call_asked_for(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    chooses_more(phone, case)
    for key in ("4", "4", "3", "2", "1", "8"):
        phone.presses(key)
    assert newest_callback(hotline).language == "es"
    phone.hangs_up()

    opens_the_case(phone, case)
    for key in ("2", "1", "8", "8"):
        phone.presses(key)

    assert newest_callback(hotline).language == "es"


@pytest.mark.parametrize("has_pin", [True, False], ids=["with the PIN", "without"])
def test_key_8_ten_minutes_after_the_promise_changes_only_a_callback_without_the_case(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock, has_pin: bool
) -> None:
    asks_here(phone, make_case(custody_status="in_custody") if has_pin else None)
    clock.passes(minutes=11)

    phone.presses("8")

    assert newest_callback(hotline).language == ("en" if has_pin else "es")


def asks_here(phone: Phone, case: MadeCase | None) -> None:
    """Ask for the next call, with the PIN of this case or without one, and stay on the line."""
    if case is None:
        dials_to_the_callback_menu(phone)
    else:
        opens_the_case(phone, case)
        phone.presses("2")
    phone.presses("1")
    assert phone.hears("We will call you")
