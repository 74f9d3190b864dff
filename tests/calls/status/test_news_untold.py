"""Calls of people who asked in vain for a person before hard news: they can still hear the news (R19)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from models import Callback, Staff
from tests.calls.at_0.waiting import consents_at
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case, reaches_the_first_menu, wrong
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase, make_callback
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., object]
LIAISON = "+12025550171"
NO_PHONE = "anonymous"


@pytest.mark.parametrize("key", ["0", "5"])
@pytest.mark.parametrize(
    ("language", "choice", "news"),
    [
        (
            "1",
            "I still have news for you. To hear it now, press 1. To have us call you soon, press 2.",
            "this person escaped",
        ),
        (
            "2",
            "Todavía tengo una noticia para usted. Para oírla ahora, oprima 1."
            " Para que le llamemos pronto, oprima 2.",
            "esta persona se escapó",
        ),
    ],
)
def test_caller_can_hear_the_news_when_nobody_is_there(
    phone: Phone, make_case: MakeCase, key: str, language: str, choice: str, news: str
) -> None:
    opens_the_case(phone, make_case(custody_status="escaped"), language=language)

    phone.presses(key)

    assert phone.hears(choice)
    phone.presses("1")
    assert phone.hears(news)


def test_caller_who_waited_for_a_person_in_vain_chooses_again(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="released"))
    phone.presses("2")
    assert phone.hears("I am calling someone for you")

    for _ in range(20):
        if hotline.rung():
            hotline.declines(phone)
        if "I still have news" in phone.heard:
            break
        phone.says_nothing()

    assert phone.hears("No one can answer right now. I still have news for you. To hear it now, press 1")
    phone.presses("2")
    assert phone.hears("We will call you")
    callback = hotline.row(select(Callback))
    assert (callback.urgency, callback.reason) == ("urgent", "hard_news")


@pytest.mark.parametrize("has_begun", [True, False])
@pytest.mark.parametrize(
    ("language", "person", "nobody"),
    [
        ("1", "To have a person tell you, press 2", "No one here can talk"),
        ("2", "Para que una persona se la diga, oprima 2", "Ahora nadie puede atenderle"),
    ],
)
def test_caller_who_goes_back_while_a_liaison_rings_for_them_may_still_choose_that_person(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    has_begun: bool,
    language: str,
    person: str,
    nobody: str,
) -> None:
    make_staff(phone=LIAISON, languages="en,es")
    opens_the_case(phone, make_case(custody_status="released"), language=language)
    phone.presses("2")
    if has_begun:
        assert hotline.rung() == [LIAISON]

    phone.presses("#")

    assert phone.hears(person)
    assert phone.does_not_hear(nobody)


def waits_in_vain_for_over_ten_minutes(
    phone: Phone, hotline: Hotline, case: MadeCase, make_staff: MakeStaff, keys: str = "0", **how: str
) -> None:
    """Ask for a person, wait for longer than the PIN counts, and then nobody is on shift any more."""
    make_staff(phone=LIAISON, resting_until=hotline.clock.now + timedelta(hours=1), languages="en,es")
    opens_the_case(phone, case, **how)
    for key in keys:
        phone.presses(key)
    assert phone.hears({"1": "You are next in line", "2": "la siguiente persona"}[how.get("language", "1")])
    for _ in range(11):
        hotline.clock.passes(minutes=1)
        phone.says_nothing()
    with hotline.database.transaction() as session:
        session.execute(update(Staff).values(on_shift=False))
    phone.says_nothing()


def test_caller_who_waited_in_vain_for_over_ten_minutes_gets_to_the_news_by_the_pin(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    case = make_case(custody_status="escaped")

    waits_in_vain_for_over_ten_minutes(phone, hotline, case, make_staff)

    assert phone.hears("No one can answer right now", "To go back to your case, press 3")
    assert phone.does_not_hear("news")
    phone.presses("3")
    assert phone.hears("I need your PIN again")
    phone.presses(case.pin)
    assert phone.hears("I have news that may be hard to hear", "To hear it now, press 1")


@ON_SQLITE
@pytest.mark.parametrize(
    ("language", "from_", "keys"),
    [
        *(("1", CALLER, keys) for keys in ("1", "2", "3", "0", "#", "3 0", "3 0 1", "3 #", "", "3 ")),
        *(("2", CALLER, keys) for keys in ("1", "")),
        *(("1", NO_PHONE, keys) for keys in ("0", "")),
    ],
)
def test_caller_who_waited_in_vain_for_over_ten_minutes_hears_the_same_with_hard_news_and_without_it(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    language: str,
    from_: str,
    keys: str,
) -> None:
    """Whoever had the phone by then was asked for the PIN with hard news, and offered a call without it."""
    heard = []
    for status, asks in (("escaped", "0"), ("in_custody", "0"), (None, "0"), ("deceased", "10")):
        case = make_case(custody_status=status, phone=from_ if from_ != NO_PHONE else "+12025550155")
        other = phone.another()
        waits_in_vain_for_over_ten_minutes(
            other, hotline, case, make_staff, asks, language=language, from_=from_
        )
        said = [other.heard]
        for key in keys.split(" "):
            if not other.is_over:
                other.presses(key) if key else other.says_nothing()
                said.append(other.heard)
        while not other.is_over:
            other.says_nothing()
            said.append(other.heard)
        heard.append(said)
        with hotline.database.transaction() as session:
            session.execute(delete(Callback))
            session.execute(delete(Staff))

    assert all(said == heard[0] for said in heard), "\n".join(map(str, heard))


@pytest.mark.parametrize("keyed", ["nothing", "a wrong PIN"])
@pytest.mark.parametrize(("language", "promise"), [("1", "We will call you"), ("2", "Le llamaremos")])
def test_caller_who_waited_in_vain_for_over_ten_minutes_and_is_silent_then_is_called_back(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    language: str,
    promise: str,
    keyed: str,
) -> None:
    case = make_case(custody_status="escaped")
    waits_in_vain_for_over_ten_minutes(phone, hotline, case, make_staff, language=language)
    if keyed == "a wrong PIN":
        phone.presses("3")
        assert phone.hears({"1": "I need your PIN again", "2": "necesito su PIN otra vez"}[language])
        phone.presses(wrong(case.pin))

    while not phone.is_over:
        phone.says_nothing()

    assert promise in phone.heard_so_far
    assert "this person escaped" not in phone.heard_so_far
    (callback,) = hotline.rows(select(Callback))
    assert (callback.urgency, callback.reason, callback.case_id) == ("urgent", "hard_news", case.id)


@pytest.mark.parametrize(("key", "is_sooner"), [("", False), ("1", True)])
def test_silence_after_over_ten_minutes_in_vain_makes_no_agreed_call_sooner(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    key: str,
    is_sooner: bool,
) -> None:
    """Whoever walks in must not hear the phone ring at a time that the person did not choose."""
    case, at = make_case("in_custody", phone=CALLER), hotline.clock.now + timedelta(days=1)
    with hotline.database.transaction() as session:
        make_callback(session, case, phone=CALLER, next_attempt_at=at, due_at=at + timedelta(hours=1))
    waits_in_vain_for_over_ten_minutes(phone, hotline, case, make_staff)

    if key:
        phone.presses(key)
    while not phone.is_over:
        phone.says_nothing()

    assert "We will call you no later than" in phone.heard_so_far
    (callback,) = hotline.rows(select(Callback))
    assert (callback.next_attempt_at < at) is is_sooner


@pytest.mark.parametrize("key", ["1", "2"])
def test_caller_who_waited_in_vain_for_over_ten_minutes_and_asks_for_a_call_is_called_about_the_news(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, key: str
) -> None:
    case = make_case(custody_status="escaped")
    waits_in_vain_for_over_ten_minutes(phone, hotline, case, make_staff)

    phone.presses(key)

    assert phone.hears("We will call you no later than")
    (callback,) = hotline.rows(select(Callback))
    assert (callback.urgency, callback.reason, callback.case_id) == ("urgent", "hard_news", case.id)


@pytest.mark.parametrize(("status", "urgency"), [("escaped", "urgent"), ("in_custody", "other")])
def test_caller_who_left_the_queue_after_over_ten_minutes_and_is_silent_then_is_called_back(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    status: str,
    urgency: str,
) -> None:
    """Whoever has the phone by then hears the same, with hard news and without it."""
    make_staff(phone=LIAISON, resting_until=hotline.clock.now + timedelta(hours=1))
    opens_the_case(phone, make_case(custody_status=status))
    phone.presses("0")
    for _ in range(11):
        hotline.clock.passes(minutes=1)
        phone.says_nothing()
    phone.presses("#")

    while not phone.is_over:
        phone.says_nothing()

    assert "We will call you no later than tomorrow" in phone.heard_so_far
    assert hotline.row(select(Callback.urgency)) == urgency


def test_no_person_is_offered_for_hard_news_while_the_only_liaisons_phone_is_refused(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """They were told that somebody could tell them, and waited for a phone that the line does not call."""
    make_staff(phone=LIAISON, spared_until=hotline.clock.now + timedelta(minutes=32))

    opens_the_case(phone, make_case(custody_status="released"))

    assert phone.hears("No one here can talk right now", "To have us call you soon, press 2")


def test_caller_who_opens_another_case_is_owed_nothing_for_the_first(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON, resting_until=hotline.clock.now + timedelta(hours=1))
    other = make_case(custody_status="in_custody", phone="+12025550155")
    opens_the_case(phone, make_case(custody_status="escaped"))
    phone.presses("0")
    for _ in range(11):
        hotline.clock.passes(minutes=1)
        phone.says_nothing()
    for keys in ("#", "#", other.number, other.pin):
        phone.presses(keys)
    assert phone.hears("in custody")
    hotline.clock.passes(minutes=11)

    while not phone.is_over:
        phone.says_nothing()

    assert hotline.rows(select(Callback)) == []


def test_caller_who_is_silent_at_the_choice_is_called_back_and_not_told(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    opens_the_case(phone, make_case(custody_status="released"))
    phone.presses("0")

    while not phone.is_over:
        phone.says_nothing()

    assert "was released" not in phone.heard_so_far
    assert hotline.row(select(Callback.reason)) == "hard_news"


@pytest.mark.parametrize("key", ["1", "0", "2"])
@pytest.mark.parametrize("phone_of_case", [None, "unsafe"])
@pytest.mark.parametrize(("language", "hear"), [("1", "To hear it now, press 1"), ("2", "Para oírla ahora")])
def test_caller_whom_we_cannot_call_is_offered_no_call_and_is_not_let_go_without_the_news(
    phone: Phone,
    make_case: MakeCase,
    hotline: Hotline,
    language: str,
    hear: str,
    phone_of_case: str | None,
    key: str,
) -> None:
    """The line offered a call, and then said that it can make none."""
    case = make_case(custody_status="escaped", phone=CALLER if phone_of_case else None)
    if phone_of_case:
        consents_at(hotline, case, unsafe_since=hotline.clock.now)
    from_ = CALLER if phone_of_case else NO_PHONE
    opens_the_case(phone, case, language=language, from_=from_)
    offers = ("press 2", "oprima 2", "have us call", "para que le llamemos")

    assert phone.hears(hear)
    assert phone.does_not_hear(*offers)
    if key != "1":
        phone.presses(key)
        assert phone.hears(hear)
        assert phone.does_not_hear("That is all", "Eso es todo", *offers)
    phone.presses("1")
    assert phone.hears({"1": "this person escaped", "2": "esta persona se escapó"}[language])


def test_caller_with_a_withheld_number_is_offered_the_call_to_the_phone_of_the_case(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    opens_the_case(phone, make_case(custody_status="escaped", phone=CALLER), from_=NO_PHONE)

    assert phone.hears("To have us call you soon, press 2")
    phone.presses("2")
    assert phone.hears("We will call you no later than")


def test_caller_who_has_heard_the_news_is_offered_a_callback_as_usual(
    phone: Phone, make_case: MakeCase
) -> None:
    opens_the_case(phone, make_case(custody_status="escaped"))
    phone.presses("1")

    phone.presses("0")

    assert phone.hears("No one can answer right now. To have us call this phone")


# A phone that we cannot call.


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "1",
            "No one can answer right now. I cannot call this number back. Please try us again later, or call"
            " from another phone. To talk with someone sooner, call",
        ),
        (
            "2",
            "En este momento nadie puede atenderle. No puedo llamar a este número. Llámenos otra vez más"
            " tarde, o llame desde otro teléfono. Si necesita hablar antes con alguien, llame",
        ),
    ],
)
@pytest.mark.parametrize("key", ["0", "5"])
def test_caller_whom_we_cannot_call_hears_no_promise_of_a_person_and_of_no_choices(
    phone: Phone, language: str, words: str, key: str
) -> None:
    reaches_the_first_menu(phone, language, from_=NO_PHONE)

    phone.presses(key)

    assert phone.hears(words)
    assert phone.does_not_hear("press 0", "Now listen", "Ahora escuche")
