"""A feed that confirms nobody for hours is told to supervisors, and again until it does (R14)."""

from datetime import datetime, timedelta

import pytest

from config.office import Office
from models import Alert
from models.store.database import Database
from tests.call_center import CallCenter
from tests.factories import make_import, make_staff


@pytest.fixture
def line(database: Database, office: Office, now: datetime) -> CallCenter:
    """A supervisor at hand; the feed confirmed somebody just now."""
    with database.transaction() as session:
        make_staff(session, "boss@office.example.org", role="supervisor")
        make_import(session, newest_as_of=now)
    return CallCenter(database, office, now)


def told(line: CallCenter) -> list[str]:
    """The channels of the messages about the feed, in order."""
    return [one.channel for one in line.rows(Alert, Alert.level == "feed_silent")]


def test_supervisors_are_told_once_the_feed_is_silent_for_six_hours(line: CallCenter) -> None:
    line.sweeps(hours=5, minutes=59)
    assert told(line) == []

    line.sweeps(minutes=1)
    assert sorted(told(line)) == ["call", "text"]

    line.sweeps(hours=1)
    assert len(told(line)) == 2


def test_they_are_told_again_while_it_stays_silent(line: CallCenter) -> None:
    line.sweeps(hours=6)
    for alert in line.rows(Alert, Alert.level == "feed_silent"):
        with line.database.transaction() as session:
            session.get_one(Alert, alert.id).state = "sent"

    line.sweeps(hours=6)

    assert sorted(told(line)) == ["call", "call", "text", "text"]


def test_feed_that_confirms_somebody_is_not_silent(line: CallCenter) -> None:
    with line.database.transaction() as session:
        make_import(session, newest_as_of=line.now + timedelta(hours=5))

    line.sweeps(hours=6)

    assert told(line) == []


def test_feed_that_never_confirmed_anybody_has_not_begun(
    database: Database, office: Office, now: datetime
) -> None:
    with database.transaction() as session:
        make_staff(session, role="supervisor")
        make_import(session)
    line = CallCenter(database, office, now)

    line.sweeps(hours=48)

    assert told(line) == []
