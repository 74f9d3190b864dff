"""Calls with every bad input that a phone or a carrier can send: the line never fails and is never silent."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Call, Callback, Staff
from models.cases.pin import PinTry
from tests.calls.conftest import Clock, Hotline
from tests.calls.menus.test_silence import BEFORE_THE_PIN
from tests.calls.places import EVERYWHERE, WAITING
from tests.calls.stories import (
    document_of,
    is_asked_for_a_number,
    next_url,
    opens_the_case,
    reaches_the_first_menu,
    speaks,
    wrong,
)
from tests.conftest import in_turn
from tests.factories import HASHER, MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
Place = Callable[[Phone, MadeCase], None]


@EVERYWHERE
def test_wrong_keys_never_cause_a_fault_and_end_with_a_person_or_a_callback(
    phone: Phone, make_case: MakeCase, place: Place
) -> None:
    place(phone, make_case(custody_status="in_custody"))

    for _ in range(4):
        phone.presses("6")
        if phone.is_over:
            # Only the last question, after which nothing is left to ask, ends in a goodbye.
            assert phone.hears("Goodbye")
            return
        assert phone.heard

    assert phone.hears("press 1")


#: For the others, test_silence.py says what is heard.
NOT_BEFORE_THE_PIN = [place for place in WAITING if place not in BEFORE_THE_PIN]


@in_turn("place", NOT_BEFORE_THE_PIN, ids=lambda value: getattr(value, "__name__", None))
def test_silence_never_causes_a_fault_and_does_not_end_the_call_at_once(
    phone: Phone, make_case: MakeCase, place: Place
) -> None:
    place(phone, make_case(custody_status="in_custody"))

    for _ in range(12):
        phone.says_nothing()
        assert phone.heard
        if phone.is_over:
            break

    assert phone.is_over
    assert phone.hears("Goodbye")


ODD_KEYS = ("#", "**", "*#", "#*", "#1", "*1", "00", "0#", "1#1", "12345678901234567890")


@EVERYWHERE
def test_odd_keys_are_answered_with_words(phone: Phone, make_case: MakeCase, place: Place) -> None:
    place(phone, make_case(custody_status="in_custody"))
    document = document_of(phone)

    for keys in ODD_KEYS:
        if "action=" not in document:
            break
        document = phone.raw(phone.posts(next_url(document), Digits=keys, FinishedOnKey=""))
        assert speaks(document)


NO_KEYS = ("ABC", "１２３", "-1", "1 2", "' OR 1=1", "\x00", "9" * 500, "½", "+1")


@pytest.mark.parametrize(
    ("place", "digits"),
    # At the PIN all of them, and at two menus and at the number in turn.
    [
        *((WAITING[3], digits) for digits in NO_KEYS),
        *((WAITING[(0, 2, 5)[turn % 3]], digits) for turn, digits in enumerate(NO_KEYS)),
    ],
)
def test_keys_that_no_phone_has_are_answered_with_words(
    phone: Phone, make_case: MakeCase, place: Place, digits: str
) -> None:
    place(phone, make_case(custody_status="in_custody"))
    runs = HASHER.runs

    document = phone.raw(phone.posts(next_url(document_of(phone)), Digits=digits))

    assert speaks(document)
    assert HASHER.runs == runs


@pytest.mark.parametrize("keys", ["1234567", "123456789", "739482#", "12", "*12345"])
def test_caller_who_keys_too_many_or_too_few_digits_is_asked_again(
    phone: Phone, make_case: MakeCase, keys: str
) -> None:
    is_asked_for_a_number(phone)

    document = phone.raw(phone.posts(next_url(document_of(phone)), Digits=keys))

    assert "That is not a case number" in document
    assert "/voice/steps/ask_number/" in document


@EVERYWHERE
def test_every_answer_may_come_twice_and_hanging_up_ends_the_call_once_and_for_all_at_every_step(
    phone: Phone, make_case: MakeCase, hotline: Hotline, place: Place
) -> None:
    place(phone, make_case(custody_status="in_custody"))
    first = document_of(phone)
    url = next_url(first)
    assert phone.raw(phone.redelivers_last()) == first

    phone.hangs_up()

    assert hotline.row(select(Call)).ended_at is not None
    assert phone.posts(url, Digits="1").status_code == 200


def test_answer_for_an_unknown_call_starts_from_the_beginning(phone: Phone, hotline: Hotline) -> None:
    phone.dials_in()

    document = phone.raw(
        phone.posts("/voice/steps/case_menu/7", CallSid="CA" + "e" * 32, Digits="1", CallStatus="in-progress")
    )

    assert "If you are in danger" in document
    assert "/voice/steps/language/" in document


@pytest.mark.parametrize("path", [
    "/voice/steps/no_such_step/3", "/voice/steps/case_menu/3", "/voice/steps/status/1", "/voice/steps/x/y",
    "/voice/steps/main_menu/999999999999", "/voice/steps/main_menu/-1",
    "/voice/steps/main_menu/0", "/voice/steps/callback_open/3", "/voice/steps/%F0%9F%98%80/2",
])  # fmt: skip
def test_request_for_a_step_that_is_unknown_closed_or_out_of_order_hears_where_the_call_is(
    phone: Phone, hotline: Hotline, path: str
) -> None:
    reaches_the_first_menu(phone)
    trail = hotline.row(select(Call.trail))
    before = document_of(phone)

    document = phone.raw(phone.posts(path, Digits="1"))

    assert document == before
    assert hotline.row(select(Call.trail)) == trail


def test_closed_step_that_a_call_is_at_is_not_answered_without_a_pin(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    reaches_the_first_menu(phone)
    with hotline.database.transaction() as session:
        call = session.scalars(select(Call)).one()
        call.step = "case_menu"
        turn = call.turn

    document = phone.raw(phone.posts(f"/voice/steps/case_menu/{turn}", Digits="1"))

    assert "custody" not in document
    assert "case number" in document


def test_late_answer_hears_where_the_call_is_and_counts_nothing_twice(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    late = next_url(document_of(phone))
    phone.presses(wrong(case.pin))
    now = document_of(phone)
    runs = HASHER.runs

    document = phone.raw(phone.posts(late, Digits=case.pin))

    assert document == now
    assert HASHER.runs == runs
    assert hotline.row(select(Call.tries)) == 1
    assert len(hotline.rows(select(PinTry.call_id))) == 1


def test_same_pin_six_times_is_one_try_and_one_answer(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    phone.presses(wrong(case.pin))
    first = document_of(phone)
    runs = HASHER.runs

    again = {phone.raw(phone.redelivers_last()) for _ in range(5)}

    assert again == {first}
    assert HASHER.runs == runs
    assert hotline.row(select(Call.tries)) == 1
    assert len(hotline.rows(select(PinTry.call_id))) == 1


def test_same_wish_six_times_is_one_callback(phone: Phone, make_case: MakeCase, hotline: Hotline) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")
    first = document_of(phone)

    assert {phone.raw(phone.redelivers_last()) for _ in range(5)} == {first}

    assert len(hotline.rows(select(Callback))) == 1
    phone.hangs_up()
    assert len(hotline.jobs.waiting) == 1


def test_same_ring_six_times_is_one_call(phone: Phone, hotline: Hotline) -> None:
    phone.dials_in()
    first = document_of(phone)

    assert {phone.raw(phone.redelivers_last()) for _ in range(5)} == {first}

    assert len(hotline.rows(select(Call))) == 1


def test_same_0_six_times_reserves_one_liaison(
    phone: Phone, make_staff: Callable[..., Staff], hotline: Hotline
) -> None:
    make_staff(phone="+12025550171")
    make_staff(phone="+12025550172")
    reaches_the_first_menu(phone)
    phone.presses("0")
    first = document_of(phone)

    assert {phone.raw(phone.redelivers_last()) for _ in range(5)} == {first}

    assert len([busy for busy in hotline.rows(select(Staff.busy_call_id)) if busy is not None]) == 1


def test_pin_whose_process_died_is_taken_again_and_counted_once(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    url = next_url(document_of(phone))
    with monkeypatch.context() as patch:
        patch.setattr("hotline.voice.guesses.Guesses.submit", lambda *_: None)
        held = phone.raw(phone.posts(url, Digits=case.pin))
        assert "<Pause" in held
        assert f"{url}</Redirect>" in held
    assert "<Pause" in phone.raw(phone.posts(url))
    clock.passes(seconds=16)

    assert "in custody" in phone.raw(phone.posts(url, Digits=case.pin))

    assert len(hotline.rows(select(PinTry.call_id))) == 1


def test_caller_who_waits_for_a_lost_pin_is_asked_again(
    phone: Phone, make_case: MakeCase, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    url = next_url(document_of(phone))
    with monkeypatch.context() as patch:
        patch.setattr("hotline.voice.guesses.Guesses.submit", lambda *_: None)
        phone.posts(url, Digits=case.pin)
    clock.passes(seconds=16)

    again = phone.raw(phone.posts(url))

    assert "Please enter your 6-digit PIN" in again
    assert "in custody" in phone.raw(phone.posts(next_url(again), Digits=case.pin))
