"""A transaction that leaves nothing, for tests of what code writes on its way."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.orm import Session

from models.store.database import Database


class _UndoneError(Exception):
    """Ends a transaction that is to be rolled back."""


@contextmanager
def undone(database: Database) -> Iterator[Session]:
    """A session that may lock and write; all of it is rolled back at the end."""
    with suppress(_UndoneError), database.transaction() as session:
        yield session
        raise _UndoneError
