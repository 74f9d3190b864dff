"""A desk with one liaison on shift and one verified callback due."""

from datetime import datetime

import pytest

from config.office import Office
from models.store.database import Database
from tests.callback_desk import CallbackDesk
from tests.factories import make_callback, make_case, make_staff


@pytest.fixture
def empty_desk(database: Database, office: Office, now: datetime) -> CallbackDesk:
    """Nobody on shift and nothing asked for."""
    return CallbackDesk(database, office, now)


@pytest.fixture
def desk(empty_desk: CallbackDesk) -> CallbackDesk:
    """A liaison on shift, and a callback whose job waits."""
    with empty_desk.database.transaction() as session:
        make_staff(session)
        callback = make_callback(session, make_case(session))
    empty_desk.jobs.enqueue("dial_liaison", callback.id)
    return empty_desk
