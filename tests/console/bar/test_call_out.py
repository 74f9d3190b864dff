"""The call bar while its reader calls an agency or an interpreter."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models import Call, Callout
from models.callouts.callout import call_out, staff_left
from models.store.database import Database
from tests.console.bar.bars import bar_of, news_of
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
    assert "Your call since" in bar_of(liaison, ELSEWHERE)
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


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("failed", "The line could not ring your phone, so nobody was called."),
        ("no-answer", "You did not answer your phone, so nobody was called."),
        ("completed", "You did not accept the call on your phone, so nobody was called."),
    ],
)
def test_bar_says_for_two_minutes_why_nobody_was_called_in_a_call_out(
    liaison: Member, database: Database, clock: Clock, status: str, why: str
) -> None:
    callout_id = asks(database, liaison, "service:victim_connect", clock.now)
    with database.transaction() as session:
        leg = session.get_one(Call, session.get_one(Callout, callout_id).call_id)
        leg.call_status, leg.ended_at = status, clock.now
        staff_left(session, leg.id, clock.now)

    assert f"VictimConnect, to find help near you: {why}" in bar_of(liaison, ELSEWHERE)
    assert news_of(liaison)[f"callout:{callout_id}:unmade"] == why

    clock.goes_on(minutes=3)
    assert "VictimConnect" not in bar_of(liaison, ELSEWHERE)


def test_bar_says_nothing_of_a_call_out_that_its_caller_ended(
    liaison: Member, database: Database, clock: Clock
) -> None:
    asks(database, liaison, "service:victim_connect", clock.now)

    liaison.opens(ELSEWHERE).clicks("End call")

    assert liaison.reads("The call is ended.")
    assert "VictimConnect" not in bar_of(liaison, ELSEWHERE)
