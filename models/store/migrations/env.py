"""Alembic's entry: runs the revisions on the connection that models/store/migrate.py passes in."""

from typing import Any

from alembic import context

from models import Base
from models.store.base import UtcDateTime


def render_item(kind: str, item: Any, _context: Any) -> Any:
    """Write a moment as a plain SQL type, so that a revision never changes with our code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


# models/store/migrate.py opens the connection and the transaction.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite cannot alter a constraint, so a later revision copies the table instead.
    render_as_batch=True,
    render_item=render_item,
    # One transaction for everything, on SQLite too: a failed upgrade leaves nothing behind.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
