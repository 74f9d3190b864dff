"""Calls of people who choose when and how they are called back (R29, R31, R35)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Call, Callback, Registrant, Staff
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Clock, Hotline
from tests.calls.pin.test_without_pin import dials_to_the_callback_menu
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase, make_callback
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
HAWAII = "+18085550123"


def chooses_more(phone: Phone, case: MadeCase, **how: str) -> None:
    """Open the case and go to the choice of a time."""
    opens_the_case(phone, case, **how)
    phone.presses("2")
    assert phone.hears("To choose when and how we call, press 2")
    phone.presses("2")


def the_callback(hotline: Hotline) -> Callback:
    found: Callback = hotline.row(select(Callback).order_by(Callback.id.desc()).limit(1))
    return found


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
    asked = the_callback(hotline)
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
    assert the_callback(hotline).time_zone == "Pacific/Honolulu"


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

    asked = the_callback(hotline)
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


def test_caller_hears_every_wish_repeated_and_it_is_kept(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    chooses_more(phone, make_case(custody_status="in_custody"))
    phone.presses("4")
    assert phone.hears("We will call you", "If that is all, press 1")

    phone.presses("2")
    assert phone.hears("To let us ask if someone there expects our call, press 2")
    phone.presses("2")
    assert phone.hears("Got it.")
    phone.presses("3")
    assert phone.hears("For no message, press 1", "For a message that asks you to call us, press 2")
    phone.presses("2")
    phone.presses("4")
    phone.presses("1")
    assert phone.hears("To have us call you once more, press 2")
    phone.presses("2")
    phone.presses("4")
    phone.presses("2")
    phone.presses("3")
    phone.presses("4")
    phone.presses("3")
    assert phone.hears("For English, press 1", "Para español, oprima 2")
    phone.presses("2")
    assert phone.hears("Listo.")
    phone.presses("1")

    assert phone.hears(
        "Podemos dejar un mensaje corto", "podemos preguntar si alguien ahí espera nuestra llamada"
    )
    asked = the_callback(hotline)
    assert (asked.may_answer, asked.voicemail_allowed, asked.voicemail_text) == (
        "ask_for_me", True, "please_call",
    )  # fmt: skip
    assert (asked.when_dropped, asked.reason, asked.language) == ("ring_once", "about_safety", "es")


@pytest.mark.parametrize("where", [(), ("2",), ("3",), ("4",), ("4", "1"), ("4", "2"), ("4", "3")])
def test_caller_who_hangs_up_or_stays_silent_among_the_wishes_is_called_with_the_safest(
    phone: Phone, make_case: MakeCase, hotline: Hotline, where: tuple[str, ...]
) -> None:
    chooses_more(phone, make_case(custody_status="in_custody"))
    phone.presses("1")
    for key in where:
        phone.presses(key)
    for _ in range(4):
        phone.says_nothing()

    assert phone.hears("We will leave no message", "we will not say why we called")
    phone.hangs_up()
    asked = the_callback(hotline)
    assert (asked.state, asked.may_answer, asked.voicemail_allowed) == ("requested", "only_me", False)


@pytest.mark.parametrize("keys", ["6", "66"])
def test_wrong_keys_among_the_wishes_lead_to_a_person_and_lose_nothing(
    phone: Phone, make_case: MakeCase, hotline: Hotline, keys: str
) -> None:
    chooses_more(phone, make_case(custody_status="in_custody"))
    phone.presses("1")
    for _ in range(4):
        phone.presses(keys)

    assert phone.hears("No one can answer right now", "You already have a callback")
    assert the_callback(hotline).state == "requested"


def test_wish_that_is_sent_twice_is_kept_once(phone: Phone, make_case: MakeCase, hotline: Hotline) -> None:
    chooses_more(phone, make_case(custody_status="in_custody"))
    phone.presses("1")
    phone.presses("2")
    phone.presses("3")

    again = phone.raw(phone.redelivers_last())

    assert "Got it." in again
    assert the_callback(hotline).may_answer == "anyone"
    assert len(hotline.rows(select(Callback))) == 1


def test_wish_for_a_callback_that_is_being_made_comes_too_late(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    chooses_more(phone, make_case(custody_status="in_custody"))
    phone.presses("4")
    phone.presses("2")
    with hotline.database.transaction() as session:
        session.scalars(select(Callback)).one().state = "ringing_liaison"

    phone.presses("3")

    assert phone.hears("Your callback cannot be changed now")
    assert the_callback(hotline).may_answer == "only_me"


def test_caller_who_asks_again_while_a_liaison_is_rung_hears_that_a_message_is_allowed(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    chooses_more(phone, case)
    for key in ("4", "3", "2"):
        phone.presses(key)
    assert phone.hears("asks you to call")
    phone.hangs_up()
    assert hotline.rung()

    opens_the_case(phone, case)
    phone.presses("2")
    phone.presses("1")

    assert phone.hears("We will call you", "We may leave a short message")
    assert phone.does_not_hear("no message")


def earlier_callback(hotline: Hotline, case: MadeCase, phone: str = CALLER) -> None:
    """A callback of last week, with other answers than the safest."""
    with hotline.database.transaction() as session:
        make_callback(
            session, case, phone=phone, state="reached", requested_at=hotline.clock.now - timedelta(days=7),
            may_answer="ask_for_me", voicemail_allowed=True, voicemail_text="hello", when_dropped="ring_once",
        )  # fmt: skip


def test_more_choices_begin_with_the_answers_of_last_time(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    earlier_callback(hotline, case)
    chooses_more(phone, case)
    phone.presses("4")
    phone.presses("1")

    assert phone.hears("We may leave a short message", "we may ask if someone there expects our call")
    asked = the_callback(hotline)
    assert (asked.may_answer, asked.voicemail_text, asked.when_dropped) == (
        "ask_for_me", "hello", "ring_once",
    )  # fmt: skip


def test_express_and_another_phone_still_begin_with_the_safest_answers(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    earlier_callback(hotline, case, phone="+12025550144")
    chooses_more(phone, case)
    phone.presses("4")
    assert the_callback(hotline).may_answer == "only_me"
    other = make_case(custody_status="in_custody")
    earlier_callback(hotline, other)
    express = phone.another()
    opens_the_case(express, other)
    express.presses("2")
    express.presses("1")

    assert express.hears("We will leave no message")
    assert the_callback(hotline).may_answer == "only_me"


def test_caller_without_a_pin_gets_no_answers_of_last_time(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    earlier_callback(hotline, make_case(custody_status="in_custody"))
    reaches_the_first_menu(phone)
    for key in ("2", "1", "2", "1", "4", "1"):
        phone.presses(key)

    assert phone.hears("We will leave no message")
    assert (the_callback(hotline).may_answer, the_callback(hotline).verified) == ("only_me", False)


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
    assert the_callback(hotline).may_answer == "ask_for_me"


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


def test_caller_hears_a_measured_wait_for_a_callback_in_words(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    with hotline.database.transaction() as session:
        for number in range(30):
            since = clock.now - timedelta(days=1, minutes=number)
            for verified, minutes in ((True, 40), (False, 180)):
                made = make_callback(session, state="reached", requested_at=since)
                made.verified = verified
                made.talking_at = made.closed_at = since + timedelta(minutes=minutes)
            # They wished for the evening, or staff thought of calling again: that is not a wait in the queue.
            for later in ({"window_starts": since, "window_ends": since}, {"reason": "call_later"}):
                made = make_callback(session, state="reached", requested_at=since, **later)
                made.verified = True
                made.talking_at = made.closed_at = since + timedelta(hours=10)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")

    assert phone.hears("Most people talk with us within about forty minutes")
    stranger = phone.another()
    reaches_the_first_menu(stranger, language="2", from_="+12025550145")
    for key in ("2", "1", "1"):
        stranger.presses(key)
    assert stranger.hears("La mayoría de las personas habla con nosotros en unas tres horas")


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
    assert the_callback(hotline).window_ends is not None


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
    moved = the_callback(hotline)
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
    assert the_callback(hotline).window_starts is None


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

    asked = the_callback(hotline)
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
    asked = the_callback(hotline)
    assert asked.next_attempt_at == clock.now.replace(hour=13, minute=0) + timedelta(days=1)
    assert asked.window_starts == asked.next_attempt_at


def test_caller_is_promised_no_spanish_that_nobody_on_the_staff_may_speak(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(languages="en")
    opens_the_case(phone, make_case(custody_status="in_custody"), language="2")

    for key in ("2", "2", "4", "4", "3", "2"):
        phone.presses(key)

    assert phone.hears("Trataremos de hablarle en español.")
    phone.hangs_up()
    liaison = hotline.answers(phone)
    assert liaison.hears("There is someone to call back")


FIRST = {
    "1": "Got it. The person who calls you will see the first reason for this call."
    " You can tell them about this too.",
    "2": "Listo. La persona que le llame verá el primer motivo de esta llamada. También podrá contarle esto.",
}


@pytest.mark.parametrize("language", ["1", "2"])
@pytest.mark.parametrize(
    ("status", "keys"), [("in_custody", "3"), ("released", "1")], ids=["afraid", "hard news"]
)
def test_what_a_call_is_about_does_not_hide_from_the_liaison_why_it_is_urgent(
    phone: Phone, make_case: MakeCase, hotline: Hotline, language: str, status: str, keys: str
) -> None:
    case = make_case(custody_status=status, status_at=hotline.clock.now - timedelta(hours=1))
    opens_the_case(phone, case, language=language)
    if status == "released":
        phone.presses("1")
    for key in ("2", keys):
        phone.presses(key)
    phone.hangs_up()
    before = the_callback(hotline).reason
    opens_the_case(phone, case, language=language)
    if status == "released":
        phone.presses("1")

    for key in ("2", "3", "4", "2", "2"):
        phone.presses(key)

    assert phone.hears(FIRST[language])
    assert the_callback(hotline).reason == before == ("afraid" if status == "in_custody" else "hard_news")


@pytest.mark.parametrize("earlier", [True, False], ids=["another stands", "alone"])
@pytest.mark.parametrize(
    ("part", "reason"), [("4", "afraid"), ("1", "about_court")], ids=["any time", "morning"]
)
def test_caller_without_a_pin_who_is_afraid_and_then_chooses_more_hears_which_reason_is_kept(
    phone: Phone, hotline: Hotline, part: str, reason: str, earlier: bool
) -> None:
    if earlier:
        before = phone.another()
        dials_to_the_callback_menu(before)
        before.presses("1")
        before.hangs_up()
    dials_to_the_callback_menu(phone)
    for key in ("3", "1", "2", "1", "2", "1", part, "4", "2", "2"):
        phone.presses(key)

    # The words are the same whatever stands (R35).
    assert phone.hears(FIRST["1"] if reason == "afraid" else "Got it. The call is about court.")
    if not earlier:
        assert the_callback(hotline).reason == reason


@pytest.mark.parametrize("has_pin", [True, False], ids=["with the PIN", "without"])
@pytest.mark.parametrize("how", ["key 8", "back to the languages"])
def test_caller_who_hears_the_promise_in_another_language_is_called_in_that_one(
    phone: Phone, make_case: MakeCase, hotline: Hotline, has_pin: bool, how: str
) -> None:
    asks_here(phone, make_case(custody_status="in_custody") if has_pin else None)
    assert the_callback(hotline).language == "en"

    if how == "key 8":
        phone.presses("8")
        assert phone.hears("Le llamaremos a más tardar")
    else:
        for _ in range(8):
            if "Para español, oprima 2" not in phone.heard:
                phone.presses("#")
        phone.presses("2")

    assert the_callback(hotline).language == "es"
    phone.presses("8")
    assert the_callback(hotline).language == "en"


def test_key_8_changes_neither_a_language_chosen_for_the_callback_nor_what_another_call_asked_for(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    chooses_more(phone, case)
    for key in ("4", "4", "3", "2", "1", "8"):
        phone.presses(key)
    assert the_callback(hotline).language == "es"
    phone.hangs_up()

    opens_the_case(phone, case)
    for key in ("2", "1", "8", "8"):
        phone.presses(key)

    assert the_callback(hotline).language == "es"


@pytest.mark.parametrize("has_pin", [True, False], ids=["with the PIN", "without"])
def test_key_8_ten_minutes_after_the_promise_changes_only_a_callback_without_the_case(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock, has_pin: bool
) -> None:
    asks_here(phone, make_case(custody_status="in_custody") if has_pin else None)
    clock.passes(minutes=11)

    phone.presses("8")

    assert the_callback(hotline).language == ("en" if has_pin else "es")


def asks_here(phone: Phone, case: MadeCase | None) -> None:
    """Ask for the next call, with the PIN of this case or without one, and stay on the line."""
    if case is None:
        dials_to_the_callback_menu(phone)
    else:
        opens_the_case(phone, case)
        phone.presses("2")
    phone.presses("1")
    assert phone.hears("We will call you")
