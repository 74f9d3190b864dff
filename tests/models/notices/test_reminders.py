"""Registered people are reminded of a hearing and of an expected release, once for each date (R12, R15)."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from config.office import Office
from models.custody.custody_event import CustodyEvent
from models.store.database import Database
from tests.call_center import CallCenter
from tests.conftest import ON_BOTH
from tests.factories import make_court, make_office, open_by_hours
from tests.models.custody.feed import at
from tests.models.notices.registered import change_notices, feeds, registered_case, states

COURT = "Lumpkin Court"
SOON, LATER = at(48), at(60)


@pytest.fixture
def line(database: Database, office: Office, now: datetime) -> CallCenter:
    """A line that nobody calls; a person is registered about somebody in custody."""
    with database.transaction() as session:
        registered_case(session)
        make_court(session, COURT)
    return CallCenter(database, open_by_hours(office), now)


def says(line: CallCenter, **values: Any) -> list[tuple[str, str, str | None]]:
    """Two hours pass, a row of the feed comes, and the sweeper sweeps."""
    line.now += timedelta(hours=2)
    feeds(line.database, as_of=line.now, **values)
    line.sweeps()
    return states(line.database)


def test_hearing_within_the_days_of_the_policy_is_one_reminder(line: CallCenter) -> None:
    hearing = {"next_hearing_at": SOON, "next_hearing_place": COURT}

    assert says(line, **hearing) == [("hearing", "waiting", None)]
    assert says(line, **hearing) == [("hearing", "ringing", None)]
    with line.database.reading() as session:
        event = session.scalars(select(CustodyEvent)).one()
        assert (event.at, event.before_id, event.import_id) == (SOON, None, None)


def test_expected_release_is_a_reminder_that_is_not_urgent(line: CallCenter) -> None:
    assert says(line, expected_release_at=at(24 * 6)) == [("expected_release", "waiting", None)]


@pytest.mark.parametrize(
    "values",
    [
        {"next_hearing_at": at(24 * 5), "next_hearing_place": COURT},
        {"next_hearing_at": at(1), "next_hearing_place": COURT},
        {"next_hearing_at": SOON},
        {"next_hearing_at": SOON, "next_hearing_place": COURT, "status": "removed"},
        {"next_hearing_at": SOON, "next_hearing_place": COURT, "status": "unknown"},
        {"next_hearing_at": SOON, "next_hearing_place": COURT, "asylum_related": "yes"},
        {"expected_release_at": at(24 * 9)},
        {"expected_release_at": SOON, "status": "released"},
    ],
)
def test_date_that_is_far_past_or_not_told_on_the_line_is_no_reminder(
    line: CallCenter, values: dict[str, Any]
) -> None:
    assert says(line, **values) == []


@pytest.mark.parametrize("switch", ["allow_hearing", "allow_expected_release"])
def test_switch_of_the_office_that_is_off_makes_and_keeps_no_reminder(line: CallCenter, switch: str) -> None:
    both = {"next_hearing_at": SOON, "next_hearing_place": COURT, "expected_release_at": SOON}
    assert len(says(line, **both)) == 2
    change_notices(line.database, state="waiting")

    line.office = make_office(**{switch: False})

    kind = switch.removeprefix("allow_")
    assert (kind, "stopped", "replaced") in says(line, **both)
    assert len(says(line, **both)) == 2


def test_policy_of_0_days_makes_no_reminder(line: CallCenter) -> None:
    line.office = make_office(policies={"hearing_reminder_days": 0})

    assert says(line, next_hearing_at=SOON, next_hearing_place=COURT) == []


@pytest.mark.parametrize("kind", ["hearing", "expected_release"])
def test_policy_of_0_days_calls_nobody_on_the_day_itself_and_ends_what_stands(
    line: CallCenter, kind: str
) -> None:
    """Of many dates the day alone is known, as its midnight, which is over by now on that day itself."""
    line.now = at(24 * 7).astimezone(line.office.zone).replace(hour=9)
    day = line.now.replace(hour=0, minute=0)
    values: dict[str, Any] = {"next_hearing_at" if kind == "hearing" else "expected_release_at": day}
    if kind == "hearing":
        values["next_hearing_place"] = COURT
    its_office, off = line.office, make_office(policies={f"{kind}_reminder_days": 0})
    line.office = off
    assert says(line, **values) == []

    line.office = its_office
    assert says(line, **values) == [(kind, "waiting", None)]
    line.office = off
    assert says(line, **values) == [(kind, "stopped", "replaced")]


@pytest.mark.parametrize(
    "values", [{}, {"status": "released", "status_at": at(1), "expected_release_at": SOON}]
)
def test_date_that_vanished_or_was_overtaken_stops_its_reminder(
    line: CallCenter, values: dict[str, Any]
) -> None:
    says(line, expected_release_at=SOON)

    assert says(line, **values)[0] == ("expected_release", "stopped", "replaced")


def test_date_that_moved_stops_the_old_reminder_and_makes_another(line: CallCenter) -> None:
    says(line, expected_release_at=SOON)

    assert says(line, expected_release_at=LATER) == [
        ("expected_release", "stopped", "replaced"),
        ("expected_release", "waiting", None),
    ]


def test_date_that_moved_back_is_reminded_of_again(line: CallCenter) -> None:
    says(line, expected_release_at=SOON)
    says(line, expected_release_at=LATER)

    assert says(line, expected_release_at=SOON) == [
        ("expected_release", "waiting", None),
        ("expected_release", "stopped", "replaced"),
    ]


@ON_BOTH
def test_reminder_that_was_confirmed_is_not_told_twice_when_its_date_moves_back(line: CallCenter) -> None:
    says(line, expected_release_at=SOON)
    change_notices(line.database, state="confirmed")
    says(line, expected_release_at=LATER)

    assert says(line, expected_release_at=SOON)[0] == ("expected_release", "confirmed", None)


def test_reminder_of_a_hearing_that_passed_ends(line: CallCenter) -> None:
    hearing = {"next_hearing_at": SOON, "next_hearing_place": COURT}
    says(line, **hearing)

    line.now = SOON

    assert says(line, **hearing) == [("hearing", "stopped", "replaced")]


def test_reminder_of_a_hearing_of_which_the_day_alone_is_known_ends_with_that_day(line: CallCenter) -> None:
    day = SOON.astimezone(line.office.zone).replace(hour=0, minute=0)
    hearing = {"next_hearing_at": day, "next_hearing_place": COURT}
    says(line, **hearing)

    line.now = day
    assert says(line, **hearing)[0][1] != "stopped"

    line.now = day + timedelta(hours=22)
    assert says(line, **hearing) == [("hearing", "stopped", "replaced")]


def test_reminder_of_a_hearing_at_the_midnight_of_its_court_ends_with_the_day_there(line: CallCenter) -> None:
    """The line tells that day until it is over; its reminder stopped at that midnight."""
    zone = ZoneInfo("America/Los_Angeles")
    with line.database.transaction() as session:
        make_court(session, "Adelanto Court", zone.key)
    day = SOON.astimezone(zone).replace(hour=0, minute=0)
    hearing = {"next_hearing_at": day, "next_hearing_place": "Adelanto Court"}
    says(line, **hearing)

    line.now = day + timedelta(hours=8)
    assert says(line, **hearing)[0][1] != "stopped"

    line.now = day + timedelta(hours=22)
    assert says(line, **hearing) == [("hearing", "stopped", "replaced")]


def test_reminder_of_an_expected_release_ends_with_its_day_in_the_office(line: CallCenter) -> None:
    """Only the day is told, and of many dates only the day is known: its midnight."""
    says(line, expected_release_at=SOON)
    day = SOON.astimezone(line.office.zone).replace(hour=0, minute=0)

    line.now = day + timedelta(hours=21)
    assert says(line, expected_release_at=SOON) == [("expected_release", "waiting", None)]
    line.now = day + timedelta(hours=23)

    assert says(line, expected_release_at=SOON) == [("expected_release", "stopped", "replaced")]


def test_denied_record_lets_a_reminder_rest_and_it_goes_on(line: CallCenter) -> None:
    says(line, expected_release_at=SOON)

    assert says(line, asylum_related="yes") == [("expected_release", "stopped", "gate")]
    assert says(line, expected_release_at=SOON) == [("expected_release", "waiting", None)]


def test_person_about_whom_nobody_is_registered_makes_no_event(line: CallCenter) -> None:
    with line.database.transaction() as session:
        registered_case(session, "B-1", state="stopped")
    line.now += timedelta(hours=2)

    feeds(line.database, "B-1", as_of=line.now, expected_release_at=SOON)
    line.sweeps()

    assert states(line.database) == []


def test_two_victims_of_one_person_are_reminded_each(line: CallCenter) -> None:
    with line.database.transaction() as session:
        registered_case(session)

    assert says(line, expected_release_at=SOON) == [("expected_release", "waiting", None)] * 2
