"""A day that a caller hears as "today" or "tomorrow" is that day by the caller's own clock (R14, R36)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from models import Staff
from tests.calls.conftest import Clock
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
#: 12:30 AM on Tuesday in New York, 9:30 PM on Monday in Los Angeles, 3:30 PM on Tuesday in Guam.
AFTER_MIDNIGHT = datetime(2026, 12, 1, 5, 30, tzinfo=UTC)
TUESDAY_AT_9 = datetime(2026, 12, 1, 14, 0, tzinfo=UTC)
WEDNESDAY_AT_9 = datetime(2026, 12, 2, 14, 0, tzinfo=UTC)


def hearing_at(at: datetime) -> dict[str, object]:
    """A court date in New York."""
    return {"next_hearing_at": at, "next_hearing_place": "Lumpkin Court"}


def midnight(day: int, minutes: int = 0) -> datetime:
    """The midnight at the office with which this day of November begins."""
    return datetime(2026, 11, day, 5, minutes, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "at", "words"),
    [
        ("1", TUESDAY_AT_9, "The next court date is Tuesday, December 1 at 9:00 AM Eastern Time."),
        ("1", WEDNESDAY_AT_9, "The next court date is Wednesday, December 2 at 9:00 AM Eastern Time."),
        ("2", TUESDAY_AT_9, "es el martes primero de diciembre a las 9:00 de la mañana, hora del este."),
        ("2", WEDNESDAY_AT_9, "es el miércoles 2 de diciembre a las 9:00 de la mañana, hora del este."),
    ],
)
def test_court_day_is_named_while_it_is_still_another_day_where_the_caller_is(
    phone: Phone, make_case: MakeCase, clock: Clock, language: str, at: datetime, words: str
) -> None:
    clock.now = AFTER_MIDNIGHT
    case = make_case(
        custody_status="in_custody", time_zone="America/Los_Angeles", as_of=clock.now, record=hearing_at(at)
    )
    opens_the_case(phone, case, language)
    assert phone.hears({"1": "as of today at 9:30 PM", "2": "hoy a las 9:30 de la noche"}[language])

    phone.presses("1")

    assert phone.hears(words)


@pytest.mark.parametrize("zone", ["America/Chicago", "America/Los_Angeles"])
def test_court_day_is_today_and_tomorrow_while_it_is_one_day_for_the_court_and_the_caller(
    phone: Phone, make_case: MakeCase, clock: Clock, zone: str
) -> None:
    clock.now = datetime(2026, 12, 1, 13, 0, tzinfo=UTC)
    for at, day in ((TUESDAY_AT_9, "today"), (WEDNESDAY_AT_9, "tomorrow")):
        case = make_case(custody_status="in_custody", time_zone=zone, as_of=clock.now, record=hearing_at(at))
        called = phone.another()
        opens_the_case(called, case)
        called.presses("1")

        assert called.hears(f"The next court date is {day} at 9:00 AM Eastern Time.")


def test_caller_without_the_pin_hears_the_day_of_the_office_by_its_name_if_it_is_not_theirs(
    phone: Phone, make_staff: MakeStaff, clock: Clock
) -> None:
    make_staff()
    clock.now = AFTER_MIDNIGHT
    reaches_the_first_menu(phone, from_="+18085550123")
    for key in "211":
        phone.presses(key)

    assert phone.hears("We will call you no later than Wednesday, December 2 at 11:59 PM Eastern Time.")


#: The first 1:10 AM in New York on the night in which the clocks go back.
BEFORE_THE_CHANGE = datetime(2026, 11, 1, 5, 10, tzinfo=UTC)
IN_OCTOBER = {"status_at": datetime(2026, 10, 30, 18, 0, tzinfo=UTC)}
PROMISED_AFTER = {
    "1": "We will call you no later than today, after the clock change, at 1:10 AM",
    "2": "Le llamaremos a más tardar hoy, después del cambio de hora, a la 1:10 de la madrugada",
}


@pytest.mark.parametrize("language", ["1", "2"])
def test_promise_for_an_hour_that_comes_twice_says_which_of_the_two_is_meant(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, clock: Clock, language: str
) -> None:
    make_staff()
    clock.now = BEFORE_THE_CHANGE
    opens_the_case(
        phone, make_case(custody_status="in_custody", as_of=clock.now, record=IN_OCTOBER), language
    )
    assert phone.hears(
        {
            "1": "as of today, before the clock change, at 1:10 AM.",
            "2": "hoy, antes del cambio de hora, a la 1:10 de la madrugada.",
        }[language]
    )

    for key in "23":
        phone.presses(key)
    assert phone.hears(f"{PROMISED_AFTER[language]}.")

    clock.passes(minutes=55)
    again = phone.another()
    opens_the_case(
        again, make_case(custody_status="in_custody", as_of=clock.now, record=IN_OCTOBER), language
    )
    for key in "23":
        again.presses(key)
    assert again.hears({"1": "no later than today at 2:05 AM.", "2": "a las 2:05 de la madrugada."}[language])


@pytest.mark.parametrize("language", ["1", "2"])
def test_promise_without_the_pin_says_which_hour_is_meant_by_the_clock_of_the_office(
    phone: Phone, make_staff: MakeStaff, clock: Clock, language: str
) -> None:
    make_staff()
    clock.now = BEFORE_THE_CHANGE
    reaches_the_first_menu(phone, language)
    for key in "213":
        phone.presses(key)

    zone = {"1": " Eastern Time.", "2": ", hora del este."}[language]
    assert phone.hears(PROMISED_AFTER[language] + zone)


def test_record_of_the_hour_before_the_change_is_not_heard_as_one_of_the_future(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 1, 6, 35, tzinfo=UTC)
    told = datetime(2026, 11, 1, 5, 40, tzinfo=UTC)
    opens_the_case(phone, make_case(custody_status="in_custody", as_of=told, record=IN_OCTOBER))

    assert phone.hears("That is as of today, before the clock change, at 1:40 AM.")


#: 11:57 PM on Wednesday in New York.
BEFORE_MIDNIGHT = datetime(2026, 11, 26, 4, 57, tzinfo=UTC)
TOMORROW = {
    "1": "We will call you no later than tomorrow at 12:57 AM",
    "2": "Le llamaremos a más tardar mañana a las 12:57 de la madrugada",
}
TODAY = {
    "1": "We will call you no later than today at 12:57 AM",
    "2": "Le llamaremos a más tardar hoy a las 12:57 de la madrugada",
}


def afraid_before_midnight(phone: Phone, case: MadeCase, language: str) -> None:
    opens_the_case(phone, case, language)
    for key in "23":
        phone.presses(key)
    assert phone.hears(f"{TOMORROW[language]}.")


@pytest.mark.parametrize("key", ["*", "9"])
@pytest.mark.parametrize("language", ["1", "2"])
def test_promise_of_the_evening_is_repeated_after_midnight_as_one_for_today(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, clock: Clock, language: str, key: str
) -> None:
    make_staff()
    clock.now = BEFORE_MIDNIGHT
    afraid_before_midnight(phone, make_case(custody_status="in_custody", as_of=clock.now), language)
    phone.presses(key)
    assert phone.hears(f"{TOMORROW[language]}.")

    clock.passes(minutes=4)
    for _ in range(2):
        phone.presses(key)
        assert phone.hears(f"{TODAY[language]}.")


def test_promise_of_the_evening_is_for_today_in_the_other_language_too_after_midnight(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, clock: Clock
) -> None:
    make_staff()
    clock.now = BEFORE_MIDNIGHT
    afraid_before_midnight(phone, make_case(custody_status="in_custody", as_of=clock.now), "1")

    clock.passes(minutes=4)
    phone.presses("8")
    assert phone.hears(f"{TODAY['2']}.")
    phone.presses("*")
    assert phone.hears(f"{TODAY['2']}.")


def test_promise_by_the_clock_of_the_office_is_repeated_by_its_day_once_it_is_midnight_there_alone(
    phone: Phone, make_staff: MakeStaff, clock: Clock
) -> None:
    make_staff()
    clock.now = BEFORE_MIDNIGHT
    reaches_the_first_menu(phone, from_="+12135550123")
    for key in "213":
        phone.presses(key)
    assert phone.hears(f"{TOMORROW['1']} Eastern Time.")

    clock.passes(minutes=4)
    phone.presses("*")
    assert phone.hears("no later than Thursday, November 26 at 12:57 AM Eastern Time.")


@pytest.mark.parametrize(
    ("language", "day"), [("1", "on Friday, November 27"), ("2", "el viernes 27 de noviembre")]
)
@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Guam", "America/New_York"])
def test_status_known_by_day_alone_is_dated_by_the_day_of_the_office(
    phone: Phone, make_case: MakeCase, clock: Clock, language: str, day: str, zone: str
) -> None:
    clock.now = TUESDAY_AT_9
    released = {"status_at": midnight(27)}
    case = make_case("released", time_zone=zone, as_of=clock.now, record=released)
    opens_the_case(phone, case, language)
    phone.presses("1")

    assert phone.hears(day)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "1",
            "was released on Friday, November 27. They are out. "
            "That is as of Friday, November 27 at 12:30 AM Eastern Time.",
        ),
        (
            "2",
            "en libertad el viernes 27 de noviembre. Está libre. "
            "Así estaba en el registro el viernes 27 de noviembre a las 12:30 de la madrugada, hora del este",
        ),
    ],
)
def test_record_is_not_older_than_the_day_that_it_tells_where_that_day_has_not_begun(
    phone: Phone, make_case: MakeCase, clock: Clock, language: str, words: str
) -> None:
    """Farther west "released on Friday" was "as of today at 9:30 PM", a Thursday: it sounded of tomorrow."""
    clock.now = midnight(27, minutes=40)
    as_of = clock.now - timedelta(minutes=10)
    released = {"status_at": midnight(27)}
    case = make_case("released", time_zone="America/Los_Angeles", as_of=as_of, record=released)
    opens_the_case(phone, case, language)
    phone.presses("1")

    assert phone.hears(words)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "America/New_York"])
def test_status_with_an_hour_is_dated_by_the_day_of_the_caller(
    phone: Phone, make_case: MakeCase, clock: Clock, zone: str
) -> None:
    clock.now = TUESDAY_AT_9
    case = make_case(
        "in_custody", time_zone=zone, as_of=clock.now, record={"status_at": midnight(27, minutes=30)}
    )
    opens_the_case(phone, case)

    day = {
        "America/Los_Angeles": "since Thursday, November 26",
        "America/New_York": "since Friday, November 27",
    }
    assert phone.hears(day[zone])
    assert phone.does_not_hear("midnight")


@pytest.mark.parametrize(
    ("court", "on_its_clock"),
    [("America/New_York", 0), ("America/Los_Angeles", 0), ("America/Los_Angeles", 3)],
)
@pytest.mark.parametrize(
    ("language", "words"),
    [("1", "is Wednesday, December 2. It is at"), ("2", "es el miércoles 2 de diciembre. Será en")],
)
def test_court_date_known_by_day_alone_is_told_without_an_hour(
    phone: Phone, make_case: MakeCase, clock: Clock, language: str, words: str, court: str, on_its_clock: int
) -> None:
    clock.now = datetime(2026, 12, 1, 5, 30, tzinfo=UTC)
    facts = hearing_at(datetime(2026, 12, 2, 5 + on_its_clock, tzinfo=UTC)) | {"hearing_zone": court}
    case = make_case("in_custody", time_zone="America/Los_Angeles", as_of=clock.now, record=facts)
    opens_the_case(phone, case, language)
    phone.presses("1")

    assert phone.hears(words)


@pytest.mark.parametrize("court", ["America/New_York", "America/Los_Angeles"])
def test_court_date_known_by_day_alone_is_told_until_that_day_is_over(
    phone: Phone, make_case: MakeCase, clock: Clock, court: str
) -> None:
    facts = hearing_at(midnight(30)) | {"hearing_zone": court}
    for hours, is_told in ((9, True), (23, True), (24, False)):
        clock.now = midnight(30) + timedelta(hours=hours)
        case = make_case("in_custody", as_of=clock.now, record=facts)
        called = phone.another()
        opens_the_case(called, case)
        assert called.hears("For court dates and more") if is_told else called.does_not_hear("court dates")
        called.presses("1")
        assert called.hears("The next court date is today.") if is_told else called.does_not_hear("court")
