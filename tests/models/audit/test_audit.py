"""The audit chain: it is whole, it tells where it was broken, and a purge leaves it whole."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import null, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models import AuditEntry, Staff
from models.audit import audit
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.factories import NOW, make_staff

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
NAMES = st.text("abc é", max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def _record(session: Session, number: int, **facts: Any) -> None:
    audit.record(
        session,
        actor="lea@office.example.org",
        action="open_case",
        target=f"case:{number}",
        facts=facts or None,
        now=NOW + timedelta(seconds=number),
    )


def _three(database: Database) -> None:
    with database.transaction() as session:
        for number in (1, 2, 3):
            _record(session, number, language="en", order=number)


def _meddle(database: Database, sql: str) -> None:
    """Change rows like somebody who bypassed the triggers."""
    with database.transaction() as session:
        if session.get_bind().dialect.name == "sqlite":
            for deed in ("update", "delete"):
                session.execute(text(f"DROP TRIGGER audit_entries_refuse_{deed}"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        session.connection().exec_driver_sql(sql)


def test_untouched_chain_is_whole(database: Database) -> None:
    _three(database)

    with database.reading() as session:
        assert audit.verify(session) is None


def test_empty_chain_is_whole(database: Database) -> None:
    with database.reading() as session:
        assert audit.verify(session) is None


def test_each_entry_names_the_one_before_it(database: Database) -> None:
    _three(database)

    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert [entry.previous for entry in entries] == [audit.BEGINNING, entries[0].hash, entries[1].hash]


@pytest.mark.parametrize(
    ("change", "found_at"),
    [
        ("UPDATE audit_entries SET actor = 'x' WHERE id = 2", 2),
        ("UPDATE audit_entries SET action = 'x' WHERE id = 2", 2),
        ("UPDATE audit_entries SET target = 'case:9' WHERE id = 2", 2),
        ("UPDATE audit_entries SET at = '2020-01-01 00:00:00.000000+00' WHERE id = 2", 2),
        ("""UPDATE audit_entries SET facts = '{"language":"es","order":2}' WHERE id = 2""", 2),
        ("UPDATE audit_entries SET facts = NULL WHERE id = 2", 2),
        ("UPDATE audit_entries SET salt = NULL WHERE id = 2", 2),
        ("UPDATE audit_entries SET commitment = previous WHERE id = 2", 2),
        ("DELETE FROM audit_entries WHERE id = 2", 3),
        ("DELETE FROM audit_entries WHERE id = 1", 2),
    ],
)
def test_check_names_the_first_entry_that_does_not_fit(
    database: Database, change: str, found_at: int
) -> None:
    _three(database)
    if "at = " in change and database.engine.dialect.name == "sqlite":
        change = change.replace("+00", "")

    _meddle(database, change)

    with database.reading() as session:
        assert audit.verify(session) == found_at


def test_entry_that_was_emptied_without_a_purge_breaks_the_chain(database: Database) -> None:
    _three(database)

    # The triggers let it pass, as they let a purge pass.
    with database.transaction() as session:
        session.execute(update(AuditEntry).where(AuditEntry.id == 2).values(facts=null(), salt=None))

    with database.reading() as session:
        assert audit.find_fault(session) == audit.Fault(2, "emptied")


def test_purge_names_what_it_emptied_and_leaves_the_chain_whole(database: Database) -> None:
    _three(database)
    old = NOW + timedelta(seconds=3)

    with database.transaction() as session:
        audit.purge_facts(session, old, 0, 10, NOW + timedelta(days=90))

    with database.reading() as session:
        assert audit.verify(session) is None
        purge = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert purge is not None
        assert (purge.actor, purge.action, purge.target) == ("sweeper", "purge_audit", "entry:1")
        assert purge.facts == {"first": 1, "last": 2}


@pytest.mark.parametrize(
    ("emptied", "found_at"),
    [
        (3, 3),  # behind what the purge names
        (4, 1),  # the purge itself: nothing says any more who emptied entries 1 and 2
    ],
)
def test_purge_excuses_only_the_entries_that_it_names(
    database: Database, emptied: int, found_at: int
) -> None:
    _three(database)
    with database.transaction() as session:
        audit.purge_facts(session, NOW + timedelta(seconds=3), 0, 10, NOW + timedelta(days=90))

    with database.transaction() as session:
        session.execute(update(AuditEntry).where(AuditEntry.id == emptied).values(facts=null(), salt=None))

    with database.reading() as session:
        assert audit.find_fault(session) == audit.Fault(found_at, "emptied")


def test_purge_that_claims_later_entries_excuses_none_of_them(database: Database) -> None:
    with database.transaction() as session:
        audit.record(
            session, actor="x", action=audit.PURGE, target="entry:1", facts={"first": 1, "last": 99}, now=NOW
        )
    _three(database)

    with database.transaction() as session:
        session.execute(update(AuditEntry).where(AuditEntry.id == 3).values(facts=null(), salt=None))

    with database.reading() as session:
        assert audit.find_fault(session) == audit.Fault(3, "emptied")


def test_entry_vanishes_with_the_transaction_it_belongs_to(database: Database) -> None:
    _three(database)

    def fail_after_recording() -> None:
        with database.transaction() as session:
            _record(session, 4)
            session.execute(text("the change itself fails"))

    with pytest.raises(DBAPIError):
        fail_after_recording()
    with database.transaction() as session:
        _record(session, 5)

    with database.reading() as session:
        assert audit.verify(session) is None
        assert session.scalars(select(AuditEntry.target).order_by(AuditEntry.id)).all() == [
            "case:1", "case:2", "case:3", "case:5",
        ]  # fmt: skip


@ON_BOTH
def test_writers_at_the_same_moment_make_one_chain(database: Database) -> None:
    start = threading.Barrier(4)

    def work(first: int) -> None:
        start.wait()
        for number in range(first, first + 8):
            with database.transaction() as session:
                _record(session, number)

    threads = [threading.Thread(target=work, args=(100 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.reading() as session:
        assert audit.verify(session) is None
        assert len(session.scalars(select(AuditEntry.previous).distinct()).all()) == 32


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=st.dictionaries(NAMES, JSON, max_size=4))
def test_facts_of_any_kind_keep_the_chain_whole_after_they_are_read_back(
    database: Database, facts: Any
) -> None:
    with database.transaction() as session:
        audit.record(session, actor="a", action="b", target="c:1", facts=facts, now=NOW)

    with database.reading() as session:
        assert audit.verify(session) is None


@ON_BOTH
def test_staff_and_a_caller_who_touch_the_same_row_in_either_order_both_commit(database: Database) -> None:
    with database.transaction() as session:
        person = make_staff(session)
    entered, faults = threading.Barrier(2, timeout=5), []

    def touch(session: Session) -> None:
        session.execute(update(Staff).where(Staff.id == person.id).values(away=True))

    def work(first: Callable[[Session], None], then: Callable[[Session], None]) -> None:
        try:
            with database.transaction() as session:
                first(session)
                if session.get_bind().dialect.name == "postgresql":
                    entered.wait()
                then(session)
        except DBAPIError as fault:
            faults.append(fault)

    orders = ((touch, lambda session: _record(session, 1)), (lambda session: _record(session, 2), touch))
    threads = [threading.Thread(target=work, args=order) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    with database.reading() as session:
        assert len(session.scalars(select(AuditEntry)).all()) == 2
        assert audit.verify(session) is None
