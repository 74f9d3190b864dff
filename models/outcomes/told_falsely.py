"""News that staff told, and whose file was taken back before they saved that they had told it (R16).

The notice was open while they told it, and is stopped by then: *Reached* confirms nothing any more. What they
told is noted on it, and its correction is made at once.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.custody.custody_event import CustodyEvent
from models.notices.notice import NOTICES, Notice
from models.notices.notice_moves import record_move, stop
from models.notices.taking_back.retraction import correct_late
from models.store.job import Job

#: Of a notice that was stopped because its file was taken back.
WAS_FALSE = (Notice.state == "stopped", Notice.outcome == "retracted", Notice.corrects_id.is_(None))


def note_told_falsely(
    session: Session, case_id: int, shown: Sequence[datetime], now: datetime, actor: str, office: tzinfo
) -> None:
    """Note the false news that staff told at one of the moments ``shown``, and correct it.

    The words had it from its file on, and its notice is some seconds younger.
    """
    rows = session.execute(
        select(Notice, CustodyEvent.record_id, CustodyEvent.made_at)
        .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
        .where(Notice.case_id == case_id, *WAS_FALSE, Notice.said_at.is_(None))
        .where(CustodyEvent.record_id.is_not(None))
        .order_by(Notice.id)
    ).all()
    told = []
    for notice, record_id, reported_at in rows:
        if any(reported_at <= at <= (notice.closed_at or now) for at in shown):
            notice.said_at, notice.said_record_id = now, record_id
            session.flush()
            record_move(session, notice.id, "confirm_notice", now, actor, by="staff")
            told.append(notice.id)
    correct_late(session, told, now, office)


def take_back_told_falsely(
    session: Session, case_ids: Sequence[int], saved: Sequence[datetime], now: datetime, actor: str
) -> list[Job]:
    """An outcome saved at one of the moments ``saved`` was a mistake: nobody heard what it noted.

    So nobody is to be told that it was wrong. Returns the jobs that end calls which ring for that.
    """
    theirs = select(Notice).where(
        Notice.case_id.in_(case_ids), *WAS_FALSE, Notice.said_at.in_(saved), Notice.heard_at.is_(None)
    )
    jobs: list[Job] = []
    for notice in session.scalars(theirs.order_by(Notice.id)).all():
        notice.said_at = notice.said_record_id = None
        session.flush()
        jobs += drop_correction(session, notice.id, now, actor)
    return jobs


def drop_correction(session: Session, notice_id: int, now: datetime, actor: str) -> list[Job]:
    """Nobody had heard this news after all, so its open correction is told to nobody."""
    return stop(session, NOTICES.c.corrects_id == notice_id, "staff_cancelled", now, actor)
