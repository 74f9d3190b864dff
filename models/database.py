"""Connects to SQLite or PostgreSQL. ``transaction()`` is the only place in the house that commits."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic, sleep
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    CursorResult,
    Delete,
    Engine,
    Executable,
    Insert,
    Update,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from models.change_log import forget_changes, log_changes
from models.keyring import Keyring

T = TypeVar("T")

#: Twilio gives up after 15 s: a turn that finds the database busy must still be able to say so.
BUSY_SECONDS = 4.0
#: So much longer than the server itself allows is an answer waited for, since the server may be hung.
GRACE_SECONDS = 0.5
#: How often work is begun anew after a fault that passes by itself.
TRIES = 3
#: How often, and with which pause, a writer looks for SQLite's lock before it waits as SQLite does.
LOOKS, LOOK_SECONDS = 1000, 0.0005
#: Where a session keeps the work of ``do_last``.
_LAST = "last"
#: PostgreSQL's words for a deadlock and for a conflict of two transactions.
_PASSING = frozenset({"40P01", "40001"})


@dataclass(frozen=True, eq=False)
class PerDialect:
    """One INSERT ... ON CONFLICT, which SQLAlchemy builds by a class of its own for each database."""

    sqlite: Insert
    postgresql: Insert

    @classmethod
    def built(cls, build: Callable[[Any], Insert]) -> "PerDialect":
        """Let ``build`` make the same statement from each database's ``insert`` function."""
        return cls(build(sqlite.insert), build(postgresql.insert))

    def spelled_for(self, dialect: str) -> Insert:
        """The one for the database named ``dialect``, as SQLAlchemy names it."""
        return self.postgresql if dialect == "postgresql" else self.sqlite


#: A prepared statement (made once, at import) and the values of its bind names.
Write = tuple[Insert | Update | Delete | PerDialect, dict[str, Any]]


def tried_again(work: Callable[[], T]) -> T:
    """Do ``work``, and again when the database broke it off for a reason that passes by itself.

    A connection that was closed meanwhile fails once, and with it all that waited in the pool; of two
    transactions that wait for each other one is broken off. Either was rolled back whole. ``work`` finds by
    what it reads whether its commit had come through after all. After one answer that never came
    it is begun anew, after two no more: a caller waits, and is to hear words before the carrier gives up.
    """
    began = monotonic()
    for _ in range(TRIES - 1):
        try:
            return work()
        except DBAPIError as fault:
            if monotonic() - began > BUSY_SECONDS + 2 * GRACE_SECONDS:
                raise
            if not fault.connection_invalidated and getattr(fault.orig, "sqlstate", None) not in _PASSING:
                raise
    return work()


class Database:
    """One engine, its keyring, and the two ways to use it: ``transaction()`` and ``reading()``."""

    def __init__(
        self, url: str, keyring: Keyring, pool_size: int = 5, *, patience_seconds: float | None = None
    ) -> None:
        """``patience_seconds``: how long a statement may take on PostgreSQL, where a caller waits for it.

        So long, and a moment, is also waited for the answer of a server that is hung.
        """
        self.keyring = keyring
        self.engine = _engine(url, pool_size, patience_seconds)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, info={"keyring": keyring})
        event.listen(self._sessions, "after_commit", log_changes)
        event.listen(self._sessions, "after_rollback", forget_changes)
        #: Connections of which each statement is a transaction of its own; models/unit.py uses them.
        self.singly = _engine(url, pool_size, patience_seconds, singly=True)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One unit of work: commits at the end, rolls back on any exception. Functions never commit."""
        with self._sessions.begin() as session:
            yield session
            run_last_work(session)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that is never committed, for pages, lists and checks."""
        with self._sessions() as session:
            if self.engine.dialect.name == "sqlite":
                # A reader that began IMMEDIATE would queue with the writers.
                session.connection(execution_options={"sqlite_begin": "DEFERRED"})
            yield session
            session.rollback()

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()
        self.singly.dispose()


def do_last(session: Session, work: Callable[[Session], None]) -> None:
    """Do ``work`` in this transaction, right before it commits; not at all when it rolls back.

    For a lock that every writer takes, such as the end of the audit's chain: taken after all rows, it can
    never be part of a circle of waiting transactions.
    """
    session.info.setdefault(_LAST, []).append(work)


def run_last_work(session: Session) -> None:
    """Run what ``do_last`` kept. ``transaction()`` calls it; so may a test that reads before the commit."""
    for work in session.info.pop(_LAST, ()):
        work(session)


def keyring_of(session: Session) -> Keyring:
    """The keyring that the session's database was opened with."""
    keyring: Keyring = session.info["keyring"]
    return keyring


def send(
    session: Session, statement: Executable, values: Mapping[str, Any], **options: Any
) -> CursorResult[*tuple[Any, ...]]:
    """Send one Core statement after what the session has to flush.

    It is ``session.execute`` for the statements of every turn, without the time that a session takes for
    each to find out which database and which transaction it is in.
    """
    session.flush()
    return _connection_of(session).execute(statement, values, execution_options=options)


def write_together(session: Session, *writes: Write) -> int:
    """Send several INSERT, UPDATE or DELETE statements as one round trip; how many rows the last touched.

    PostgreSQL takes them as one statement with the others as its CTEs: they must touch different
    rows, they all see the state before any of them, and their bind names must differ. SQLite runs in
    this process, where a statement is a function call and there is no trip to save.
    """
    statements = tuple(_spelled_for(session, statement) for statement, _ in writes)
    if _is_postgresql(session) and len(writes) > 1:
        merged = {name: value for _, values in writes for name, value in values.items()}
        return send(session, _combined(statements), merged).rowcount
    rows = 0
    for statement, (_, values) in zip(statements, writes, strict=True):
        rows = send(session, statement, values).rowcount
    return rows


def _is_postgresql(session: Session) -> bool:
    return _connection_of(session).dialect.name == "postgresql"


def _connection_of(session: Session) -> Connection:
    # Not before a statement needs it: to get it is to begin the transaction.
    connection: Connection | None = session.info.get("connection")
    if connection is None:
        connection = session.info["connection"] = session.connection()
    return connection


def _spelled_for(
    session: Session, statement: "Insert | Update | Delete | PerDialect"
) -> Insert | Update | Delete:
    if not isinstance(statement, PerDialect):
        return statement
    return statement.spelled_for(_connection_of(session).dialect.name)


@lru_cache(maxsize=256)
def _combined(statements: tuple[Insert | Update | Delete, ...]) -> Insert | Update | Delete:
    *others, last = statements
    return last.add_cte(*(statement.cte(f"also_{i}") for i, statement in enumerate(others)))


def _engine(url: str, pool_size: int, patience: float | None, *, singly: bool = False) -> Engine:
    # The message of a fault must quote no value, whoever writes it down.
    options: dict[str, Any] = {"pool_size": pool_size, "hide_parameters": True}
    if singly:
        # Nothing is left open on a connection that begins nothing. Of an INSERT no count is kept unasked.
        options |= {"pool_reset_on_return": None, "execution_options": {"preserve_rowcount": True}}
    if not url.startswith("sqlite"):
        if singly:
            options["isolation_level"] = "AUTOCOMMIT"
        if patience is not None:
            options |= {"pool_timeout": patience, "connect_args": {"connect_timeout": max(2, int(patience))}}
        engine = create_engine(url, max_overflow=pool_size, pool_pre_ping=False, **options)
        if patience is not None:
            event.listen(engine, "do_connect", _connect_to_answer_in(patience + GRACE_SECONDS))
            event.listen(engine, "connect", lambda connection, _: _be_patient(connection, patience))
        if singly:
            event.listen(engine, "connect", _hurry_on_postgresql)
        return engine
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None}, **options)
    event.listen(engine, "connect", _set_pragmas)
    if singly:
        event.listen(engine, "connect", _hurry_on_sqlite)
    else:
        event.listen(engine, "begin", _begin)
    return engine


def _connect_to_answer_in(seconds: float) -> Callable[..., Any]:
    def connect(_dialect: Any, _record: Any, args: Any, options: Any) -> Any:
        # PostgreSQL's driver, which a house on SQLite need not load.
        from models.patient_connection import PatientConnection

        connection = PatientConnection.connect(*args, **options)
        connection.answer_seconds = seconds
        return connection

    return connect


def _be_patient(connection: Any, seconds: float) -> None:
    was, connection.autocommit = connection.autocommit, True
    connection.execute(f"SET statement_timeout = {seconds * 1000:.0f}")
    connection.autocommit = was


def _hurry_on_sqlite(connection: Any, _record: Any) -> None:
    # A power cut may take the last moves of calls in their tree, since it takes those calls too. Tries,
    # promises and verifications are written in transactions that wait for the disk.
    connection.execute("PRAGMA synchronous=NORMAL")


def _hurry_on_postgresql(connection: Any, _record: Any) -> None:
    connection.autocommit = True
    # A turn looks everything up by its unique key: one plan is right for all, and to plan the join anew
    # costs more than to run it.
    connection.execute("SET plan_cache_mode = force_generic_plan")
    # As on SQLite: see there.
    connection.execute("SET synchronous_commit = off")


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # What a transaction promises is on the disk when it ends, as on PostgreSQL.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _begin(connection: Any) -> None:
    # A transaction that reads first and writes later would fail with SQLITE_BUSY_SNAPSHOT when another
    # wrote between.
    own = connection.connection.dbapi_connection
    if connection.get_execution_options().get("sqlite_begin") == "DEFERRED":
        # It takes no lock yet, so nothing can go wrong that SQLAlchemy would have to put in its words.
        own.execute("BEGIN DEFERRED")
    elif not _begin_soon(own):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_soon(connection: sqlite3.Connection) -> bool:
    """Begin to write, or say that it cannot be done: SQLAlchemy then tries, and raises in its own words.

    A turn holds the lock for less than a millisecond. SQLite would soon sleep a hundred between two looks
    at it; this looks twice a millisecond, so that writers lose no time they could have had.
    """
    connection.execute("PRAGMA busy_timeout=0")
    try:
        for _ in range(LOOKS):
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    return False
                sleep(LOOK_SECONDS)
            else:
                return True
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000:.0f}")
