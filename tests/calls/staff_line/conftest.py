"""A member of staff with a number and a PIN, for the tests of the staff line."""

from collections.abc import Callable

import pytest

from models import Staff
from models.calls.staff_secret import issue_code, issue_pin
from tests.calls.conftest import Hotline
from tests.calls.staff_line.staff_calls import (
    CODE,
    OWN_PHONE,
    PIN,
    STAFF_PHONE,
)
from tests.factories import HASHER

MakeStaff = Callable[..., Staff]


@pytest.fixture
def number(make_staff: MakeStaff, hotline: Hotline) -> str:
    """The staff number of a liaison who is off shift and has a PIN."""
    person = make_staff(phone=STAFF_PHONE, on_shift=False, email="lea@office.example.org")
    with hotline.database.transaction() as session:
        return issue_pin(session, person.email, HASHER.hash(PIN), "the suite", hotline.clock.now)


@pytest.fixture
def at_home(make_staff: MakeStaff, hotline: Hotline) -> Staff:
    """A liaison on shift whose phone is their own, with a code."""
    person = make_staff(phone=OWN_PHONE, office_phone=False, email="ana@office.example.org")
    with hotline.database.transaction() as session:
        issue_code(session, person.email, HASHER.hash(CODE), "the suite", hotline.clock.now)
    return person
