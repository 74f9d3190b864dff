"""One log line for each change of a callback's or an import's state, once it is committed: ids alone."""

import logging

from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

_CHANGES = "changes to log"


def note_change(session: Session, target: str, state: str) -> None:
    """Remember one change of ``target``, such as ``callback:12``, to log it when it is committed.

    Two people who release an import are two entries of the audit, and one change.
    """
    kind, _, row_id = target.partition(":")
    noted: list[tuple[str, int, str]] = session.info.setdefault(_CHANGES, [])
    latest = next((one for one in reversed(noted) if one[:2] == (kind, int(row_id))), None)
    if latest is None or latest[2] != state:
        noted.append((kind, int(row_id), state))


def log_changes(session: Session) -> None:
    """Write what was committed, one line a change."""
    for kind, row_id, state in session.info.pop(_CHANGES, ()):
        log.info("A %s changed its state.", kind, extra={f"{kind}_id": row_id, "state": state})


def forget_changes(session: Session) -> None:
    """A rollback: nothing changed."""
    session.info.pop(_CHANGES, None)
