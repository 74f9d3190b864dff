"""A person who asks for a callback while staff keep a task about their news has their own (R13, R35)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Staff
from models.callbacks.appointment import reschedule
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import FIRST, Registered, sweeps
from tests.calls.notices.promised.test_news_beside_promise import (
    MakeStaff,
    Registering,
    calls_in,
    claims,
    is_called_about_news,
    news_task,
    open_ones,
)
from tests.calls.notices.staff_tells import ends, has_time, is_left_to_staff
from tests.calls.stories import opens_the_case
from tests.phone import Phone

#: Two of the staff: who keeps the task about the news, and who is on shift.
KEEPER, ON_SHIFT = "+12025550171", "+12025550170"
FRESH_MENU = "To have us call this phone as soon as we can, press 1."


def escape_is_claimed(
    phone: Phone, registered: Registering, make_staff: MakeStaff
) -> tuple[Registered, Staff]:
    """Somebody escaped, the person gave no code, and staff claimed the task; they call nobody yet."""
    keeper = make_staff(on_shift=False, phone=KEEPER)
    made = registered("escaped")
    is_left_to_staff(phone, made, "escaped")
    claims(made.hotline, keeper)
    return made, keeper


def passes_on(hotline: Hotline, caller: Phone, *keys: str) -> None:
    """The caller hears the words out before each key."""
    for key in keys:
        hotline.clock.passes(seconds=20)
        caller.presses(key)


def test_person_who_leaves_the_queue_for_a_callback_is_called_although_staff_claimed_the_news(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=ON_SHIFT)
    made, _ = escape_is_claimed(phone, registered, make_staff)

    caller = calls_in(phone, made)
    passes_on(hotline, caller, "2")
    assert caller.hears("To hang up and have us call you when it is your turn, press 1.")
    caller.presses("1")
    assert caller.hears("We will call you no later than today at 11:00 AM.")
    caller.hangs_up()
    for ring in list(hotline.carrier.ringing):
        phone.another().lets_ring(ring)

    assert sweeps(hotline, seconds=30) == [ON_SHIFT]
    assert sorted(open_ones(hotline)) == [
        ("hard_news", "urgent", "ringing_liaison"), ("notice", "urgent", "left_for_staff"),
    ]  # fmt: skip


def test_person_who_hangs_up_while_waiting_is_called_although_staff_claimed_the_news(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=ON_SHIFT)
    made, _ = escape_is_claimed(phone, registered, make_staff)

    caller = calls_in(phone, made)
    passes_on(hotline, caller, "2")
    assert caller.hears("I am calling someone for you.")
    hotline.clock.passes(seconds=5)
    caller.hangs_up()
    for ring in list(hotline.carrier.ringing):
        phone.another().lets_ring(ring)

    assert sweeps(hotline, minutes=3) == [ON_SHIFT]
    assert ("abandoned", "urgent", "ringing_liaison") in open_ones(hotline)


def test_person_hears_the_true_time_and_a_crisis_line_when_the_news_is_claimed_and_nobody_is_there(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    made, _ = escape_is_claimed(phone, registered, make_staff)

    caller = calls_in(phone, made)
    assert caller.hears("To have us call you soon, press 2.")
    passes_on(hotline, caller, "2")
    assert caller.hears("We will call you no later than tomorrow at 1:00 AM.")
    assert caller.hears("call the suicide and crisis line, at 988")
    caller.hangs_up()
    make_staff(phone=ON_SHIFT)

    assert sweeps(hotline, seconds=30) == [ON_SHIFT]


@pytest.mark.parametrize("rings", [False, True], ids=["claimed", "a liaison is called"])
@pytest.mark.parametrize(
    ("language", "fresh", "known"),
    [
        ("1", FRESH_MENU, "You already have a callback"),
        ("2", "Para que llamemos a este teléfono lo antes posible, oprima 1.", "Ya tiene"),
    ],
    ids=["English", "Spanish"],
)
def test_person_who_heard_the_news_hears_of_no_callback_that_they_did_not_ask_for(
    phone: Phone,
    registered: Registering,
    make_staff: MakeStaff,
    hotline: Hotline,
    language: str,
    fresh: str,
    known: str,
    rings: bool,
) -> None:
    made, keeper = escape_is_claimed(phone, registered, make_staff)
    if rings:
        is_called_about_news(hotline, keeper)

    caller = phone.another()
    opens_the_case(caller, made.case, language, from_=FIRST)
    passes_on(hotline, caller, "1", "2")
    assert caller.hears(fresh)
    assert caller.does_not_hear(known)
    passes_on(hotline, caller, "1")
    caller.hangs_up()

    # The news is confirmed by the call, so the task is over; what was promised is not.
    sweeps(hotline, seconds=5)
    sweeps(hotline, seconds=5)
    assert [one[:2] for one in open_ones(hotline)] == [("hard_news", "urgent")]
    make_staff(phone=ON_SHIFT)
    assert ON_SHIFT in sweeps(hotline, minutes=1)


def test_keys_of_a_caller_in_a_hurry_do_not_touch_the_task_of_staff(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    made, _ = escape_is_claimed(phone, registered, make_staff)

    caller = calls_in(phone, made, "1", "2")
    assert caller.hears(FRESH_MENU)
    caller.presses("4")
    caller.hangs_up()

    assert open_ones(hotline) == [("notice", "urgent", "claimed")]


def test_person_who_is_afraid_while_a_liaison_is_called_about_news_is_called_as_soon_as_that_is_over(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(phone=ON_SHIFT)
    made = registered("transferred")
    is_left_to_staff(phone, made, "transferred")
    is_called_about_news(hotline, who)

    caller = calls_in(phone, made, "2")
    assert caller.hears("If you are afraid and need a call very soon, press 3.")
    caller.presses("3")
    assert caller.hears("We will call you no later than today at 11:00 AM.")
    assert caller.hears("We will leave no message.")
    caller.hangs_up()
    assert sorted(open_ones(hotline)) == [
        ("afraid", "urgent", "left_for_staff"), ("notice", "urgent", "ringing_liaison"),
    ]  # fmt: skip
    again = calls_in(phone, made, "2")
    assert again.hears("You already have a callback. We will call you no later than today at 11:00 AM.")
    again.presses("1")
    assert again.hears("We will call you no later than today at 11:00 AM.", "We will leave no message.")
    again.hangs_up()

    phone.another().declines(hotline.carrier.ringing[-1], "no-answer")
    sweeps(hotline, minutes=1)
    assert ("afraid", "urgent", "requested") in open_ones(hotline)
    assert ON_SHIFT in sweeps(hotline, minutes=1)
    assert sorted(open_ones(hotline)) == [
        ("afraid", "urgent", "ringing_liaison"), ("notice", "urgent", "left_for_staff"),
    ]  # fmt: skip


def test_call_that_staff_agreed_on_for_the_news_is_told_and_kept(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(on_shift=False)
    made = registered("transferred")
    is_left_to_staff(phone, made, "transferred")
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        reschedule(session, news_task(hotline).id, who, now + timedelta(hours=3), now, hotline.policy)

    caller = calls_in(phone, made, "2")
    assert caller.hears("You already have a callback. We will call you no later than today at 2:00 PM.")
    caller.presses("1")
    assert caller.hears("We will call you no later than today at 2:00 PM.")
    caller.hangs_up()
    sweeps(hotline, seconds=5)
    claims(hotline, who)
    sweeps(hotline, seconds=5)

    assert open_ones(hotline) == [("notice", "urgent", "claimed")]


def test_call_for_later_is_kept_although_staff_claimed_the_news_during_the_talk(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(phone=ON_SHIFT)
    other = make_staff(on_shift=False, phone=KEEPER)
    made = registered("transferred")
    calls_in(phone, made, "2", "3").hangs_up()
    sweeps(hotline, seconds=5)
    _, to_person = accepted_by(phone, hotline)
    person = has_time(phone, hotline, to_person)
    is_left_to_staff_unheard(made)
    claims(hotline, other)
    ends(hotline, person, who, "call_later", call_at=hotline.clock.now + timedelta(hours=2))

    assert ("call_later", "urgent", "requested") in open_ones(hotline)


def is_left_to_staff_unheard(made: Registered) -> None:
    """There is news whose tries are used up, and the sweeper makes the task."""
    made.is_due("transferred", state="left_for_staff", task="cap", task_at=made.hotline.clock.now)
    sweeps(made.hotline, seconds=1)
    assert made.hotline.row(select(Callback).where(Callback.reason == "notice")).state == "left_for_staff"
