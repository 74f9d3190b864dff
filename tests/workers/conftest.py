"""A call_center with one liaison on shift and one verified callback due."""

from datetime import datetime

import pytest

from config.office import Office
from models.store.database import Database
from tests.call_center import CallCenter
from tests.factories import make_callback, make_case, make_staff


@pytest.fixture
def empty_call_center(database: Database, office: Office, now: datetime) -> CallCenter:
    """Nobody on shift and nothing asked for."""
    return CallCenter(database, office, now)


@pytest.fixture
def call_center(empty_call_center: CallCenter) -> CallCenter:
    """A liaison on shift, and a callback whose job waits."""
    with empty_call_center.database.transaction() as session:
        make_staff(session)
        callback = make_callback(session, make_case(session))
    empty_call_center.jobs.enqueue("dial_liaison", callback.id)
    return empty_call_center
