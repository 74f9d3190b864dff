"""The part of the day that a caller chooses, by the clock where they are (R29, R35)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Call, Registrant, Staff
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import chooses_more, newest_callback, opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
HAWAII = "+18085550123"


@pytest.mark.parametrize(
    ("key", "part", "starts", "ends"),
    [("1", "in the morning", 8, 12), ("2", "in the afternoon", 12, 17), ("3", "in the evening", 17, 21)],
)
def test_part_of_the_day_is_by_the_registrants_own_clock(
    phone: Phone,
    make_case: MakeCase,
    hotline: Hotline,
    clock: Clock,
    key: str,
    part: str,
    starts: int,
    ends: int,
) -> None:
    clock.now = clock.now.replace(hour=13)  # Three in the morning in Honolulu.
    case = make_case(custody_status="in_custody", time_zone="Pacific/Honolulu", pin_issued_at=clock.now)
    chooses_more(phone, case)

    phone.presses(key)

    assert phone.hears("We will call you", f"We will try today, {part}")
    asked = newest_callback(hotline)
    midnight = clock.now.replace(hour=10)
    assert asked.window_starts == asked.next_attempt_at == midnight + timedelta(hours=starts)
    assert asked.window_ends == midnight + timedelta(hours=ends)
    assert asked.time_zone == "Pacific/Honolulu"


def test_caller_is_asked_the_hour_only_where_the_zone_is_a_guess_and_it_is_kept_when_right(
    phone: Phone, hotline: Hotline
) -> None:
    reaches_the_first_menu(phone, from_=HAWAII)
    for key in ("2", "1", "2"):
        phone.presses(key)
    assert phone.hears("Is it about five in the morning where you are? If yes, press 1")

    phone.presses("1")
    phone.presses("1")

    assert phone.hears("We will try today, in the morning")
    assert newest_callback(hotline).time_zone == "Pacific/Honolulu"


def test_caller_corrects_a_wrong_hour_by_earlier_and_later(phone: Phone, hotline: Hotline) -> None:
    reaches_the_first_menu(phone)
    for key in ("2", "1", "2"):
        phone.presses(key)
    assert phone.hears("Is it about ten in the morning where you are?")

    phone.presses("2")
    assert phone.hears("Is it about nine in the morning where you are?")
    phone.presses("2")
    assert phone.hears("Is it about eight in the morning Mountain Time where you are?")
    phone.presses("3")
    assert phone.hears("Is it about nine in the morning where you are?")
    phone.presses("1")
    phone.presses("2")

    asked = newest_callback(hotline)
    assert asked.time_zone == "America/Chicago"
    assert asked.window_starts is not None
    assert asked.window_starts.hour == 18


def test_spanish_caller_hears_the_hour_in_spanish(phone: Phone) -> None:
    reaches_the_first_menu(phone, language="2")
    for key in ("2", "1", "2"):
        phone.presses(key)

    assert phone.hears(
        "Donde usted está, ¿el reloj marca más o menos las diez de la mañana?", "Si es así, oprima 1"
    )


def test_caller_who_asks_again_hears_the_day_and_the_part_of_it(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    chooses_more(phone, case)
    phone.presses("2")
    phone.hangs_up()

    again = phone.another()
    opens_the_case(again, case)
    again.presses("2")

    assert again.hears("You already have a callback", "We will try today, in the afternoon")
    assert again.hears("To change when or how we call, press 2")
    assert again.does_not_hear("0123")
    for key in ("2", "2", "2", "2"):
        again.presses(key)
    assert again.hears("Got it.")
    assert newest_callback(hotline).may_answer == "ask_for_me"


def test_caller_is_promised_the_next_morning_and_not_one_that_is_over(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", pin_issued_at=clock.now)
    chooses_more(phone, case)
    phone.presses("1")
    assert phone.hears("We will try today, in the morning")
    phone.hangs_up()

    clock.passes(hours=25)  # The next morning: nobody has called.
    early = phone.another()
    opens_the_case(early, case)
    early.presses("2")
    assert early.hears("You already have a callback", "We will try today, in the morning")
    early.hangs_up()

    clock.passes(hours=4)
    late = phone.another()
    opens_the_case(late, case)
    late.presses("2")
    assert late.hears("You already have a callback", "We will try tomorrow, in the morning")
    assert late.does_not_hear("yesterday")


def test_caller_who_is_now_in_another_zone_hears_the_hours_of_the_part_that_they_chose(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", time_zone="America/New_York")
    chooses_more(phone, case)
    phone.presses("2")
    assert phone.hears("We will try today, in the afternoon")
    with hotline.database.transaction() as session:
        session.execute(update(Registrant).values(time_zone="America/Los_Angeles"))

    again = phone.another()
    opens_the_case(again, case)
    again.presses("2")

    assert again.hears("We will try today, between nine in the morning and two in the afternoon")


def test_call_that_waits_at_the_old_choice_of_a_time_continues_at_the_new_one(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    chooses_more(phone, make_case(custody_status="in_custody"))
    with hotline.database.transaction() as session:
        session.scalars(select(Call)).one().step = "callback_more"

    answer = phone.raw(
        phone.posts(f"/voice/steps/callback_more/{hotline.row(select(Call.turn))}", Digits="1")
    )

    assert "We will call you" in answer
    assert newest_callback(hotline).window_ends is not None


def test_caller_who_moves_a_call_from_the_evening_to_any_time_is_called_at_any_time(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    chooses_more(phone, case)
    phone.presses("3")
    assert phone.hears("We will try today, in the evening")
    opens_the_case(phone, case)
    for key in ("2", "2", "4"):
        phone.presses(key)

    assert phone.hears("We will call you")
    assert phone.does_not_hear("in the evening")
    moved = newest_callback(hotline)
    assert (moved.window_starts, moved.next_attempt_at) == (None, clock.now + timedelta(minutes=1))


def test_caller_who_asks_for_a_call_soon_is_not_told_of_the_evening_they_chose_before(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(role="supervisor", on_shift=False)
    case = make_case(custody_status="released")
    opens_the_case(phone, case)
    for key in ("1", "2", "2", "3"):
        phone.presses(key)
    assert phone.hears("in the evening")
    opens_the_case(phone, case)
    assert phone.hears("To have us call you soon, press 2")

    phone.presses("2")

    assert phone.hears("no later than today at 11:00 AM")
    assert phone.does_not_hear("in the evening")
    assert newest_callback(hotline).window_starts is None


def test_call_about_hard_news_for_a_chosen_morning_rings_nobody_in_the_afternoon(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    clock.passes(minutes=110)  # Ten to noon.
    opens_the_case(phone, make_case(custody_status="released"))
    for key in ("1", "2", "2", "1"):
        phone.presses(key)
    assert phone.hears("We will try today, in the morning")
    phone.hangs_up()
    _, to_caller = accepted_by(phone, hotline)

    phone.lets_ring(to_caller)

    asked = newest_callback(hotline)
    assert (asked.urgency, asked.state) == ("urgent", "requested")
    assert asked.next_attempt_at == clock.now.replace(hour=13, minute=0) + timedelta(days=1)


def test_caller_who_chooses_the_morning_two_minutes_before_noon_has_all_of_the_next_one(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    clock.passes(minutes=118)
    chooses_more(phone, make_case(custody_status="in_custody"))

    phone.presses("1")

    # "Today, in the morning" was promised, and no phone could ring before noon.
    assert phone.hears("We will try tomorrow, in the morning")
    asked = newest_callback(hotline)
    assert asked.next_attempt_at == clock.now.replace(hour=13, minute=0) + timedelta(days=1)
    assert asked.window_starts == asked.next_attempt_at
