"""One log line for each committed change of a callback's or an import's state, with ids only."""

import logging

from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

_CHANGES = "changes to log"


def note_change(session: Session, target: str, state: str) -> None:
    """Remember one change of ``target``, such as ``callback:12``, to log it after the commit.

    When two people release an import, the audit gets two entries, and the log gets one change.
    """
    kind, _, row_id = target.partition(":")
    noted: list[tuple[str, int, str]] = session.info.setdefault(_CHANGES, [])
    latest = next((one for one in reversed(noted) if one[:2] == (kind, int(row_id))), None)
    if latest is None or latest[2] != state:
        noted.append((kind, int(row_id), state))


def log_changes(session: Session) -> None:
    """Log the committed changes, one line each."""
    for kind, row_id, state in session.info.pop(_CHANGES, ()):
        log.info("The %s changed its state.", kind, extra={f"{kind}_id": row_id, "state": state})


def forget_changes(session: Session) -> None:
    """Drop the changes after a rollback."""
    session.info.pop(_CHANGES, None)
