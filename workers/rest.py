"""When the sweeper may skip a pass: nothing that it looks after every two seconds is in progress."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists, or_, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.custody.custody_event import IS_UNSPREAD, CustodyEvent
from models.notices.notice import IS_RINGING, IS_WAITING, Notice
from models.store.base import UtcDateTime
from models.store.database import Database
from workers.in_progress import IN_PROGRESS, live_since
from workers.queue import Jobs

#: A rest ends with the first check after nine seconds: with checks two seconds apart, that is a pass every
#: ten.
REST = timedelta(seconds=9)
# The exact words of the partial indexes, so that each of these is found without reading any other row.
_DUE = (
    exists(select(Callback.id).where(text("state = 'requested' AND rank IS NOT NULL"))),
    exists(
        select(Callback.id).where(
            text("state = 'requested' AND rank IS NULL"),
            Callback.urgency.in_(("urgent", "other")),
            Callback.next_attempt_at <= bindparam("now", type_=UtcDateTime),
        )
    ),
)
_NOTICE_DUE = exists(
    select(Notice.id).where(IS_WAITING, Notice.next_attempt_at <= bindparam("now", type_=UtcDateTime))
)
_IS_ANY_DUE = select(or_(*_DUE))
GOES_ON = select(
    or_(
        *IN_PROGRESS,
        *_DUE,
        exists(select(CustodyEvent.id).where(IS_UNSPREAD)),
        _NOTICE_DUE,
        exists(select(Notice.id).where(IS_RINGING)),
    )
)


def is_any_due(session: Session, now: datetime) -> bool:
    """Whether a callback is on the list, or its time to join it has come."""
    return bool(session.scalar(_IS_ANY_DUE, {"now": now}))


def may_rest(database: Database, jobs: Jobs, since: datetime, now: datetime) -> bool:
    """Whether a pass may be skipped: the last one, at ``since``, is recent, and nothing is in progress.

    A callback that is being made or due is in progress. So are a leg, a liaison on the phone, a caller in the
    call queue, a custody event without its notices, and a job that waits; a job queue that cannot be read
    counts too. A caller at the menus needs no sweeper. A clock that was set back ends a rest.
    """
    if not timedelta() <= now - since < REST or jobs.depth() != 0:
        return False
    try:
        with database.reading() as session:
            return not session.scalar(GOES_ON, {"now": now} | live_since(now))
    except SQLAlchemyError:
        # The pass reports the error.
        return False
