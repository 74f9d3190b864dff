"""The hour that is promised behind others who wait, and the true time where it cannot be kept (R36)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback
from tests.calls.callbacks.promised.promises import (
    CRISIS,
    OTHER,
    MakeCase,
    MakeStaff,
    asked_last,
    is_afraid,
    is_in_a_talk,
    is_promised,
    others_wait,
)
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import asks_very_soon, opens_the_case
from tests.conftest import ON_SQLITE
from tests.factories import make_callback
from tests.phone import CALLER, Phone


@pytest.mark.parametrize("language", ["1", "2"])
def test_caller_behind_eight_others_and_one_liaison_hears_the_true_time(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock, language: str
) -> None:
    """Everybody was told "within the hour", the twenty-third as well."""
    make_staff()
    others_wait(hotline, 8)

    is_afraid(phone, language=language)

    is_promised(hotline, phone, "11:05", clock.now + timedelta(minutes=65), language)


def test_caller_behind_eight_others_who_still_listen_in_the_slow_pace_hears_the_true_time(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    for number in range(8):
        slow = phone.another()
        slow.dials_in(from_=f"+120255501{30 + number}")
        for key in ("1", "9", "2", "1", "3"):
            slow.presses(key)
        assert slow.hears("We will call you no later than", "11:00")

    is_afraid(phone)

    is_promised(hotline, phone, "11:05", clock.now + timedelta(minutes=65))


def test_caller_behind_seven_others_is_promised_the_hour(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    others_wait(hotline, 7)

    is_afraid(phone)

    assert phone.hears("We will call you no later than", "11:00")
    assert phone.does_not_hear("crisis")
    assert asked_last(hotline).due_at == clock.now + timedelta(minutes=60)


def test_liaison_in_a_talk_counts_as_one_person_ahead(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    is_in_a_talk(hotline, make_staff())
    others_wait(hotline, 7)

    is_afraid(phone)

    is_promised(hotline, phone, "11:05", clock.now + timedelta(minutes=65))


def test_verified_caller_is_not_put_off_by_five_hundred_pranks(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    others_wait(hotline, 200)
    asks_very_soon(phone, make_case(custody_status="in_custody"))

    assert phone.hears("We will call you no later than", "11:00")
    assert phone.does_not_hear("crisis")


def test_hour_is_not_promised_while_most_recent_waits_took_ninety_minutes(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    with hotline.database.transaction() as session:
        for number in range(25):
            asked_at = clock.now - timedelta(days=1, minutes=number)
            make_callback(
                session, phone="+12025550129", urgency="urgent", reason="hard_news", state="reached",
                requested_at=asked_at, talking_at=asked_at + timedelta(minutes=88),
                closed_at=asked_at + timedelta(minutes=99),
            )  # fmt: skip

    is_afraid(phone)

    is_promised(hotline, phone, "11:30", clock.now + timedelta(minutes=90))


def test_caller_hears_how_late_we_are_while_others_wait_past_their_hour(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    others_wait(hotline, 1, due_at=clock.now - timedelta(minutes=28))

    is_afraid(phone)

    is_promised(hotline, phone, "11:30", clock.now + timedelta(minutes=90))


@pytest.mark.parametrize("language", ["1", "2"])
def test_caller_who_was_promised_the_hour_in_vain_and_calls_again_hears_of_a_crisis_line(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, clock: Clock, language: str
) -> None:
    make_staff(role="supervisor", on_shift=False)
    case = make_case(custody_status="in_custody")
    asks_very_soon(phone, case, language=language)
    assert phone.does_not_hear("988")
    phone.hangs_up()
    clock.passes(minutes=61)

    opens_the_case(phone, case, language=language)
    phone.presses("2")

    assert phone.hears({"1": "we are late", "2": "vamos con retraso"}[language], CRISIS[language])


@ON_SQLITE
@pytest.mark.parametrize("theirs", [CALLER, "+12025550199"], ids=["this phone", "another phone"])
def test_two_strangers_cannot_tell_by_their_hours_which_phone_is_called_for_a_case(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, theirs: str
) -> None:
    """On a full list they asked from a phone of their own, and then under her number (R35)."""
    make_staff()
    others_wait(hotline, 8)
    asks_very_soon(phone.another(), make_case(custody_status="in_custody", phone=theirs), from_=theirs)

    is_afraid(phone, from_=OTHER)
    assert phone.hears("We will call you no later than", "11:15")
    hers = phone.another()
    is_afraid(hers, from_=CALLER)

    assert hers.hears("We will call you no later than", "11:20")


def test_person_who_did_not_answer_our_call_makes_nobody_elses_hour_late(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    others_wait(hotline, 1, due_at=clock.now - timedelta(minutes=28), caller_tries=1)

    is_afraid(phone)

    assert phone.hears("11:00")


def test_supervisor_at_the_office_can_keep_the_hour(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(role="supervisor", on_shift=False)

    is_afraid(phone)

    assert phone.hears("11:00")
    assert phone.does_not_hear("crisis")


def test_caller_who_asks_again_without_a_pin_hears_what_a_first_request_of_this_moment_hears(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    """The existing row must not delay the hour of its own asker: the words would reveal it (R35)."""
    make_staff()
    others_wait(hotline, 7)
    is_afraid(phone)
    first = phone.heard
    phone.hangs_up()
    with hotline.database.transaction() as session:
        session.scalars(select(Callback).where(Callback.reason == "afraid")).one().rank = 3
    again = phone.another()

    is_afraid(again)
    assert again.heard == first
    again.hangs_up()
    stranger = phone.another()
    is_afraid(stranger, from_=OTHER)
    is_promised(hotline, stranger, "11:05", clock.now + timedelta(minutes=65))
