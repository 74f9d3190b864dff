"""Two calls of one case at once: nobody hears that what the other call has just ended is kept (R13, R28)."""

import pytest
from sqlalchemy import select

from models import Registration
from tests.calls.conftest import Hotline
from tests.calls.notices.registering.conftest import ASK, calls, changes, registers, registration
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

OTHER = "+12025550166"
STOPPED = "These calls have stopped. To have them again, agree once more and choose a call code."
PAUSED = "We will not call about changes for now. The calls begin again"


@ON_SQLITE
@pytest.mark.parametrize("keys", [("1",), ("2", "1"), ("3", "4")], ids=["leave", "change", "pause or stop"])
@pytest.mark.parametrize(
    ("ends", "said", "first_key"),
    [("3", STOPPED, "To agree, press 1"), ("1", PAUSED, "To start these calls again, press 1")],
    ids=["stopped", "paused"],
)
def test_caller_who_leaves_it_as_it_is_hears_that_another_call_has_ended_it(
    phone: Phone, case: MadeCase, keys: tuple[str, ...], ends: str, said: str, first_key: str
) -> None:
    registers(phone, case).hangs_up()
    caller = calls(phone, case, *ASK)
    assert caller.hears("To leave it as it is, press 1")
    calls(phone, case, *ASK, "3", ends, from_=OTHER).hangs_up()

    for key in keys:
        caller.presses(key)

    assert "We will keep it that way" not in caller.heard_so_far
    assert caller.hears(said, first_key)


@pytest.mark.parametrize(
    ("ends", "said"),
    [("3", "Estas llamadas se cancelaron"), ("1", "Por ahora no le avisaremos de cambios")],
    ids=["stopped", "paused"],
)
def test_spanish_caller_hears_it_too(phone: Phone, case: MadeCase, ends: str, said: str) -> None:
    registers(phone, case).hangs_up()
    caller = phone.another()
    opens_the_case(caller, case, language="2", from_=CALLER)
    for key in ASK:
        caller.presses(key)
    calls(phone, case, *ASK, "3", ends, from_=OTHER).hangs_up()

    caller.presses("1")

    assert "Así queda" not in caller.heard_so_far
    assert caller.hears(said)


def test_calls_that_nobody_changed_are_left_as_they_are(phone: Phone, case: MadeCase) -> None:
    registers(phone, case).hangs_up()

    assert calls(phone, case, *ASK, "1").hears("We will keep it that way")
    assert calls(phone, case, *ASK, "3", "4").hears("We will keep it that way")
    assert calls(phone, case, *ASK, "2", "2", "4", "2", "1").hears("We will keep it that way")
    calls(phone, case, *ASK, "3", "1").hangs_up()
    assert calls(phone, case, "2", *ASK, "2").hears("We will keep it that way")


def test_caller_who_leaves_a_pause_hears_that_another_call_has_ended_it(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", "1").hangs_up()
    caller = calls(phone, case, "2", *ASK)
    assert caller.hears(PAUSED, "To leave it as it is, press 2")
    calls(phone, case, *ASK, "1", from_=OTHER).hangs_up()
    assert registration(hotline).state == "standing"

    caller.presses("2")

    assert caller.hears("We will call this phone when something changes", "To leave it as it is, press 1")
    caller.presses("1")
    assert caller.hears("We will keep it that way")


def test_caller_at_the_choices_hears_that_another_call_has_paused_the_calls(
    phone: Phone, case: MadeCase
) -> None:
    caller = changes(phone, case, "2", "3")
    calls(phone, case, *ASK, "3", "1", from_=OTHER).hangs_up()

    caller.presses("1")

    assert caller.hears(PAUSED, "After that, this is how we will call.", "in the morning")
    caller.presses("1")
    assert caller.hears(PAUSED, "To start these calls again, press 1")


def test_caller_who_keeps_calls_that_end_hears_that_another_call_has_paused_them(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    hotline.clock.passes(days=366)
    caller = calls(phone, case, *ASK)
    assert caller.hears("To keep these calls, press 1")
    calls(phone, case, *ASK, "3", "1", from_=OTHER).hangs_up()

    caller.presses("1")

    assert "We will go on calling you" not in caller.heard_so_far
    assert caller.hears(PAUSED)


def test_caller_who_wants_no_calls_hears_that_another_call_has_just_asked_for_them(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller = calls(phone, case, *ASK)
    assert caller.hears("To agree, press 1")
    registers(phone, case).hangs_up()

    caller.presses("3")

    assert "We will not call you about changes" not in caller.heard_so_far
    assert caller.hears("We will call this phone when something changes", "To pause or stop these calls")
    caller.presses("3")
    caller.presses("3")
    assert caller.hears("We will not call you about changes")
    assert registration(hotline).state == "stopped"


def test_caller_who_agrees_after_another_call_did_hears_what_that_one_agreed_to(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller = calls(phone, case, *ASK, "1", "8046")
    changes(phone, case, "2", "4", "1").hangs_up()

    caller.presses("8046")

    assert caller.hears(
        "When we call, we will first ask for your call code",
        "We will call at most 3 times a day",
        "To leave it as it is",
    )
    assert len(hotline.rows(select(Registration))) == 1


def test_stop_after_the_question_about_a_pause_is_told_in_the_next_call(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    registers(phone, case).hangs_up()
    calls(phone, case, *ASK, "3", "1").hangs_up()
    hotline.clock.passes(minutes=5)
    caller = calls(phone, case)
    assert caller.hears("The calls about changes were stopped or paused today")
    hotline.clock.passes(minutes=1)
    calls(phone, case, "2", *ASK, "3", from_=OTHER).hangs_up()
    assert registration(hotline).state == "stopped"

    caller.presses("2")
    caller.hangs_up()

    again = calls(phone, case)
    assert again.hears("The calls about changes were stopped or paused today")
    again.presses("2")
    again.hangs_up()
    assert "were stopped or paused" not in calls(phone, case).heard_so_far
