"""One turn's unit of work: it reads without a lock, and all of its writes are saved or none."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Self

from sqlalchemy import Connection, CursorResult, Executable, Row
from sqlalchemy.orm import Session

from models.store.database import Database, Write, send_all
from models.store.keyring import Keyring


class OvertakenError(Exception):
    """Another writer changed what this unit had read before it could write; it has written nothing."""


class Unit:
    """Reads a row, and saves it only if nobody has changed it since (optimistic locking).

    Most turns only move their call on. They read with one statement and write with one, each in a transaction
    of its own. No lock is held while the tree is walked, and no round trips are spent on BEGIN and COMMIT. A
    turn that does more opens ``session``; then its save and everything else commit together.

    It commits at the end of its ``with`` if a session was opened, and rolls back on any exception.
    """

    def __init__(self, database: Database) -> None:
        self.keyring: Keyring = database.keyring
        self._database = database
        self._connection: Connection | None = None
        self._transaction: AbstractContextManager[Session] | None = None
        self._session: Session | None = None
        self._read: tuple[Executable, Mapping[str, Any], int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: Any) -> None:
        try:
            if self._transaction is not None:
                self._transaction.__exit__(*fault)
        finally:
            if self._connection is not None:
                self._connection.close()

    @property
    def session(self) -> Session:
        """The session for work beyond the turn's own save; the first use opens its transaction.

        The row that was read is locked first, before any other row. All code with news of the call locks in
        this order; in any other order two writers could deadlock. Raises OvertakenError.
        """
        if self._session is None:
            transaction = self._database.transaction()
            self._session = transaction.__enter__()
            self._transaction = transaction
            if self._read is not None:
                statement, values, version = self._read
                if self._session.execute(statement, values).scalar_one_or_none() != version:
                    raise OvertakenError
        return self._session

    def expect_version(self, lock: Executable, values: Mapping[str, Any], version: int) -> None:
        """State the version this unit read: ``lock`` locks that row and returns its version by then."""
        self._read = (lock, values, version)

    def read(self, statement: Executable, values: Mapping[str, Any]) -> Row[*tuple[Any, ...]] | None:
        """The first row of one SELECT as it is now, without a lock."""
        if not statement.is_select:
            raise ValueError("A unit reads by SELECT alone.")
        return self._send(statement, values).first()

    def save(self, *writes: Write) -> None:
        """Send the writes. The last one is the call's own and must touch a row, or nothing is saved.

        Raises OvertakenError.
        """
        statement, values = writes[-1]
        if getattr(statement.table, "name", "") != "calls":
            raise ValueError("A unit saves its call; anything else goes before it, or by `session`.")
        if self._session is None and len(writes) == 1:
            rows = self._send(statement, values).rowcount
        else:
            rows = send_all(self.session, *writes)
        if rows == 0:
            raise OvertakenError

    def _send(self, statement: Executable, values: Mapping[str, Any]) -> CursorResult[*tuple[Any, ...]]:
        if self._connection is None:
            self._connection = self._database.turn_engine.connect()
        return self._connection.execute(statement, values, execution_options={"turn": True})
