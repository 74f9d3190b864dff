"""A database that the tests of one file share, and what its planner knows."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from models.store.database import Database
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests.servers import Postgres


@contextmanager
def own_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, keyring: Keyring
) -> Iterator[Database]:
    """A migrated database of the kind that the fixture's parameter names, apart from those of other tests."""
    postgres: Postgres | None = None
    url = f"sqlite:///{tmp_path_factory.mktemp('own') / 'hotline.db'}"
    if request.param == "postgresql":
        postgres = request.getfixturevalue("postgres")
        name = postgres.create()
        url = postgres.url(name)
    database = Database(url, keyring)
    try:
        upgrade(database)
        yield database
    finally:
        database.close()
        if postgres is not None:
            postgres.drop(name)


def analyze(database: Database, *tables: str) -> None:
    """Count the rows of all tables, or of these, for the planner.

    What it knows is part of a plan: two indexes on an unknown table cost the same.
    """
    with database.write_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in tables or ("",):
            connection.execute(text(f"ANALYZE {table}"))
