"""A leg that we place: its row before the first document of its call, and the right to dial it."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from models.calls.call import CALLS
from models.calls.call_status import DIALLING
from models.calls.role import AT_0
from models.store.database import changed_one, keyring_of


def outbound_leg(session: Session, phone: str, language: str, now: datetime) -> dict[str, Any]:
    """The columns of a new leg to ``phone`` (E.164): it has an opaque leg id, but no tree and no step."""
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


#: A leg of which no worker has begun to ask the carrier for a call, and that is not over.
UNDIALLED = and_(CALLS.c.call_status.is_(None), CALLS.c.call_sid.is_(None), CALLS.c.ended_at.is_(None))


def mark_dialling(session: Session, call_id: int) -> bool:
    """Take the right to dial a leg. Only one job ever gets True, so two jobs never call somebody twice."""
    undialled = update(CALLS).where(CALLS.c.id == call_id, UNDIALLED)
    return changed_one(session, undialled.values(call_status=DIALLING))


def is_any_placed(session: Session) -> bool:
    """Whether the carrier is known to have taken a call of ours, among those that are kept."""
    placed = select(CALLS.c.id).where(CALLS.c.direction == "outbound", CALLS.c.call_sid.is_not(None)).limit(1)
    return session.execute(placed).first() is not None


def take_back_dialling(session: Session, call_id: int) -> bool:
    """Nothing was dialed for this liaison's leg at 0, so it may be dialed while the caller waits."""
    statement = (
        update(CALLS)
        .where(
            CALLS.c.id == call_id,
            CALLS.c.role == AT_0,
            CALLS.c.call_status == DIALLING,
            CALLS.c.call_sid.is_(None),
            CALLS.c.ended_at.is_(None),
        )
        .values(call_status=None)
    )
    return changed_one(session, statement)
