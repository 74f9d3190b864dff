"""Which rows of the feed make an event that people are called about, and which make none (R15, R28)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.audit.audit import AuditEntry
from models.cases.subject import Subject
from models.custody.custody import CustodyRecord
from models.custody.custody_event import CustodyEvent
from models.custody.custody_status import NEUTRAL
from models.custody.imports import landing, staging
from models.custody.imports.custody_import import resume
from models.custody.imports.held import list_held, reject, release
from models.store.database import Database
from tests.factories import NOW, make_case, make_staff
from tests.models.custody.feed import LONG_AGO, at, feed_row, load, open_cases, what_is_heard
from tests.models.custody.test_import_crashes import Killed, die_at_commit

DENIED = {"asylum_related": "yes"}


def events(database: Database) -> list[tuple[str, Any, bool]]:
    """Each event: its kind, its date, and whether it may still be told."""
    with database.reading() as session:
        rows = session.scalars(select(CustodyEvent).order_by(CustodyEvent.id))
        return [(one.kind, one.at, one.stopped_at is None) for one in rows]


def feed(database: Database, *rows: dict[str, Any]) -> list[tuple[str, Any, bool]]:
    """Import each row about A-1 as a file of its own, an hour apart, and return the events."""
    open_cases(database, "A-1")
    for hour, values in enumerate(rows):
        load(database, feed_row("A-1", **{"as_of": at(hour), **values}), now=at(hour))
    return events(database)


def two_people(database: Database) -> None:
    with database.transaction() as session:
        for name in ("ana", "ben"):
            made = NOW - timedelta(days=400)
            make_staff(session, f"{name}@office.example.org", role="supervisor", created_at=made)


def release_held(database: Database, hours: float) -> None:
    with database.reading() as session:
        (held,) = list_held(session)
    people = {"by": "ana@office.example.org", "and_by": "ben@office.example.org"}
    release(database, held.id, **people, now=at(hours), tied_days=30)


def test_release_is_one_event_with_the_date_of_the_release(database: Database) -> None:
    out = {"status": "released", "status_at": at(0.5)}

    assert feed(database, {}, out) == [("released", at(0.5), True)]


def test_event_names_its_records_and_its_file(database: Database) -> None:
    feed(database, {}, {"status": "escaped", "status_at": at(0.5)})

    with database.reading() as session:
        (event,) = session.scalars(select(CustodyEvent))
        landed = (AuditEntry.action == "land_import", AuditEntry.target == "import:2")
        said = session.scalar(select(AuditEntry.facts).where(*landed))
        named = session.scalars(select(CustodyRecord.status).order_by(CustodyRecord.id)).all()
        assert session.get_one(CustodyRecord, event.before_id).status == named[0] == "in_custody"
        assert session.get_one(CustodyRecord, event.record_id).status == named[1] == "escaped"
        assert (event.import_id, event.made_at, event.spread_at) == (2, at(1), None)
    assert said == {"events": 1}


def test_first_record_of_a_person_is_no_event(database: Database) -> None:
    assert feed(database, {"status": "released", "status_at": at(0)}) == []


@pytest.mark.parametrize(
    "second",
    [
        {},
        {"facility": "Juniper Flats"},
        {"status_at": LONG_AGO + timedelta(days=9)},
        {"removal_stage": "removal_ordered"},
        {"expected_release_at": at(400)},
        {"next_hearing_at": at(400)},
        {"status": "unknown"},
        {"status": "no word of the feed"},
        {"as_of": at(-1), "status": "released"},
        {"status": "released", "status_at": at(9)},
        DENIED | {"status": "released", "status_at": at(0.5)},
    ],
)
def test_row_that_is_no_real_change_makes_no_event(database: Database, second: dict[str, Any]) -> None:
    assert feed(database, {}, second) == []


def test_same_file_twice_is_one_event(database: Database) -> None:
    out = {"status": "released", "status_at": at(0.5)}

    assert feed(database, {}, out, out, out) == [("released", at(0.5), True)]


def test_denied_between_two_equal_statuses_is_no_event(database: Database) -> None:
    assert feed(database, {}, DENIED, {}) == []


def test_unknown_between_two_equal_statuses_is_no_event(database: Database) -> None:
    assert feed(database, {}, {"status": "unknown"}, {}) == []


def test_release_behind_a_denied_record_is_an_event_once_it_can_be_told(database: Database) -> None:
    out = {"status": "released", "status_at": at(0.5)}

    assert feed(database, {}, out | DENIED, out) == [("released", at(0.5), True)]


def test_person_who_was_always_denied_makes_no_event_when_the_gate_opens(database: Database) -> None:
    assert feed(database, DENIED, {"status": "released", "status_at": at(0.5)}) == []


def test_transfer_is_an_event_and_the_plain_word_after_it_is_none(database: Database) -> None:
    moved = {"status": "transferred", "status_at": at(0.5)}

    assert feed(database, {}, moved, {}, {"status_at": at(2)}) == [("transferred", at(0.5), True)]


def test_two_files_that_word_one_transfer_differently_make_one_event(database: Database) -> None:
    moved = {"status": "transferred", "status_at": at(0.5)}

    assert len(feed(database, {}, moved, moved | {"status": "in_custody"}, moved)) == 1


def test_corrected_date_of_a_release_is_no_second_event(database: Database) -> None:
    out = {"status": "released", "status_at": at(0.5)}

    assert len(feed(database, {}, out, out | {"status_at": at(0.1)}, out | {"status_at": at(3)})) == 1


@pytest.mark.parametrize(("status", "count"), [("released", 2), ("transferred", 2), ("deceased", 1)])
def test_same_word_with_a_date_a_day_later_is_a_new_fact_except_death(
    database: Database, status: str, count: int
) -> None:
    first = {"status": status, "status_at": LONG_AGO + timedelta(hours=1)}

    assert len(feed(database, {}, first, first | {"status_at": at(1)})) == count


def test_second_release_with_the_same_word_counts_for_the_brake(database: Database) -> None:
    names = [f"A-{n}" for n in range(11)]
    open_cases(database, *names)
    load(database, *(feed_row(name, status="released") for name in names))

    again = load(
        database,
        *(feed_row(name, status="released", status_at=at(0.5), as_of=at(1)) for name in names),
        now=at(1),
    )

    assert again.status_changes == 11
    assert again.held
    assert events(database) == []


def test_there_and_back_is_two_events_and_only_the_newer_one_is_told(database: Database) -> None:
    out = {"status": "released", "status_at": at(0.5)}
    back = {"status": "returned_to_custody", "status_at": at(1.5)}

    assert feed(database, {}, out, back) == [
        ("released", at(0.5), False),
        ("returned_to_custody", at(1.5), True),
    ]


def test_death_that_came_as_a_release_is_an_event_of_its_own(database: Database) -> None:
    out = {"status": "released", "status_at": at(0.5)}

    assert feed(database, {}, out, out | {"status": "deceased"}) == [
        ("released", at(0.5), False),
        ("deceased", at(0.5), True),
    ]


def test_person_missing_from_a_snapshot_and_found_again_makes_no_event(database: Database) -> None:
    open_cases(database, "A-1", *(f"B-{n}" for n in range(60)))
    others = [feed_row(f"B-{n}") for n in range(60)]
    load(database, feed_row("A-1"), *others, full=True)
    load(database, *others, full=True, now=at(1))
    load(database, feed_row("A-1", as_of=at(2)), *others, full=True, now=at(2))

    assert events(database) == []


def test_two_rows_that_contradict_each_other_make_no_event(database: Database) -> None:
    open_cases(database, "A-1")
    load(database, feed_row("A-1"))
    load(database, feed_row("A-1", as_of=at(1)), feed_row("A-1", status="released", as_of=at(1)), now=at(1))

    assert events(database) == []


def test_mass_release_that_is_held_makes_events_only_when_two_people_release_it(database: Database) -> None:
    names = [f"A-{n}" for n in range(20)]
    open_cases(database, *names)
    two_people(database)
    load(database, *(feed_row(name) for name in names))
    load(database, *(feed_row(name, status="released", as_of=at(1)) for name in names), now=at(1))
    assert events(database) == []

    release_held(database, 2)

    assert [kind for kind, _, _ in events(database)] == ["released"] * 20


def test_mass_release_that_is_rejected_makes_no_event(database: Database) -> None:
    names = [f"A-{n}" for n in range(20)]
    open_cases(database, *names)
    two_people(database)
    load(database, *(feed_row(name) for name in names))
    load(database, *(feed_row(name, status="released", as_of=at(1)) for name in names), now=at(1))
    with database.reading() as session:
        (held,) = list_held(session)

    reject(database, held.id, by="ana@office.example.org", now=at(2))
    load(database, *(feed_row(name, as_of=at(3)) for name in names), now=at(3))

    assert events(database) == []


def test_false_release_that_is_corrected_by_two_people_is_followed_by_its_correction(
    database: Database,
) -> None:
    two_people(database)
    feed(database, {}, {"status": "released", "status_at": at(0.5)}, {})
    assert events(database) == [("released", at(0.5), True)]

    release_held(database, 4)

    assert events(database) == [("released", at(0.5), False), ("in_custody", LONG_AGO, True)]


def test_two_victims_of_one_person_make_one_event(database: Database) -> None:
    case = open_cases(database, "A-1")["A-1"]
    with database.transaction() as session:
        make_case(session, subject=session.get_one(Subject, case.subject_id))
    load(database, feed_row("A-1"))
    load(database, feed_row("A-1", status="released", as_of=at(1)), now=at(1))

    assert len(events(database)) == 1


def test_import_that_dies_at_any_commit_makes_each_event_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "BATCH", 3)
    monkeypatch.setattr(staging, "BATCH", 3)
    names = [f"A-{n}" for n in range(8)]
    open_cases(database, *names)
    load(database, *(feed_row(name, as_of=at(-1)) for name in names), now=at(-1))
    for commit in range(1, 40):
        undo = die_at_commit(database, commit)
        try:
            load(database, *(feed_row(name, status="escaped", status_at=at(0)) for name in names))
            finished = True
        except Killed:
            finished = False
        finally:
            undo()
        resume(database, NOW)
        assert len(events(database)) in {0, 8}
        if finished:
            assert events(database) == [("escaped", at(0), True)] * 8
            return
    pytest.fail("The import never came to its end.")


def test_row_that_repeats_the_record_and_its_contradiction_in_one_file_confirm_nothing(
    database: Database,
) -> None:
    """The first of the two changes nothing and is not staged until the second one speaks against it."""
    case = open_cases(database, "A-1")["A-1"]
    load(database, feed_row("A-1"))
    assert what_is_heard(database, case).status == "in_custody"

    load(database, feed_row("A-1"), feed_row("A-1", status="released"))

    assert what_is_heard(database, case) is NEUTRAL
    assert events(database) == []


def test_same_file_again_finds_a_person_who_was_missing_from_a_snapshot(database: Database) -> None:
    cases = open_cases(database, "A-1", *(f"B-{n}" for n in range(60)))
    others = [feed_row(f"B-{n}") for n in range(60)]
    load(database, feed_row("A-1"), *others, full=True)
    load(database, *others, full=True)
    assert what_is_heard(database, cases["A-1"]) is NEUTRAL

    load(database, feed_row("A-1"), *others, full=True)

    assert what_is_heard(database, cases["A-1"]).status == "in_custody"
