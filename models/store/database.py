"""Connects to SQLite or PostgreSQL. ``transaction()`` is the only place in the app that commits."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from time import monotonic, sleep
from types import MappingProxyType
from typing import Any, TypeVar, cast

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
    make_url,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker

from models.store.change_log import forget_changes, log_changes
from models.store.keyring import Keyring

T = TypeVar("T")

#: Twilio gives up after 15 s, so a turn that finds the database busy must still have time to say so.
BUSY_SECONDS = 4.0
#: How much longer than the server's own timeout to wait for an answer, since the server may be hung.
GRACE_SECONDS = 0.5
#: How long a program for which no caller waits tries to reach PostgreSQL. Without it that may be for ever.
CONNECT_SECONDS = 5
#: When the client takes the server's machine for gone. Otherwise the system waits for a quarter of an hour,
#: or for two hours if nothing was sent, while the database may be back elsewhere.
_SERVER_GONE: dict[str, Any] = {
    "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000,
}  # fmt: skip
#: The same for the server: until it notices, it keeps the locks of a machine that lost power.
_CLIENT_GONE = "; SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
#: PostgreSQL's code for a write where only reads are allowed, and for how long that counts as news.
_READ_ONLY, NEWS_SECONDS = "25006", 1.0
#: How often work is started again after a transient error.
TRIES = 3
#: How often, and how far apart, a writer tries SQLite's lock before it waits as SQLite does.
LOCK_POLLS, LOCK_POLL_SECONDS = 1000, 0.0005
#: What tells a transaction that may write from a read on the same connection to PostgreSQL.
_WRITES = {"hotline_writes": True}
#: Where a session keeps the work passed to ``do_last``.
_LAST = "last"
#: PostgreSQL's codes for a deadlock and for a conflict of two transactions.
_PASSING = frozenset({"40P01", "40001"})
#: Also for a statement that took too long, such as one that waited for a lock, for a server that has no
#: connection left, and for one that stops, starts or has lost the connection. The driver has no code (None)
#: where no word came from the server at all.
_BUSY = _PASSING | {"57014", "55P03", "53300", "57P01", "57P02", "57P03", "08003", "08006", None}
#: The second: a reader or writer lost a hundred races, such as with a writer that was halted in the middle.
_BUSY_ON_SQLITE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL})


#: A prepared statement (made once, at import) and the values of its bind names.
Write = tuple[Insert | Update | Delete, dict[str, Any]]


def tried_again(work: Callable[[], T]) -> T:
    """Do ``work``, and retry when the database aborted it for a transient reason.

    A closed connection fails once, along with all idle connections in the pool. In a deadlock, one of the two
    transactions is aborted. Both are rolled back completely. ``work`` reads the rows again and so finds out
    whether its commit did succeed. After one timeout it is started again, after two it is not: a caller is
    waiting and must hear something before the carrier gives up.
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


def is_busy(fault: BaseException | None) -> bool:
    """Whether the database had no time or no connection for a transaction, and may have the next time.

    A full or broken disk is none of these: a person must look at it. Nothing was committed, unless the
    connection was lost right then.
    """
    if isinstance(fault, PoolTimeoutError):
        return True
    cause = fault.orig if isinstance(fault, OperationalError) else None
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _BUSY_ON_SQLITE
    return getattr(cause, "sqlstate", "unknown") in _BUSY


class Use(Enum):
    """What an engine's connections are set up for when they are opened."""

    READS, WRITES, TURNS = "reads", "writes", "turns"


class Database:
    """A keyring and three engines: only ``transaction()``, a turn's save and migrations can write.

    A turn's save is a single statement on ``turn_engine`` (models/store/unit.py).
    """

    def __init__(
        self, url: str, keyring: Keyring, pool_size: int = 5, *, patience_seconds: float | None = None
    ) -> None:
        """``patience_seconds``: how long a statement may take on PostgreSQL when a caller waits for it.

        The client waits that long, plus GRACE_SECONDS, for an answer from a hung server.
        """
        self.keyring = keyring
        self.engine = _engine(url, pool_size, patience_seconds, Use.READS)
        #: Each statement is its own transaction here, and only models/store/unit.py sends any. A menu turn
        #: takes 0.4 ms on SQLite and 1.0 ms on PostgreSQL; in one ordinary transaction it takes 0.8 and 1.6
        #: ms.
        self.turn_engine = _engine(url, pool_size, patience_seconds, Use.TURNS)
        #: Those with connections of their own.
        self.engines = [self.engine, self.turn_engine]
        #: For ``transaction()`` and migrations alone.
        self.write_engine: Engine = self.engine.execution_options(**_WRITES)
        if self.engine.dialect.name == "sqlite":
            # A connection that turned from reading to writing would parse all its statements again. To
            # PostgreSQL both share theirs: when the server has closed them, work fails once, and not twice.
            self.write_engine = _engine(url, pool_size, patience_seconds, Use.WRITES)
            self.engines.append(self.write_engine)
        self._readers = sessionmaker(self.engine, expire_on_commit=False, info={"keyring": keyring})
        self._writers = sessionmaker(self.write_engine, expire_on_commit=False, info={"keyring": keyring})
        event.listen(self._writers, "after_commit", log_changes)
        event.listen(self._writers, "after_rollback", forget_changes)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One unit of work: commits at the end, rolls back on any exception. Functions never commit."""
        with self._writers.begin() as session:
            yield session
            run_last_work(session)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for pages, lists and checks. The database refuses every write in it.

        PostgreSQL refuses row locks as well.
        """
        with self._readers() as session:
            yield session
            # Nothing was written. After a rollback, psycopg has the server forget every statement that it
            # prepared for this connection.
            session.expunge_all()
            session.commit()

    def close(self) -> None:
        """Close every connection."""
        for engine in self.engines:
            engine.dispose()


def do_last(session: Session, work: Callable[[Session], None]) -> None:
    """Do ``work`` in this transaction, right before it commits; not at all when it rolls back.

    It is for a lock that every writer takes, such as the one on the end of the audit's chain. Taken after all
    row locks, it can never be part of a deadlock.
    """
    session.info.setdefault(_LAST, []).append(work)


def run_last_work(session: Session) -> None:
    """Run the work of ``do_last``: from ``transaction()``, or from a test that reads before the commit."""
    for work in session.info.pop(_LAST, ()):
        work(session)


def keyring_of(session: Session) -> Keyring:
    """The keyring that the session's database was opened with."""
    keyring: Keyring = session.info["keyring"]
    return keyring


def send(
    session: Session, statement: Executable, values: Mapping[str, Any], **options: Any
) -> CursorResult[*tuple[Any, ...]]:
    """Send one Core statement, after flushing the session.

    It is ``session.execute`` for the statements of every turn, without the time a session takes to find out
    its database and its transaction for each statement.
    """
    session.flush()
    return _connection_of(session).execute(statement, values, execution_options=options)


def is_any(session: Session, look: Executable, values: Mapping[str, Any] = MappingProxyType({})) -> bool:
    """Whether a SELECT finds a row."""
    return send(session, look, values).first() is not None


def send_all(session: Session, *writes: Write) -> int:
    """Send several INSERT, UPDATE or DELETE statements in order; returns the row count of the last."""
    rows = 0
    for statement, values in writes:
        rows = send(session, statement, values).rowcount
    return rows


def changed_one(session: Session, statement: Insert | Update | Delete) -> bool:
    """Whether a conditional INSERT, UPDATE or DELETE changed one row: this process is the one that did it."""
    return cast(CursorResult[Any], session.execute(statement)).rowcount == 1


def _connection_of(session: Session) -> Connection:
    # Get it only when a statement needs it, because getting it begins the transaction.
    connection: Connection | None = session.info.get("connection")
    if connection is None:
        connection = session.info["connection"] = session.connection()
    return connection


def _engine(url: str, pool_size: int, patience: float | None, use: Use) -> Engine:
    # Error messages must not quote values, whoever logs them.
    options = {"pool_size": pool_size, "hide_parameters": True, "pool_reset_on_return": None}
    # A connection without transactions has nothing to roll back.
    options |= {"skip_autocommit_rollback": use is Use.TURNS}
    if url.startswith("sqlite"):
        engine = _sqlite_engine(url, use, options)
    else:
        engine = _postgresql_engine(url, use, options, patience)
    if use is Use.TURNS:
        # Added later, since SQLAlchemy first asks the server for its version on the first connection.
        event.listen(engine, "connect", lambda *_: _guard_turns(engine))
    else:
        # SQLAlchemy's own reset is skipped after a commit, also after one that was cut short.
        event.listen(engine, "reset", lambda connection, *_: connection.rollback())
    return engine


def _sqlite_engine(url: str, use: Use, options: dict[str, Any]) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None}, **options)
    event.listen(engine, "connect", _set_pragmas)
    if use is Use.READS:
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON"))
        event.listen(engine, "begin", _begin_to_read)
    elif use is Use.WRITES:
        event.listen(engine, "begin", _begin_to_write)
    else:
        event.listen(engine, "connect", _hurry_on_sqlite)
    return engine


def _postgresql_engine(url: str, use: Use, options: dict[str, Any], patience: float | None) -> Engine:
    limits = {"connect_timeout": CONNECT_SECONDS, **_SERVER_GONE}
    options["connect_args"] = {n: v for n, v in limits.items() if n not in make_url(url).query}
    if use is Use.TURNS:
        options["isolation_level"] = "AUTOCOMMIT"
    if patience is not None:
        options["connect_args"]["connect_timeout"] = max(2, int(patience))
        options["pool_timeout"] = patience
    engine = create_engine(url, max_overflow=options["pool_size"], pool_pre_ping=False, **options)
    event.listen(engine, "handle_error", _leave_read_only)
    if patience is not None:
        event.listen(engine, "do_connect", _connect_to_answer_in(patience + GRACE_SECONDS))
    # For the turns' commits, as on SQLite; see _hurry_on_sqlite.
    first = "SET synchronous_commit = off" if use is Use.TURNS else "SET default_transaction_read_only = on"
    event.listen(engine, "connect", lambda connection, _: _set_on_postgresql(connection, first, patience))
    if use is Use.READS:
        event.listen(engine, "begin", _begin_on_postgresql)
    return engine


def _connect_to_answer_in(seconds: float) -> Callable[..., Any]:
    def connect(_dialect: Any, _record: Any, args: Any, options: Any) -> Any:
        # PostgreSQL's driver; an installation on SQLite does not need to load it.
        from models.store.patient_connection import PatientConnection

        connection = PatientConnection.connect(*args, **options)
        connection.answer_seconds = seconds
        return connection

    return connect


def _set_on_postgresql(connection: Any, first: str, patience: float | None) -> None:
    wait = "" if patience is None else f"; SET statement_timeout = {patience * 1000:.0f}"
    was, connection.autocommit = connection.autocommit, True
    # If an operator has set the database to read only, our own transactions do not override it.
    connection.opened_at = monotonic()
    connection.may_write = connection.info.parameter_status("default_transaction_read_only") != "on"
    connection.execute(first + wait + _CLIENT_GONE)
    connection.autocommit = was


def _leave_read_only(context: ExceptionContext) -> None:
    """Open a new connection after one that may only read: it stays so when the database may be written again.

    A server whose disk was full, for example, is read only for those who connect meanwhile. One that was just
    opened is kept: it told what is so now.
    """
    is_read_only = getattr(context.original_exception, "sqlstate", None) == _READ_ONLY
    if is_read_only and context.connection is not None:
        own = context.connection.connection.dbapi_connection
        context.is_disconnect = monotonic() - getattr(own, "opened_at", 0.0) > NEWS_SECONDS


def _guard_turns(engine: Engine) -> None:
    # Events of the dialect: a listener of the engine itself adds 15 us to each connection. The same function
    # is added only once.
    for sends in ("do_execute", "do_executemany", "do_execute_no_params"):
        event.listen(engine, sends, _refuse_all_but_turns)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_execute", _send_soon)


def _refuse_all_but_turns(*sent: Any) -> None:
    context = sent[-1]
    if context is None or not context.execution_options.get("turn"):
        raise RuntimeError("Only a turn sends statements here; use transaction() or reading().")


def _send_soon(cursor: sqlite3.Cursor, statement: str, parameters: Any, _context: Any) -> bool:
    """Send a turn's statement as soon as the writer before it ends; see ``_begin_to_write``."""
    gives_up = monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute(statement, parameters)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > gives_up:
                raise
            sleep(LOCK_POLL_SECONDS)
        else:
            return True


def _hurry_on_sqlite(connection: Any, _record: Any) -> None:
    # A power cut may lose the last moves of calls in their trees, since it ends those calls too. Tries,
    # promises and verifications are written in transactions that wait for the disk. Waiting in each turn as
    # well takes 0.2 ms more, on either database.
    connection.execute("PRAGMA synchronous=NORMAL")
    # SQLite itself would sleep longer and longer between two tries; see _send_soon.
    connection.execute("PRAGMA busy_timeout=0")


def _begin_on_postgresql(connection: Any) -> None:
    # This is sent with BEGIN, and takes no round trip of its own.
    own = connection.connection.dbapi_connection
    reads_only = not (own.may_write and "hotline_writes" in connection.get_execution_options())
    if own.read_only is not reads_only:
        own.read_only = reads_only


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    _enter_wal(cursor)
    # What a transaction promises is on disk when it ends, as on PostgreSQL.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA temp_store=MEMORY")
    # What a purge deletes is overwritten with zeros. Some builds of SQLite leave it in free pages (R41).
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _enter_wal(cursor: sqlite3.Cursor) -> None:
    """Write ahead from now on; the file remembers it.

    While another process writes the first transaction of a new file, SQLite refuses this at once, whatever
    its timeout: two processes that start together would find the file locked.
    """
    for _ in range(LOCK_POLLS):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            sleep(LOCK_POLL_SECONDS)
        else:
            return
    cursor.execute("PRAGMA journal_mode=WAL")


def _begin_to_read(connection: Any) -> None:
    # A reader that began IMMEDIATE would queue with the writers. DEFERRED takes no lock yet, so no error can
    # occur that SQLAlchemy would have to translate.
    connection.connection.dbapi_connection.execute("BEGIN DEFERRED")


def _begin_to_write(connection: Any) -> None:
    """Begin IMMEDIATE: a transaction that read before it took the lock fails if another one wrote in between.

    A turn holds the lock for less than a millisecond. SQLite would soon sleep 100 ms between two tries; this
    tries every 0.5 ms, so writers lose no time.
    """
    own = connection.connection.dbapi_connection
    own.execute("PRAGMA busy_timeout=0")
    try:
        for _ in range(LOCK_POLLS):
            try:
                own.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    break
                sleep(LOCK_POLL_SECONDS)
            else:
                return
    finally:
        own.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000:.0f}")
    # Then SQLAlchemy tries, and raises its own error.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
