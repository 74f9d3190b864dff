"""Finds legs and talks of callers at 0 that wait for something which will not come by itself."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, exists, not_, or_, select, text
from sqlalchemy.orm import Session

from models.callbacks.callback_policy import CallbackPolicy
from models.calls.call import Call
from models.calls.call_status import LEAVING, LONGEST_CALL
from models.calls.role import AT_0, JOINERS
from models.store.job import Job
from models.talks.call_queue import QueuedCall
from models.talks.direct_talk import DirectTalk
from models.talks.queue_ring import JOB_LOST_AFTER
from models.talks.talk import close_talk

#: The very words of the partial indexes, so that both databases see that they serve.
_LIVE = text("calls.ended_at IS NULL AND calls.parent_call_id IS NOT NULL")
_TALKING = text("direct_talks.state = 'talking'")


def undialled_at_0(session: Session, now: datetime) -> Sequence[tuple[str, int]]:
    """Legs of liaisons, and of joiners, that no worker has begun to ring: the job for each."""
    rows = session.execute(
        select(Call.id, Call.role).where(
            _LIVE,
            Call.role.in_((AT_0, *JOINERS)),
            Call.call_status.is_(None),
            Call.call_sid.is_(None),
            Call.started_at < now - JOB_LOST_AFTER,
        )
    ).all()
    return [("ring_direct" if row.role == AT_0 else "ring_joiner", row.id) for row in rows]


def left_behind_at_0(session: Session, now: datetime) -> Sequence[int]:
    """Legs that go on though their caller, or their talk, went on without them, and that nobody told so."""
    in_talk = exists().where(
        DirectTalk.caller_call_id == Call.parent_call_id,
        or_(
            and_(_TALKING, or_(DirectTalk.liaison_call_id == Call.id, Call.role.in_(JOINERS))),
            # The jobs that tell the legs of a talk of its end are on their way.
            DirectTalk.closed_at > now - JOB_LOST_AFTER,
        ),
    )
    waits = exists().where(QueuedCall.call_id == Call.parent_call_id, QueuedCall.ended_at.is_(None))
    return session.scalars(
        select(Call.id)
        .where(
            _LIVE,
            Call.role.in_((AT_0, *JOINERS)),
            Call.call_sid.is_not(None),
            Call.started_at.between(now - LONGEST_CALL, now - JOB_LOST_AFTER),
            or_(Call.call_status.is_(None), Call.call_status != LEAVING),
            not_(in_talk),
            not_(and_(Call.role == AT_0, Call.accepted_at.is_(None), waits)),
        )
        .order_by(Call.started_at, Call.id)
    ).all()


def direct_talks(session: Session, since: datetime, now: datetime, policy: CallbackPolicy) -> list[int]:
    """Legs of talks at 0 whose end may have been lost: time to ask the carrier again.

    Each is asked about once in ``talk_check_seconds``, so that the carrier is not asked at every sweep;
    ``since`` is the moment of the sweep before.
    """
    legs = session.execute(
        select(Call.id, DirectTalk.talking_at)
        .join(DirectTalk, or_(Call.id == DirectTalk.liaison_call_id, Call.id == DirectTalk.caller_call_id))
        .where(_TALKING, Call.ended_at.is_(None), Call.call_sid.is_not(None))
    ).all()
    every = policy.talk_check
    return [
        call_id
        for call_id, began in legs
        if began is not None and (now - began) // every > max(0, (since - began) // every)
    ]


def close_forgotten(session: Session, now: datetime) -> list[Job]:
    """Close the talks at 0 that are longer than any call; answers the jobs to enqueue after the commit."""
    forgotten = select(DirectTalk).where(_TALKING, DirectTalk.talking_at < now - LONGEST_CALL)
    return [
        job
        for talk in session.scalars(forgotten).all()
        for job in close_talk(session, talk, "sweeper", now, None)
    ]
