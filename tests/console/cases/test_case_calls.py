"""Calls from the page of an open case: the phone of its reader rings first, then the other one (Legs)."""

from datetime import time

import pytest
from sqlalchemy import select, update

from models import Callback, Case, Phone
from models.store.database import Database
from tests.console.case_pages import kept_case, verifies
from tests.console.conftest import Clock, Member
from tests.factories import MadeCase, make_callback


@pytest.fixture
def case(liaison: Member, database: Database) -> MadeCase:
    """A case that is open to the liaison."""
    made = kept_case(database)
    verifies(liaison, made)
    return made


def callbacks(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        return [tuple(row) for row in session.execute(select(Callback.reason, Callback.state))]


def test_button_beside_a_phone_of_an_open_case_calls_it(
    liaison: Member, case: MadeCase, database: Database
) -> None:
    liaison.clicks("Call this phone")

    assert liaison.reads("Accept on your phone, and the line calls the person.", "staff began this call")
    assert callbacks(database) == [("staff_call", "ringing_liaison")]
    assert "+12025550110" not in liaison.text

    liaison.opens(f"/console/cases/{case.id}")
    assert liaison.reads("A phone of the case called")


def test_case_that_is_promised_a_callback_shows_that_one_and_calls_nobody(
    liaison: Member, case: MadeCase, database: Database
) -> None:
    with database.transaction() as session:
        make_callback(session, case)

    liaison.clicks("Call this phone")

    assert liaison.reads("A callback is already promised for this case. You can make the call here.")
    assert callbacks(database) == [("asked", "requested")]


def test_phone_outside_its_hours_is_not_called_and_the_page_says_when_it_may_be(
    liaison: Member, case: MadeCase, database: Database
) -> None:
    with database.transaction() as session:
        session.execute(update(Phone).values(window_starts=time(3), window_ends=time(4)))

    liaison.clicks("Call this phone")

    assert liaison.reads("This person cannot be called now. Their next hours begin on")
    assert callbacks(database) == []


@pytest.mark.parametrize("mark", ["unsafe_since", "stopped_at"])
def test_phone_that_may_not_be_called_has_no_button_and_an_old_tab_is_refused(
    liaison: Member, case: MadeCase, database: Database, clock: Clock, mark: str
) -> None:
    with database.transaction() as session:
        session.execute(update(Phone).values({mark: clock.now}))
        phone_id = session.scalars(select(Phone.id)).one()

    liaison.opens(f"/console/cases/{case.id}")
    assert "Call this phone" not in liaison.buttons
    liaison.sends(f"/console/cases/{case.id}/phones/{phone_id}/call", {"csrf_token": liaison.token})

    assert liaison.reads("This phone cannot be called")
    assert callbacks(database) == []


def test_phone_of_a_case_that_is_not_open_to_the_reader_is_not_called(
    liaison: Member, database: Database
) -> None:
    made = kept_case(database)
    with database.reading() as session:
        registrant_id = session.get_one(Case, made.id).registrant_id
        phone_id = session.scalars(select(Phone.id).where(Phone.registrant_id == registrant_id)).one()

    liaison.opens("/console/cases")
    liaison.sends(f"/console/cases/{made.id}/phones/{phone_id}/call", {"csrf_token": liaison.token})

    assert liaison.reads("This case is not open to you.")
    assert callbacks(database) == []
