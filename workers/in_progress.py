"""Whether anything is in progress that a lost event could strand: a leg, a talk, a wait in the call queue."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, or_, select, text
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.callouts.callout import Callout
from models.calls.call import Call
from models.calls.call_status import LONGEST_CALL
from models.staff.staff import Staff
from models.store.base import UtcDateTime
from models.talks.call_queue import QueuedCall
from models.talks.talk import Talk

#: A person in a call, a caller in the call queue, a callback in hand, and a leg that may still be live since
#: ``long_ago``. In the exact words of the partial indexes, so that no other row is read.
IN_PROGRESS: tuple[ColumnElement[bool], ...] = (
    exists().where(Staff.busy_call_id.is_not(None)),
    exists(select(QueuedCall.id).where(text("ended_at IS NULL"))),
    exists(
        select(Callback.id).where(text("state IN ('claimed','ringing_liaison','ringing_caller','talking')"))
    ),
    *(
        exists(
            select(Call.id).where(
                text(f"ended_at IS NULL AND {leg} IS NOT NULL"),
                Call.started_at > bindparam("long_ago", type_=UtcDateTime),
            )
        )
        for leg in ("parent_call_id", "callback_id", "notice_id")
    ),
)
#: The sweeper also looks after talks and call-outs that are longer than any call, and after a leg that nobody
#: dialed, however old.
_IS_ANY = select(
    or_(
        *IN_PROGRESS,
        exists(select(Talk.id).where(text("closed_at IS NULL"))),
        exists(select(Callout.id).where(text("closed_at IS NULL"))),
        exists(
            select(Call.id).where(
                text("ended_at IS NULL AND parent_call_id IS NOT NULL"), Call.call_sid.is_(None)
            )
        ),
    )
)


def is_any_in_progress(session: Session, now: datetime) -> bool:
    """Whether ``stranded.py``, ``left_behind.py`` or ``call_queue.py`` may find anything to look after."""
    return bool(session.scalar(_IS_ANY, live_since(now)))


def live_since(now: datetime) -> dict[str, Any]:
    """The value of IN_PROGRESS: a leg older than any call is over, whatever its row says."""
    return {"long_ago": now - LONGEST_CALL}
