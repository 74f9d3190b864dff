"""The spoken wait is that of people who asked at such an hour, and is said only if it can come true (R36)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from config.office import Office
from models import Staff
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase, make_callback, make_office
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
#: Wednesday 2 AM, 10 AM and 7:50 PM in the office, which is open from 8 AM to 8 PM.
NIGHT, MORNING, EVENING = (
    datetime(2026, 12, 2, 7, 0, tzinfo=UTC),
    datetime(2026, 12, 2, 15, 0, tzinfo=UTC),
    datetime(2026, 12, 3, 0, 50, tzinfo=UTC),
)
WAIT = {"1": "Most people talk with us within", "2": "La mayoría de las personas habla con nosotros en"}


@pytest.fixture
def office() -> Office:
    return make_office(always_open=False)


def others_waited(hotline: Hotline, asked_at: datetime, wait: timedelta) -> None:
    """Thirty others asked at that time of the day before, and talked with us after ``wait``."""
    with hotline.database.transaction() as session:
        for number in range(30):
            since = asked_at - timedelta(days=1, seconds=number)
            for verified in (True, False):
                made = make_callback(session, state="reached", requested_at=since)
                made.verified = verified
                made.talking_at = made.closed_at = since + wait


def asks(phone: Phone, case: MadeCase | None, language: str) -> None:
    if case is None:
        phone.dials_in()
        for key in (language, "2", "1", "1"):
            phone.presses(key)
    else:
        opens_the_case(phone, case, language=language)
        for key in ("2", "1"):
            phone.presses(key)
    assert phone.hears({"1": "We will call you no later than", "2": "Le llamaremos a más tardar"}[language])


@pytest.mark.parametrize("has_pin", [True, False])
@pytest.mark.parametrize("language", ["1", "2"])
@pytest.mark.parametrize(
    ("at", "said"),
    [
        (MORNING, {"1": "within about forty minutes", "2": "unos cuarenta minutos"}),
        (NIGHT, None),
        (EVENING, None),
    ],
    ids=["by day", "at night", "before closing"],
)
def test_wait_of_the_day_is_not_told_when_nobody_is_there_to_keep_it(
    phone: Phone,
    make_case: MakeCase,
    hotline: Hotline,
    at: datetime,
    said: dict[str, str] | None,
    language: str,
    has_pin: bool,
) -> None:
    """At 2 AM they heard "within about forty minutes", and no phone could ring before eight."""
    hotline.clock.now = at
    others_waited(hotline, MORNING, timedelta(minutes=40))

    asks(phone, make_case("in_custody", phone=CALLER) if has_pin else None, language)

    if said is None:
        assert phone.does_not_hear(WAIT[language])
    else:
        assert phone.hears(WAIT[language], said[language])


def test_wait_of_the_night_is_that_of_others_who_asked_at_night(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    hotline.clock.now = NIGHT
    others_waited(hotline, MORNING, timedelta(minutes=40))
    others_waited(hotline, NIGHT, timedelta(hours=8))

    asks(phone, make_case("in_custody", phone=CALLER), "1")

    assert phone.hears("Most people talk with us within about eight hours")
