"""Calls of people who cannot talk: 5, a liaison who asks yes or no, and keys that answer (silent mode)."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from models import Call, Callback, Staff
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express
from tests.calls.conftest import Hotline
from tests.calls.places import EVERYWHERE
from tests.calls.stories import document_of, opens_the_case, reaches_the_first_menu
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
TOLD = (
    "This caller cannot talk. Do not say their name. "
    "Ask yes or no questions. The tone of key 1 means yes, key 2 means no"
)


@EVERYWHERE
def test_key_5_does_what_0_does_everywhere_for_a_caller_who_cannot_talk(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    place: Callable[[Phone, MadeCase], None],
) -> None:
    make_staff()
    place(phone, make_case(custody_status="in_custody"))

    phone.presses("5")

    assert phone.hears(
        "You do not have to talk. When a person is on the line and asks you something: for yes, press 1"
    )
    assert len(hotline.rung()) == 1


def test_liaison_is_told_after_the_accept_key_and_not_before(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    reaches_the_first_menu(phone)
    phone.presses("5")
    liaison = hotline.answers(phone)
    assert liaison.does_not_hear("cannot talk")

    liaison.presses("1")

    assert liaison.hears(TOLD, "You are connected")
    assert liaison.does_not_hear("who it is")
    assert liaison.is_talking
    assert hotline.row(select(Call.silent).where(Call.role == "caller"))


def test_caller_who_talks_is_announced_as_nothing_else(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    reaches_the_first_menu(phone)
    phone.presses("0")
    liaison = hotline.accepts(phone)

    assert liaison.does_not_hear("cannot talk")


def test_callback_tells_the_liaison_that_its_caller_cannot_talk(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("5")
    assert phone.hears("No one can answer right now")
    phone.presses("1")
    assert phone.hears(
        "We will call you", "You do not have to talk. We will ask questions, and you can answer by key"
    )
    assert hotline.row(select(Callback.silent))
    make_staff()
    phone.hangs_up()

    liaison, to_caller = accepted_by(phone, hotline)

    assert liaison.hears(TOLD, "A yes does not tell you who it is", "We are calling them now")
    called = phone.answers(to_caller)
    called.presses("1")
    assert called.is_talking


@pytest.mark.parametrize("first", ["", "6"])
def test_person_called_back_who_cannot_talk_presses_5_and_the_liaison_is_told(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, first: str
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    assert liaison.does_not_hear("cannot talk")
    called = phone.answers(to_caller)
    called.presses(first) if first else called.says_nothing()

    called.presses("5")

    assert called.hears(
        "You do not have to talk. When a person is on the line and asks you something: for yes, press 1"
    )
    assert called.does_not_hear("does not work")
    assert called.is_talking
    hotline.jobs.works_off()
    assert liaison.hears(TOLD, "A yes does not tell you who it is", "You are connected")
    assert liaison.is_talking
    asked = hotline.row(select(Callback))
    assert (asked.state, asked.silent) == ("talking", True)


def test_key_5_after_the_liaison_has_hung_up_joins_nobody_and_the_person_is_called_again(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    liaison.hangs_up()

    called.presses("5")

    assert called.does_not_hear("You do not have to talk")
    assert called.is_over
    assert hotline.row(select(Callback.state)) == "requested"


def test_key_5_in_the_queue_keeps_the_place_and_is_offered_once(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    talker = phone.another()
    opens_the_case(talker, make_case(custody_status="in_custody"), from_="+12025550149")
    talker.presses("0")
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    assert phone.hears("If you cannot talk, press 5")

    phone.presses("5")

    assert phone.hears(
        "You do not have to talk",
        "You are next in line",
        "Now listen to the choices. To hang up and have us call you when it is your turn, press 1",
    )
    for _ in range(4):
        phone.says_nothing()
    assert phone.hears("You are next in line", "Now listen to the choices. To hang up")
    assert phone.does_not_hear("If you cannot talk, press 5")


def test_each_of_the_two_hears_the_others_keys_because_no_verb_takes_them(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """The carrier passes tones on in-band; only a Gather or hangupOnStar would keep them from the liaison."""
    make_staff()
    reaches_the_first_menu(phone)
    phone.presses("5")
    hotline.accepts(phone)

    assert "<Dial" in document_of(phone)
    assert 'hangupOnStar="true"' not in document_of(phone)


@pytest.mark.parametrize("lost", ["on hold", "before they met"])
def test_key_1_as_a_yes_to_a_liaison_who_is_lost_does_not_end_the_wait(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, lost: str
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("5")
    liaison = hotline.accepts(phone) if lost == "on hold" else hotline.answers(phone)
    make_staff(phone="+12025550171")
    if lost == "on hold":
        liaison.presses("*")
        phone.says_nothing()
    else:
        liaison.presses("1")
    phone.hears_out = False
    liaison.hangs_up()
    hotline.jobs.works_off()

    assert phone.heard.endswith("Now listen to the choices.")
    phone.presses("1")

    assert phone.hears("To hang up and have us call you when it is your turn, press 1")
    assert hotline.row(select(func.count()).select_from(Callback)) == 0
    phone.presses("1")
    assert phone.hears("We will call you")


@pytest.mark.parametrize(
    ("key", "heard"),
    [
        ("7", "Goodbye"),
        ("0", "To hang up and have us call you"),
        ("*", "Now listen to the choices."),
        ("#", "To hang up and have us call you"),
        ("", "To hang up and have us call you when it is your turn, press 1"),
    ],
)
def test_keys_work_while_a_caller_is_told_that_choices_follow(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, key: str, heard: str
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("5")
    liaison = hotline.accepts(phone)
    make_staff(phone="+12025550171")
    liaison.presses("*")
    phone.says_nothing()
    phone.hears_out = False
    liaison.hangs_up()
    hotline.jobs.works_off()
    assert phone.hears("Now listen to the choices.")

    phone.hears_out = key in "0#"
    phone.presses(key) if key else phone.says_nothing()

    assert phone.hears(heard)
    assert phone.is_over == (key == "7")


@pytest.mark.parametrize("has_pin", [True, False])
def test_key_before_anybody_came_stops_all_words_to_a_caller_who_cannot_talk(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, has_pin: bool
) -> None:
    make_staff()
    if has_pin:
        opens_the_case(phone, make_case(custody_status="in_custody"))
    else:
        reaches_the_first_menu(phone)

    phone.presses("5")

    assert phone.hears("You do not have to talk", "Now listen to the choices. To hang up")
    said = document_of(phone)
    assert said.index("<Gather") < said.index("You do not have to talk"), "7 would not be heard yet"
    phone.presses("7")
    assert phone.is_over


def test_key_5_works_in_spanish(phone: Phone, make_staff: MakeStaff, hotline: Hotline) -> None:
    make_staff(languages="en,es")
    reaches_the_first_menu(phone, language="2")
    phone.presses("5")
    assert phone.hears("No tiene que hablar")

    liaison = hotline.accepts(phone)

    assert liaison.hears("Esta persona no puede hablar")


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("1", "For no, press 2. No one can answer right now. Now listen to the choices. To have us call"),
        ("2", "En este momento nadie puede atenderle. Ahora escuche las opciones. Para que llamemos"),
    ],
)
def test_caller_hears_again_that_1_and_2_are_choices_after_5_with_nobody_there(
    phone: Phone, make_case: MakeCase, language: str, told: str
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"), language=language)

    phone.presses("5")

    assert phone.hears(told)


def test_caller_who_was_told_not_to_talk_is_called_silently_after_the_pin_too(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    reaches_the_first_menu(phone)
    for key in ("5", "1"):
        phone.presses(key)
    assert phone.hears("You do not have to talk")
    phone.hangs_up()

    asks_express(phone, case)

    asked = hotline.rows(select(Callback).order_by(Callback.id))
    assert [(one.state, one.silent) for one in asked] == [("cancelled", True), ("requested", True)]


def asks(phone: Phone, case: MadeCase | None) -> None:
    """Ask for a callback, or again for the open one; the call goes on."""
    if case is not None:
        opens_the_case(phone, case)
    else:
        reaches_the_first_menu(phone)
        phone.presses("2")
    for key in ("2", "1") if case is not None else ("1", "1"):
        phone.presses(key)
    assert phone.hears("We will call you")


@ON_BOTH
@pytest.mark.parametrize(
    ("has_pin", "again"), [(True, True), (False, False)], ids=["again, with a PIN", "at first, without"]
)
def test_key_5_after_asking_for_a_callback_counts_in_that_callback(
    phone: Phone, make_case: MakeCase, hotline: Hotline, has_pin: bool, again: bool
) -> None:
    case = make_case(custody_status="in_custody") if has_pin else None
    asks(phone, case)
    if again:
        phone.hangs_up()
        phone = phone.another()
        asks(phone, case)

    phone.presses("5")

    assert phone.hears("You do not have to talk")
    assert hotline.row(select(Callback.silent))


def test_key_5_of_a_caller_who_asked_for_nothing_leaves_a_callback_unchanged(
    phone: Phone, hotline: Hotline
) -> None:
    asks(phone, None)
    phone.hangs_up()
    stranger = phone.another()
    reaches_the_first_menu(stranger)

    stranger.presses("5")

    assert not hotline.row(select(Callback.silent))
