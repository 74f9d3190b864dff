"""Calls of people who want to know where the person in their case is (R12-R20)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from models import CustodyRecord, Facility, Subject
from tests import factories
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import document_of, is_asked_for_a_number, opens_the_case, wrong
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
NEUTRAL = "I cannot confirm where this person is right now. Please act as if they may be out."


def test_caller_with_the_right_pin_hears_where_the_person_is(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody", facility="Stewart")

    phone.dials_in()
    phone.presses("1")
    phone.presses("1")
    phone.presses(case.number)
    phone.presses(case.pin)

    assert phone.hears(
        "This person is in custody. They have been held since Monday, November 23. They are at Stewart."
        " That is as of today at 10:00 AM. I have nothing newer. For a person, press 0."
    )
    assert phone.does_not_hear("November 23 at")


@pytest.mark.parametrize(
    ("language", "words"),
    [("1", "as of today at 9:50 AM"), ("2", "Así estaba en el registro hoy a las 9:50 de la mañana")],
)
def test_record_is_not_older_than_the_status_that_it_reports(
    phone: Phone, make_case: MakeCase, clock: Clock, language: str, words: str
) -> None:
    began, told = clock.now - timedelta(minutes=10), clock.now - timedelta(minutes=40)
    case = make_case(custody_status="in_custody", as_of=told, record={"status_at": began})
    opens_the_case(phone, case, language=language)

    assert phone.hears(words)
    assert phone.does_not_hear("9:20")


def test_status_dated_after_the_feed_makes_the_record_no_younger(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    began, told = clock.now - timedelta(minutes=10), clock.now - timedelta(hours=25)
    opens_the_case(phone, make_case(custody_status="in_custody", as_of=told, record={"status_at": began}))

    assert phone.hears(NEUTRAL)


def test_caller_hears_the_status_within_five_requests_and_eighteen_keys(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")

    opens_the_case(phone, case)

    assert phone.hears("in custody")
    assert len(hotline.requests) <= 5
    assert len("1" + "1" + case.number + case.pin) <= 18


def test_caller_who_chose_spanish_hears_the_status_in_spanish(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody", facility="Stewart")

    opens_the_case(phone, case, language="2")

    assert phone.hears("en custodia", "desde el lunes 23 de noviembre", "Está en Stewart", "oprima 2")
    assert phone.does_not_hear("custody", "press")


def test_call_opens_with_the_danger_line_in_each_language(phone: Phone) -> None:
    phone.dials_in()

    assert phone.hears(
        "If you are in danger, hang up and call 911",
        "Si está en peligro, cuelgue y llame al 911",
        "For English, press 1",
        "Para español, oprima 2",
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("transferred", "They were moved on Monday, November 23"),
        ("returned_to_custody", "back in custody"),
    ],
)
def test_each_custody_word_is_said_plainly(
    phone: Phone, make_case: MakeCase, status: str, words: str
) -> None:
    opens_the_case(phone, make_case(custody_status=status))

    assert phone.hears("in custody", words, "as of")


@pytest.mark.parametrize("status", ["released", "escaped", "removed", "deceased"])
def test_person_who_is_out_or_has_died_is_not_said_to_be_at_the_jail(
    phone: Phone, make_case: MakeCase, status: str
) -> None:
    opens_the_case(phone, make_case(custody_status=status, facility="Stewart"))
    phone.presses("1")

    assert phone.hears("They were last held at Stewart")
    assert phone.does_not_hear("They are at")


def test_caller_hears_the_year_when_it_is_another_one(phone: Phone, make_case: MakeCase) -> None:
    facts = {
        "status_at": datetime(2022, 3, 3, 17, 0, tzinfo=UTC),
        "next_hearing_at": datetime(2029, 6, 12, 18, 30, tzinfo=UTC),
    }
    opens_the_case(phone, make_case(custody_status="in_custody", record=facts))

    assert phone.hears("held since Thursday, March 3, 2022. That is as of today at 10:00 AM")
    phone.presses("1")
    assert phone.hears("The next court date is Tuesday, June 12, 2029.")


def test_unknown_is_said_of_the_record_and_not_of_a_court_date(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    hearing = {"next_hearing_at": clock.now + timedelta(days=5)}
    opens_the_case(phone, make_case(custody_status="in_custody", record=hearing))

    assert phone.hears("at 10:00 AM. I have nothing newer. For a person, press 0")
    assert phone.does_not_hear("court date is")


def test_court_whose_name_would_tell_is_not_named(phone: Phone, make_case: MakeCase, clock: Clock) -> None:
    facts = {"next_hearing_at": clock.now + timedelta(days=5), "next_hearing_place": "Juvenile Court, Room 4"}
    opens_the_case(phone, make_case(custody_status="in_custody", record=facts))

    phone.presses("1")
    assert phone.hears("The next court date is Monday, November 30")
    assert phone.does_not_hear("juvenile", "It is at")


def test_days_and_times_are_spoken_as_spanish_speakers_say_them(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    facts = {
        "status_at": datetime(2026, 11, 1, 18, 5, tzinfo=UTC),
        "next_hearing_at": datetime(2026, 12, 1, 15, 0, tzinfo=UTC),
        "expected_release_at": clock.now + timedelta(days=1),
    }
    told = datetime(2026, 11, 24, 18, 5, tzinfo=UTC)
    opens_the_case(phone, make_case(custody_status="in_custody", record=facts, as_of=told), language="2")

    assert phone.hears(
        "desde el domingo primero de noviembre", "Así estaba en el registro ayer a la 1:05 de la tarde"
    )
    phone.presses("1")
    assert phone.hears("es el martes primero de diciembre.", "podría quedar en libertad mañana")


@pytest.mark.parametrize(
    ("hours", "said"),
    [(0.5, "today at 9:30 AM"), (11, "yesterday at 11:00 PM"), (22, "yesterday at noon")],
)
def test_last_two_days_are_said_by_their_names(
    phone: Phone, make_case: MakeCase, clock: Clock, hours: float, said: str
) -> None:
    told = clock.now - timedelta(hours=hours)
    opens_the_case(phone, make_case(custody_status="in_custody", as_of=told))

    assert phone.hears(f"That is as of {said}.")


def test_caller_hears_the_stage_and_a_hearing_and_an_expected_release(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    facts = {
        "removal_stage": "removal_ordered",
        "next_hearing_at": clock.now + timedelta(days=5),
        "next_hearing_place": "Lumpkin Court",
        "expected_release_at": clock.now + timedelta(days=9),
    }
    opens_the_case(phone, make_case(custody_status="in_custody", record=facts))

    assert phone.hears("in custody", "For court dates and more, press 1", "To be called back, press 2")
    assert phone.does_not_hear("immigration judge", "The next court date", "let out")
    phone.presses("1")
    assert phone.hears(
        "judge has ordered this person to leave the country. That does not mean they have left",
        "The next court date is Monday, November 30 at 10:00 AM Eastern Time. It is at Lumpkin Court.",
        "Dates change; please check",
        "let out on Friday, December 4. That date can change",
        "To hear it again, press 1",
    )
    phone.presses("1")
    assert phone.hears("in custody", "For court dates and more, press 1")


@pytest.mark.parametrize("zone", ["America/New_York", "America/Los_Angeles", "Pacific/Honolulu"])
@pytest.mark.parametrize(("days", "said"), [(-1, None), (0, "today"), (1, "tomorrow")])
def test_expected_release_is_said_until_its_day_is_over_in_the_office(
    phone: Phone, make_case: MakeCase, clock: Clock, days: int, said: str | None, zone: str
) -> None:
    """A sender who knows the day alone gives its midnight: on the day itself the line was silent about it."""
    midnight = clock.now.astimezone(ZoneInfo("America/New_York")).replace(hour=0, minute=0)
    facts = {"expected_release_at": midnight + timedelta(days=days)}
    opens_the_case(phone, make_case(custody_status="in_custody", record=facts, time_zone=zone))

    phone.presses("1")

    if said is None:
        assert phone.does_not_hear("let out")
    else:
        assert phone.hears(f"let out {said}. That date can change")


@pytest.mark.parametrize(
    ("language", "option", "told"),
    [
        ("1", "For court dates and more, press 1", "I have no court date to tell you."),
        ("2", "Para fechas de la corte y más, oprima 1", "No tengo ninguna fecha de la corte que decirle."),
    ],
)
def test_caller_who_asks_for_court_dates_hears_that_there_are_none_to_tell(
    phone: Phone, make_case: MakeCase, language: str, option: str, told: str
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody", facility="Stewart"), language=language)
    assert phone.hears(option)
    assert phone.does_not_hear(told)

    phone.presses("1")

    assert phone.hears("202", told)


def test_caller_hears_the_phone_of_the_place_twice_in_groups_behind_the_first_option(
    phone: Phone, make_case: MakeCase
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody", facility="Stewart"))
    assert phone.does_not_hear("The phone number of Stewart")

    phone.presses("1")

    number = "202, 555, 0190"
    assert phone.hears(f"The phone number of Stewart is {number}. Again: {number}.")


def test_first_option_is_to_hear_it_again_when_there_are_no_details(
    phone: Phone, make_case: MakeCase
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))

    assert phone.hears("To hear it again, press 1", "To be called back, press 2", "a new PIN, press 4")
    phone.presses("1")
    assert phone.hears("in custody", "as of", "To hear it again, press 1")


def test_names_of_places_are_read_by_a_voice_of_their_own_language(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    facts = {"next_hearing_at": clock.now + timedelta(days=5), "next_hearing_place": "Lumpkin Court"}
    case = make_case(custody_status="in_custody", facility="Stewart & Sons", record=facts)

    opens_the_case(phone, case, language="2")
    assert 'Está en <lang xml:lang="en-US">Stewart &amp; Sons</lang>.' in document_of(phone)
    phone.presses("1")
    assert 'Será en <lang xml:lang="en-US">Lumpkin Court</lang>.' in document_of(phone)

    english = phone.another()
    opens_the_case(english, case)
    assert english.hears("They are at Stewart & Sons.")
    assert "<lang" not in document_of(english)


def test_record_over_an_hour_old_is_said_with_a_notice(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody", as_of=clock.now - timedelta(minutes=61)))

    assert phone.hears("in custody", "Things may have changed since then")


def _denied(make: MakeCase, hotline: Hotline) -> MadeCase:
    return make(custody_status="in_custody", record={"releasable": False})


def _no_record(make: MakeCase, hotline: Hotline) -> MadeCase:
    return make()


def _closed(make: MakeCase, hotline: Hotline) -> MadeCase:
    return make(custody_status="in_custody", closed_at=hotline.clock.now)


def _stale(make: MakeCase, hotline: Hotline) -> MadeCase:
    return make(custody_status="in_custody", as_of=hotline.clock.now - timedelta(hours=25))


def _absent(make: MakeCase, hotline: Hotline) -> MadeCase:
    case = make(custody_status="released")
    with hotline.database.transaction() as session:
        session.get_one(Subject, case.subject_id).absent_since = hotline.clock.now
    return case


def _held(make: MakeCase, hotline: Hotline) -> MadeCase:
    case = make(custody_status="released")
    with hotline.database.transaction() as session:
        held = factories.make_import(session, state="held")
        session.get_one(Subject, case.subject_id).held_import_id = held.id
    return case


def _unmapped(make: MakeCase, hotline: Hotline) -> MadeCase:
    return make(custody_status="unknown")


REASONS = [_denied, _no_record, _closed, _stale, _absent, _held, _unmapped]


@pytest.mark.parametrize("language", ["1", "2"])
def test_every_reason_not_to_say_sounds_alike_word_for_word_and_turn_for_turn(
    phone: Phone, make_case: MakeCase, hotline: Hotline, language: str
) -> None:
    transcripts = set()
    for reason in REASONS:
        case = reason(make_case, hotline)
        caller = phone.another()
        opens_the_case(caller, case, language)
        heard = [caller.heard]
        for keys in ("1", "*", "3", "9"):
            caller.presses(keys)
            heard.append(caller.heard)
        transcripts.add(tuple(heard))

    assert len(transcripts) == 1
    (said,) = transcripts
    if language == "1":
        assert NEUTRAL in said[0]
        assert "press 0" in said[0]


def test_facility_that_is_not_in_the_directory_is_never_spoken(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", facility="Stewart")
    with hotline.database.transaction() as session:
        session.execute(delete(Facility))

    opens_the_case(phone, case)

    assert phone.hears("in custody")
    assert phone.does_not_hear("They are at", "Stewart")


def test_repeat_says_what_is_true_now(phone: Phone, make_case: MakeCase, hotline: Hotline) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    assert phone.hears("in custody")

    with hotline.database.transaction() as session:
        factories.make_custody_record(
            session, session.get_one(Subject, case.subject_id), "in_custody", releasable=False
        )
    phone.presses("1")

    assert phone.hears(NEUTRAL)
    assert len(hotline.rows(CustodyRecord.__table__.select())) == 2


def test_caller_is_asked_for_the_pin_again_after_ten_minutes_without_a_key(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)

    clock.passes(minutes=11)
    phone.presses("1")

    assert phone.hears("PIN")
    assert phone.does_not_hear("in custody")
    phone.presses(case.pin)
    assert phone.hears("in custody")


def test_wrong_pin_when_it_is_asked_for_again_opens_nothing(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    clock.passes(minutes=11)
    phone.presses("1")

    phone.presses(wrong(case.pin))

    assert phone.hears("Those numbers did not work")
    assert phone.does_not_hear("in custody")


def test_two_people_of_one_subject_never_learn_of_each_other(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    first = make_case(custody_status="in_custody")
    with hotline.database.transaction() as session:
        subject = session.get_one(Subject, first.subject_id)
        second = factories.make_case(session, subject=subject, pin="592716")

    is_asked_for_a_number(phone)
    phone.presses(first.number)
    phone.presses(second.pin)

    assert phone.hears("Those numbers did not work")
