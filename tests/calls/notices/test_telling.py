"""The call about a notice: neutral words, the code, a warning, the news, and a key that confirms it (R30)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from models import (
    Callback,
    Case,
    CustodyRecord,
    Notice,
    NoticePhone,
    Registrant,
    Registration,
    Subject,
)
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    OPENING,
    TELLING,
    Registered,
    is_called,
    minutes_until_next,
    picks_up,
    sweeps,
    the_notice,
)
from tests.conftest import ON_SQLITE
from tests.phone import Phone

Registering = Callable[..., Registered]


def test_registrant_hears_of_a_release_with_its_date_and_confirms_it(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released").is_dialed()

    called = picks_up(phone, hotline)
    assert called.hears(OPENING, "Is this a good time to talk? If yes, press 1. If not, press 2.")
    called.presses("1")
    assert called.hears("Please enter your 4-digit call code")
    called.presses(CODE)
    assert called.hears("news that may be hard to hear", "To hear it now, press 1")
    called.presses("1")
    assert called.hears("was released on Monday", "That is as of today", "If you are in danger, hang up")
    assert called.hears("To confirm that you heard this, press 1. To have a person call you, press 2.")
    called.presses("1")
    assert called.hears("We will not call about this again")

    notice = the_notice(hotline)
    assert (notice.state, notice.confirmed_by) == ("confirmed", "call")
    assert sweeps(hotline, hours=30) == []
    assert len(hotline.carrier.placed) == 1


def test_person_who_cannot_talk_hears_the_news_again_without_a_second_code(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("released"), "1", CODE, "1")
    assert called.hears("was released on Monday")

    called.presses("5")

    assert called.hears("news that may be hard to hear", "To hear it now, press 1")
    assert called.does_not_hear("call code")
    called.presses("1")
    assert called.hears("was released on Monday")
    called.presses("1")
    assert called.hears("We will not call about this again")
    assert the_notice(hotline).task is None


DANGER = "If you are in danger, hang up and call 911."
CONFIRM = "To confirm that you heard this, press 1. To have a person call you, press 2."


@pytest.fixture
def hearing(phone: Phone, registered: Registering, hotline: Hotline) -> Phone:
    """A phone on which the news of a release is being read."""
    called = is_called(phone, registered("released"), "1", CODE)
    called.hears_out = False
    called.presses("1")
    assert called.hears("was released on Monday")
    assert called.does_not_hear(DANGER)
    return called


def test_key_7_while_the_news_is_read_says_harmless_words_and_ends_the_call(hearing: Phone) -> None:
    hearing.presses("7")

    assert hearing.does_not_hear("danger", "911", "released", "press")
    assert hearing.is_over


@ON_SQLITE
@pytest.mark.parametrize("key", ["0", "1", "2", "3", "4", "6", "8", "#"])
def test_key_that_stops_the_news_confirms_nothing_and_the_danger_line_follows(
    hearing: Phone, hotline: Hotline, key: str
) -> None:
    hearing.presses(key)

    assert hearing.hears(f"{DANGER} {CONFIRM}")
    assert hearing.does_not_hear("Sorry", "not one of the choices")
    assert the_notice(hotline).state != "confirmed"
    hearing.presses("1")
    assert the_notice(hotline).state == "confirmed"


def test_registrant_who_listens_hears_the_news_the_danger_line_and_the_question(hearing: Phone) -> None:
    hearing.says_nothing()

    assert hearing.hears(f"{DANGER} {CONFIRM}")
    assert hearing.does_not_hear("Take your time")


@pytest.mark.parametrize("stop", ["3", ""])
@pytest.mark.parametrize("key", ["*", "9"])
def test_star_and_9_at_the_question_repeat_the_news_before_it(hearing: Phone, key: str, stop: str) -> None:
    hearing.presses(stop) if stop else hearing.says_nothing()

    hearing.presses(key)

    assert hearing.hears(DANGER, "was released on Monday", "That is as of today", CONFIRM)
    hearing.says_nothing()
    hearing.presses("*")
    assert hearing.hears(DANGER, "was released on Monday", CONFIRM)
    assert hearing.does_not_hear("Take your time")


@pytest.mark.parametrize("key", ["*", "9"])
def test_star_and_9_while_the_news_is_read_begin_it_again(hearing: Phone, key: str) -> None:
    hearing.presses(key)

    assert hearing.hears("was released on Monday")
    assert hearing.does_not_hear(DANGER)
    hearing.says_nothing()
    assert hearing.hears(f"{DANGER} {CONFIRM}")


def test_key_5_while_the_news_is_read_hears_the_danger_line_before_the_warning(hearing: Phone) -> None:
    hearing.presses("5")

    assert hearing.hears(DANGER, "news that may be hard to hear", "To hear it now, press 1")
    assert hearing.heard.count(DANGER) == 1


def test_key_7_stops_the_promise_of_a_person_before_the_danger_line(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("released"), "1", CODE)
    called.hears_out = False
    called.presses("2")
    assert called.hears("We will call you")
    assert called.does_not_hear(DANGER)

    called.presses("7")

    assert called.does_not_hear("danger", "press")
    assert called.is_over
    assert hotline.row(select(Callback.urgency)) == "urgent"


def test_registrant_who_chose_a_key_alone_enters_no_code(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("transferred", code=None), kind="transferred")

    called.presses("1")

    assert called.hears("They were moved", "To confirm that you heard this, press 1")


def test_registrant_who_is_out_of_danger_is_connected_to_the_safety_line_after_a_release(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("escaped"), "1", CODE, "1", "1", kind="escaped")

    assert called.hears("about staying safe, press 1")
    called.presses("1")

    assert called.rings != ()


def test_death_is_told_gently_and_a_person_is_offered_first(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("deceased"), "1", CODE, kind="deceased")

    assert called.hears("To have a person call you and tell you, press 1. To hear it now, press 2.")
    called.presses("2")

    assert called.hears("I am sorry to tell you this", "died")
    assert called.does_not_hear("in danger")


def test_registrant_who_wants_to_hear_it_from_a_person_gets_an_urgent_callback(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("released"), "1", CODE)

    called.presses("2")

    assert called.hears("please act as if this person may be out", "A person from our team will call you")
    assert called.does_not_hear("released")
    callback = hotline.row(select(Callback))
    assert (callback.urgency, callback.reason, callback.case_id) == ("urgent", "hard_news", None)
    notice = the_notice(hotline)
    assert (notice.state, notice.outcome, notice.heard_at) == ("left_for_staff", "asked_person", None)


def test_person_who_asks_for_a_person_hears_until_when_we_call(
    phone: Phone, registered: Registering, hotline: Hotline, make_staff: Callable[..., object]
) -> None:
    make_staff()
    called = is_called(phone, registered("released"), "1", CODE, "2")
    assert called.hears("We will call you no later than today at 11:00 AM.")
    assert called.does_not_hear("To talk with someone sooner")


@pytest.mark.parametrize("line", [0, 1])
def test_person_who_asks_for_a_person_while_nobody_is_at_hand_hears_the_true_time_and_a_crisis_line(
    phone: Phone, registered: Registering, hotline: Hotline, line: int
) -> None:
    made = registered("released")
    made.changes(Registrant, line=hotline.office.lines[line])
    called = is_called(phone, made, "1", CODE, "2")

    assert called.hears("We will call you no later than tomorrow at", "To talk with someone sooner")
    assert hotline.row(select(Callback)).due_at > hotline.clock.now + timedelta(hours=12)


def test_registrant_who_heard_the_news_can_still_ask_for_a_person(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("released"), "1", CODE, "1", "2")

    assert called.hears("A person from our team will call you")
    assert the_notice(hotline).heard_at is not None


def test_hard_news_is_not_told_to_silence(phone: Phone, registered: Registering, hotline: Hotline) -> None:
    called = is_called(phone, registered("released"), "1", CODE)

    called.says_nothing()
    called.says_nothing()

    assert called.is_over
    assert "released" not in called.heard_so_far
    assert called.hears("A person from our team will call you")
    assert hotline.row(select(Callback)).urgency == "urgent"


def test_third_wrong_code_stops_that_phone_alone_and_gives_staff_a_task(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("released"), "1")

    for wrong in ("1111", "2222"):
        called.presses(wrong)
        assert called.hears("That code was not right", "Please enter your 4-digit call code")
    called.presses("3333")

    assert called.hears("hang up and call the number on the card that we gave you")
    assert called.is_over
    assert not any(word in called.heard_so_far.casefold() for word in TELLING)
    notice = the_notice(hotline)
    assert (notice.state, notice.task) == ("left_for_staff", "wrong_code")
    assert hotline.row(select(NoticePhone)).is_stopped


def test_wrong_codes_of_two_calls_count_together(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    first = is_called(phone, registered("released"), "1", "1111", "2222")
    first.hangs_up()
    sweeps(hotline, minutes=31)
    second = picks_up(phone, hotline)
    second.presses("1")

    second.presses("3333")

    assert second.hears("hang up and call the number on the card that we gave you")


def test_registrant_without_their_code_is_told_to_call_the_number_on_the_card(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("released"), "1")

    called.presses("#")

    assert called.hears("hang up and call the number on the card that we gave you")
    assert the_notice(hotline).task == "no_code"


def test_stranger_who_answers_and_presses_every_key_learns_nothing(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("escaped")
    made.is_dialed("escaped")
    for keys in ("1*", "19", "15", "17", "3", "0", "9", "5", "7", "2", "1#", "1 1 1"):
        stranger = picks_up(phone, hotline)
        for key in keys:
            if stranger.is_over:
                break
            stranger.says_nothing() if key == " " else stranger.presses(key)
        while not stranger.is_over:
            stranger.says_nothing()
        heard = stranger.heard_so_far.casefold()
        assert not [word for word in TELLING if word in heard], stranger.transcript
        if the_notice(hotline).state != "waiting":
            break
        made.changes(Notice, next_attempt_at=hotline.clock.now, tries=0)
        made.changes(NoticePhone, not_before=None)
        sweeps(hotline, minutes=31)


def test_not_a_good_time_is_no_refusal_and_no_try(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("released"))

    called.presses("2")

    assert called.hears("We will call at another time")
    notice = the_notice(hotline)
    assert (notice.state, notice.tries) == ("waiting", 0)
    assert minutes_until_next(hotline) == hotline.policies.notice_first_minutes


def test_gate_that_closes_between_the_event_and_the_call_stops_the_notice(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    made.is_due()
    with hotline.database.transaction() as session:
        subject = session.get_one(Subject, made.case.subject_id)
        old = session.get_one(CustodyRecord, subject.record_id)
        closed = CustodyRecord(
            subject_id=subject.id, status=old.status, status_at=old.status_at, as_of=hotline.clock.now,
            recorded_at=hotline.clock.now, releasable=False, import_id=old.import_id,
        )  # fmt: skip
        session.add(closed)
        session.flush()
        subject.record_id = closed.id

    assert sweeps(hotline) == []

    assert (the_notice(hotline).state, the_notice(hotline).outcome) == ("stopped", "gate")


def test_case_that_is_closed_during_the_call_silences_the_news(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    called = is_called(phone, made, "1")
    made.changes(Case, closed_at=hotline.clock.now)
    called.presses(CODE)

    assert called.hears("The call is over")
    assert called.does_not_hear("news", "released")
    assert the_notice(hotline).outcome == "case_closed"


def test_newer_record_is_what_is_said_and_not_the_event(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    called = is_called(phone, made, "1")
    with hotline.database.transaction() as session:
        from tests.factories import make_custody_record

        make_custody_record(session, session.get_one(Subject, made.case.subject_id), "returned_to_custody")

    called.presses(CODE)

    assert called.hears("This person is back in custody")
    assert called.does_not_hear("released")


@pytest.mark.parametrize("state", ["stopped", "paused"])
def test_registration_that_stopped_or_paused_rings_nobody(
    registered: Registering, hotline: Hotline, state: str
) -> None:
    made = registered("released")
    made.is_due()
    made.changes(Registration, state=state)

    assert sweeps(hotline) == []
    assert the_notice(hotline).state == "stopped"


def test_news_is_told_in_the_language_of_the_registrant(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("released", language="es"), "1", CODE, "1")

    assert called.hears("quedó en libertad", "Para confirmar que lo oyó, oprima 1")


def test_registrant_who_confirms_nothing_is_told_that_the_line_calls_again(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("transferred"), "1", CODE, kind="transferred")

    while not called.is_over:
        called.says_nothing()

    assert called.hears("We will call again. Goodbye.")
    assert the_notice(hotline).state == "waiting"
    assert sweeps(hotline, hours=3) != []


def test_registrant_with_the_code_and_no_news_any_more_hears_that_they_can_call(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    called = is_called(phone, made, "1")
    made.changes(Case, closed_at=hotline.clock.now)
    called.presses(CODE)

    assert called.hears("The call is over. You can call us at any time.")


@pytest.mark.parametrize(
    ("announced", "said"),
    [
        ("next_hearing_at", "I have nothing newer. The next court date is Friday, November 27"),
        ("expected_release_at", "I have nothing newer. The record says they may be let out on Friday"),
    ],
)
def test_reminder_tells_its_date_right_after_the_status_and_nothing_else_of_the_record(
    phone: Phone, registered: Registering, hotline: Hotline, announced: str, said: str
) -> None:
    at = hotline.clock.now + timedelta(days=2)
    court = {"next_hearing_place": "Lumpkin Court"} if announced == "next_hearing_at" else {}
    registered("in_custody", facility="Stewart", record={announced: at, **court})
    assert FIRST in [*sweeps(hotline, minutes=1), *sweeps(hotline, minutes=1)]
    called = picks_up(phone, hotline)
    called.presses("1")
    called.presses(CODE)

    assert called.hears(said)
    assert called.does_not_hear("phone number", "no court date")


def test_reminder_names_the_court_day_on_an_evening_in_hawaii_when_it_is_the_next_day_at_court(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    hotline.clock.now = datetime(2026, 12, 1, 5, 30, tzinfo=UTC)
    court = {
        "next_hearing_at": datetime(2026, 12, 2, 14, 0, tzinfo=UTC),
        "next_hearing_place": "Lumpkin Court",
    }
    registered("in_custody", time_zone="Pacific/Honolulu", record=court)
    assert FIRST in [*sweeps(hotline, minutes=1), *sweeps(hotline, minutes=1)]
    called = picks_up(phone, hotline)
    called.presses("1")
    called.presses(CODE)

    assert called.hears("The next court date is Wednesday, December 2 at 9:00 AM Eastern Time.")
