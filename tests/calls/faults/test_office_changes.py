"""Calls to an office that is changed in the console while its line runs, without a restart."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from config.office import Office, OfficeError
from hotline.office_settings import OfficeSettings
from ivr_flows.prompts import Prompts
from models.audit.office_change import standing_changes
from models.calls.call import Call
from models.staff.alert import Alert
from models.store.database import Database
from tests.calls.conftest import Clock, Hotline
from tests.calls.notices.conftest import sweeps
from tests.calls.stories import document_of, opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import Phone
from workers.callbacks import Dialler
from workers.office_watch import OfficeWatch

STORM = {"en": "The office is closed because of the storm. Call 911 if you are in danger.",
         "es": "La oficina está cerrada por la tormenta. Llame al 911 si está en peligro."}  # fmt: skip
SERVICES = [
    {"key": "crisis", "name": {"en": "the crisis line", "es": "la línea de crisis"}, "phone": "988"},
    {"key": "legal", "name": {"en": "free legal help", "es": "ayuda legal gratis"}, "phone": "+12025550160"},
]

Change = Callable[[str, Any], None]


@pytest.fixture
def office(settings: Any) -> Office:
    """The shipped office with its own hours: Wednesday 10 a.m. is within them."""
    return Office.load(settings.office_file)


@pytest.fixture
def changes(hotline: Hotline, app: Flask) -> Change:
    """An administrator changes a field, and the web process polls: ``changes("hours.monday", [])``."""
    look = app.extensions["hotline.current_line"].look
    settings = OfficeSettings(hotline.office, hotline.database, Prompts.load(hotline.office.languages), look)

    def change(name: str, value: Any) -> None:
        with hotline.database.reading() as session:
            seen = standing_changes(session).versions.get(name, 0)
        settings.change(name, value, seen=seen, reason="The suite.", actor="ruth", now=hotline.clock.now)

    return change


def announcement(text: dict[str, str], first_day: str = "2026-11-25", last_day: str = "2026-11-26") -> Any:
    return [{"text": text, "first_day": first_day, "last_day": last_day}]


def test_caller_hears_an_announcement_after_the_language_and_before_the_first_menu(
    phone: Phone, changes: Change
) -> None:
    changes("announcements", announcement(STORM))

    phone.dials_in()
    assert phone.does_not_hear("storm")
    phone.presses("1")

    assert phone.hears(
        "You have reached the Victim Assistance Line",
        "closed because of the storm",
        "To hear about your case, press 1",
    )


def test_caller_hears_an_announcement_in_the_language_that_they_chose(phone: Phone, changes: Change) -> None:
    changes("announcements", announcement(STORM))

    phone.dials_in()
    phone.presses("2")

    assert phone.hears("La oficina está cerrada por la tormenta", "Para saber de su caso, oprima 1")
    assert phone.does_not_hear("storm")


def test_announcement_is_silent_before_its_first_day_and_after_its_last(
    phone: Phone, changes: Change, clock: Clock
) -> None:
    changes("announcements", announcement(STORM, "2026-11-26", "2026-11-26"))

    reaches_the_first_menu(phone)
    assert phone.does_not_hear("storm")
    phone.hangs_up()
    clock.passes(days=1)
    reaches_the_first_menu(phone)
    assert phone.hears("storm")
    phone.hangs_up()
    clock.passes(days=1)
    reaches_the_first_menu(phone)
    assert phone.does_not_hear("storm")


def test_star_repeats_the_announcement_and_a_key_stops_it(phone: Phone, changes: Change) -> None:
    changes("announcements", announcement(STORM))
    reaches_the_first_menu(phone)

    gather = document_of(phone).index("<Gather")
    assert document_of(phone).index("storm") > gather

    phone.presses("*")
    assert phone.hears("closed because of the storm", "To hear about your case, press 1")


def test_closure_set_in_the_console_changes_what_the_next_caller_hears(
    phone: Phone, changes: Change, make_staff: Callable[..., Any]
) -> None:
    make_staff()
    reaches_the_first_menu(phone)
    phone.presses("0")
    assert phone.hears("I am calling someone for you")
    phone.hangs_up()

    changes("holidays.extra_closures", ["2026-11-25"])

    reaches_the_first_menu(phone)
    phone.presses("0")
    assert phone.hears("closed", "Friday, November 27 at 8:00 AM")
    assert phone.rings == ()


def test_closure_changes_the_promises_to_those_who_ask_from_then_on(
    phone: Phone, changes: Change, make_case: Callable[..., MadeCase]
) -> None:
    case = make_case(custody_status="in_custody")
    changes("holidays.extra_closures", ["2026-11-27"])

    opens_the_case(phone, case)
    phone.presses("2")
    phone.presses("1")

    assert phone.hears("We will call you no later than Monday, November 30 at 8:00 PM")


SORRY = {
    "1": "We cannot call you by the time that we told you. We are sorry.",
    "2": "No podemos llamarle a la hora que le dijimos. Lo sentimos.",
}
ON_MONDAY = {
    "1": "We will call you no later than Monday, November 30 at 8:00 PM.",
    "2": "Le llamaremos a más tardar el lunes 30 de noviembre a las 8:00 de la noche.",
}


def asks_in_the_evening(phone: Phone, case: MadeCase, clock: Clock, *keys: str, language: str = "1") -> None:
    """On the evening before Thanksgiving somebody asks to be called: the line promises Friday."""
    clock.passes(hours=11)
    opens_the_case(phone, case, language)
    for key in ("2", *(keys or "1")):
        phone.presses(key)
    phone.hangs_up()


@pytest.mark.parametrize("language", ["1", "2"])
def test_person_whose_promised_day_is_closed_since_hears_the_true_day_and_an_apology(
    phone: Phone, changes: Change, make_case: Callable[..., MadeCase], clock: Clock, language: str
) -> None:
    """The line went on saying "no later than today at 8:00 PM", on a day on which it calls nobody."""
    case = make_case(custody_status="in_custody")
    asks_in_the_evening(phone, case, clock, language=language)
    assert phone.hears({"1": "Friday, November 27 at 8:00 PM", "2": "27 de noviembre"}[language])

    changes("holidays.extra_closures", ["2026-11-27"])

    for hours in (1, 34, 13, 14):
        clock.passes(hours=hours)
        opens_the_case(phone, case, language)
        phone.presses("2")
        assert phone.hears(SORRY[language], ON_MONDAY[language])
        assert phone.does_not_hear("today at", "de hoy a las", "as soon as we can")
        phone.presses("1")
        assert phone.hears(SORRY[language], ON_MONDAY[language])
        phone.hangs_up()


def test_person_who_chose_a_part_of_a_day_that_is_closed_since_hears_when_that_part_is(
    phone: Phone, changes: Change, make_case: Callable[..., MadeCase], clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    asks_in_the_evening(phone, case, clock, "2", "1")
    assert phone.hears("We will try on Friday, November 27, in the morning", "November 27 at 8:00 PM")
    changes("holidays.extra_closures", ["2026-11-27"])
    clock.passes(days=1)

    opens_the_case(phone, case)
    phone.presses("2")

    assert phone.hears("Monday, November 30, in the morning", SORRY["1"], "November 30 at 8:00 PM")


def test_supervisor_is_told_as_soon_as_a_promise_must_wait_until_after_its_moment(
    phone: Phone,
    hotline: Hotline,
    app: Flask,
    changes: Change,
    make_case: Callable[..., MadeCase],
    make_staff: Callable[..., Any],
    clock: Clock,
) -> None:
    """The first word came ten minutes before the promised moment, late on the closed day."""
    make_staff(role="supervisor", on_shift=False, phone="+12025550172")
    asks_in_the_evening(phone, make_case(custody_status="in_custody"), clock)
    sweeps(hotline, minutes=1)
    changes("holidays.extra_closures", ["2026-11-27"])
    hotline.office = app.extensions["hotline.current_line"]().office

    sweeps(hotline, hours=10)
    assert hotline.rows(_alerts()) == []
    clock.passes(hours=2)
    for _ in range(6):
        sweeps(hotline, minutes=5)

    assert [(one.channel, one.promises) for one in hotline.rows(_alerts())] == [("text", 1)]


@pytest.mark.parametrize(
    ("key", "heard"), [("4", SORRY["1"]), ("1", "We will try on Monday, November 30, in the morning.")]
)
def test_person_who_changes_a_callback_of_a_day_that_is_closed_since_hears_the_true_day(
    phone: Phone, changes: Change, make_case: Callable[..., MadeCase], clock: Clock, key: str, heard: str
) -> None:
    case = make_case(custody_status="in_custody")
    asks_in_the_evening(phone, case, clock)
    changes("holidays.extra_closures", ["2026-11-27"])
    clock.passes(days=1)
    opens_the_case(phone, case)

    for pressed in ("2", "2", key):
        phone.presses(pressed)

    assert phone.hears(heard, ON_MONDAY["1"])


def test_person_whose_promised_day_stays_open_hears_no_apology(
    phone: Phone, changes: Change, make_case: Callable[..., MadeCase], clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    asks_in_the_evening(phone, case, clock)
    changes("holidays.extra_closures", ["2026-11-30"])

    opens_the_case(phone, case)
    phone.presses("2")

    assert phone.hears("You already have a callback. We will call you no later than Friday, November 27")
    assert phone.does_not_hear("We are sorry")


def test_policy_set_in_the_console_counts_for_an_ongoing_call(
    phone: Phone, changes: Change, make_case: Callable[..., MadeCase], hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", as_of=clock.now - timedelta(hours=20))
    policy = {"value": 12, "basis": "Asked for.", "decided_by": "the director", "review_by": "2027-06-30"}
    reaches_the_first_menu(phone)
    phone.presses("1")

    changes("policies.spoken_stale_hours", policy)
    phone.presses(case.number)
    phone.presses(case.pin)

    assert phone.hears("I cannot confirm")


def test_caller_who_heard_of_one_partner_line_is_not_connected_to_the_one_that_took_its_key(
    phone: Phone, changes: Change
) -> None:
    reaches_the_first_menu(phone)
    phone.presses("3")
    assert phone.hears("the domestic violence hotline, press 2")

    changes("services", SERVICES)
    phone.presses("2")

    assert phone.hears("free legal help, press 2")
    assert phone.rings == ()
    phone.presses("2")
    assert phone.rings == ("+12025550160",)


def test_caller_whose_partner_line_is_gone_is_asked_for_the_key_again(phone: Phone, changes: Change) -> None:
    reaches_the_first_menu(phone)
    phone.presses("3")

    changes("services", SERVICES)
    phone.presses("4")

    assert phone.hears("free legal help, press 2")
    assert phone.rings == ()


def test_key_that_stays_the_same_rings_at_once(phone: Phone, changes: Change) -> None:
    reaches_the_first_menu(phone)
    phone.presses("3")

    changes("hours.monday", ["09:00-17:00"])
    phone.presses("1")

    assert phone.rings == ("988",)


def test_office_that_lists_no_partner_line_is_refused_in_the_words_of_the_file(changes: Change) -> None:
    with pytest.raises(OfficeError, match="at least one service"):
        changes("services", [])


def test_failed_poll_disturbs_nobody(
    phone: Phone, hotline: Hotline, app: Flask, changes: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes("announcements", announcement(STORM))

    def broken(*_: Any) -> int:
        raise OperationalError("SELECT", {}, Exception("the disk is gone"))

    monkeypatch.setattr("workers.office_watch.newest_version", broken)
    app.extensions["hotline.current_line"].look()

    reaches_the_first_menu(phone)
    assert phone.hears("storm")


def test_turn_does_not_look_for_changes_of_the_office(
    phone: Phone, changes: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes("announcements", announcement(STORM))
    looks: list[int] = []
    monkeypatch.setattr("workers.office_watch.newest_version", lambda _session: looks.append(1) or 0)

    reaches_the_first_menu(phone)

    assert looks == []


def test_job_works_with_the_office_as_it_is_by_then(hotline: Hotline, changes: Change) -> None:
    watch = OfficeWatch(hotline.office, hotline.database)
    watch.start()
    policy = {"value": 44, "basis": "Asked for.", "decided_by": "the director", "review_by": "2027-06-30"}

    changes("policies.caller_ring_seconds", policy)

    assert watch.look()
    dialler: Dialler = hotline.dialler.with_office(watch.office)
    assert dialler._policy.numbers.caller_ring_seconds == 44
    assert not watch.look()


def test_file_that_no_longer_fits_a_change_is_reported_at_the_start_and_kept_out_later(
    database: Database, hotline: Hotline, changes: Change
) -> None:
    policy = {"value": 20, "basis": "Asked for.", "decided_by": "the director", "review_by": "2027-06-30"}
    changes("policies.window_opens_hour", policy)
    table: Any = {**hotline.office.table, "policies": {**hotline.office.table["policies"]}}
    table["policies"]["window_closes_hour"] = {**table["policies"]["window_closes_hour"], "value": 19}
    narrower = Office(**{**vars(hotline.office), "table": table})

    with pytest.raises(ValueError, match=r"window_opens_hour.*hotline office reset"):
        OfficeWatch(narrower, database).start()
    watch = OfficeWatch(narrower, database)
    assert not watch.look()
    assert watch.office is narrower


def test_call_in_the_tree_keeps_its_place_through_a_change(
    phone: Phone, changes: Change, hotline: Hotline, make_case: Callable[..., MadeCase]
) -> None:
    case = make_case(custody_status="in_custody")
    reaches_the_first_menu(phone)
    phone.presses("1")
    phone.presses(case.number)
    before = {call.step for call in hotline.rows(_calls())}

    changes(
        "policies.case_number_digits",
        {"value": 10, "basis": "b", "decided_by": "d", "review_by": "2027-06-30"},
    )

    assert {call.step for call in hotline.rows(_calls())} == before == {"ask_pin"}
    phone.presses(case.pin)
    assert phone.hears("in custody")


def _alerts() -> Any:
    from sqlalchemy import select

    return select(Alert).where(Alert.level == "supervisor_before")


def _calls() -> Any:
    from sqlalchemy import select

    return select(Call)
