"""An event becomes one notice for each registration that stands, and a newer event replaces it (R28)."""

from typing import Any

import pytest
from sqlalchemy import select

from models.audit.audit import AuditEntry
from models.cases.case import Case
from models.custody.custody_event import CustodyEvent
from models.notices.notice_moves import end_calls
from models.notices.spreading import is_any_unspread, spread, stop_event
from models.store.database import Database
from models.store.job import Job
from tests.factories import NOW, make_call, make_case, make_staff
from tests.models.custody.feed import at
from tests.models.notices.registered import (
    OUT,
    change_notices,
    feeds,
    notices,
    registered_case,
    states,
)


def spreads(database: Database, hours: float = 1) -> list[Job]:
    """One round of the sweeper's part."""
    with database.transaction() as session:
        return spread(session, at(hours), 50)


@pytest.fixture
def fed(database: Database) -> Database:
    """A person in custody, about whom one person is registered."""
    with database.transaction() as session:
        registered_case(session)
    feeds(database)
    return database


def test_release_becomes_one_urgent_notice_that_is_due_at_once(fed: Database) -> None:
    feeds(fed, **OUT)

    spreads(fed)

    (notice,) = notices(fed)
    assert (notice.state, notice.is_urgent, notice.next_attempt_at) == ("waiting", True, at(1))


@pytest.mark.parametrize(
    ("status", "is_urgent"), [("escaped", True), ("deceased", False), ("transferred", False)]
)
def test_only_who_got_out_is_urgent(fed: Database, status: str, is_urgent: bool) -> None:
    feeds(fed, **OUT | {"status": status})

    spreads(fed)

    assert [one.is_urgent for one in notices(fed)] == [is_urgent]


def test_event_is_spread_once(fed: Database) -> None:
    feeds(fed, **OUT)
    spreads(fed)

    with fed.reading() as session:
        assert not is_any_unspread(session)
    assert spreads(fed) == []
    assert len(notices(fed)) == 1


def test_two_victims_of_one_person_get_a_notice_each_and_no_entry_ties_them(fed: Database) -> None:
    with fed.transaction() as session:
        registered_case(session)
    feeds(fed, **OUT)

    spreads(fed)

    assert [one.state for one in notices(fed)] == ["waiting", "waiting"]
    with fed.reading() as session:
        made = select(AuditEntry).where(AuditEntry.action == "make_notice").order_by(AuditEntry.id)
        entries = session.scalars(made).all()
        assert [(one.target, one.facts) for one in entries] == [
            (f"notice:{one.id}", None) for one in notices(fed)
        ]


@pytest.mark.parametrize(
    "facts",
    [
        {"state": "stopped"},
        {"state": "paused"},
        {"state": "paused", "paused_until": at(2)},
        {"lapses_at": at(0.5)},
    ],
)
def test_registration_that_does_not_stand_gets_no_notice(database: Database, facts: dict[str, Any]) -> None:
    with database.transaction() as session:
        registered_case(session, **facts)
    feeds(database)
    feeds(database, **OUT)

    spreads(database)

    assert notices(database) == []


def test_registration_whose_pause_is_over_gets_its_notice(database: Database) -> None:
    with database.transaction() as session:
        registered_case(session, state="paused", paused_until=at(0.5))
    feeds(database)
    feeds(database, **OUT)

    spreads(database)

    assert len(notices(database)) == 1


@pytest.mark.parametrize("why", ["closed", "named by one person"])
def test_case_that_hears_the_neutral_phrase_gets_no_notice(fed: Database, why: str) -> None:
    feeds(fed, **OUT)
    with fed.transaction() as session:
        case = session.scalars(select(Case)).one()
        if why == "closed":
            case.closed_at = NOW
        else:
            case.named_by, case.named_sealed = make_staff(session).id, "sealed"

    spreads(fed)

    assert notices(fed) == []


def test_case_without_a_registration_gets_no_notice(fed: Database) -> None:
    with fed.transaction() as session:
        subject = session.scalars(select(Case)).one().subject
        make_case(session, subject=subject)
    feeds(fed, **OUT)

    spreads(fed)

    assert len(notices(fed)) == 1


def test_newer_event_replaces_what_was_not_told_yet(fed: Database) -> None:
    feeds(fed, **OUT)
    spreads(fed)
    feeds(fed, status="returned_to_custody", status_at=at(1.5), as_of=at(2))

    spreads(fed, 2)

    assert states(fed) == [("released", "stopped", "replaced"), ("returned_to_custody", "waiting", None)]


def test_event_replaced_before_it_was_spread_is_told_to_nobody(fed: Database) -> None:
    feeds(fed, **OUT)
    feeds(fed, status="returned_to_custody", status_at=at(1.5), as_of=at(2))

    spreads(fed, 2)

    assert states(fed) == [("returned_to_custody", "waiting", None)]


def test_notice_that_was_confirmed_stays_as_it_is_when_a_newer_event_comes(fed: Database) -> None:
    feeds(fed, **OUT)
    spreads(fed)
    change_notices(fed, state="confirmed", confirmed_at=at(1.2), confirmed_by="call")
    feeds(fed, **OUT | {"status": "deceased", "as_of": at(2)})

    spreads(fed, 2)

    assert states(fed) == [("released", "confirmed", None), ("deceased", "waiting", None)]


def test_call_that_rings_goes_on_when_a_newer_event_comes(fed: Database) -> None:
    feeds(fed, **OUT)
    spreads(fed)
    change_notices(fed, state="ringing")
    feeds(fed, **OUT | {"status": "deceased", "as_of": at(2)})

    assert spreads(fed, 2) == []

    assert states(fed) == [("released", "ringing", None), ("deceased", "waiting", None)]


def test_stopped_event_ends_its_calls_and_is_told_to_nobody(fed: Database) -> None:
    feeds(fed, **OUT)
    spreads(fed)
    change_notices(fed, state="ringing")
    with fed.transaction() as session:
        event = session.scalars(select(CustodyEvent)).one()
        leg = make_call(session, direction="outbound", role="called_back", notice_id=notices(fed)[0].id)
        jobs = stop_event(session, event.id, "retracted", at(2))

    assert jobs == [("release_leg", leg.id)]
    assert states(fed) == [("released", "stopped", "retracted")]
    with fed.reading() as session:
        assert session.scalars(select(CustodyEvent.stopped_at)).one() == at(2)


def test_registrant_who_withdraws_is_called_about_nothing_that_is_open(fed: Database) -> None:
    feeds(fed, **OUT)
    spreads(fed)
    with fed.transaction() as session:
        end_calls(session, notices(fed)[0].registration_id, "withdrawn", at(2), "caller")

    assert states(fed) == [("released", "stopped", "withdrawn")]
    with fed.reading() as session:
        facts = session.scalars(select(AuditEntry.facts).where(AuditEntry.action == "stop_notice")).all()
    assert facts == [{"outcome": "withdrawn"}]
