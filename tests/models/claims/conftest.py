"""A desk, two of staff, and a callback that they both look at."""

from datetime import datetime

import pytest

from models import Callback, Staff
from models.store.database import Database
from tests.callback_desk import CallbackDesk
from tests.factories import make_callback, make_case, make_office, make_staff
from tests.models.claims.console import Console


@pytest.fixture
def desk(database: Database, now: datetime) -> CallbackDesk:
    return CallbackDesk(database, make_office(policies={"carrier_calls_per_second": 100}), now)


@pytest.fixture
def console(desk: CallbackDesk) -> Console:
    return Console(desk)


@pytest.fixture
def ana(desk: CallbackDesk) -> Staff:
    with desk.database.transaction() as session:
        return make_staff(session, name="Ana Demo", phone="+12025550170")


@pytest.fixture
def luis(desk: CallbackDesk) -> Staff:
    with desk.database.transaction() as session:
        return make_staff(session, name="Luis Demo", phone="+12025550171")


@pytest.fixture
def callback(desk: CallbackDesk) -> Callback:
    with desk.database.transaction() as session:
        return make_callback(session, make_case(session), urgency="urgent")
