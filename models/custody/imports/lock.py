"""One custody import at a time, by a lock that dies with its process; batches that let callers go first."""

import fcntl
import gc
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models.custody.refusals import ImportBusyRefusal
from models.store.database import Database
from models.store.refusal import RefusedError

#: Any number that no other advisory lock of this installation has.
_LOCK = 7_243_551_904
#: The pauses of a long task on SQLite, and for how long somebody who wrote counts as writing.
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, OTHERS_SECONDS = 0.002, 0.05, 0.5
#: Where a connection keeps the version that it saw last, and when it saw a new one.
_OTHERS = "others wrote"
WAIT_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 0.1


class ImportBusyError(RefusedError):
    """Another import, release or rejection is running."""


@contextmanager
def import_lock(database: Database, wait_seconds: float | None = None) -> Iterator[None]:
    """Hold the lock of the app's imports, or raise ImportBusyError after ``wait_seconds`` (WAIT_SECONDS).

    The process that has the lock knows that every import still marked ``staging`` or ``applying`` was left by
    a process that died. On PostgreSQL it is an advisory lock on its own connection (a pooler in front must
    keep sessions); on SQLite it is a lock on a file beside the database. The wait is long enough for a sweep,
    which holds the lock for a moment, but not for whole files.
    """
    until = time.monotonic() + (WAIT_SECONDS if wait_seconds is None else wait_seconds)
    with ExitStack() as held:
        while not _try(database, held):
            if time.monotonic() >= until:
                raise ImportBusyError(ImportBusyRefusal.BUSY)
            time.sleep(LOOK_AGAIN_SECONDS)
        yield


def _try(database: Database, held: ExitStack) -> bool:
    """Take the lock if it is free; ``held`` releases it."""
    if database.engine.dialect.name == "postgresql":
        return _try_postgresql(database, held)
    with ExitStack() as attempt:
        # Closing the file, or a crash, releases the lock; the file itself stays and means nothing.
        file = attempt.enter_context(Path(f"{database.engine.url.database}-import-lock").open("ab"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        held.push(attempt.pop_all())
    return True


def _try_postgresql(database: Database, held: ExitStack) -> bool:
    with ExitStack() as attempt:
        connection = attempt.enter_context(database.engine.connect())
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
            return False
        # Outside the pool, so that closing always ends the session, and the lock with it.
        connection.detach()
        attempt.callback(_unlock, connection)
        held.push(attempt.pop_all())
    return True


def _unlock(connection: Connection) -> None:
    # The server notices a closed session a little later; the next process should not have to wait for that.
    with suppress(SQLAlchemyError):
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})


@contextmanager
def gentle_transaction(database: Database) -> Iterator[Session]:
    """One batch of a long task, after which callers get their turn.

    SQLite has one writer and no queue: a waiting writer tries again every half millisecond. A writer that
    started again at once would win nearly every time. So this one sleeps as long as it worked while others
    write, and else just long enough for one who begins to.
    """
    is_sqlite = database.engine.dialect.name == "sqlite"
    with database.transaction() as session:
        is_shared = is_sqlite and _do_others_write(session)
        # The time until here was that of others.
        began = time.monotonic()
        yield session
    if is_sqlite:
        worked = time.monotonic() - began
        time.sleep(min(worked, LONGEST_PAUSE_SECONDS) if is_shared else SHORTEST_PAUSE_SECONDS)


def _do_others_write(session: Session) -> bool:
    """Whether another connection to this SQLite database has written a short time ago."""
    connection = session.connection()
    version = connection.scalar(text("PRAGMA data_version"))
    now = time.monotonic()
    seen, since = connection.info.get(_OTHERS, (None, -OTHERS_SECONDS))
    if version != seen:
        connection.info[_OTHERS] = version, (since := now)
    return bool(now - since < OTHERS_SECONDS)


@contextmanager
def without_collector() -> Iterator[None]:
    """Look for no reference cycles meanwhile, in the whole process.

    A long task keeps an entry for each person and leaves no cycles behind. Walking these entries again and
    again took a tenth of its time. What other threads leave behind waits until its end.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
