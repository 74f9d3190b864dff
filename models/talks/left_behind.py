"""Whether a leg has nothing more to do: its callback, its talk or its caller went on without it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.calls.call import Call
from models.calls.place import WAITING
from models.calls.role import AT_0, JOINERS
from models.talks.call_queue import wait_of
from models.talks.direct_talk import DirectTalk
from models.talks.talk import Talk

#: The states in which a callback or a talk has legs of its own.
_GOES_ON = ("ringing_liaison", "ringing_caller", "talking")


def is_left_behind(session: Session, call_id: int) -> bool:
    """Whether this leg may be let go of. A job says so, and the rows decide: anyone may have written the job.

    Reads only. Unlike the sweeper's look (models/talks/stranded.py), a leg counts the moment it is left.
    """
    leg = session.get(Call, call_id, populate_existing=True)
    if leg is None or leg.ended_at is not None:
        return False
    if leg.callback_id is not None:
        callback = session.get(Callback, leg.callback_id, populate_existing=True)
        return callback is None or not _serves(leg, callback)
    caller_call_id = leg.parent_call_id or leg.id
    talk = session.scalars(
        select(DirectTalk)
        .where(DirectTalk.caller_call_id == caller_call_id)
        .order_by(DirectTalk.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()
    waits = wait_of(session, caller_call_id) is not None
    if leg.parent_call_id is None:
        # The caller's own call at 0: after a hold, or while they are in the queue, they go on in it.
        is_over = talk is not None and talk.state == "reached" and talk.held_at is None
        return is_over and not waits and leg.place != WAITING
    if leg.role == AT_0 and leg.accepted_at is None:
        return not waits
    return leg.role in (AT_0, *JOINERS) and (talk is None or not _serves(leg, talk))


def _serves(leg: Call, talk: Talk) -> bool:
    if talk.state not in _GOES_ON:
        return False
    if leg.id in (talk.liaison_call_id, talk.caller_call_id):
        return True
    return talk.state == "talking" and leg.role in JOINERS
