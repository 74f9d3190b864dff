"""A person who asks for a call while staff make one of their own is promised hers, and is called (R13, R35).

Staff began that call, took up one that was left for them, or say its code to a new phone (R09).
"""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback, Staff
from tests.calls.callbacks.test_callbacks import LIAISON, accepted_by
from tests.calls.callbacks.test_staff_call import calls, sweeps
from tests.calls.callouts.test_code_call import NEW, calls_with_code
from tests.calls.conftest import Hotline
from tests.calls.notices.staff_tells import presses_call_now
from tests.calls.staff.test_taken_up_again import is_left
from tests.calls.stories import opens_the_case, talks_at_0
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
Begins = Callable[[MadeCase], None]
HOME, FREE = CALLER, "+12025550199"
KNOWN = "You already have a callback"
FRESH = "To have us call this phone as soon as we can, press 1."
WAYS = ["began", "taken up"]


@pytest.fixture(params=WAYS)
def begins(request: pytest.FixtureRequest, make_staff: MakeStaff, hotline: Hotline) -> Begins:
    """Staff call the home phone; their own phone rings. A colleague is free."""
    make_staff(email="bo@office.example.org", phone=FREE)
    who = make_staff(phone=LIAISON, on_shift=False)

    def begin(case: MadeCase) -> None:
        if request.param == "began":
            calls(hotline, case, who)
        else:
            presses_call_now(hotline, who, is_left(hotline, case, "asked", "no_answer"))
        assert hotline.rung() == [LIAISON]

    return begin


@pytest.fixture
def victim(phone: Phone) -> Phone:
    """The victim's telephone."""
    return phone.another()


def hears_out(hotline: Hotline, caller: Phone, *keys: str) -> None:
    """The caller lets the words end before each key."""
    for key in keys:
        hotline.clock.passes(seconds=20)
        caller.presses(key)


def nobody_answers(phone: Phone, hotline: Hotline) -> None:
    """Each phone of staff that rings is not answered."""
    for call in list(hotline.carrier.ringing):
        phone.another().lets_ring(call)
    hotline.jobs.works_off()


def is_called(phone: Phone, hotline: Hotline, to: str = HOME, minutes: float = 15) -> Callback:
    """Staff miss their own call; then another liaison accepts, and this phone rings. What it rings for."""
    nobody_answers(phone, hotline)
    for _ in range(6):
        if hotline.rung() != []:
            break
        sweeps(hotline, minutes=minutes / 6)
    assert hotline.rung() == [FREE]
    _, to_person = accepted_by(phone.another(), hotline)
    assert to_person.to == to
    rung: Callback = hotline.row(select(Callback).where(Callback.state == "ringing_caller"))
    return rung


@ON_SQLITE
def test_person_who_waits_in_vain_for_somebody_to_tell_them_of_an_escape_is_called(
    phone: Phone, victim: Phone, make_case: MakeCase, begins: Begins, hotline: Hotline
) -> None:
    case = make_case("escaped", phone=HOME)
    begins(case)

    opens_the_case(victim, case, from_=HOME)
    hears_out(hotline, victim, "2")
    assert victim.hears("I am calling someone for you.")
    hotline.clock.passes(seconds=8)
    victim.hangs_up()

    rung = is_called(phone, hotline)
    assert (rung.reason, rung.urgency) == ("abandoned", "urgent")


def test_person_whose_talk_is_cut_off_on_hold_is_called(
    phone: Phone, victim: Phone, make_case: MakeCase, begins: Begins, hotline: Hotline
) -> None:
    case = make_case("in_custody", phone=HOME)
    begins(case)

    opens_the_case(victim, case, from_=HOME)
    victim.presses("0")
    liaison = talks_at_0(phone, hotline, victim)
    hotline.clock.passes(minutes=1)
    liaison.presses("*")
    victim.says_nothing()
    hotline.clock.passes(minutes=2)
    liaison.hangs_up()
    hotline.jobs.works_off()
    assert victim.hears("Sorry, we lost the person who was helping you. Please stay.")
    victim.hangs_up()
    hotline.jobs.works_off()

    assert is_called(phone, hotline).reason == "abandoned"


def test_person_whom_a_liaison_at_0_is_to_call_later_is_called(
    phone: Phone, victim: Phone, make_case: MakeCase, begins: Begins, hotline: Hotline
) -> None:
    case = make_case("in_custody", phone=HOME)
    begins(case)

    opens_the_case(victim, case, from_=HOME)
    victim.presses("0")
    liaison = talks_at_0(phone, hotline, victim)
    hotline.clock.passes(minutes=1)
    victim.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("3")
    assert liaison.hears("Thank you. It is saved.")
    liaison.hangs_up()
    hotline.jobs.works_off()

    assert is_called(phone, hotline, minutes=150).reason == "call_later"


@pytest.mark.parametrize("misses_first", [False, True], ids=["rings", "missed"])
def test_person_hears_of_no_callback_while_staff_call_by_themselves(
    phone: Phone,
    victim: Phone,
    make_case: MakeCase,
    begins: Begins,
    hotline: Hotline,
    misses_first: bool,
) -> None:
    case = make_case("in_custody", phone=HOME)
    begins(case)
    if misses_first:
        nobody_answers(phone, hotline)

    opens_the_case(victim, case, from_=HOME)
    victim.presses("2")
    assert victim.hears(FRESH)
    assert victim.does_not_hear(KNOWN, "We promised to call you")
    victim.presses("1")
    assert victim.hears("We will call you no later than tomorrow at 11:59 PM.")
    assert victim.does_not_hear("not this one")
    victim.hangs_up()

    assert is_called(phone, hotline).reason == "asked"


@pytest.mark.parametrize("keys", ["3", "31"])
def test_person_who_heard_of_an_escape_and_is_afraid_is_called(
    phone: Phone, victim: Phone, make_case: MakeCase, begins: Begins, hotline: Hotline, keys: str
) -> None:
    case = make_case("escaped", phone=HOME)
    begins(case)

    opens_the_case(victim, case, from_=HOME)
    hears_out(hotline, victim, "1", "2")
    assert victim.hears(FRESH)
    assert victim.does_not_hear(KNOWN)
    hears_out(hotline, victim, *keys)
    assert "We will call you no later than today at 11:01 AM." in victim.heard_so_far
    victim.hangs_up()

    rung = is_called(phone, hotline)
    assert (rung.reason, rung.urgency) == ("afraid", "urgent")


@pytest.mark.parametrize(("keys", "reason"), [("21", "asked"), ("23", "afraid"), ("224", "asked")])
def test_line_calls_the_home_phone_and_not_the_new_one_to_which_staff_were_to_say_its_code(
    phone: Phone,
    victim: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    keys: str,
    reason: str,
) -> None:
    case = make_case("in_custody", phone=HOME)
    who = make_staff(phone=LIAISON, on_shift=False)
    make_staff(email="bo@office.example.org", phone=FREE)
    calls_with_code(hotline, case, who)

    opens_the_case(victim, case, from_=HOME)
    for key in keys:
        victim.presses(key)
        assert victim.does_not_hear(KNOWN, "not this one")
    assert victim.hears("We will call you no later than")
    victim.hangs_up()

    assert is_called(phone, hotline).reason == reason
    assert NEW not in hotline.carrier.asked_for


def test_afraid_person_is_called_at_home_while_staff_talk_with_somebody_at_the_new_phone(
    phone: Phone, victim: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    case = make_case("in_custody", phone=HOME)
    who = make_staff(phone=LIAISON, on_shift=False)
    make_staff(email="bo@office.example.org", phone=FREE)
    calls_with_code(hotline, case, who)
    asks(victim, case, "3")

    liaison, to_new = accepted_by(phone.another(), hotline)
    assert to_new.to == NEW
    phone.another().answers(to_new).presses("1")
    hotline.jobs.works_off()
    assert liaison.is_talking

    assert is_called(phone, hotline).reason == "afraid"
    assert liaison.is_talking


def test_person_who_asks_to_be_told_of_an_escape_at_night_is_called_at_home_and_not_at_a_new_phone(
    phone: Phone, victim: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    case = make_case("escaped", phone=HOME)
    who = make_staff(phone=LIAISON, on_shift=False)
    calls_with_code(hotline, case, who)

    opens_the_case(victim, case, from_=HOME)
    assert victim.hears("To have us call you soon, press 2.")
    hears_out(hotline, victim, "2")
    assert victim.hears("We will call you no later than")
    assert victim.does_not_hear("not this one")
    victim.hangs_up()
    make_staff(email="bo@office.example.org", phone=FREE)

    rung = is_called(phone, hotline)
    assert (rung.reason, rung.urgency) == ("hard_news", "urgent")
    assert NEW not in hotline.carrier.asked_for


@pytest.mark.parametrize("key", ["1", "3"])
def test_person_whom_staff_reach_by_the_call_that_was_on_is_not_called_a_second_time(
    phone: Phone, victim: Phone, make_case: MakeCase, begins: Begins, hotline: Hotline, key: str
) -> None:
    case = make_case("in_custody", phone=HOME)
    begins(case)
    asks(victim, case, key)

    liaison, to_person = accepted_by(phone.another(), hotline)
    assert to_person.to == HOME
    person = phone.another().answers(to_person)
    person.presses("1")
    hotline.jobs.works_off()
    talking = hotline.row(select(Callback).where(Callback.state == "talking"))
    assert (talking.reason, talking.begun_by_staff) == ("afraid" if key == "3" else "asked", False)
    assert liaison.is_talking
    person.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("1")

    assert rings_in(hotline, 40) == []


def test_person_who_asked_and_then_cannot_talk_is_left_alone_for_now_and_called_later(
    phone: Phone, victim: Phone, make_case: MakeCase, begins: Begins, hotline: Hotline
) -> None:
    case = make_case("in_custody", phone=HOME)
    begins(case)
    asks(victim, case, "1")

    _, to_person = accepted_by(phone.another(), hotline)
    person = phone.another().answers(to_person)
    person.presses("2")
    assert person.hears("We will call at another time")

    assert rings_in(hotline, 25) == []
    assert is_called(phone, hotline).reason == "asked"


def test_person_who_asked_and_is_overheard_is_left_alone_for_now_and_called_later(
    phone: Phone, victim: Phone, make_case: MakeCase, begins: Begins, hotline: Hotline
) -> None:
    case = make_case("in_custody", phone=HOME)
    begins(case)

    opens_the_case(victim, case, from_=HOME)
    victim.presses("2")
    victim.presses("1")
    victim.presses("7")
    victim.hangs_up()

    assert rings_in(hotline, 25) == []
    assert is_called(phone, hotline).reason == "asked"


@ON_SQLITE
@pytest.mark.parametrize("accepts", [True, False], ids=["reached", "missed"])
def test_person_who_asked_and_cannot_talk_answers_by_key_in_the_call_that_follows(
    phone: Phone, victim: Phone, make_case: MakeCase, begins: Begins, hotline: Hotline, accepts: bool
) -> None:
    case = make_case("in_custody", phone=HOME)
    begins(case)
    opens_the_case(victim, case, from_=HOME)
    for key in "215":
        victim.presses(key)
    victim.hangs_up()

    if accepts:
        _, to_person = accepted_by(phone.another(), hotline)
    else:
        is_called(phone, hotline)
        to_person = hotline.carrier.ringing[-1]
    phone.another().answers(to_person).presses("1")
    hotline.jobs.works_off()

    assert hotline.row(select(Callback).where(Callback.state == "talking")).silent


def test_person_who_asks_once_more_hears_of_their_own_callback_and_cancels_that_one(
    phone: Phone, victim: Phone, make_case: MakeCase, begins: Begins, hotline: Hotline
) -> None:
    case = make_case("in_custody", phone=HOME)
    begins(case)
    asks(victim, case, "1")

    again = phone.another()
    opens_the_case(again, case, from_=HOME)
    again.presses("2")
    assert again.hears(f"{KNOWN}. We will call you no later than tomorrow at 11:59 PM.")
    again.presses("4")
    assert again.hears("Your callback is canceled.")
    again.hangs_up()
    nobody_answers(phone, hotline)

    assert rings_in(hotline, 40) == []
    assert [one.reason for one in hotline.rows(select(Callback).where(Callback.state == "cancelled"))] == [
        "asked"
    ]


def asks(victim: Phone, case: MadeCase, key: str) -> None:
    """The victim asks for a call with this key of the menu, and hangs up."""
    opens_the_case(victim, case, from_=HOME)
    victim.presses("2")
    victim.presses(key)
    assert victim.hears("We will call you no later than")
    victim.hangs_up()


def rings_in(hotline: Hotline, minutes: int) -> list[str]:
    """Whom the line calls in these minutes."""
    hotline.jobs.works_off()
    already = len(hotline.carrier.asked_for)
    for _ in range(2):
        sweeps(hotline, minutes=minutes / 2)
    return hotline.carrier.asked_for[already:]
