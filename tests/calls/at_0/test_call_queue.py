"""The call queue at 0: the place that the caller hears, and every key that they may press (R35, R36)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback, Registrant, Staff
from tests.calls.at_0.waiting import OTHER, outcomes, waits, waits_in_queue
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import document_of, opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_caller_in_the_queue_hears_their_place_and_gets_the_next_liaison(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    assert phone.hears(
        "You are next in line", "call you when it is your turn, press 1", "If you cannot talk, press 5"
    )
    assert phone.does_not_hear("Most people")

    phone.says_nothing()
    assert phone.hears("You are still in line. Please hold")
    busy.hangs_up()
    clock.passes(seconds=8)
    phone.says_nothing()

    assert phone.hears("I am still calling someone for you")
    hotline.accepts(phone)
    assert phone.is_talking
    (wait,) = waits(hotline)
    assert (wait.outcome, wait.ended_at) == ("talked", clock.now)


def test_caller_in_the_queue_hears_their_place_every_half_minute(
    phone: Phone, make_case: MakeCase, busy: Phone
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))

    for _ in range(3):
        phone.says_nothing()
        assert phone.hears("Please hold")
        assert phone.does_not_hear("You are next in line")
    phone.says_nothing()

    assert phone.hears("You are next in line", "press 1")


def test_caller_with_a_pin_is_ahead_of_one_without(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    unverified, first = phone.another(), phone.another()
    reaches_the_first_menu(unverified, from_=OTHER)
    unverified.presses("0")
    assert unverified.hears("You are next in line")
    waits_in_queue(first, make_case(custody_status="in_custody"))
    clock.passes(seconds=1)
    waits_in_queue(phone, make_case(custody_status="in_custody"), from_="+12025550147")
    assert first.hears("You are next in line")
    assert phone.hears("You are number 2 in line")

    busy.hangs_up()
    for waiting in (unverified, phone):
        waiting.says_nothing()
    assert hotline.rung() == []
    first.says_nothing()
    assert first.hears("calling someone for you")

    assert len(hotline.rung()) == 1
    for _ in range(2):
        unverified.says_nothing()
    unverified.presses("*")
    assert len(hotline.rung()) == 1


@pytest.mark.parametrize("pause", [0, 11])
def test_key_1_turns_the_place_into_a_callback_dated_from_when_the_wait_began(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock, pause: int
) -> None:
    case = make_case(custody_status="in_custody")
    waits_in_queue(phone, case)
    began = clock.now
    for _ in range(3):
        clock.passes(minutes=pause / 3 + 0.5)
        phone.says_nothing()

    phone.presses("1")

    assert phone.hears("We will call you", "We will leave no message")
    kept = hotline.row(select(Callback))
    assert (kept.reason, kept.case_id, kept.verified) == ("waited", case.id, True)
    assert kept.requested_at == began
    assert outcomes(hotline) == ["kept"]


def test_same_key_twice_makes_one_callback(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    phone.presses("1")
    phone.redelivers_last()

    assert len(hotline.rows(select(Callback))) == 1


def test_request_to_wait_that_arrives_twice_is_one_place_and_gets_one_answer(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    said = document_of(phone)

    assert phone.raw(phone.redelivers_last()) == said
    assert len(waits(hotline)) == 1


@pytest.mark.parametrize("keys", ["2", "8", "3"])
def test_wrong_key_however_often_loses_no_place(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, keys: str
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))

    for _ in range(5):
        phone.presses(keys)
        assert not phone.is_over

    assert outcomes(hotline) == [None]
    phone.says_nothing()
    assert phone.hears("line")


@pytest.mark.parametrize("keys", ["0", "*", "9"])
def test_extra_keys_repeat_the_place_and_keep_it(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock, keys: str
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    since = waits(hotline)[0].since
    clock.passes(seconds=20)

    phone.presses(keys)

    assert phone.hears("You are next in line", "press 1")
    assert waits(hotline)[0].since == since


def test_star_repeats_that_no_one_is_free_and_rings_nobody(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    said = phone.heard
    busy.hangs_up()

    phone.presses("*")

    assert phone.heard == said
    assert hotline.rung() == []
    phone.says_nothing()
    assert phone.hears("calling someone for you")


def test_star_repeats_that_no_one_is_on_shift(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"), language="2")
    phone.presses("0")
    said = phone.heard
    assert phone.hears("oprima 1")

    phone.presses("*")

    assert phone.heard == said


@pytest.mark.parametrize("key", ["*", "9"])
@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "1",
            ["You are number 2 in line", "To go back, press pound", "call you when it is your turn, press 1"],
        ),
        ("2", ["el número 2", "Para volver, oprima numeral", "que le llamemos cuando le toque, oprima 1"]),
    ],
)
def test_star_later_in_the_queue_says_the_place_now_and_what_can_be_done(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, language: str, told: list[str], key: str
) -> None:
    """It said "You are still in line. Please hold.", which is what the caller had just heard."""
    others = [phone.another() for _ in range(2)]
    for number, other in enumerate(others):
        waits_in_queue(other, make_case(custody_status="in_custody"), from_=f"+1202555015{number}")
    opens_the_case(phone, make_case(custody_status="in_custody"), language)
    phone.presses("0")
    others[0].presses("1")
    phone.says_nothing()

    phone.presses(key)

    assert phone.hears(*told)
    assert hotline.rung() == []
    phone.presses("1")
    assert phone.hears({"1": "We will call you", "2": "Le llamaremos"}[language])


def test_star_while_a_liaison_is_called_says_so_and_what_can_be_done(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    assert len(hotline.rung()) == 1
    phone.says_nothing()
    assert phone.heard == "I am still calling someone for you. Please hold."

    phone.presses("*")

    assert phone.hears("I am still calling someone for you", "If you cannot talk, press 5", "press 1")
    assert phone.does_not_hear("No one can answer")
    assert len(hotline.rung()) == 1


def test_star_later_in_the_queue_tells_a_silent_caller_that_1_is_a_choice_now(
    phone: Phone, make_case: MakeCase, busy: Phone
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("5")
    phone.says_nothing()

    phone.presses("*")

    assert phone.hears(
        "Now listen to the choices. To hang up and have us call you when it is your turn, press 1"
    )
    assert phone.does_not_hear("press 5")


def test_caller_who_presses_keys_for_minutes_keeps_their_place(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    for _ in range(10):
        clock.passes(seconds=15)
        phone.presses("*")
        hotline.sweeps()

    assert outcomes(hotline) == [None]


def test_slow_caller_waits_as_long_as_others_and_slows_nobody(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    for _ in range(3):
        phone.says_nothing()

    assert 'timeout="8"' in document_of(phone)
    assert set(hotline.rows(select(Registrant.pace))) == {"normal"}
