"""The first words of a call that we place: few, neutral, the same to a person and a machine (R30, R31)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from models import Callback, Registrant, Staff
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, the_callback
from tests.calls.conftest import Hotline
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]

FIRST_WORDS = {
    "1": (
        "Hello. This is a call from the information line. "
        "Is this a good time to talk? If yes, press 1. If not, press 2. "
        "If yes, press 1. If not, press 2."
    ),
    "2": (
        "Hola. Le llamamos de la línea de información. "
        "¿Es buen momento para hablar? Si es así, oprima 1. Si no, oprima 2. "
        "Si es así, oprima 1. Si no, oprima 2."
    ),
}
#: How fast a voice reads, and the pause between the two options of each question.
WORDS_A_SECOND, BREAK_SECONDS, QUESTIONS = 150 / 60, 0.6, 2


@pytest.fixture
def called(phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline) -> Phone:
    """The phone of somebody called back, which has just been answered."""
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    return phone.answers(accepted_by(phone, hotline)[1])


def seconds_of_silence(phone: Phone) -> int:
    """How long the line waits for a key now."""
    document = phone.raw(phone.redelivers_last())
    return int(document.split('timeout="')[1].split('"')[0])


def recorded(phone: Phone) -> float:
    """Nobody presses a key: how many seconds the call lasts until the line hangs up."""
    seconds = 0.0
    while not phone.is_over:
        seconds += seconds_of_silence(phone)
        phone.says_nothing()
    return seconds + QUESTIONS * BREAK_SECONDS + len(phone.heard_so_far.split()) / WORDS_A_SECOND


@pytest.mark.parametrize("language", ["1", "2"])
def test_machine_records_only_the_first_words_in_25_seconds(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, language: str
) -> None:
    make_staff(languages="en,es")
    asks_express(phone, make_case(custody_status="in_custody"), language=language)
    machine = phone.answers(accepted_by(phone, hotline)[1])

    seconds = recorded(machine)

    assert machine.heard_so_far == FIRST_WORDS[language]
    assert seconds <= 25


def test_person_called_back_has_five_seconds_for_each_question(called: Phone) -> None:
    assert seconds_of_silence(called) == 5

    called.says_nothing()

    assert seconds_of_silence(called) == 5


def test_person_who_answers_the_second_question_is_joined(called: Phone) -> None:
    called.says_nothing()
    assert called.heard_so_far == FIRST_WORDS["1"]

    called.presses("1")

    assert called.is_talking


def test_person_who_did_not_hear_the_question_hears_all_of_it_by_star(called: Phone) -> None:
    called.says_nothing()

    called.presses("*")

    assert called.hears("Hello. This is a call from", "Is this a good time to talk? If yes, press 1")


def test_person_stored_as_slow_has_time_for_both_questions(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    with hotline.database.transaction() as session:
        session.execute(update(Registrant).values(pace="slow"))
    called = phone.answers(accepted_by(phone, hotline)[1])

    # One second for each word and ten more (R26).
    assert seconds_of_silence(called) == 24 + 10
    called.says_nothing()
    assert seconds_of_silence(called) == 8 + 10


def test_person_who_presses_a_wrong_key_is_there_and_is_asked_again(called: Phone) -> None:
    called.presses("4")

    assert called.hears("Is this a good time to talk? If yes, press 1")
    called.presses("1")
    assert called.is_talking


@pytest.mark.parametrize("machine", ["machine_start", "machine_end_beep", "fax"])
def test_machine_detected_by_the_carrier_skips_the_second_question_alone(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, machine: str
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    answered = phone.answers(accepted_by(phone, hotline)[1], AnsweredBy=machine)
    assert answered.hears("If yes, press 1")

    answered.says_nothing()

    assert answered.is_over
    assert answered.heard_so_far == FIRST_WORDS["1"].removesuffix(" If yes, press 1. If not, press 2.")
    assert (the_callback(hotline).state, the_callback(hotline).caller_tries) == ("requested", 1)


def test_machine_detected_by_the_carrier_later_counts_as_well(called: Phone) -> None:
    called.posts("/voice/call-events", AnsweredBy="machine_start", MachineDetectionDuration="4000")

    called.says_nothing()

    assert called.is_over


def test_person_whom_the_carrier_takes_for_a_machine_is_joined_by_their_key(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    _, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller, AnsweredBy="machine_start")

    called.presses("1")

    assert called.is_talking
    assert the_callback(hotline).state == "talking"


def test_allowed_message_is_left_when_the_carrier_detects_a_machine(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(voicemail_allowed=True, voicemail_text="please_call"))
    machine = phone.answers(accepted_by(phone, hotline)[1], AnsweredBy="machine_start")

    machine.says_nothing()

    assert machine.hears("This is a message from the information line", "Goodbye")
    assert machine.is_over


@pytest.mark.parametrize("machine", ["machine_start", "fax"])
def test_machine_on_the_liaisons_phone_accepts_nothing(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, machine: str
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    hotline.jobs.works_off()
    answered = phone.answers(hotline.carrier.ringing[-1], AnsweredBy=machine)

    while not answered.is_over:
        answered.says_nothing()
    hotline.jobs.works_off()

    assert the_callback(hotline).state == "requested"
    assert len(hotline.carrier.placed) == 1
    assert hotline.rows(select(Staff.busy_call_id)) == [None]
