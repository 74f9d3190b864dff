"""The sweeper turns events into notices, and lets those rest that may not be told (R12, R28)."""

from datetime import datetime

import pytest

from config.office import Office
from models.custody.imports.custody_import import ImportRules
from models.store.database import Database
from tests.call_center import CallCenter
from tests.conftest import ON_SQLITE
from tests.factories import make_policies
from tests.models.custody.feed import at, feed_row, load
from tests.models.notices.registered import OUT, change_notices, feeds, registered_case, states
from workers.rest import may_rest


@pytest.fixture
def line(database: Database, office: Office, now: datetime) -> CallCenter:
    """A line that nobody calls; a person is registered about somebody in custody."""
    with database.transaction() as session:
        registered_case(session)
    feeds(database)
    return CallCenter(database, office, now)


def released(database: Database, **values: object) -> None:
    feeds(database, **{**OUT, **values})


def test_release_in_the_feed_is_a_notice_after_one_sweep(line: CallCenter) -> None:
    released(line.database)

    line.sweeps(hours=1)

    assert states(line.database) == [("released", "waiting", None)]


@ON_SQLITE
def test_sweeper_that_rests_is_woken_by_an_event(line: CallCenter) -> None:
    line.sweeps()
    assert may_rest(line.database, line.jobs, line.now, line.now)  # type: ignore[arg-type]

    released(line.database)

    assert not may_rest(line.database, line.jobs, line.now, line.now)  # type: ignore[arg-type]


@ON_SQLITE
def test_more_events_than_one_transaction_takes_are_spread_by_one_sweep(line: CallCenter) -> None:
    names = [f"B-{n}" for n in range(60)]
    with line.database.transaction() as session:
        for name in names:
            registered_case(session, name)
    load(line.database, *(feed_row(name) for name in names))
    wide = dict.fromkeys(("brake_floor", "brake_day_floor"), 1000)
    rules = ImportRules(line.office.gates, make_policies(**wide))
    load(line.database, *(feed_row(name, **OUT) for name in names), now=at(1), rules=rules)

    line.sweeps(hours=1)

    assert states(line.database) == [("released", "waiting", None)] * 60


@ON_SQLITE
def test_notice_rests_and_goes_on_with_its_record(line: CallCenter) -> None:
    released(line.database)
    line.sweeps(hours=1)
    change_notices(line.database, next_attempt_at=at(99))
    released(line.database, as_of=at(2), asylum_related="yes")

    line.sweeps(hours=1)
    assert states(line.database) == [("released", "stopped", "gate")]

    released(line.database, as_of=at(3))
    line.sweeps(hours=1)
    assert states(line.database)[0][2] is None
