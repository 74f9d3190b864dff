"""The guard against spraying, raised by the sweeper's measure of the whole line."""

from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import insert, select

from models import Guard, PinTry
from models.calls.pin_guard import measure_global_failures
from models.store.database import Database
from tests.factories import make_policies

_serial = count(1)


def tries(database: Database, at: datetime, times: int, *, opened: bool = False) -> None:
    rows = [
        {"call_id": next(_serial), "turn": 1, "number_key": "n", "own": False, "at": at, "opened": opened}
        for _ in range(times)
    ]
    with database.transaction() as session:
        session.execute(insert(PinTry), rows)


def measure(database: Database, at: datetime) -> bool:
    with database.transaction() as session:
        return measure_global_failures(session, at, make_policies())


def raised_until(database: Database) -> datetime | None:
    with database.reading() as session:
        return session.scalar(select(Guard.raised_until).where(Guard.name == "spraying"))


def test_fifty_failures_an_hour_on_a_quiet_line_raise_nothing_and_one_more_does(
    database: Database, now: datetime
) -> None:
    tries(database, now - timedelta(minutes=59), 50)
    assert not measure(database, now)
    assert raised_until(database) is None

    tries(database, now, 1)
    assert measure(database, now)
    assert raised_until(database) == now + timedelta(hours=1)


def test_busy_line_needs_five_times_the_usual(database: Database, now: datetime) -> None:
    for hour in range(1, 169):
        tries(database, now - timedelta(hours=hour, minutes=30), 12)
    tries(database, now, 60)
    assert not measure(database, now)

    tries(database, now, 1)
    assert measure(database, now)


def test_tries_that_opened_or_are_older_than_an_hour_are_no_failures_of_now(
    database: Database, now: datetime
) -> None:
    tries(database, now, 100, opened=True)
    tries(database, now - timedelta(hours=1, seconds=1), 100)
    tries(database, now + timedelta(seconds=1), 100)

    assert not measure(database, now)


def test_one_bad_hour_does_not_count_as_usual(database: Database, now: datetime) -> None:
    tries(database, now - timedelta(hours=5), 5000)
    tries(database, now, 60)

    assert measure(database, now)


@pytest.mark.parametrize(("later", "still"), [(59, True), (61, False)])
def test_raised_guard_stays_up_for_an_hour_after_the_failures_stop(
    database: Database, now: datetime, later: int, still: bool
) -> None:
    tries(database, now, 60)
    measure(database, now)

    at = now + timedelta(minutes=later)
    measure(database, now + timedelta(hours=3))
    until = raised_until(database)

    assert until is not None
    assert (until > at) is still
