"""Brings a database to the schema of this release; safe when several processes do so at once.

A developer writes the next revision with ``python -m models.store.migrate "What changes"``. It compares the
models with the revisions on an empty database and drafts the file for the developer to review.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text

from models.store.database import Database
from models.store.keyring import Keyring

#: Any number that no other program uses on this database server; it identifies the lock.
_LOCK = 7_243_551_902


class MigrationError(RuntimeError):
    """The database cannot be brought to this release's schema; the message says why."""


def upgrade(database: Database) -> None:
    """Run every missing revision in one transaction. Raises MigrationError."""
    with _one_at_a_time(database) as connection:
        config = _config(connection)
        try:
            command.upgrade(config, "head")
        except CommandError as fault:
            raise MigrationError(
                "The database has a revision that this release does not know: it was made by a newer one."
            ) from fault
        _check_references(connection)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    # A package and a folder in it, so that an installed release finds its revisions too.
    config.set_main_option("script_location", "models.store:migrations")
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _one_at_a_time(database: Database) -> Iterator[Connection]:
    """A connection in a transaction that no second upgrade can enter before this one ends."""
    sqlite = database.engine.dialect.name == "sqlite"
    with database.write_engine.connect() as connection:
        if sqlite:
            # Copying a table drops the old one, and references to it must not be checked meanwhile. The
            # pragma is ignored inside a transaction, so it is set before BEGIN IMMEDIATE, which is the lock
            # here.
            _pragma_foreign_keys(connection, on=False)
        try:
            with connection.begin():
                if not sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                yield connection
        finally:
            if sqlite:
                _pragma_foreign_keys(connection, on=True)


def _pragma_foreign_keys(connection: Connection, *, on: bool) -> None:
    raw = connection.connection.driver_connection
    if raw is not None:
        raw.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def _check_references(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise MigrationError("A revision left a row that refers to nothing; nothing was changed.")


def _draft(message: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(
            f"sqlite:///{Path(folder) / 'draft.db'}", Keyring([("draft", bytes(32))], b"draft")
        )
        upgrade(database)
        with _one_at_a_time(database) as connection:
            command.revision(_config(connection), message, autogenerate=True)
        database.close()


if __name__ == "__main__":
    _draft(" ".join(sys.argv[1:]))
