"""A notice whose news may not be told rests, for every reason alike, until it may be told (R12, R13)."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models import Phone, Registration
from models.audit.audit import AuditEntry
from models.callbacks.case_words import heard_for
from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.custody import CustodyRecord
from models.custody.custody_status import HeardRules
from models.custody.imports.held import list_held, reject
from models.custody.imports.record import CustodyImport
from models.notices.gate_watch import is_any_to_watch, may_be_told, watch_gate
from models.notices.notice_phones import phone_of_notice
from models.notices.placing import claim
from models.notices.spreading import spread
from models.store.database import Database
from tests.conftest import in_turn
from tests.factories import NOW, make_case, make_import, make_office, make_staff
from tests.models.custody.feed import at, feed_row, load
from tests.models.notices.registered import OUT, change_notices, feeds, notices, registered_case, states
from workers.office_rules import callback_policy_of

RULES = HeardRules(60, 24, 5)
STATUSES = ("in_custody", "returned_to_custody", "released", "removed", "deceased", "unknown")
SUBJECTS: tuple[dict[str, Any], ...] = (
    {},
    {"absent_since": NOW},
    {"held_import_id": ...},
    {"as_of": None},
    {"as_of": NOW - timedelta(hours=24, seconds=-1)},
    {"as_of": NOW - timedelta(hours=24, seconds=1)},
    {"as_of": NOW + timedelta(minutes=6)},
    {"record_id": None},
    {"taken_back": "retracting"},
)
CASES: tuple[dict[str, Any], ...] = ({}, {"closed_at": NOW}, {"named_by": 1, "named_sealed": "sealed"})


@pytest.fixture
def told(database: Database) -> Database:
    """A person who got out, and the notice that waits to tell it."""
    with database.transaction() as session:
        registered_case(session)
    feeds(database)
    feeds(database, **OUT)
    with database.transaction() as session:
        spread(session, at(1), 50)
    return database


def watches(database: Database, hours: float) -> list[tuple[str, str, str | None]]:
    with database.transaction() as session:
        watch_gate(session, at(hours), RULES, 50)
    return states(database)


@in_turn("case", CASES)
def test_query_tells_of_a_record_what_the_line_tells(database: Database, case: dict[str, Any]) -> None:
    changed: dict[str, Any] = {"status_at": NOW - timedelta(days=1)}
    for status, releasable, subject in itertools.product(STATUSES, (True, False), SUBJECTS):
        with database.transaction() as session:
            facts = {"releasable": releasable, **changed}
            if case.get("named_by"):
                case = {**case, "named_by": make_staff(session).id}
            made = make_case(session, status, record=facts)
            row = session.get_one(Subject, made.subject_id)
            if state := subject.get("taken_back"):
                record = session.get_one(CustodyRecord, row.record_id)
                session.get_one(CustodyImport, record.import_id).state = state
            for name, value in subject.items():
                setattr(row, name, make_import(session).id if value is ... else value)
            for name, value in case.items():
                setattr(session.get_one(Case, made.id), name, value)
            session.flush()
            in_query = session.scalar(
                select(may_be_told(NOW, RULES))
                .select_from(Case)
                .join(Subject, Subject.id == Case.subject_id)
                .outerjoin(CustodyRecord, CustodyRecord.id == Subject.record_id)
                .where(Case.id == made.id)
            )
            on_line = heard_for(session, made.id, NOW, RULES).kind == "status"
            assert bool(in_query) is on_line, (status, releasable, subject)
            assert in_query is not None


@pytest.mark.parametrize(
    "row", [{"asylum_related": "yes"}, {"status": "unknown"}, {"status": "no word of the feed"}]
)
def test_notice_rests_while_the_newest_record_may_not_be_told(told: Database, row: dict[str, Any]) -> None:
    feeds(told, **OUT | {"as_of": at(2)} | row)

    assert watches(told, 2) == [("released", "stopped", "gate")]


def test_notice_of_a_person_missing_from_the_snapshot_rests(told: Database) -> None:
    with told.transaction() as session:
        subject = session.scalars(select(Subject)).one()
        subject.absent_since = at(2)

    assert watches(told, 2) == [("released", "stopped", "gate")]


def test_notice_is_told_after_all_when_its_record_may_be_told_again(told: Database) -> None:
    """Denied for an hour, and then the same release again: no new event, and yet nobody was told."""
    feeds(told, **OUT | {"as_of": at(2), "asylum_related": "yes"})
    watches(told, 2)
    feeds(told, **OUT | {"as_of": at(3)})

    assert watches(told, 3) == [("released", "waiting", None)]
    with told.reading() as session:
        moves = select(AuditEntry.action).where(AuditEntry.target == "notice:1").order_by(AuditEntry.id)
        assert session.scalars(moves).all() == ["make_notice", "stop_notice", "take_up_notice"]


def test_notice_of_a_record_that_is_held_goes_on_when_the_import_is_rejected(told: Database) -> None:
    with told.transaction() as session:
        make_staff(session, "ana@office.example.org", role="supervisor")
    load(told, feed_row("A-1", as_of=at(2)), now=at(2))
    assert watches(told, 2) == [("released", "stopped", "gate")]
    with told.reading() as session:
        (held,) = list_held(session)

    reject(told, held.id, by="ana@office.example.org", now=at(3))

    assert watches(told, 3) == [("released", "waiting", None)]


def test_task_of_staff_rests_too_since_they_may_not_tell_it_either(told: Database) -> None:
    change_notices(told, state="left_for_staff", outcome="asked_person", task="asked_person", task_at=at(1))
    feeds(told, **OUT | {"as_of": at(2), "asylum_related": "yes"})

    assert watches(told, 2) == [("released", "stopped", "gate")]
    assert [one.task_at for one in notices(told)] == [None]

    feeds(told, **OUT | {"as_of": at(3)})

    assert watches(told, 3) == [("released", "left_for_staff", "asked_person")]
    assert [one.task_at for one in notices(told)] == [at(3)]


@pytest.mark.parametrize("task", ["wrong_code", "no_code", "refused", "late"])
def test_phones_that_may_still_ring_do_so_again_beside_the_task_of_staff(told: Database, task: str) -> None:
    change_notices(told, task=task, task_at=at(1))
    feeds(told, **OUT | {"as_of": at(2), "asylum_related": "yes"})
    watches(told, 2)
    feeds(told, **OUT | {"as_of": at(3)})

    assert watches(told, 3) == [("released", "waiting", None)]
    assert [one.task_at for one in notices(told)] == [at(3)]


def test_task_of_a_number_that_the_carrier_cannot_call_is_one_again_without_another_phone(
    told: Database,
) -> None:
    change_notices(told, state="left_for_staff", outcome="refused", task="refused", task_at=at(1))
    with told.transaction() as session:
        phone_of_notice(session, 1, session.scalars(select(Phone.id)).one()).is_stopped = True
    feeds(told, **OUT | {"as_of": at(2), "asylum_related": "yes"})
    watches(told, 2)
    feeds(told, **OUT | {"as_of": at(3)})
    watches(told, 3)

    with told.transaction() as session:
        assert not claim(session, 1, at(3), callback_policy_of(make_office()), RULES)

    assert states(told) == [("released", "left_for_staff", "refused")]


@pytest.mark.parametrize("state", ["ringing", "confirmed"])
def test_call_that_rings_and_what_was_confirmed_are_left_alone(told: Database, state: str) -> None:
    change_notices(told, state=state)
    feeds(told, **OUT | {"as_of": at(2), "asylum_related": "yes"})

    assert watches(told, 2) == [("released", state, None)]


def test_replaced_event_is_not_taken_up_again(told: Database) -> None:
    feeds(told, **OUT | {"as_of": at(2), "asylum_related": "yes"})
    watches(told, 2)
    feeds(told, status="returned_to_custody", status_at=at(2.5), as_of=at(3))

    assert watches(told, 3) == [("released", "stopped", "gate")]


def test_call_that_nobody_confirmed_before_a_newer_event_is_not_placed_again(told: Database) -> None:
    change_notices(told, state="ringing")
    feeds(told, status="returned_to_custody", status_at=at(1.5), as_of=at(2))
    with told.transaction() as session:
        spread(session, at(2), 50)
    change_notices(told, state="waiting")

    assert watches(told, 2)[0] == ("released", "stopped", "replaced")


def test_registrant_who_withdrew_meanwhile_is_not_called_again(told: Database) -> None:
    feeds(told, **OUT | {"as_of": at(2), "asylum_related": "yes"})
    watches(told, 2)
    with told.transaction() as session:
        session.scalars(select(Registration)).one().state = "stopped"
    feeds(told, **OUT | {"as_of": at(3)})

    assert watches(told, 3) == [("released", "stopped", "gate")]


def test_notice_of_a_closed_case_ends(told: Database) -> None:
    with told.transaction() as session:
        session.scalars(select(Case)).one().closed_at = at(2)

    assert watches(told, 2) == [("released", "stopped", "case_closed")]
    with told.reading() as session:
        assert not is_any_to_watch(session)


def test_code_problem_is_a_task_again_after_a_call_found_the_gate_closed(told: Database) -> None:
    """Three wrong codes on one phone; the call to the next one stops at a denied record, not the sweeper."""
    change_notices(told, task="wrong_code", task_at=at(1))
    feeds(told, **OUT | {"as_of": at(2), "asylum_related": "yes"})
    with told.transaction() as session:
        assert not claim(session, 1, at(2), callback_policy_of(make_office()), RULES)
    assert states(told) == [("released", "stopped", "gate")]

    feeds(told, **OUT | {"as_of": at(3)})

    assert watches(told, 3) == [("released", "waiting", None)]
    assert [(one.task, one.task_at) for one in notices(told)] == [("wrong_code", at(3))]
