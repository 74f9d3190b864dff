"""A caller who reports a lost PIN: the rest of the call neither reveals nor moves its effect (R08)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Callback, Staff
from models.cases.case import new_number
from tests.calls.conftest import Clock, Hotline
from tests.calls.pin.test_lost_pin import SAFE, reports_a_lost_pin
from tests.calls.pin.test_without_pin import dials_to_the_callback_menu
from tests.calls.stories import lost_pins_are_settled, opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
REPORTER = "+12025550188"


@pytest.fixture(params=[True, False], ids=["of a case", "of no case"])
def number(request: pytest.FixtureRequest, make_case: MakeCase) -> str:
    """A case number that is about to be reported, or one that no case has."""
    case = make_case(custody_status="in_custody", phone=SAFE)
    return case.number if request.param else next(n for n in iter(new_number, "") if n != case.number)


def reports_and_talks(phone: Phone, number: str, hotline: Hotline, from_: str) -> Phone:
    """Report a lost PIN and talk with a person before the report rings anybody; the liaison's phone."""
    reports_a_lost_pin(phone, number, from_=from_)
    lost_pins_are_settled(hotline)
    with hotline.database.transaction() as session:
        # It rings within the hour, at a moment that nobody can predict.
        session.execute(update(Callback).values(next_attempt_at=hotline.clock.now + timedelta(minutes=40)))
    hotline.jobs.waiting.clear()
    phone.presses("0")
    liaison = hotline.accepts(phone)
    assert phone.is_talking
    hotline.clock.passes(minutes=2)
    return liaison


@pytest.mark.parametrize("from_", [REPORTER, "anonymous"])
def test_end_of_a_talk_tells_a_reporter_nothing_of_the_number(
    phone: Phone, number: str, make_staff: MakeStaff, hotline: Hotline, from_: str
) -> None:
    """The line said "we lost the person who was helping you" only for the number of a case."""
    make_staff()
    liaison = reports_and_talks(phone, number, hotline, from_)

    liaison.hangs_up()
    hotline.jobs.works_off()

    assert phone.does_not_hear("we lost the person")
    assert phone.hears("Goodbye")
    assert phone.is_over


def test_liaison_of_a_withheld_reporter_learns_nothing_of_the_number(
    phone: Phone, number: str, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    liaison = reports_and_talks(phone, number, hotline, "anonymous")
    phone.hangs_up()
    hotline.jobs.works_off()

    liaison.presses("3")

    assert liaison.hears("There is no phone number that we can call")


@pytest.mark.parametrize("keys", [("7",), ("9", "1", "2", "1", "2", "1", "3", "2", "1")], ids=["7", "wishes"])
def test_no_key_of_the_reporter_moves_the_call_about_a_lost_pin(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock, keys: tuple[str, ...]
) -> None:
    """With a wish every few minutes it never rang; after 7 it rang when the reporter had chosen."""
    case = make_case(custody_status="in_custody", phone=SAFE)
    reports_a_lost_pin(phone, case.number, from_=REPORTER)
    lost_pins_are_settled(hotline)
    moment = select(Callback.next_attempt_at).where(Callback.reason == "lost_pin")
    with hotline.database.transaction() as session:
        # Within the minutes by which the end of a call, a wish and key 7 would each have moved it.
        session.execute(update(Callback).values(next_attempt_at=clock.now + timedelta(seconds=50)))
    before = hotline.row(moment)

    for key in keys:
        phone.presses(key)
        assert hotline.row(moment) == before
    phone.hangs_up()

    assert hotline.row(moment) == before


@pytest.mark.parametrize("knows", ["the PIN", "no PIN"])
def test_caller_who_asked_for_a_callback_and_then_talked_is_not_told_that_the_person_was_lost(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, knows: str
) -> None:
    """They heard this after a talk that had ended normally, and another liaison was rung for them."""
    make_staff()
    make_staff(email="sam@office.example.org", phone="+12025550171")
    if knows == "the PIN":
        opens_the_case(phone, make_case(custody_status="in_custody"))
        keys = ["2", "2", "3", "1"]
    else:
        dials_to_the_callback_menu(phone)
        keys = ["2", "1", "3", "1"]
    for key in keys:
        phone.presses(key)
    phone.presses("0")
    liaison = hotline.accepts(phone)
    hotline.clock.passes(minutes=2)

    liaison.hangs_up()
    hotline.jobs.works_off()

    assert phone.does_not_hear("we lost the person")
    assert phone.is_over
    assert hotline.row(select(Callback.state)) == "requested"


@pytest.mark.parametrize(("key", "kept"), [("3", []), ("4", ["left_for_staff"])])
def test_outcome_of_a_talk_is_kept_though_the_case_has_an_open_callback(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, key: str, kept: list[str]
) -> None:
    """The liaison heard that there was no number to call, and the supervisor got nothing."""
    make_staff()
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    for pressed in ("2", "2", "1"):
        phone.presses(pressed)
    phone.hangs_up()
    caller = phone.another()
    opens_the_case(caller, case)
    caller.presses("0")
    liaison = hotline.accepts(caller)
    hotline.clock.passes(minutes=2)
    caller.hangs_up()
    hotline.jobs.works_off()

    liaison.presses(key)

    assert liaison.hears("It is saved")
    assert liaison.does_not_hear("no phone number")
    assert hotline.rows(select(Callback.state).order_by(Callback.id)) == ["requested", *kept]
