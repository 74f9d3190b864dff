"""Writes the head of the audit chain to its second place once a day (R41)."""

import logging
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from models.audit import audit
from models.audit.audit_head import Head, head_is_due, note_head, read_head, signing_key, write_head
from models.store.database import Database

log = logging.getLogger(__name__)


class HeadKeeper:
    """The sweeper's part that writes heads. Two sweepers may each write one, which is harmless."""

    def __init__(self, database: Database, path: Path, secret: bytes) -> None:
        self._database, self._path, self._key = database, path, signing_key(secret)

    def keep(self, now: datetime) -> None:
        """Write a head if a day has passed. If the place cannot be written, record that and retry later.

        The head of an empty chain proves nothing of the entries since: a new line waits for its first one.
        """
        try:
            with self._database.reading() as session:
                head = read_head(session, now) if head_is_due(session, now) else None
            if head is not None and head.entry:
                self._write(head, now)
        except SQLAlchemyError:
            log.exception("The head of the audit could not be kept.")

    def _write(self, head: Head, now: datetime) -> None:
        try:
            write_head(self._path, head, self._key)
        except OSError as fault:
            log.error("The head of the audit could not be written (%s).", type(fault).__name__)  # noqa: TRY400
            with self._database.transaction() as session:
                note_head(session, now, written=False)
                audit.record(
                    session, actor="sweeper", action="fail_audit_head", target=f"entry:{head.entry}", now=now
                )
            return
        with self._database.transaction() as session:
            note_head(session, now, written=True)
