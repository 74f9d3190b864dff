"""Migrations: they make what the models say, on both databases, however often and by however many at once."""

import multiprocessing
import sqlite3
import threading
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import delete, inspect, null, text, update
from sqlalchemy.exc import DBAPIError

from models import AuditEntry, Base, CustodyRecord
from models.audit import audit
from models.store.database import Database
from models.store.keyring import Keyring
from models.store.migrate import MigrationError, _config, upgrade
from models.store.schema import is_current, newest_revision
from tests.conftest import FIELD_KEYS, SECRET_KEY
from tests.factories import NOW, make_custody_record, make_subject


@pytest.fixture
def blank(blank_database_url: str) -> Iterator[Database]:
    database = Database(blank_database_url, Keyring(FIELD_KEYS, SECRET_KEY))
    yield database
    database.close()


def _differences(database: Database) -> list[Any]:
    with database.reading() as session:
        return list(compare_metadata(MigrationContext.configure(session.connection()), Base.metadata))


def test_migrations_make_exactly_what_the_models_say(blank: Database) -> None:
    upgrade(blank)

    assert _differences(blank) == []


def test_every_reference_of_the_models_is_one_of_the_database(blank: Database) -> None:
    upgrade(blank)

    inspector = inspect(blank.engine)
    for table in Base.metadata.tables.values():
        found = {(tuple(key["constrained_columns"]), key["referred_table"]) for key in
                 inspector.get_foreign_keys(table.name)}  # fmt: skip
        meant = {((key.parent.name,), key.column.table.name) for key in table.foreign_keys}
        assert found == meant, table.name


def test_blank_database_is_not_current_until_it_is_upgraded(blank: Database) -> None:
    assert not is_current(blank)

    upgrade(blank)

    assert is_current(blank)


def test_file_of_the_last_revision_is_named_for_its_number() -> None:
    assert ScriptDirectory.from_config(_config()).get_heads() == [newest_revision()]


def test_second_upgrade_changes_nothing(blank: Database) -> None:
    upgrade(blank)
    with blank.transaction() as session:
        make_subject(session)

    upgrade(blank)

    assert is_current(blank)
    with blank.reading() as session:
        assert session.execute(text("SELECT count(*) FROM subjects")).scalar() == 1


def _upgrade(url: str, all_are_ready: Barrier) -> None:
    database = Database(url, Keyring(FIELD_KEYS, SECRET_KEY))
    all_are_ready.wait(60)
    upgrade(database)


def test_process_that_starts_while_another_writes_a_new_file_waits_for_it(tmp_path: Path) -> None:
    file = tmp_path / "hotline.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ends = threading.Timer(0.1, other.execute, ["COMMIT"])
    ends.start()

    database = Database(f"sqlite:///{file}", Keyring(FIELD_KEYS, SECRET_KEY))
    upgrade(database)

    assert is_current(database)
    ends.join()
    database.close()
    other.close()


def test_several_processes_may_upgrade_at_once(blank: Database, blank_database_url: str) -> None:
    context = multiprocessing.get_context("fork")
    all_are_ready = context.Barrier(4)
    started = [context.Process(target=_upgrade, args=(blank_database_url, all_are_ready)) for _ in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)

    assert [process.exitcode for process in started] == [0] * 4
    assert is_current(blank)
    assert _differences(blank) == []


def test_app_runs_on_a_newer_schema_and_does_not_upgrade_it(blank: Database) -> None:
    upgrade(blank)
    with blank.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert is_current(blank)
    with pytest.raises(MigrationError, match="newer"):
        upgrade(blank)


def test_broken_upgrade_leaves_nothing_behind(blank: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(_connection: Any) -> None:
        raise RuntimeError("the power is gone")

    monkeypatch.setattr("models.store.migrate._check_references", fault)
    with pytest.raises(RuntimeError, match="power"):
        upgrade(blank)

    assert inspect(blank.engine).get_table_names() == []


def test_references_hold_again_after_an_upgrade(blank: Database) -> None:
    upgrade(blank)

    with pytest.raises(DBAPIError), blank.transaction() as session:
        make_subject(session, held_import_id=77)


@pytest.mark.parametrize(
    "deed", [update(CustodyRecord).values(status="released"), delete(CustodyRecord)], ids=["update", "delete"]
)
def test_custody_record_is_only_ever_appended(database: Database, deed: Any) -> None:
    with database.transaction() as session:
        subject = make_subject(session)
        make_custody_record(session, subject, "in_custody")
        make_custody_record(session, subject, "transferred")

    with pytest.raises(DBAPIError, match="only ever appended"), database.transaction() as session:
        session.execute(deed)


@pytest.mark.parametrize(
    "deed",
    [
        delete(AuditEntry),
        update(AuditEntry).values(actor="someone else"),
        update(AuditEntry).values(facts={"role": "administrator"}),
        update(AuditEntry).values(facts=null()),
        update(AuditEntry).values(salt=None, facts=null(), hash="0" * 64),
        update(AuditEntry).values(salt=None, facts=null(), id=7),
    ],
    ids=["delete", "actor", "facts", "facts without salt", "hash", "id"],
)
def test_audit_entry_stays_as_it_was_written(database: Database, deed: Any) -> None:
    with database.transaction() as session:
        audit.record(session, actor="a", action="b", target="c:1", facts={"role": "liaison"}, now=NOW)

    with pytest.raises(DBAPIError, match="Audit entries stay"), database.transaction() as session:
        session.execute(deed)


def test_facts_of_an_audit_entry_can_be_purged_with_their_salt(database: Database) -> None:
    with database.transaction() as session:
        audit.record(session, actor="a", action="b", target="c:1", facts={"role": "liaison"}, now=NOW)

    with database.transaction() as session:
        session.execute(update(AuditEntry).values(salt=None, facts=null()))

    with database.reading() as session:
        assert session.execute(text("SELECT facts, salt FROM audit_entries")).one() == (None, None)
