"""Whoever is promised a callback says how it is made, also while staff call about news (R31, R35)."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import update

from models import Callback, Staff
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import FIRST, SECOND, Registered, sweeps
from tests.calls.notices.promised.test_news_beside_promise import (
    call_about_news,
    is_called_about_news,
    is_promised_later,
)
from tests.calls.notices.staff_tells import ends, has_time, is_left_to_staff, tasks
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]


@dataclass(frozen=True)
class Promised:
    """An afraid person who is promised a callback for later, and the liaison who is to tell them news."""

    made: Registered
    who: Staff


@pytest.fixture
def promised(phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline) -> Promised:
    """In the callback that they were promised they allow a message, and whoever answers."""
    who = make_staff()
    made = registered("transferred", phones=(FIRST, SECOND))
    is_left_to_staff(phone, made, "transferred")
    is_promised_later(made)
    with hotline.database.transaction() as session:
        theirs = update(Callback).where(Callback.reason == "afraid")
        session.execute(
            theirs.values(may_answer="anyone", voicemail_allowed=True, voicemail_text="please_call")
        )
    hotline.clock.passes(minutes=5)
    return Promised(made, who)


def calls_from_second(phone: Phone, made: Registered, *keys: str, language: str = "1") -> Phone:
    """The person calls from a phone that nobody calls now, with number and PIN, and presses these keys."""
    caller = phone.another()
    opens_the_case(caller, made.case, language, from_=SECOND)
    for one in keys:
        caller.presses(one)
    return caller


def the_promise(hotline: Hotline) -> tuple[str, str | None]:
    """Who may answer in the call that the person was promised, and the message that is left."""
    (found,) = [one for one in tasks(hotline) if one.reason == "afraid" and one.outcome != "promised_anew"]
    return found.may_answer, found.voicemail_text if found.voicemail_allowed else None


def is_called(phone: Phone, hotline: Hotline, who: Staff, *, talks: bool) -> Callable[[], None]:
    """Staff call the first phone about news: theirs rings, or the two talk. Returns how that ends."""
    if talks:
        liaison, to_person = call_about_news(phone, hotline, who)
        called = has_time(phone, hotline, to_person)

        def end() -> None:
            ends(hotline, called, who, "reached")
            liaison.hangs_up()

        return end
    is_called_about_news(hotline, who)
    return lambda: phone.another().declines(hotline.carrier.ringing[-1], "no-answer")


@pytest.mark.parametrize("talks", [False, True], ids=["liaison is called", "staff talk"])
@pytest.mark.parametrize(
    ("language", "evening", "how"),
    [
        (
            "1",
            "today, in the evening",
            ("We may leave a short message", "Anyone who answers"),
        ),
        (
            "2",
            "hoy, después de las cinco de la tarde",
            ("Podemos dejar un mensaje corto", "Cualquiera que conteste"),
        ),
    ],
    ids=["English", "Spanish"],
)
def test_caller_who_moves_a_promise_behind_news_hears_how_that_call_is_made(
    phone: Phone, promised: Promised, hotline: Hotline,
    language: str, evening: str, how: tuple[str, str], talks: bool,
) -> None:  # fmt: skip
    is_called(phone, hotline, promised.who, talks=talks)

    caller = calls_from_second(phone, promised.made, "2", "2", "3", language=language)
    assert caller.hears(evening)
    caller.presses("1")

    assert caller.hears(*how)


@ON_SQLITE
@pytest.mark.parametrize("talks", [False, True], ids=["liaison is called", "staff talk"])
def test_caller_says_who_may_answer_and_that_no_message_is_left_while_staff_call_about_news(
    phone: Phone, promised: Promised, hotline: Hotline, talks: bool
) -> None:
    end = is_called(phone, hotline, promised.who, talks=talks)

    caller = calls_from_second(phone, promised.made, "2", "3", "2", "1")
    assert caller.hears("We will speak only with you")
    for key in ("3", "1"):
        caller.presses(key)
    assert caller.hears("We will leave no message")
    caller.presses("1")
    assert caller.hears("We will leave no message", "If someone else answers, we will not say why we called")
    caller.hangs_up()

    assert the_promise(hotline) == ("only_me", None)
    end()
    sweeps(hotline, minutes=16)
    assert the_promise(hotline) == ("only_me", None)
    assert [one.state for one in tasks(hotline) if one.reason == "afraid"][-1] == "requested"


def test_wish_said_for_a_promise_behind_news_does_not_change_the_call_about_news(
    phone: Phone, promised: Promised, hotline: Hotline
) -> None:
    is_called(phone, hotline, promised.who, talks=False)
    calls_from_second(phone, promised.made, "2", "3", "2", "3").hangs_up()

    answering = [one.may_answer for one in tasks(hotline) if one.reason == "notice"]

    assert answering == ["only_me"]
