"""Canceling one notice by staff: nobody is called about it any more, and an audit entry says why (R28)."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.notices.notice import NOTICES, OPEN_STATES
from models.notices.notice_moves import locked, stop
from models.notices.refusals import NoticeRefusal
from models.staff.staff import Staff
from models.store.job import Job
from models.store.refusal import RefusedError

#: Why staff cancel a notice, in codes.
CANCEL_REASONS = ("person_asked", "wrong_number", "settled_otherwise")


def cancel_notice(session: Session, notice_id: int, staff: Staff, reason: str, now: datetime) -> list[Job]:
    """Stop an open notice in the name of staff; returns the jobs that end its calls.

    Raises RefusedError for an unknown notice or reason, and for one that is confirmed or stopped already.
    """
    if reason not in CANCEL_REASONS:
        raise RefusedError(NoticeRefusal.UNKNOWN_REASON)
    notice = locked(session, notice_id)
    if notice is None:
        raise RefusedError(NoticeRefusal.UNKNOWN)
    if notice.state not in OPEN_STATES:
        raise RefusedError(NoticeRefusal.OVER)
    return stop(
        session, NOTICES.c.id == notice_id, "staff_cancelled", now, f"staff:{staff.id}", reason=reason
    )
