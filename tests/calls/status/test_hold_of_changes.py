"""Calls in the 72 hours after staff replaced a lost PIN: the status yes, phones and times no (R08)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Staff
from models.callbacks.callback_request import request_callback
from models.cases.registrant import Phone as RegisteredPhone
from models.overview.caller_state import load_by_sid
from models.overview.lost_pin import replace_lost_pin
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import (
    is_asked_for_a_number,
    opens_the_case,
    reaches_the_first_menu,
)
from tests.factories import HASHER, MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
SAFE, OTHER = "+12025550155", "+12025550156"


@pytest.fixture
def replaced(make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline) -> tuple[MadeCase, str]:
    """A case whose lost PIN staff have just replaced, with a safe phone; and the new PIN."""
    case = make_case(custody_status="in_custody", phone=SAFE)
    for email in ("lea@office.example.org", "sam@office.example.org"):
        make_staff(email=email, on_shift=False)
    with hotline.database.transaction() as session:
        pin, told = replace_lost_pin(
            session, HASHER, case.number, evidence="agency_vouched", by="lea@office.example.org",
            and_by="sam@office.example.org", hold=timedelta(hours=72), policy=hotline.policy,
            now=hotline.clock.now,
        )  # fmt: skip
    assert told == 1
    return case, pin


def opens_with(phone: Phone, case: MadeCase, pin: str) -> None:
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    phone.presses(pin)


def test_caller_hears_the_status_for_72_hours_after_a_replaced_pin_and_changes_no_phones_and_times(
    phone: Phone, replaced: tuple[MadeCase, str], hotline: Hotline, clock: Clock
) -> None:
    case, pin = replaced
    opens_with(phone, case, pin)
    assert phone.hears("in custody")
    phone.presses("2")
    assert phone.hears("To have us call the phone number you gave us")

    phone.presses("2")
    assert phone.hears(
        "for now we cannot change phone numbers or times", "To have us call the phone number you gave us"
    )
    phone.presses("1")
    assert phone.hears("We will call you")
    asked = hotline.row(select(Callback).where(Callback.reason == "asked"))
    with hotline.database.reading() as session:
        same = session.scalars(select(RegisteredPhone.phone_key)).one()
    assert asked.phone_key == same

    clock.passes(hours=72)
    later = phone.another()
    opens_with(later, case, pin)
    later.presses("2")
    later.presses("2")
    assert later.hears("For the morning, press 1")


def test_no_other_phone_is_called_in_the_hold_even_if_the_pin_was_keyed_long_ago(
    phone: Phone,
    replaced: tuple[MadeCase, str],
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    clock: Clock,
) -> None:
    case, pin = replaced
    make_staff()
    talker = phone.another()
    opens_the_case(talker, make_case(custody_status="in_custody"), from_="+12025550149")
    talker.presses("0")
    hotline.accepts(talker)
    is_asked_for_a_number(phone, from_=OTHER)
    phone.presses(case.number)
    phone.presses(pin)
    phone.presses("0")
    assert phone.hears("No one can answer right now")
    for _ in range(3):
        clock.passes(minutes=5)
        phone.says_nothing()

    phone.presses("1")

    assert phone.hears("We will call you")
    kept = hotline.row(select(Callback).where(Callback.reason == "waited"))
    assert kept.phone_key == hotline.database.keyring.index("phone", SAFE)


def test_time_zone_told_before_the_pin_moves_no_window_in_the_hold(
    phone: Phone, replaced: tuple[MadeCase, str], hotline: Hotline
) -> None:
    case, pin = replaced
    reaches_the_first_menu(phone)
    for key in ("2", "1", "2"):
        phone.presses(key)
    assert phone.hears("Is it about")
    phone.presses("2")
    phone.presses("1")
    phone.presses("4")
    phone.presses("1")
    phone.presses("1")
    phone.presses("1")
    phone.presses(case.number)
    phone.presses(pin)
    assert phone.hears("in custody")
    phone.presses("2")
    phone.presses("1")

    mine = hotline.row(select(Callback).where(Callback.case_id == case.id))
    assert mine.time_zone == "America/New_York"


def test_caller_in_the_hold_may_cancel_a_callback_and_not_change_it(
    phone: Phone, replaced: tuple[MadeCase, str], hotline: Hotline
) -> None:
    case, pin = replaced
    opens_with(phone, case, pin)
    phone.presses("2")
    phone.presses("1")
    before = hotline.row(select(Callback).where(Callback.case_id == case.id))
    again = phone.another()
    opens_with(again, case, pin)
    again.presses("2")
    again.presses("2")
    assert again.hears("for now we cannot change phone numbers or times", "You already have a callback")
    stands = hotline.row(select(Callback).where(Callback.case_id == case.id))
    for name in ("window_starts", "window_ends", "time_zone", "phone_key", "voicemail_text", "may_answer"):
        assert getattr(stands, name) == getattr(before, name)

    again.presses("4")

    assert again.hears("Your callback is canceled")
    assert hotline.row(select(Callback.state).where(Callback.case_id == case.id)) == "cancelled"


def test_caller_in_the_hold_hears_in_spanish_that_nothing_can_be_changed(
    phone: Phone, replaced: tuple[MadeCase, str]
) -> None:
    case, pin = replaced
    is_asked_for_a_number(phone, language="2")
    phone.presses(case.number)
    phone.presses(pin)
    phone.presses("2")

    phone.presses("2")

    assert phone.hears("no podemos cambiar")


@pytest.mark.parametrize("away", ["another phone", "a window"])
def test_callback_list_refuses_another_phone_or_window_in_the_hold(
    phone: Phone, replaced: tuple[MadeCase, str], hotline: Hotline, clock: Clock, away: str
) -> None:
    case, pin = replaced
    opens_with(phone, case, pin)
    window = (clock.now, clock.now + timedelta(hours=1)) if away == "a window" else None
    with hotline.database.transaction() as session:
        call = load_by_sid(session, phone.call_sid, clock.now)
        assert call is not None
        assert (
            request_callback(
                session, call=call, number=SAFE if window else OTHER, urgency="other", reason="asked",
                due_at=clock.now + timedelta(days=1), next_attempt_at=clock.now, window=window,
                time_zone="America/New_York", now=clock.now, policy=hotline.policy,
            )
            is None
        )  # fmt: skip


def test_owner_of_the_safe_phone_is_told_by_a_call(
    phone: Phone, replaced: tuple[MadeCase, str], hotline: Hotline
) -> None:
    told = hotline.row(select(Callback))

    assert (told.reason, told.state, told.verified, told.case_id) == ("pin_changed", "requested", True, None)
    assert (told.window_starts, told.urgency) == (None, "other")
