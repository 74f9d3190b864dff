"""Counts the statements that reach a database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from models.store.database import Database


@contextmanager
def sent_statements(database: Database) -> Iterator[list[str]]:
    """Every statement sent meanwhile: by reads, by transactions and by turns."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in database.engines:
            event.remove(engine, "before_cursor_execute", note)
