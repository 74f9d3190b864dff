"""Words for how far a call has come: Twilio's own, in order, and two of ours for legs we place."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, bindparam, or_, update
from sqlalchemy.orm import Session

from models.calls.call import CALLS

#: Ours: the carrier is being asked to place this leg, and may have placed it.
DIALLING = "dialling"
#: Ours: this leg has nothing more to do; it hears its last words or was told to end.
LEAVING = "leaving"
FINAL_CALL_STATUSES = ("completed", "busy", "failed", "no-answer", "canceled")
_FORWARD = (DIALLING, "queued", "initiated", "ringing", "in-progress", LEAVING)
#: The carrier ends any call after this long, so nobody is still talking then (Twilio's own limit).
LONGEST_CALL = timedelta(hours=4)
#: For a call that ended at an unknown time: a talk in it counts as short, since an unneeded call is less harm
#: than none to a person who was cut off.
LONG_AGO = datetime.min.replace(tzinfo=UTC)
TWILIO_CALL_STATUSES = ("queued", "initiated", "ringing", "in-progress", *FINAL_CALL_STATUSES)

# Built once: each call sends it four times or more, and building takes longer than sending.
_BRING_FORWARD = (
    update(CALLS)
    .where(
        CALLS.c.id == bindparam("moved_id"),
        CALLS.c.ended_at.is_(None),
        or_(
            CALLS.c.call_status.is_(None),
            CALLS.c.call_status.in_(bindparam("earlier", expanding=True)),
        ),
    )
    .values(call_status=bindparam("reached"))
)


def bring_forward(session: Session, call_id: int, call_status: str) -> bool:
    """Record how far a live call has come. Events arrive out of order, so none moves it back."""
    earlier = _FORWARD[: _FORWARD.index(call_status)]
    come = {"moved_id": call_id, "earlier": earlier, "reached": call_status}
    return cast(CursorResult[Any], session.execute(_BRING_FORWARD, come)).rowcount == 1


def take_back_leaving(session: Session, call_id: int) -> None:
    """The leg could not be told that it has nothing more to do, so tell it again later."""
    session.execute(
        update(CALLS)
        .where(CALLS.c.id == call_id, CALLS.c.call_status == LEAVING, CALLS.c.ended_at.is_(None))
        .values(call_status=None)
    )
