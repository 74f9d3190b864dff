"""A call_center, two members of staff, and a callback that both look at."""

from datetime import datetime

import pytest

from models import Callback, Staff
from models.store.database import Database
from tests.call_center import CallCenter
from tests.factories import make_callback, make_case, make_office, make_staff
from tests.models.callbacks.console import Console


@pytest.fixture
def call_center(database: Database, now: datetime) -> CallCenter:
    return CallCenter(database, make_office(policies={"carrier_calls_per_second": 100}), now)


@pytest.fixture
def console(call_center: CallCenter) -> Console:
    return Console(call_center)


@pytest.fixture
def ana(call_center: CallCenter) -> Staff:
    with call_center.database.transaction() as session:
        return make_staff(session, name="Ana Demo", phone="+12025550170")


@pytest.fixture
def luis(call_center: CallCenter) -> Staff:
    with call_center.database.transaction() as session:
        return make_staff(session, name="Luis Demo", phone="+12025550171")


@pytest.fixture
def callback(call_center: CallCenter) -> Callback:
    with call_center.database.transaction() as session:
        return make_callback(session, make_case(session), urgency="urgent")
