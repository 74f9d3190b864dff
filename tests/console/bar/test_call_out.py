"""The call bar while its reader calls an agency or an interpreter."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models import Callout
from models.callouts.callout import call_out
from models.store.database import Database
from tests.console.bar.test_bar import bar_of, news_of
from tests.console.conftest import Clock, Member
from tests.factories import make_case, make_facility

ELSEWHERE = "/console/shift"


def asks(database: Database, who: Member, party: str, now: Any) -> int:
    """This person has asked for a call; the id of it."""
    with database.transaction() as session:
        case = make_case(session)
        call_out(session, case.id, party, who.staff_id, now)
        return session.scalars(select(Callout.id)).one()


def outcomes(database: Database) -> list[str | None]:
    with database.reading() as session:
        return list(session.scalars(select(Callout.outcome)))


def test_bar_of_every_page_shows_who_is_called_since_when_and_ends_the_call(
    liaison: Member, database: Database, clock: Clock
) -> None:
    with database.transaction() as session:
        facility = make_facility(session, "Juniper Flats")
        party = f"facility:{facility.id}"
    callout_id = asks(database, liaison, party, clock.now)
    assert "Your phone rings: accept to call Juniper Flats" in bar_of(liaison, ELSEWHERE)
    assert news_of(liaison)[f"callout:{callout_id}:rings"] == "Your phone rings for the call you asked for."

    with database.transaction() as session:
        session.execute(update(Callout).values(dialled_at=clock.now - timedelta(seconds=90)))
    assert "Calling since" in bar_of(liaison, ELSEWHERE)
    assert "Juniper Flats" in bar_of(liaison, ELSEWHERE)
    assert liaison.page.get_element_by_id("bar-timer").get("data-seconds") == "90"
    assert news_of(liaison)[f"callout:{callout_id}:calling"] == "The line calls them now."

    liaison.opens(ELSEWHERE).clicks("End call")
    assert liaison.path == ELSEWHERE
    assert liaison.reads("The call is ended.")
    assert outcomes(database) == ["ended"]
    assert "Juniper Flats" not in bar_of(liaison, ELSEWHERE)


@pytest.mark.parametrize(
    ("party", "name"), [("interpreter:es", "interpreter for Spanish"), ("facility:999", "an agency")]
)
def test_bar_names_an_interpreter_by_the_language_and_a_lost_agency_not_at_all(
    liaison: Member, database: Database, clock: Clock, party: str, name: str
) -> None:
    asks(database, liaison, party, clock.now)

    assert f"accept to call {name}" in bar_of(liaison, ELSEWHERE)


def test_call_of_a_colleague_is_not_in_the_bar_and_not_ended_from_it(
    liaison: Member, supervisor: Member, database: Database, clock: Clock
) -> None:
    callout_id = asks(database, liaison, "service:crisis", clock.now)
    assert "accept to call" not in bar_of(supervisor, ELSEWHERE)

    token = {"csrf_token": supervisor.token, "does": "end_callout", "callout": str(callout_id)}
    supervisor.sends("/console/bar", token)

    assert supervisor.reads("This call is not yours to end.")
    assert outcomes(database) == [None]
