"""Calls of people who press an extra key, ask for a service, or report (R22, R26, R36, R38)."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from config.office import Office
from models import Call, Callback, Staff
from tests.calls.conftest import Clock, Hotline
from tests.calls.places import EVERYWHERE, WAITING, after_a_wrong_pin, at_the_case_menu, at_the_first_menu
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
LIAISON = "+12025550170"


@EVERYWHERE
def test_key_0_rings_a_liaison_from_everywhere(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    place: Callable[[Phone, MadeCase], None],
) -> None:
    make_staff(phone=LIAISON)
    place(phone, make_case(custody_status="in_custody"))

    phone.presses("0")

    assert phone.hears("I am calling someone for you")
    assert hotline.rung() == [LIAISON]


def wait_of(phone: Phone) -> int:
    """How many seconds the last document waits for keys."""
    assert phone.last_response is not None
    found = re.search(r'timeout="(\d+)"', phone.last_response.get_data(as_text=True))
    assert found is not None
    return int(found[1])


@EVERYWHERE
def test_star_repeats_9_makes_the_waits_longer_and_7_ends_the_call_with_harmless_words_everywhere(
    phone: Phone, make_case: MakeCase, place: Callable[[Phone, MadeCase], None]
) -> None:
    place(phone, make_case(custody_status="in_custody"))
    heard, before = phone.heard, wait_of(phone)

    phone.presses("*")
    assert phone.heard
    assert phone.heard in heard
    assert not phone.is_over

    phone.presses("9")
    assert phone.heard
    words = len(phone.heard.split())
    assert wait_of(phone) >= max(before, words + 10)
    assert not phone.is_over

    phone.presses("7")
    assert phone.heard == "The number you have reached is not available. Goodbye."
    assert phone.is_over


def test_normal_waits_are_8_seconds_for_menus_and_10_for_entries(phone: Phone) -> None:
    phone.dials_in()
    assert wait_of(phone) == 8
    phone.presses("1")
    assert wait_of(phone) == 8
    phone.presses("1")
    assert wait_of(phone) == 10


def test_one_timeout_also_makes_the_waits_longer(phone: Phone) -> None:
    reaches_the_first_menu(phone)

    phone.says_nothing()

    assert phone.hears("Take your time")
    assert wait_of(phone) >= 18


def test_slow_pace_is_remembered_after_the_pin(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody", pace="slow"))

    assert wait_of(phone) >= len(phone.heard.split()) + 10


@ON_SQLITE
def test_extra_keys_are_never_offered_as_options(phone: Phone, make_case: MakeCase) -> None:
    for place in WAITING:
        caller = phone.another()
        place(caller, make_case(custody_status="in_custody"))
        assert caller.does_not_hear("press 7", "press 9")
        # A caller who could not open a case is always offered a person (R04), and so is one who could (R14).
        if place is after_a_wrong_pin or place in (at_the_first_menu, at_the_case_menu):
            assert caller.hears("For a person, press 0")
        else:
            assert caller.does_not_hear("press 0")
        # Ten calls of one phone at once are led to a case, and no more (R38).
        caller.hangs_up()


def test_whisper_asks_for_a_key_and_the_key_joins_the_two(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=LIAISON)
    opens_the_case(phone, make_case(custody_status="in_custody", facility="Stewart"))
    phone.presses("0")

    liaison = hotline.answers(phone)

    assert liaison.hears("A caller is waiting to speak with someone", "to accept, press 1")
    assert liaison.does_not_hear("custody", "case", "Stewart", "Ivo", "0123")
    assert not phone.is_talking
    liaison.presses("1")
    assert liaison.hears("You are connected")
    hotline.jobs.works_off()
    assert phone.hears("A person from our team is now on the line")
    assert phone.is_talking
    assert liaison.is_talking
    clock.passes(minutes=2)
    liaison.hangs_up()
    assert phone.hears("Take care. Goodbye.")
    assert hotline.row(select(Staff.busy_call_id)) is None


def test_caller_who_hangs_up_after_talking_frees_the_liaison(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    reaches_the_first_menu(phone)
    phone.presses("0")
    hotline.accepts(phone)
    assert phone.is_talking

    phone.hangs_up()

    assert hotline.row(select(Staff.busy_call_id)) is None


@pytest.mark.parametrize("way", ["no-answer", "busy", "failed"])
def test_caller_is_offered_a_callback_when_the_liaison_does_not_answer(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, way: str
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")

    hotline.declines(phone, way)

    assert phone.hears("call you when it is your turn, press 1")
    phone.presses("1")
    assert phone.hears("We will call you")
    assert hotline.rung() == []


@pytest.mark.parametrize("keys", ["2", None])
def test_liaison_who_passes_does_not_accept_and_neither_does_a_machine(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, keys: str | None
) -> None:
    make_staff()
    reaches_the_first_menu(phone)
    phone.presses("0")
    other = hotline.answers(phone)

    while not other.is_over:
        other.presses(keys) if keys else other.says_nothing()

    hotline.jobs.works_off()
    assert not phone.is_talking
    assert phone.hears("press 1")
    assert hotline.rows(select(Call.accepted_at).where(Call.role == "liaison_at_0")) == [None, None]


def test_caller_is_offered_a_callback_when_nobody_is_free(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))

    phone.presses("0")

    assert phone.hears("No one can answer right now", "as soon as we can, press 1")
    phone.presses("1")
    assert phone.hears("We will call you")
    assert hotline.row(select(Callback)).verified


def test_caller_who_hangs_up_while_the_liaison_rings_frees_them(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    reaches_the_first_menu(phone)
    phone.presses("0")
    assert hotline.rung() == [LIAISON]

    phone.hangs_up()

    assert hotline.rung() == []
    # The carrier sent no end event, so the line asks it.
    hotline.clock.passes(seconds=31)
    hotline.sweeps()
    assert hotline.row(select(Staff.busy_call_id)) is None


def test_liaison_who_accepts_a_caller_who_has_gone_is_told_and_is_free(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    reaches_the_first_menu(phone)
    phone.presses("0")
    liaison = hotline.answers(phone)
    gone = hotline.row(select(Call.call_sid).where(Call.role == "caller"))
    phone.posts("/voice/call-events", CallSid=gone, CallStatus="completed")

    liaison.presses("1")

    assert liaison.hears("This call is no longer waiting")
    assert not liaison.is_talking
    hotline.sweeps()
    assert hotline.row(select(Staff.busy_call_id)) is None


def test_half_of_the_liaisons_are_kept_for_callers_with_a_pin(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone="+12025550171")
    make_staff(phone="+12025550172")
    callers = [phone.another() for _ in range(2)]
    for number, caller in enumerate(callers):
        reaches_the_first_menu(caller, from_=f"+1202555014{number}")
        caller.presses("0")

    assert callers[0].hears("I am calling someone for you")
    assert callers[1].hears("No one can answer right now")
    assert len(hotline.rung()) == 1
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    assert len(hotline.rung()) == 2


def test_one_liaison_is_never_rung_for_two_callers(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    first, second = phone.another(), phone.another()
    for caller in (first, second):
        opens_the_case(caller, make_case(custody_status="in_custody"))
        caller.presses("0")

    assert first.hears("I am calling someone for you")
    assert second.hears("No one can answer right now")
    assert len(hotline.rung()) == 1


def test_liaison_who_speaks_the_language_is_rung_first(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone="+12025550171", languages="en")
    make_staff(phone="+12025550172", languages="en,es")

    reaches_the_first_menu(phone, language="2")
    phone.presses("0")

    assert hotline.rung() == ["+12025550172"]
    liaison = hotline.answers(phone)
    assert liaison.hears("Para aceptar, oprima 1")


@pytest.mark.parametrize(("key", "position"), [("1", 0), ("2", 1), ("3", 2), ("4", 3)])
def test_each_service_is_joined_by_its_key(phone: Phone, office: Office, key: str, position: int) -> None:
    reaches_the_first_menu(phone)
    phone.presses("3")
    assert phone.hears(f"For {office.services[position].name['en']}, press {key}".replace(",,", ","))

    phone.presses(key)

    assert phone.hears("I am connecting you to")
    assert phone.rings == (office.services[position].phone,)
    service = phone.answers()
    assert phone.is_talking
    service.hangs_up()
    assert phone.hears("That is all. You can hang up")


def test_caller_stays_on_the_line_when_a_service_does_not_answer(phone: Phone) -> None:
    reaches_the_first_menu(phone)
    phone.presses("3")
    phone.presses("1")

    phone.lets_ring()

    assert phone.hears("I could not reach them", "To try again, press 1", "For a person, press 0")


def test_key_after_a_release_joins_the_line_that_plans_for_safety(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="released"))
    phone.presses("1")
    assert phone.hears("To talk with the domestic violence hotline about staying safe, press 3")

    phone.presses("3")

    assert phone.rings == ("+18007997233",)


@pytest.mark.parametrize(
    ("key", "topic", "words"),
    [
        ("1", "report_crime", "This line cannot take reports. If it is happening now, call 911"),
        ("2", "report_tip", "This line cannot take tips"),
        ("3", "report_comment", "This line does not record comments"),
    ],
)
def test_reports_are_answered_by_recordings_counted_and_ring_nobody(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, key: str, topic: str, words: str
) -> None:
    make_staff()
    reaches_the_first_menu(phone)
    phone.presses("4")
    phone.presses(key)

    assert phone.hears(words)
    assert phone.rings == ()
    phone.hangs_up()
    assert hotline.row(select(Call.topic)) == topic
    assert hotline.row(select(Staff.busy_call_id)) is None
    assert hotline.rows(select(Callback)) == []
