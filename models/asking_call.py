"""The call in which a callback was asked for: its line rings nobody while the caller still listens to it.

A phone in use is busy: ringing it would cost the person a try, and the "more choices" of the very call (R36).
So a callback is first due when the call that asked for it is over, or after a short while where no word of
that end came. The moment promised and the place in the order stay as they are.
"""

from datetime import datetime, timedelta

from sqlalchemy import exists, update
from sqlalchemy.orm import Session

from models.call import CALLS
from models.callback import CALLBACKS
from models.job import Job

#: How long a caller may still listen to their promise, from their last wish on.
LISTENS = timedelta(seconds=60)


def asking_goes_on(session: Session, call_id: int, now: datetime) -> None:
    """A wish was keyed in the call that asked: it is still going on, and its phone is in use."""
    session.execute(
        update(CALLBACKS)
        .where(
            CALLBACKS.c.requested_in_call_id == call_id,
            CALLBACKS.c.state == "requested",
            CALLBACKS.c.next_attempt_at < now + LISTENS,
            # Another call asked as well, and no key of this one puts that off (R35).
            ~CALLBACKS.c.asked_elsewhere,
        )
        .values(next_attempt_at=now + LISTENS, place=None)
    )


def asking_ended(session: Session, call_id: int, now: datetime) -> list[Job]:
    """The call is over: what was asked for in it is due, unless it was put off further than to this end.

    To be asked before that end is noted. Answers the jobs to enqueue after the commit. Where the hours do
    not allow a ring now, the list puts it off again, as any callback whose time has come (R29).
    """
    due = (
        update(CALLBACKS)
        .where(
            CALLBACKS.c.requested_in_call_id == call_id,
            CALLBACKS.c.state == "requested",
            CALLBACKS.c.next_attempt_at > now,
            CALLBACKS.c.next_attempt_at <= now + LISTENS,
            exists().where(CALLS.c.id == call_id, CALLS.c.direction == "inbound", CALLS.c.ended_at.is_(None)),
        )
        .values(next_attempt_at=now)
        .returning(CALLBACKS.c.id)
    )
    return [("dial_liaison", callback_id) for callback_id in sorted(session.scalars(due))]
