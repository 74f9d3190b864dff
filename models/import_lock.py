"""One custody import at a time, by a lock that dies with its process; in batches that let callers pass."""

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.database import Database

#: Any number that no other advisory lock of this house has.
_LOCK = 7_243_551_904
_IN_MEMORY = threading.Lock()
LONGEST_PAUSE_SECONDS = 0.05


class ImportBusyError(RuntimeError):
    """Another import, release or rejection is at work."""


@contextmanager
def import_lock(database: Database) -> Iterator[None]:
    """Hold the lock of the house's imports, or raise ImportBusyError at once.

    Who holds it knows that every import still marked ``staging`` or ``applying`` was left by a process
    that died. On PostgreSQL it is an advisory lock of a connection of its own (a pooler in front must
    keep sessions); on SQLite a lock on a file beside the database.
    """
    if database.engine.dialect.name == "postgresql":
        with _postgresql_lock(database):
            yield
    elif database.engine.url.database in (None, "", ":memory:"):
        if not _IN_MEMORY.acquire(blocking=False):
            raise _busy()
        try:
            yield
        finally:
            _IN_MEMORY.release()
    else:
        path = Path(f"{database.engine.url.database}-import-lock")
        with path.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _busy() from None
            # Closing the file, or dying, gives the lock back; the file itself stays and means nothing.
            yield


@contextmanager
def _postgresql_lock(database: Database) -> Iterator[None]:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
            raise _busy()
        # Apart from the pool, so that closing ends the session and with it the lock, come what may.
        connection.detach()
        yield


@contextmanager
def gentle_transaction(database: Database) -> Iterator[Session]:
    """One batch of a long piece of work, after which callers get their turn.

    SQLite has one writer and no queue: whoever waits looks again every few milliseconds. A writer that
    began anew at once would win nearly every time, so it rests as long as it worked.
    """
    began = time.monotonic()
    with database.transaction() as session:
        yield session
    if database.engine.dialect.name == "sqlite":
        time.sleep(min(time.monotonic() - began, LONGEST_PAUSE_SECONDS))


def _busy() -> ImportBusyError:
    return ImportBusyError("Another custody import is at work; try again when it has ended.")
