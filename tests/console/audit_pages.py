"""Entries of the audit, for tests of its pages and its files."""

from typing import Any

from models.audit import audit
from models.store.database import Database
from tests.console.conftest import Clock


def records(database: Database, clock: Clock, actor: str, action: str, target: str, **facts: Any) -> None:
    """Write an entry, as the hotline does."""
    with database.transaction() as session:
        audit.record(session, actor=actor, action=action, target=target, facts=facts or None, now=clock())
