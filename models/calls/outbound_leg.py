"""A leg that we ring: what its row has before the first document of its call."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.store.database import keyring_of


def outbound_leg(session: Session, phone: str, language: str, now: datetime) -> dict[str, Any]:
    """The columns of a new leg to ``phone`` (E.164): it has an opaque leg id, and no tree and no step."""
    return {
        "leg_id": secrets.token_hex(16),
        "direction": "outbound",
        "phone_sealed": keyring_of(session).seal("call.phone", phone),
        "started_at": now,
        "language": language,
        "flow": "",
        "step": "",
        "turn": 0,
        "heard_from": "",
        "said": "",
    }
