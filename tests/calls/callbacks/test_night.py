"""Calls at night: the office is closed, and the line says what it can still promise (R29, R36)."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select

from config.office import Office
from models import Callback, Staff, Talk
from models.callbacks.follow_up import LATER
from models.callbacks.refusals import CallbackRefusal
from models.overview.outcome import note_outcome
from models.store.refusal import RefusedError
from tests.calls.callbacks.test_callbacks import accepted_by, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.menus.test_discreet_line import dials, telling
from tests.calls.pin.test_faked_number import ATTESTED, asks
from tests.calls.pin.test_without_pin import DOUBTED, dials_to_the_callback_menu
from tests.calls.stories import (
    asks_very_soon,
    is_asked_for_a_number,
    opens_the_case,
    reaches_the_first_menu,
    works,
    wrong,
)
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import MadeCase, make_office
from tests.phone import CALLER, Phone

ON_CALL, ASLEEP = "+12025550170", "+12025550172"
MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@pytest.fixture
def office() -> Office:
    return make_office(always_open=False)


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 25, 4, 0, tzinfo=UTC)


def test_caller_at_0_hears_when_the_office_opens_and_is_offered_a_callback(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody"))

    phone.presses("0")

    assert phone.hears("We are closed now. We open tomorrow at 8:00 AM Eastern Time.")
    assert hotline.rung() == []
    phone.presses("1")
    assert phone.hears("We will call you")
    callback = hotline.row(select(Callback))
    assert callback.next_attempt_at == datetime(2026, 11, 25, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize("language", ["1", "2"])
def test_menu_behind_to_talk_with_someone_promises_nobody_at_once(phone: Phone, language: str) -> None:
    """It said "To talk with someone now" while nobody was there."""
    reaches_the_first_menu(phone, language)

    phone.presses("2")

    assert phone.hears(
        {"1": "To talk with someone, press 2", "2": "Para hablar con alguien, oprima 2"}[language]
    )
    assert phone.does_not_hear("someone now", "alguien ahora")
    phone.presses("2")
    assert phone.hears({"1": "We are closed now. We open", "2": "está cerrado. Abrimos"}[language], "988")


def test_caller_at_0_before_hard_news_can_still_hear_the_news(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="released"))

    phone.presses("0")

    assert phone.hears("We are closed now", "To talk with someone sooner", "To hear it now, press 1")
    phone.presses("1")
    assert phone.hears("was released")


def test_caller_whose_phone_we_cannot_call_hears_the_crisis_line_once(phone: Phone) -> None:
    reaches_the_first_menu(phone, from_="anonymous")

    phone.presses("0")

    assert phone.hears("We are closed now", "I cannot call this number back")
    assert phone.heard.count("To talk with someone sooner") == 1


def test_key_8_after_the_closed_words_repeats_them_and_the_crisis_line_in_the_next_language(
    phone: Phone, hotline: Hotline
) -> None:
    reaches_the_first_menu(phone)
    phone.presses("0")
    assert phone.hears("We are closed now. We open tomorrow at 8:00 AM Eastern Time.", "crisis line, at 988")

    phone.presses("8")

    assert phone.hears(
        "En este momento está cerrado. Abrimos mañana a las 8:00 de la mañana, hora del este.",
        "llame a la línea de crisis y prevención del suicidio, al 988", "oprima 1",
    )  # fmt: skip
    assert phone.does_not_hear("tomorrow", "the suicide")
    assert hotline.rows(select(Callback)) == []


def _is_on_call(make_staff: MakeStaff, hotline: Hotline, *, all_night: bool = True) -> Staff:
    """A liaison who is on call now; ``all_night``: and stays so until the office opens."""
    person = make_staff(email="nia@office.example.org", phone=ON_CALL, on_shift=False, on_call=True)
    if all_night:
        works(hotline, person, "on_call", time(20), time(8), range(7))
    return person


def _afraid_at_night(phone: Phone, make_case: MakeCase, hotline: Hotline) -> Phone:
    """A person who is afraid talks at night with the liaison on call, who is asked how it ended."""
    asks_very_soon(phone, make_case(custody_status="in_custody", phone=CALLER))
    assert phone.hears("We will call you")
    phone.hangs_up()
    liaison, rings = accepted_by(phone, hotline)
    person = phone.answers(rings)
    person.presses("1")
    hotline.jobs.works_off()
    hotline.clock.passes(seconds=90)
    person.hangs_up()
    hotline.jobs.works_off()
    assert liaison.hears("How did it end?")
    return liaison


def test_frightened_person_whom_the_liaison_will_call_later_stays_urgent(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """They fell to the ordinary ones of the business day after the holiday."""
    _is_on_call(make_staff, hotline)

    _afraid_at_night(phone, make_case, hotline).presses("3")

    first, later = hotline.rows(select(Callback).order_by(Callback.id))
    assert (later.reason, later.urgency, later.due_at - later.next_attempt_at) == (
        "call_later", first.urgency, timedelta(minutes=hotline.policies.urgent_minutes),
    )  # fmt: skip
    hotline.clock.passes(minutes=hotline.policies.call_later_minutes)
    for _ in range(3):
        hotline.clock.passes(seconds=5)
        hotline.sweeps()
    assert hotline.rung() == [ON_CALL]


def test_frightened_person_who_is_given_to_the_supervisor_stays_urgent(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    _is_on_call(make_staff, hotline)

    _afraid_at_night(phone, make_case, hotline).presses("4")

    left = hotline.rows(select(Callback).order_by(Callback.id))[-1]
    hour = timedelta(minutes=hotline.policies.urgent_minutes)
    assert (left.state, left.urgency, left.due_at - left.requested_at) == ("left_for_staff", "urgent", hour)


@pytest.mark.parametrize("is_on_call", [True, False])
def test_agreed_moment_at_night_is_kept_for_a_frightened_person_while_somebody_is_on_call(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, is_on_call: bool
) -> None:
    liaison = _is_on_call(make_staff, hotline, all_night=is_on_call)
    _afraid_at_night(phone, make_case, hotline)
    at = hotline.clock.now + timedelta(minutes=30)
    said = LATER, liaison.id, hotline.clock.now, hotline.policy

    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk)).one()
        if not is_on_call:
            with pytest.raises(RefusedError) as refused:
                note_outcome(session, talk, *said, call_at=at)
            assert refused.value.code == CallbackRefusal.NOBODY_THERE
            return
        assert note_outcome(session, talk, *said, call_at=at)[0] == "noted"

    assert hotline.rows(select(Callback.next_attempt_at).order_by(Callback.id))[-1] == at


def test_callback_for_an_afternoon_that_is_over_moves_to_the_next_afternoon_of_the_office(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", pin_issued_at=clock.now)
    opens_the_case(phone, case)
    for key in ("2", "2", "2"):
        phone.presses(key)
    assert phone.hears("We will try tomorrow, in the afternoon")
    phone.hangs_up()

    clock.passes(hours=19)  # Wednesday, 6 PM: nobody has called, and Thursday is Thanksgiving.
    again = phone.another()
    opens_the_case(again, case)
    again.presses("2")

    assert again.hears("You already have a callback", "We will try on Friday, November 27, in the afternoon")


def test_caller_from_hawaii_without_a_pin_hears_the_offices_hour_and_that_it_is_the_offices(
    phone: Phone,
) -> None:
    reaches_the_first_menu(phone, language="2", from_="+18085550123")

    phone.presses("0")

    assert phone.hears("Abrimos mañana a las 8:00 de la mañana, hora del este.")


def test_registrant_in_hawaii_hears_when_the_office_opens_by_their_own_clock(
    phone: Phone, make_case: MakeCase
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody", time_zone="Pacific/Honolulu"))

    phone.presses("0")

    assert phone.hears("We open tomorrow at 3:00 AM Hawaii time.")


def test_caller_out_of_tries_is_promised_nobody_while_the_office_is_closed(
    phone: Phone, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    for _ in range(3):
        phone.presses(wrong(case.pin))

    assert phone.hears("Let me see who can help you.", "We are closed now.")
    assert phone.does_not_hear("find someone")


def test_nobody_is_rung_before_the_window_opens(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("2")
    phone.presses("1")

    hotline.jobs.works_off()
    assert hotline.carrier.placed == []
    clock.passes(hours=9, minutes=1)
    hotline.dialler.dial_liaison(hotline.row(select(Callback)).id)
    assert len(hotline.carrier.ringing) == 1


@ON_BOTH
def test_caller_who_is_afraid_is_called_at_night_too(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    asks_very_soon(phone, make_case(custody_status="in_custody"))
    phone.hangs_up()

    assert hotline.row(select(Callback)).due_at <= clock.now + timedelta(minutes=60)
    hotline.jobs.works_off()
    assert len(hotline.carrier.ringing) == 1


def test_caller_hears_hard_news_at_once_or_by_a_call(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="escaped"))

    assert phone.hears(
        "No one here can talk right now", "to hear it now, press 1", "to have us call you soon, press 2"
    )


def test_caller_who_chooses_a_person_at_the_first_menu_is_offered_a_call(phone: Phone) -> None:
    reaches_the_first_menu(phone)
    phone.presses("2")
    phone.presses("2")

    assert phone.hears("We are closed now", "as soon as we can, press 1")


def test_frightened_caller_is_promised_the_hour_after_opening_when_nobody_is_on_shift(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    asks_very_soon(phone, make_case(custody_status="in_custody"))

    assert phone.hears("We will call you no later than tomorrow at 9:00 AM")
    assert hotline.row(select(Callback)).urgency == "urgent"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("1", "To talk with someone sooner, call the suicide and crisis line, at 988"),
        ("2", "llame a la línea de crisis y prevención del suicidio, al 988"),
    ],
)
def test_frightened_caller_whom_nobody_can_call_within_the_hour_hears_of_a_crisis_line(
    phone: Phone, language: str, words: str
) -> None:
    reaches_the_first_menu(phone, language=language)
    phone.presses("2")
    phone.presses("2")
    assert phone.hears(words)

    phone.presses("3")

    assert phone.hears(words)


def test_frightened_caller_who_is_called_within_the_hour_is_not_sent_elsewhere(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    _is_on_call(make_staff, hotline)
    reaches_the_first_menu(phone)
    for key in ("2", "1", "3"):
        phone.presses(key)

    assert phone.hears("We will call you")
    assert phone.does_not_hear("sooner")


def test_daytime_call_is_made_though_a_faked_number_is_afraid_at_night(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(on_shift=False, on_call=True)
    assert "no later than tomorrow at 8:00 PM" in asks(phone.another(), "1", **ATTESTED)
    asks(phone.another(), "3", **DOUBTED)
    promised = the_callback(hotline).id

    for _ in range(3):
        hotline.jobs.enqueue("dial_liaison", promised)
        _, to_caller = accepted_by(phone, hotline)
        phone.another().lets_ring(to_caller)
        hotline.jobs.works_off()
        clock.passes(minutes=30)

    callback = the_callback(hotline)
    assert (callback.state, callback.next_attempt_at) == (
        "requested",
        datetime(2026, 11, 25, 13, 0, tzinfo=UTC),
    )


@pytest.mark.parametrize(("language", "promised"), [("1", "11:59 PM"), ("2", "11:59 de la noche")])
def test_frightened_caller_is_promised_the_hour_from_now_when_somebody_is_on_call_and_their_phone_rings(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    clock: Clock,
    language: str,
    promised: str,
) -> None:
    _is_on_call(make_staff, hotline)
    clock.passes(minutes=-1)
    asks_very_soon(phone, make_case(custody_status="in_custody"), language=language)

    assert phone.hears(promised)
    assert hotline.row(select(Callback)).due_at == clock.now + timedelta(minutes=60)
    phone.hangs_up()
    hotline.jobs.works_off()
    assert len(hotline.carrier.ringing) == 1


def test_spanish_times_name_the_part_of_the_day(phone: Phone, make_case: MakeCase, clock: Clock) -> None:
    opens_the_case(
        phone, make_case(custody_status="in_custody", record={"status_at": clock.now}), language="2"
    )

    assert phone.hears(
        "en custodia", "Así estaba en el registro hoy a las 11:00 de la noche. No tengo datos más recientes"
    )
    assert phone.does_not_hear("..")


@pytest.mark.parametrize("language", ["1", "2"])
def test_discreet_line_that_is_closed_says_neutral_words(phone: Phone, language: str) -> None:
    dials(phone, language)
    phone.presses("0")

    assert phone.hears({"1": "We are closed now", "2": "En este momento está cerrado"}[language])
    assert telling(phone) == []
    phone.presses("1")
    assert phone.hears({"1": "We will call you", "2": "Le llamaremos"}[language])
    assert telling(phone) == []


def test_promise_of_the_hour_and_promise_that_is_not_urgent_name_no_crisis_line(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    make_staff()
    for key in ("1", "3"):
        caller = phone.another()
        opens_the_case(caller, make_case(custody_status="in_custody"))
        for keys in ("2", key):
            caller.presses(keys)
        assert caller.hears("We will call you no later than")
        assert caller.does_not_hear("crisis")
        caller.hangs_up()


@pytest.mark.parametrize("language", ["1", "2"])
def test_closed_office_names_a_crisis_line_in_the_same_breath(phone: Phone, language: str) -> None:
    crisis = {
        "1": "call the suicide and crisis line, at 988",
        "2": "llame a la línea de crisis y prevención del suicidio, al 988",
    }[language]
    phone.dials_in()
    for keys in (language, "0"):
        phone.presses(keys)

    assert phone.hears({"1": "We are closed now", "2": "En este momento está cerrado"}[language])
    assert phone.hears(crisis)


def test_discreet_line_names_no_crisis_line_before_the_pin(phone: Phone) -> None:
    dials(phone)
    phone.presses("0")
    assert phone.hears("We are closed now")
    phone.presses("3")

    assert phone.hears("We will call you no later than")
    assert telling(phone) == []
    assert "crisis" not in phone.heard_so_far


@ON_BOTH
def test_time_zone_that_a_stranger_chose_does_not_put_off_the_call_of_another(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    stranger = phone.another()
    dials_to_the_callback_menu(stranger)
    for key in ("2", "3", "3", "1", "4"):
        stranger.presses(key)
    assert the_callback(hotline).time_zone == "Pacific/Guam"
    dials_to_the_callback_menu(phone)
    phone.presses("1")
    assert phone.hears("We will call you no later than")
    phone.hangs_up()
    make_staff()

    clock.passes(hours=10, minutes=1)
    hotline.sweeps()

    assert hotline.rung() != []


@ON_SQLITE
@pytest.mark.parametrize(
    ("lost", "why"), [("to the liaison", "unknown_offer"), ("to the caller", "unknown_call")]
)
def test_liaison_on_call_is_rung_about_a_frightened_caller_who_was_left_for_staff_after_a_lost_answer(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, lost: str, why: str
) -> None:
    """A sleeping supervisor had a text, and the liaison on call heard nothing all night."""
    _is_on_call(make_staff, hotline)
    make_staff(phone=ASLEEP, role="supervisor", on_shift=False)
    asks_very_soon(phone, make_case(custody_status="in_custody"))
    assert phone.hears("We will call you no later than today at 11:59 PM")
    phone.hangs_up()
    if lost == "to the caller":
        liaison = hotline.answers(phone)
        hotline.carrier.loses_next_answer(dialled=False)
        liaison.presses("1")
    else:
        hotline.carrier.loses_next_answer(dialled=False)

    for _ in range(20):
        hotline.jobs.works_off()
        hotline.clock.passes(seconds=5)
        hotline.sweeps()
    callback = the_callback(hotline)

    assert (callback.state, callback.outcome) == ("left_for_staff", why)
    assert hotline.rung()[-1] == ON_CALL
    on_call = phone.answers(hotline.carrier.ringing[-1])
    assert on_call.hears("One urgent call is waiting and nobody has taken it.")
    texts = [to for to, body in hotline.carrier.texts if "One urgent call is waiting" in body]
    assert sorted(texts) == [ON_CALL, ASLEEP]
