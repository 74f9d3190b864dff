"""Sentences that promised more than the line does, with a call that proved each of them untrue."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from ivr_flows.prompts import Prompts
from ivr_flows.verbs.wait_words import wait_prompt
from models import Callback, Staff
from models.calls.staff_secret import issue_pin
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.staff_line.staff_calls import PIN, STAFF_PHONE, signs_in
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH
from tests.factories import HASHER, MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def chooses_what_a_cut_means(phone: Phone, case: MadeCase, key: str, language: str) -> None:
    """Ask for any time, and say by ``key`` what we do if we get cut off."""
    opens_the_case(phone, case, language=language)
    for pressed in ("2", "2", "4", "4", "1", key):
        phone.presses(pressed)


@pytest.mark.parametrize(
    ("language", "words", "again"),
    [
        (
            "1",
            ("we will wait for you to call.", "If you are on hold then, we will call you again."),
            "We will call you again.",
        ),
        (
            "2",
            ("esperaremos a que usted llame.", "Si entonces está en espera, le llamaremos otra vez."),
            "Le llamaremos otra vez.",
        ),
    ],
)
def test_caller_who_wants_no_call_after_a_cut_is_still_called_again_after_a_hold(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    clock: Clock,
    language: str,
    words: tuple[str, str],
    again: str,
) -> None:
    make_staff(languages="en,es")
    chooses_what_a_cut_means(phone, make_case(custody_status="in_custody"), "1", language)
    assert phone.hears(*words)
    phone.hangs_up()
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    hotline.jobs.works_off()
    clock.passes(seconds=50)
    liaison.presses("*")
    called.says_nothing()

    liaison.hangs_up()
    hotline.jobs.works_off()

    assert called.hears(again)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("1", "If we get cut off soon after we start, we will call you once more."),
        ("2", "Si se corta poco después de empezar, le llamaremos una vez más."),
    ],
)
def test_one_more_call_after_a_cut_is_promised_only_for_the_start_of_the_talk(
    phone: Phone, make_case: MakeCase, language: str, words: str
) -> None:
    chooses_what_a_cut_means(phone, make_case(custody_status="in_custody"), "2", language)

    assert phone.hears(words)


@ON_BOTH
def test_staff_who_take_a_callback_for_the_last_time_do_not_hear_that_it_is_back_on_the_list(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    person = make_staff(phone=STAFF_PHONE, on_shift=False, email="lea@office.example.org")
    with hotline.database.transaction() as session:
        number = issue_pin(session, person.email, HASHER.hash(PIN), "the suite", clock.now)
    asks_express(phone, make_case(custody_status="in_custody"))
    hotline.jobs.waiting.clear()
    staff = signs_in(phone, hotline, number)
    staff.presses("1")

    for _ in range(3):
        staff.presses("1")
        hotline.jobs.works_off()
        phone.another().lets_ring(hotline.carrier.ringing[-1])
        hotline.jobs.works_off()
        assert staff.hears("We could not connect you now.")
        assert staff.does_not_hear("back on the list")
        with hotline.database.transaction() as session:
            waits = update(Callback).where(Callback.state == "requested")
            session.execute(waits.values(next_attempt_at=clock.now))
        hotline.sweeps()
        hotline.jobs.waiting.clear()

    assert the_callback(hotline).state == "no_answer"


@pytest.mark.parametrize("minutes", [1, 60, 75, 90, 105, 24 * 60, 30 * 60, 36 * 60])
def test_spoken_wait_does_not_say_about_twice(minutes: int) -> None:
    prompts = Prompts.load(["es"])
    wait = wait_prompt(timedelta(minutes=minutes))
    assert wait is not None

    said = prompts.text("es", "queue.wait", wait=prompts.text("es", wait))

    assert "más o menos" not in said


@pytest.mark.parametrize(
    ("language", "late", "untrue"),
    [("1", "we are late", "have not"), ("2", "vamos con retraso", "no lo hemos hecho")],
)
def test_caller_who_missed_our_call_hears_that_we_are_late_and_not_that_we_never_called(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock,
    language: str, late: str, untrue: str,
) -> None:  # fmt: skip
    """In Spanish the line said that it had not called, to a person whose phone had rung."""
    make_staff()
    case = make_case(custody_status="in_custody", pin_issued_at=clock.now)
    opens_the_case(phone, case, language=language)
    for key in ("2", "1"):
        phone.presses(key)
    phone.hangs_up()
    _, ringing = accepted_by(phone, hotline)
    phone.another().declines(ringing, "no-answer")
    clock.now = the_callback(hotline).due_at + timedelta(minutes=5)

    again = phone.another()
    opens_the_case(again, case, language=language)
    again.presses("2")

    assert again.hears(late)
    assert again.does_not_hear(untrue)
