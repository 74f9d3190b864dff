"""Fixtures of notices."""

import pytest

from models.store.database import Database
from tests.factories import MadeCase, make_staff
from tests.models.notices.registered import feeds, registered_case
from tests.models.notices.retractions import ANA, BEN


@pytest.fixture
def case(database: Database) -> MadeCase:
    """A case whose registrant asked to be called; the feed said an hour ago that somebody is in custody."""
    with database.transaction() as session:
        made = registered_case(session)
        for email in (ANA, BEN):
            make_staff(session, email=email, role="supervisor")
    feeds(database)
    return made
