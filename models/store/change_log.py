"""One log line for each change of a callback's or an import's state, once it is committed: ids alone."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from models.callbacks.callback_state import MOVES

log = logging.getLogger(__name__)

_CHANGES = "changes to log"
#: What each action of the audit makes of a callback, and of an import. Other actions change no state.
_CALLBACKS = {
    "request_callback": "requested",
    **{f"{move}_callback": rule.after for move, rule in MOVES.items()},
}
_IMPORTS = {
    "upload_import": "uploading", "preview_import": "previewed", "accept_import": "applying",
    "hold_import": "held", "release_import": "applying", "land_import": "landed",
    "abandon_import": "abandoned", "refuse_import": "abandoned", "reject_import": "rejected",
}  # fmt: skip
_STATES = {"callback": _CALLBACKS, "import": _IMPORTS}


def note_changes(session: Session, entries: Iterable[Mapping[str, Any]]) -> None:
    """Remember which of these audit entries change a state, to log them when they are committed."""
    for entry in entries:
        kind, _, row_id = str(entry["target"]).partition(":")
        state = _STATES.get(kind, {}).get(str(entry["action"]))
        if state is not None and row_id.isdecimal():
            note_change(session, kind, int(row_id), state)


def note_change(session: Session, kind: str, row_id: int, state: str) -> None:
    """Remember one change. Two people who release an import are two entries of the audit, and one change."""
    noted: list[tuple[str, int, str]] = session.info.setdefault(_CHANGES, [])
    latest = next((one for one in reversed(noted) if one[:2] == (kind, row_id)), None)
    if latest is None or latest[2] != state:
        noted.append((kind, row_id, state))


def log_changes(session: Session) -> None:
    """Write what was committed, one line a change."""
    for kind, row_id, state in session.info.pop(_CHANGES, ()):
        log.info("A %s changed its state.", kind, extra={f"{kind}_id": row_id, "state": state})


def forget_changes(session: Session) -> None:
    """A rollback: nothing changed."""
    session.info.pop(_CHANGES, None)
