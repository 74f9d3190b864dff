"""A process told to stop during a commit leaves no connection of its pools in a transaction."""

from typing import Any

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import event, func, select

from models.staff.staff import Staff
from models.store.database import Database


class ToldToStopError(BaseException):
    """What a signal handler raises, wherever the process is."""


def _stops(*_: Any) -> None:
    raise ToldToStopError


def _is_in_transaction(connection: Any) -> bool:
    if hasattr(connection, "in_transaction"):
        return bool(connection.in_transaction)
    return bool(connection.info.transaction_status != TransactionStatus.IDLE)


@pytest.mark.parametrize("kind", ["reading", "transaction"])
def test_commit_cut_short_leaves_no_transaction_open(database: Database, kind: str) -> None:
    for engine in database.engines:
        event.listen(engine, "commit", _stops)
    with pytest.raises(ToldToStopError), getattr(database, kind)() as session:
        session.scalar(select(func.count()).select_from(Staff))
    for engine in database.engines:
        event.remove(engine, "commit", _stops)

    for engine in database.engines:
        raw = engine.raw_connection()
        assert not _is_in_transaction(raw.dbapi_connection)
        raw.close()
