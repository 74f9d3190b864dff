"""No turn reads through a table that grows: every statement of a turn finds its rows by an index."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text, update
from sqlalchemy.orm import Session

from models.callbacks.lone_refusal import is_refused_alone
from models.calls.call import CALLS
from models.cases.case import Case
from models.cases.duress import DuressWatch
from models.overview.caller_state import glance, load_by_leg, load_by_sid
from models.overview.duress_use import has_untold_use
from models.overview.history import history_of
from models.store.database import Database
from models.store.unit import Unit
from models.talks.call_queue import QueuedCall, waiting
from models.talks.queue_ring import stop_ringing
from tests.factories import make_call, make_callback, make_case
from workers.in_progress import is_any_in_progress, live_since
from workers.rest import GOES_ON

#: A few people, and a few permanent rows: reading all of them is cheaper than any index.
SMALL = {"staff", "guards"}
READS: dict[str, Callable[[Session, datetime], Any]] = {
    "a turn": lambda session, now: load_by_sid(session, "CA1", now),
    "a PIN": lambda session, now: load_by_sid(session, "CA1", now, for_pin=True),
    "a leg": lambda session, now: load_by_leg(session, "leg1", now),
}
OTHERS: dict[str, Callable[[Session, datetime], Any]] = {
    "the end of a call": lambda session, now: stop_ringing(session, 1, now),
    "the PIN that may open": lambda session, now: load_by_sid(session, "CA1", now, opening="duress"),
}
#: A read of calls by something that few calls have, and the partial index of only those calls.
OF_FEW_CALLS: dict[str, tuple[Callable[[Session, datetime], Any], str]] = {
    "a leg by its id": (READS["a leg"], "uq_calls_leg_id"),
    "the legs of a callback": (lambda session, _now: history_of(session, 1), "ix_calls_callback_id"),
    "the calls that opened a case": (
        lambda session, _now: session.execute(select(CALLS.c.id).where(CALLS.c.case_id == 1)),
        "ix_calls_case_id",
    ),
    "the legs for a caller": (
        lambda session, _now: session.execute(select(CALLS.c.id).where(CALLS.c.parent_call_id == 1)),
        "ix_calls_parent_call_id",
    ),
}


def _plans(session: Session, read: Callable[[], Any]) -> str:
    """How the database would find the rows of every SELECT that ``read`` sends, in its own words."""
    connection = session.connection()
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        seen.append((statement, parameters))

    # On every connection, since a turn has its own.
    event.listen(Engine, "before_cursor_execute", note)
    read()
    event.remove(Engine, "before_cursor_execute", note)
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        # PostgreSQL reads an empty table whole; when that is off, it does so only where no index serves.
        session.execute(text("SET LOCAL enable_seqscan = off"))
    explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
    return "\n".join(
        str(tuple(row)[-1])
        for statement, parameters in seen
        # SQLite plans for an INSERT a search for rows that wait for its key, and does it only if one does.
        if not statement.startswith("INSERT")
        for row in connection.exec_driver_sql(explain + statement, parameters)
    )


@pytest.mark.parametrize("name", [*READS, *OTHERS])
def test_turn_reads_through_no_table_that_grows(database: Database, name: str, now: datetime) -> None:
    with database.transaction() as session:
        make_call(session, "CA1", leg_id="leg1", phone="+12025550110", tried_key="0" * 64)

        plan = _plans(session, lambda: (READS | OTHERS)[name](session, now))

    scanned = set(re.findall(r"(?:SCAN|Seq Scan on) (\w+)", plan))
    assert "calls" in plan
    assert {table for table in scanned if not table.startswith("anon_")} <= SMALL | {"staff_1"}, plan


@pytest.mark.parametrize("with_case", [False, True])
def test_facts_of_a_call_are_read_without_a_scan_of_a_growing_table(
    database: Database, now: datetime, with_case: bool
) -> None:
    with database.transaction() as session:
        make_call(session, "CA1", phone="+12025550110", case_id=make_case(session).id)
        for _ in range(50):
            make_callback(session, make_case(session))
            make_call(session)
        session.flush()
        # Of an empty table any index is as good as another.
        session.execute(text("ANALYZE"))

    def read() -> None:
        with Unit(database) as unit:
            state = glance(unit, "CA1", with_case=with_case)
            assert state is not None
            assert (state.registrant_id is not None, state.free_liaisons) == (True, 0)
            assert state.open_callback_id is None

    with database.transaction() as session:
        plan = _plans(session, read)

    scanned = set(re.findall(r"(?:SCAN|Seq Scan on) (?!CONSTANT ROW)(\w+)", plan))
    assert {table for table in scanned if not table.startswith("anon_")} <= SMALL, plan
    assert "uq_callbacks_owed_case" in plan, plan


@pytest.mark.parametrize("name", ["a turn", "a leg", "the PIN that may open"])
def test_open_callback_of_a_case_is_found_by_its_own_index(
    database: Database, name: str, now: datetime
) -> None:
    with database.transaction() as session:
        make_call(session, "CA1", leg_id="leg1", tried_key="0" * 64)
        for last in range(100):
            make_callback(session, make_case(session), phone=f"+120255501{last:02d}")
        session.flush()
        # Of an empty table any index is as good as another.
        session.execute(text("ANALYZE"))

        plan = _plans(session, lambda: (READS | OTHERS)[name](session, now))

    # By the state alone, every turn would go through all open callbacks.
    found = [line for line in plan.splitlines() if "callbacks" in line]
    assert found, plan
    assert all("uq_callbacks_owed_case" in line for line in found), plan


def test_refused_phone_is_found_without_reading_all_calls(database: Database, now: datetime) -> None:
    """A turn asks for it before it promises an hour."""
    with database.transaction() as session:
        for last in range(300):
            make_call(session, phone=f"+120255501{last % 100:02d}", direction="outbound", started_at=now)
        session.flush()
        # Of an empty table any index is as good as another.
        session.execute(text("ANALYZE"))

        plan = _plans(session, lambda: is_refused_alone(session, "0" * 64, 1, now))

    assert "SCAN calls" not in plan, plan
    assert "Seq Scan on calls" not in plan, plan
    assert "ix_calls_started_at" not in plan, plan


def test_callers_in_the_queue_are_counted_by_an_index_that_has_only_them(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        for _ in range(300):
            call = make_call(session)
            over = {"seen_at": now, "ended_at": now, "outcome": "talked"}
            session.add(QueuedCall(call_id=call.id, verified=False, since=now, **over))
        session.flush()
        # Of an empty table any index is as good as another.
        session.execute(text("ANALYZE"))

        plan = _plans(session, lambda: waiting(session, now))

    # The index has the few who wait, not all who ever did.
    assert "ix_queued_calls_waiting" in plan, plan


def test_pass_of_the_sweeper_finds_ongoing_work_by_indexes_alone(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        plan = _plans(
            session,
            lambda: (
                session.scalar(GOES_ON, {"now": now} | live_since(now)),
                is_any_in_progress(session, now),
            ),
        )

    # SQLite names the index at the end of the line; either database reads all of the few people.
    scanned = re.findall(r"(?:SCAN (\w+)$|Seq Scan on (\w+))", plan, re.MULTILINE)
    assert {"".join(names) for names in scanned} == {"staff"}, plan


def test_pass_of_the_sweeper_reads_no_old_callback_to_find_those_after_a_duress_pin(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        case = make_case(session)
        twin = make_case(session)
        session.execute(
            update(Case).where(Case.id == twin.id).values(duress_of=case.id, last_verified_at=now)
        )
        session.add(DuressWatch(case_id=twin.id, told_at=now))
        for _ in range(10):
            other = make_case(session)
            make_callback(session, other)
            for _ in range(30):
                make_callback(session, other, state="reached", closed_at=now)
        session.flush()
        # Of an empty table any index is as good as another.
        session.execute(text("ANALYZE"))

        plan = _plans(session, lambda: has_untold_use(session))

    # SQLite calls it a scan also if it goes through a partial index, which has only what is open.
    scans = [
        line for line in plan.splitlines() if re.search(r"(?:SCAN|Seq Scan on) (?:callbacks|cases)", line)
    ]
    assert all("ix_callbacks_promised" in line for line in scans), plan


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_keeps_a_statement_prepared_that_is_read_again_and_again(database: Database) -> None:
    # psycopg prepares a statement at its fifth time, and the pool has several connections.
    for _ in range(60):
        with database.reading() as session:
            session.execute(select(CALLS.c.said, CALLS.c.id).where(CALLS.c.case_id == 1))

    with database.reading() as session:
        kept = session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    assert [statement for statement in kept if statement.startswith("SELECT calls.said")], kept


@pytest.mark.parametrize("name", OF_FEW_CALLS)
def test_read_by_something_that_few_calls_have_uses_an_index_of_only_those(
    database: Database, name: str, now: datetime
) -> None:
    read, index = OF_FEW_CALLS[name]
    with database.transaction() as session:
        callback = make_callback(session, make_case(session))
        make_call(session, "CA1", leg_id="leg1", callback_id=callback.id)
        for _ in range(300):
            make_call(session)
        session.flush()
        # Of an empty table any index is as good as another.
        session.execute(text("ANALYZE"))

        plan = _plans(session, lambda: read(session, now))

    assert index in plan, plan
