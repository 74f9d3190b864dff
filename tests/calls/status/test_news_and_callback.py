"""Calls of people with an open callback who get hard news, or who become afraid (R35, R36)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Callback, Subject
from models.calls.two_lists import UNVERIFIED_URGENT, VERIFIED
from models.cases.registrant import Phone as Registered
from tests import factories
from tests.calls.callbacks.test_callbacks import asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import asks_very_soon, opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., object]


def there_is_news(hotline: Hotline, case: MadeCase, status: str = "escaped") -> None:
    """The feed says something hard of the person in this case."""
    hotline.clock.passes(hours=1)
    with hotline.database.transaction() as session:
        subject = session.get_one(Subject, case.subject_id)
        factories.make_custody_record(session, subject, status, releasable=True, status_at=hotline.clock.now)


@pytest.mark.parametrize(
    ("language", "soon", "ordinary"),
    [
        ("1", "today at noon", "tomorrow"),
        ("2", "hoy al mediodía", "mañana a"),
    ],
)
def test_open_callback_becomes_urgent_once_there_is_hard_news(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    language: str,
    soon: str,
    ordinary: str,
) -> None:
    make_staff(role="supervisor", on_shift=False)
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    there_is_news(hotline, case)

    opens_the_case(phone, case, language=language)
    for key in ("1", "2"):
        phone.presses(key)

    assert phone.hears(soon)
    assert phone.does_not_hear(ordinary)
    asked = the_callback(hotline)
    assert (asked.urgency, asked.due_at) == ("urgent", hotline.clock.now + timedelta(minutes=60))
    assert phone.hears(
        {
            "1": "To leave your callback as it is, or for calls about changes, press 1",
            "2": "como está, o para llamadas sobre cambios, oprima 1",
        }[language]
    )
    phone.presses("1")
    assert phone.hears(soon)


def test_caller_keeps_the_part_of_the_day_that_they_chose(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(role="supervisor", on_shift=False)
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    for key in ("2", "2", "3"):
        phone.presses(key)
    assert phone.hears("in the evening")
    before = the_callback(hotline)
    there_is_news(hotline, case)

    opens_the_case(phone, case)
    for key in ("1", "2"):
        phone.presses(key)

    assert phone.hears("You already have a callback", "in the evening")
    asked = the_callback(hotline)
    assert (asked.urgency, asked.window_starts) == ("urgent", before.window_starts)
    assert asked.next_attempt_at == before.next_attempt_at
    assert asked.due_at <= before.due_at


def test_old_hard_news_leaves_the_callback_unchanged(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="escaped", record={"status_at": clock.now - timedelta(hours=73)})
    opens_the_case(phone, case)
    for key in ("1", "2", "1"):
        phone.presses(key)
    before = the_callback(hotline)

    opens_the_case(phone, case)
    for key in ("1", "2"):
        phone.presses(key)

    assert phone.hears("You already have a callback")
    asked = the_callback(hotline)
    assert (asked.urgency, asked.due_at) == ("other", before.due_at)


def test_news_raises_no_open_callback_without_the_pin(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    there_is_news(hotline, case)

    phone.dials_in()
    for key in ("1", "2", "1"):
        phone.presses(key)

    assert hotline.rows(select(Callback.urgency)) == ["other"]


def test_fear_told_without_the_pin_keeps_its_hour_when_news_raises_a_callback_for_the_evening(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(role="supervisor", on_shift=False)
    case = make_case(custody_status="in_custody", phone=CALLER)
    opens_the_case(phone, case)
    for key in ("2", "2", "3"):
        phone.presses(key)
    assert phone.hears("in the evening")
    phone.hangs_up()
    there_is_news(hotline, case)
    phone.dials_in()
    for key in ("1", "2", "1", "3"):
        phone.presses(key)
    assert phone.hears("We will call you no later than today at noon")
    phone.hangs_up()
    within_the_hour = hotline.clock.now + timedelta(minutes=60)

    opens_the_case(phone, case)
    for key in ("1", "2"):
        phone.presses(key)

    assert phone.hears("You already have a callback", "in the evening")
    evening, afraid = hotline.rows(select(Callback).order_by(Callback.id))
    assert (evening.state, evening.urgency) == ("requested", "urgent")
    assert (afraid.state, afraid.due_at) == ("requested", within_the_hour)


@pytest.mark.parametrize("status", ["escaped", "in_custody"])
@pytest.mark.parametrize(("language", "soon"), [("1", "today at noon"), ("2", "hoy al mediodía")])
def test_caller_with_a_withheld_number_may_have_the_open_callback_soon(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    status: str,
    language: str,
    soon: str,
) -> None:
    make_staff(role="supervisor", on_shift=False)
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    there_is_news(hotline, case, status)

    opens_the_case(phone, case, language=language, from_="anonymous")
    for key in ("1", "2") if status == "escaped" else ("2", "3"):
        phone.presses(key)

    assert phone.hears(soon)
    asked = the_callback(hotline)
    assert (asked.urgency, asked.due_at) == ("urgent", hotline.clock.now + timedelta(minutes=60))
    assert asked.phone_key == hotline.database.keyring.index("phone", CALLER)


def test_caller_with_a_withheld_number_may_change_the_time_of_the_open_callback(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)

    opens_the_case(phone, case, from_="anonymous")
    for key in ("2", "2", "3"):
        phone.presses(key)

    assert phone.hears("We will try today, in the evening")
    assert the_callback(hotline).window_starts is not None


def test_no_call_is_promised_to_a_phone_that_was_marked_unsafe_after_the_request(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    asks_express(phone, case)
    with hotline.database.transaction() as session:
        session.execute(update(Registered).values(unsafe_since=hotline.clock.now))

    asks_very_soon(phone, case)

    assert phone.hears("I cannot call this number back")
    assert the_callback(hotline).urgency == "other"


# Afraid, while an ordinary callback is open.


@pytest.mark.parametrize("status", ["in_custody", None])
@pytest.mark.parametrize(
    ("language", "leave", "afraid", "soon"),
    [
        (
            "1",
            "To leave your callback as it is, or for calls about changes, press 1.",
            "If you are afraid and need a call very soon, press 3.",
            "today at noon",
        ),
        (
            "2",
            "Para dejar esa llamada como está, o para llamadas sobre cambios, oprima 1.",
            "Si tiene miedo y necesita que le llamemos muy pronto, oprima 3.",
            "hoy al mediodía",
        ),
    ],
)
def test_caller_who_becomes_afraid_with_an_open_callback_is_called_within_the_hour(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    status: str | None,
    language: str,
    leave: str,
    afraid: str,
    soon: str,
) -> None:
    make_staff(role="supervisor", on_shift=False)
    case = make_case(custody_status=status)
    asks_express(phone, case)
    hotline.clock.passes(hours=1)
    opens_the_case(phone, case, language=language)
    phone.presses("0")
    assert phone.hears(leave, afraid)
    assert the_callback(hotline).urgency == "other"

    phone.presses("3")

    assert phone.hears(soon)
    asked = the_callback(hotline)
    assert (asked.urgency, asked.due_at) == ("urgent", hotline.clock.now + timedelta(minutes=60))


@pytest.mark.parametrize("keys", ["", "1"], ids=["by hanging up", "by the key for that"])
def test_ordinary_callback_is_left_unchanged(
    phone: Phone, make_case: MakeCase, hotline: Hotline, keys: str
) -> None:
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    before = the_callback(hotline)
    opens_the_case(phone, case)
    phone.presses("2")
    assert phone.hears("To leave your callback as it is, or for calls about changes, press 1")

    for key in keys:
        phone.presses(key)
        assert phone.hears("We will call you no later than tomorrow")
    phone.hangs_up()

    after = the_callback(hotline)
    assert (after.urgency, after.due_at, after.state) == ("other", before.due_at, "requested")


def test_caller_changes_how_an_ordinary_callback_is_made_after_its_time(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    opens_the_case(phone, case)
    phone.presses("2")
    assert phone.hears("To change when or how we call, press 2")

    for key in ("2", "4", "3", "2"):
        phone.presses(key)

    assert phone.hears("We may leave a message that asks you to call us")
    assert the_callback(hotline).voicemail_text == "please_call"


# Afraid, or told of hard news, while a liaison's phone rings for an ordinary callback.


@pytest.fixture
def rung(phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline) -> MadeCase:
    """A case with an ordinary callback, for which a liaison's phone rings at this moment."""
    make_staff()
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    hotline.jobs.works_off()
    assert the_callback(hotline).state == "ringing_liaison"
    return case


def is_urgent_after_nobody_came(phone: Phone, hotline: Hotline, reason: str) -> bool:
    """The liaison lets it ring, and the callback is among the urgent ones of verified callers."""
    phone.another().lets_ring(hotline.carrier.ringing[-1])
    hotline.clock.passes(seconds=20)
    hotline.sweeps()
    asked = the_callback(hotline)
    assert (asked.state, asked.urgency, asked.reason) == ("requested", "urgent", reason)
    return asked.rank == VERIFIED[0]


@pytest.mark.parametrize(("language", "soon"), [("1", "today at 11:00 AM"), ("2", "hoy a las 11:00")])
def test_caller_who_becomes_afraid_while_a_liaison_is_rung_for_them_is_called_within_the_hour(
    phone: Phone, rung: MadeCase, hotline: Hotline, language: str, soon: str
) -> None:
    caller = phone.another()
    asks_very_soon(caller, rung, language=language)

    assert caller.hears(soon)
    caller.hangs_up()
    assert is_urgent_after_nobody_came(phone, hotline, "afraid")


def test_caller_who_wants_hard_news_soon_is_called_within_the_hour_even_while_a_liaison_is_rung(
    phone: Phone, rung: MadeCase, hotline: Hotline
) -> None:
    there_is_news(hotline, rung)
    caller = phone.another()
    opens_the_case(caller, rung, from_="+12025550160")
    caller.presses("2")

    assert caller.hears("today at noon")
    caller.hangs_up()
    assert is_urgent_after_nobody_came(phone, hotline, "hard_news")


def test_caller_who_chooses_another_time_while_a_liaison_is_rung_hears_that_we_may_be_calling_now(
    phone: Phone, rung: MadeCase, hotline: Hotline
) -> None:
    caller = phone.another()
    opens_the_case(caller, rung, from_="+12025550160")
    for key in ("2", "2", "3"):
        caller.presses(key)

    assert caller.hears("Your callback cannot be changed now. We may already be calling you.")
    assert caller.does_not_hear("in the evening")
    assert the_callback(hotline).window_starts is None


def test_frightened_caller_without_a_pin_stays_among_the_urgent_ones_after_a_ring_in_vain(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    for key in ("1", "3"):
        caller = phone.another()
        reaches_the_first_menu(caller)
        for pressed in ("2", "1", key):
            caller.presses(pressed)
        caller.hangs_up()
        hotline.jobs.works_off()
    assert the_callback(hotline).state == "ringing_liaison"

    phone.another().lets_ring(hotline.carrier.ringing[-1])
    hotline.clock.passes(seconds=20)
    hotline.sweeps()

    asked = the_callback(hotline)
    assert (asked.state, asked.urgency, asked.reason) == ("requested", "urgent", "afraid")
    assert asked.rank in UNVERIFIED_URGENT


def test_staff_see_that_a_caller_with_an_ordinary_callback_became_afraid(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    asks_express(phone, case)
    asks_very_soon(phone, case)

    assert the_callback(hotline).reason == "afraid"
