"""Calls of people who ask for a callback of their case: when, how urgent, and again (R35, R36)."""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from models import Callback, Staff
from models.callbacks.callback import cancel_callback
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, the_callback
from tests.calls.callbacks.test_unverified_requests import asks_unverified
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import asks_very_soon, is_asked_for_a_number, opens_the_case, wrong
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.fake_carrier import FakeCarrier
from tests.phone import Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
CALLER = "+12025550123"


def test_caller_who_asks_again_hears_day_and_window_and_no_digit_of_the_phone(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)

    opens_the_case(phone, case)
    phone.presses("2")

    assert phone.hears(
        "You already have a callback",
        "We will call you no later than tomorrow",
        "To leave your callback as it is, or for calls about changes, press 1.",
        "To change when or how we call, press 2",
        "If you are afraid and need a call very soon, press 3. To cancel your callback, press 4",
    )
    assert phone.does_not_hear("0123", "555")
    phone.hangs_up()
    assert len(hotline.rows(select(Callback))) == 1


def test_caller_can_cancel_an_open_callback(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    opens_the_case(phone, case)
    phone.presses("2")

    phone.presses("4")

    assert phone.hears("Your callback is canceled")
    assert the_callback(hotline).state == "cancelled"
    hotline.jobs.works_off()
    assert hotline.carrier.placed == []


def test_caller_can_move_an_open_callback_to_another_part_of_the_day(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    opens_the_case(phone, case)
    phone.presses("2")

    phone.presses("2")
    assert phone.hears("For the morning, press 1", "For the afternoon, press 2", "For the evening, press 3")
    phone.presses("2")

    assert phone.hears("We will call you", "We will try today, in the afternoon")
    moved = the_callback(hotline)
    assert moved.next_attempt_at == clock.now + timedelta(hours=2)
    assert moved.window_starts == moved.next_attempt_at


@pytest.mark.parametrize(
    ("key", "asks", "said", "starts", "ends"),
    [
        ("2", "Para la tarde, antes de las cinco, oprima 2", "hoy, por la tarde, antes de las cinco", 12, 17),
        ("3", "Para después de las cinco de la tarde, oprima 3", "hoy, después de las cinco de la", 17, 21),
    ],
)
def test_spanish_caller_hears_at_which_hour_the_part_of_the_day_begins(
    phone: Phone,
    make_case: MakeCase,
    hotline: Hotline,
    key: str,
    asks: str,
    said: str,
    starts: int,
    ends: int,
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"), "2")
    for one in ("2", "2"):
        phone.presses(one)
    # Who is alone only from seven on, when "noche" begins, must not be called at five.
    assert phone.hears(asks)
    assert phone.does_not_hear("la noche")

    phone.presses(key)

    assert phone.hears(f"Vamos a intentarlo {said}")
    window = the_callback(hotline).window_starts, the_callback(hotline).window_ends
    assert [at.astimezone(ZoneInfo("America/New_York")).hour for at in window if at] == [starts, ends]


def test_caller_cannot_cancel_a_callback_that_is_being_made(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    accepted_by(phone, hotline)
    again = phone.another()
    opens_the_case(again, case)
    again.presses("2")

    again.presses("4")

    assert again.hears("Your callback cannot be changed now")
    assert the_callback(hotline).state == "ringing_caller"


@ON_BOTH
@pytest.mark.parametrize("from_", ["anonymous", "+19005550123", "+442079460123"])
def test_callback_after_the_pin_goes_to_the_registrants_own_phone_instead(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, from_: str
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody", phone="+12025550155")
    opens_the_case(phone, case, from_=from_)
    phone.presses("2")
    assert phone.hears("To have us call the phone number you gave us")
    phone.presses("1")
    phone.hangs_up()

    _, to_caller = accepted_by(phone, hotline)

    assert to_caller.to == "+12025550155"


def test_caller_notices_nothing_without_redis_and_a_sweep_dials(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    carrier: FakeCarrier,
    clock: Clock,
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    with_redis = phone.another()
    opens_the_case(with_redis, make_case(custody_status="in_custody"), from_="+12025550124")
    with_redis.presses("2")
    with_redis.presses("1")
    hotline.jobs.is_down = True
    hotline.jobs.waiting.clear()
    with_redis.hangs_up()

    opens_the_case(phone, case)
    phone.presses("2")
    phone.presses("1")

    assert phone.heard == with_redis.heard
    assert {callback.state for callback in hotline.rows(select(Callback))} == {"requested"}
    assert hotline.jobs.waiting == []
    sweep(hotline.database, hotline.jobs, carrier, hotline.office, clock.now)
    assert len(carrier.ringing) == 1
    liaison = phone.answers(carrier.ringing[0])
    liaison.presses("1")
    sweep(hotline.database, hotline.jobs, carrier, hotline.office, clock.now + timedelta(seconds=20))
    assert carrier.ringing[0].to in {CALLER, "+12025550124"}


def test_caller_who_is_afraid_is_called_within_the_hour(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(role="supervisor", on_shift=False)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    assert phone.hears("If you are afraid and need a call very soon, press 3")

    phone.presses("3")

    callback = the_callback(hotline)
    assert (callback.urgency, callback.reason) == ("urgent", "afraid")
    assert callback.due_at <= clock.now + timedelta(minutes=60)
    phone.hangs_up()
    assert the_callback(hotline).next_attempt_at == clock.now


@pytest.mark.parametrize(
    "then", ["1", "5", ""], ids=["registers, as without a callback", "slips", "says nothing"]
)
def test_keys_that_register_for_calls_about_changes_cancel_no_urgent_callback(
    phone: Phone, make_case: MakeCase, hotline: Hotline, then: str
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    phone.presses("2")
    assert phone.hears("For calls when something changes, press 4")
    phone.presses("3")
    phone.hangs_up()
    opens_the_case(phone, case)
    phone.presses("2")

    phone.presses("4")
    assert phone.hears(
        "Do you want to cancel your callback? To leave your callback as it is, press 1. "
        "To cancel your callback, press 2."
    )
    if then:
        phone.presses(then)
    else:
        phone.says_nothing()

    assert phone.does_not_hear("is canceled")
    assert (the_callback(hotline).state, the_callback(hotline).urgency) == ("requested", "urgent")


@pytest.mark.parametrize(
    ("language", "question", "said"),
    [
        ("1", "Do you want to cancel your callback?", "Your callback is canceled"),
        ("2", "¿Quiere cancelar la llamada que pidió?", "La llamada que pidió quedó cancelada"),
    ],
)
def test_caller_who_answers_the_question_cancels_an_urgent_callback(
    phone: Phone, make_case: MakeCase, hotline: Hotline, language: str, question: str, said: str
) -> None:
    case = make_case(custody_status="in_custody")
    asks_very_soon(phone, case, language=language)
    phone.hangs_up()
    opens_the_case(phone, case, language)
    for key in ("2", "4"):
        phone.presses(key)
    assert phone.hears(question)

    phone.presses("2")

    assert phone.hears(said)
    assert the_callback(hotline).state == "cancelled"


def test_call_before_hearing_hard_news_is_urgent(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(role="supervisor", on_shift=False)
    opens_the_case(phone, make_case(custody_status="released"))

    phone.presses("2")

    assert phone.hears("We will call you")
    assert phone.does_not_hear("let out")
    callback = the_callback(hotline)
    assert (callback.urgency, callback.reason) == ("urgent", "hard_news")
    assert callback.due_at <= clock.now + timedelta(minutes=60)


def test_caller_gets_a_callback_after_three_wrong_pins(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    for _ in range(3):
        phone.presses(wrong(case.pin))

    phone.presses("1")

    assert phone.hears("We will call you")
    assert (the_callback(hotline).verified, the_callback(hotline).case_id) == (False, None)


def test_star_repeats_the_promise(phone: Phone, make_case: MakeCase, hotline: Hotline) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")
    promise = phone.heard

    for keys in ("*", "*", "9", "*"):
        phone.presses(keys)
        assert phone.heard == promise

    assert "We will call you" in promise
    assert len(hotline.rows(select(Callback))) == 1
    assert hotline.jobs.waiting == []
    phone.hangs_up()
    assert len(hotline.jobs.waiting) == 1


@pytest.mark.parametrize("keys", ["1", ""])
def test_caller_hears_that_a_late_promise_is_late(
    phone: Phone, make_case: MakeCase, clock: Clock, keys: str
) -> None:
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    clock.passes(days=6)
    opens_the_case(phone, case)
    for key in ("2", *keys):
        phone.presses(key)

    assert phone.hears("we are late", "as soon as we can")
    assert phone.does_not_hear("no later than")


@ON_BOTH
def test_caller_whose_callback_was_closed_meanwhile_is_promised_no_call(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    asks_very_soon(phone, case)
    phone.hangs_up()
    opens_the_case(phone, case)
    phone.presses("2")
    with hotline.database.transaction() as session:
        cancel_callback(session, the_callback(hotline).id, hotline.clock.now)

    phone.presses("1")

    assert phone.hears("Your callback cannot be changed now")
    assert phone.does_not_hear("We will")


@pytest.mark.parametrize(("hours", "urgency"), [(1, "urgent"), (71, "urgent"), (73, "other")])
def test_callback_after_fresh_hard_news_is_urgent(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock, hours: int, urgency: str
) -> None:
    case = make_case(custody_status="released", record={"status_at": clock.now - timedelta(hours=hours)})
    opens_the_case(phone, case)
    for key in ("1", "2", "1"):
        phone.presses(key)

    assert phone.hears("We will call you")
    assert the_callback(hotline).urgency == urgency


def test_caller_who_could_not_open_their_case_is_called_within_the_hour(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    for _ in range(3):
        phone.presses(wrong(case.pin))
    phone.presses("1")

    assert phone.hears("We will call you")
    assert (the_callback(hotline).urgency, the_callback(hotline).reason) == ("urgent", "lockout")


@pytest.mark.parametrize("with_pin", [True, False])
def test_caller_who_asks_again_before_the_end_event_of_their_talk_gets_another_call(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, with_pin: bool
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")

    def asks() -> None:
        if with_pin:
            opens_the_case(phone, case)
            phone.presses("2")
        else:
            asks_unverified(phone)
        phone.presses("1")
        assert phone.hears("We will call you")
        phone.hangs_up()

    asks()
    _, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")

    # They hung up, and the event of that is on its way when they ring again.
    asks()
    called.hangs_up()

    states = hotline.rows(select(Callback.state).order_by(Callback.id))
    assert states == ["reached", "requested"]


def test_caller_who_asks_again_while_the_last_try_rings_is_called_once_more(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(caller_tries=2))
    _, to_caller = accepted_by(phone, hotline)
    again = phone.another()
    opens_the_case(again, case)
    again.presses("2")
    again.presses("1")
    assert again.hears("We will call you")

    # Their phone is busy because they are on it with us, which is no try of theirs (R36).
    phone.declines(to_caller)

    assert (the_callback(hotline).state, the_callback(hotline).caller_tries) == ("requested", 1)
