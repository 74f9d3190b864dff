"""Every way to the database tries to write: only a transaction and the save of a turn succeed."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import Engine, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.calls.call import Call, saving_turn
from models.overview.caller_state import glance
from models.staff.staff import Staff
from models.store.database import Database
from models.store.unit import Unit
from tests.factories import make_staff

SID = f"CA{7:032d}"
_RENAMES = update(Staff.__table__).values(languages="xx")  # type: ignore[arg-type]
_SAYS_IT = text("UPDATE staff SET languages = 'xx'")


@pytest.fixture
def rows(database: Database, now: datetime) -> Database:
    """A database with a member of staff, whose languages every connection tries to write, and a call."""
    with database.transaction() as session:
        make_staff(session, phone="+12025550170", languages="en")
        session.execute(
            insert(Call).values(
                call_sid=SID, direction="inbound", flow="victim_line", line="", started_at=now, language="en",
                pace="normal", step="language", turn=1, heard_from="language", misses=0, silences=0, tries=0,
                said="", trail="",
            )
        )  # fmt: skip
    return database


def _languages(database: Database) -> str | None:
    with database.reading() as session:
        return session.scalar(select(Staff.languages))


def _engines(database: Database) -> list[Engine]:
    """All that open a connection, by any name that the database has for them, but the one that writes."""
    found = [each for each in vars(database).values() if isinstance(each, Engine)]
    assert database.write_engine in found
    return [each for each in found if each is not database.write_engine]


def _session_that_reads(database: Database) -> None:
    with database.reading() as session:
        session.execute(_RENAMES)
        session.commit()


def _session_that_reads_the_orm(database: Database) -> None:
    with database.reading() as session:
        session.scalars(select(Staff)).one().languages = "xx"
        session.commit()


def _second_transaction_of_a_reader(database: Database) -> None:
    with database.reading() as session:
        session.scalar(select(func.count()).select_from(Staff))
        session.commit()
        session.execute(_SAYS_IT)
        session.commit()


def _reader_after_a_writer(database: Database) -> None:
    # It gets the connection back from the pool with which somebody has just written.
    with database.transaction() as session:
        make_staff(session, phone="+12025550171")
    _session_that_reads(database)


def _read_of_a_unit(database: Database) -> None:
    with Unit(database) as unit:
        unit.read(_RENAMES.returning(Staff.id), {})  # type: ignore[arg-type]


def _save_of_a_unit(database: Database) -> None:
    with Unit(database) as unit:
        unit.save((_RENAMES, {}))


@pytest.mark.parametrize(
    "tries",
    [
        _session_that_reads,
        _session_that_reads_the_orm,
        _second_transaction_of_a_reader,
        _reader_after_a_writer,
        _read_of_a_unit,
        _save_of_a_unit,
    ],
)
def test_only_the_session_of_a_transaction_writes(rows: Database, tries: Callable[[Database], None]) -> None:
    with pytest.raises((DBAPIError, ValueError)):
        tries(rows)

    assert "xx" not in (_languages(rows) or "")


def _connection_that_commits(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(_RENAMES)
        connection.commit()


def _connection_that_begins(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(_SAYS_IT)


def _words_of_the_driver(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(_SAYS_IT.text)


def _connection_that_commits_each_statement(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(_RENAMES)


def _session_of_ones_own(engine: Engine) -> None:
    with Session(engine) as session:
        session.scalars(select(Staff)).one().languages = "xx"
        session.commit()


@pytest.mark.parametrize(
    "tries",
    [
        _connection_that_commits,
        _connection_that_begins,
        _words_of_the_driver,
        _connection_that_commits_each_statement,
        _session_of_ones_own,
    ],
)
def test_no_connection_of_any_engine_writes(rows: Database, tries: Callable[[Engine], None]) -> None:
    for engine in _engines(rows):
        with pytest.raises((DBAPIError, RuntimeError)):
            tries(engine)

        assert _languages(rows) == "en"


def test_transaction_writes_with_a_connection_that_has_just_read(rows: Database) -> None:
    assert _languages(rows) == "en"
    with rows.transaction() as session:
        session.execute(_RENAMES)

    assert _languages(rows) == "xx"


def test_save_of_a_turn_writes_its_call(rows: Database) -> None:
    with Unit(rows) as unit:
        state = glance(unit, SID)
        assert state is not None
        state.step, state.turn = "first_menu", 2
        unit.save(saving_turn(state))

    with rows.reading() as session:
        assert session.scalar(select(Call.step)) == "first_menu"
