"""The callbacks and talks that the tests of the bar look at."""

import pytest

from models.store.database import Database
from tests.console.callbacks.office import Office
from tests.console.conftest import Clock


@pytest.fixture
def office_rows(database: Database, clock: Clock) -> Office:
    return Office(database, clock)
