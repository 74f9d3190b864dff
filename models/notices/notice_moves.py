"""The moves of a notice: each is one conditional change of its row with an entry in the audit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.calls.call import CALLS
from models.cases.case import Case
from models.cases.subject import Subject
from models.notices.notice import IS_OPEN, NOTICES, Notice
from models.store.job import Job

_ENDED: dict[str, Any] = {"lease_until": None, "task": None, "task_at": None}


def locked(session: Session, notice_id: int) -> Notice | None:
    """The notice as it is now, locked until the transaction ends."""
    row = select(Notice).where(Notice.id == notice_id).with_for_update(key_share=True)
    return session.scalars(row.execution_options(populate_existing=True)).first()


def lock_leg(session: Session, call_id: int) -> None:
    """Lock a leg before its notice: the end of a leg locks them in this order, another could deadlock."""
    session.execute(select(CALLS.c.id).where(CALLS.c.id == call_id).with_for_update(key_share=True))


def open_notices_of(session: Session, case_id: int) -> Sequence[Notice]:
    """The notices of a case that nobody has confirmed, oldest first."""
    mine = select(Notice).where(Notice.case_id == case_id, IS_OPEN).order_by(Notice.id)
    return session.scalars(mine.execution_options(populate_existing=True)).all()


def confirm(session: Session, notice_id: int, by: str, now: datetime, actor: str) -> list[Job]:
    """Record that the registrant has heard the news; nothing calls them about it again.

    ``by`` is one of CONFIRMED_BY. Returns the jobs that stop other phones which still ring for it. A notice
    that is confirmed or stopped already stays as it is.
    """
    values = {
        "state": "confirmed",
        "confirmed_at": now,
        "confirmed_by": by,
        "outcome": None,
        "closed_at": now,
    }
    jobs = _end(session, notice_id, values, "confirm_notice", {"by": by}, now, actor)
    notice = session.get(Notice, notice_id, populate_existing=True)
    if notice is not None and notice.confirmed_at == now and (by == "staff" or notice.said_at is None):
        note_said(session, [notice], now, is_status=True)
    return jobs


def stop(
    session: Session, notice_id: int, outcome: str, now: datetime, actor: str, **facts: Any
) -> list[Job]:
    """Stop an open notice for one of the OUTCOMES: nobody is called about it. Returns the jobs.

    ``facts`` go into its audit entry.
    """
    values = {"state": "stopped", "outcome": outcome, "closed_at": now}
    return _end(session, notice_id, values, "stop_notice", {"outcome": outcome, **facts}, now, actor)


def leave(session: Session, notice: Notice, outcome: str, now: datetime, actor: str) -> None:
    """Leave a notice for staff, who are to reach this person: the line calls nobody about it any more."""
    if notice.state not in ("waiting", "ringing"):
        return
    notice.state, notice.outcome, notice.lease_until = "left_for_staff", outcome, None
    notice.task, notice.task_at = outcome, now
    session.flush()
    _record(session, notice.id, "leave_notice", {"outcome": outcome}, now, actor)


def end_untold(session: Session, notice: Notice, why: str, now: datetime, actor: str) -> list[Job]:
    """End a notice that may not be told, for one of the OUTCOMES; a correction is left to staff (R16).

    The line calls nobody who asked it to stop, but nobody is left with false news either.
    """
    if notice.corrects_id is None:
        return stop(session, notice.id, why, now, actor)
    leave(session, notice, "no_phone", now, actor)
    return []


def note_said(session: Session, notices: Sequence[Notice], now: datetime, *, is_status: bool) -> None:
    """Record which record was said; None if the line said that nothing can be confirmed.

    If that record is taken back later, exactly these people are told that it was wrong (R16).
    """
    for one in notices:
        one.said_at = now
        one.said_record_id = _newest_record(session, one.case_id) if is_status else None
    session.flush()


def _newest_record(session: Session, case_id: int) -> int | None:
    mine = select(Subject.record_id).join(Case, Case.subject_id == Subject.id).where(Case.id == case_id)
    return session.scalar(mine)


def ask_staff(session: Session, notice: Notice, task: str, now: datetime, actor: str) -> None:
    """Give staff the task to reach this person, while the line goes on with other phones (R30)."""
    notice.task, notice.task_at = task, notice.task_at or now
    session.flush()
    _record(session, notice.id, "leave_notice", {"outcome": task}, now, actor)


def record_move(session: Session, notice_id: int, action: str, now: datetime, actor: str) -> None:
    """Write an audit entry about a notice."""
    _record(session, notice_id, action, {}, now, actor)


def _end(
    session: Session,
    notice_id: int,
    values: dict[str, Any],
    action: str,
    facts: dict[str, Any],
    now: datetime,
    actor: str,
) -> list[Job]:
    ended = update(NOTICES).where(NOTICES.c.id == notice_id, IS_OPEN).values(**_ENDED, **values)
    if cast(CursorResult[Any], session.execute(ended)).rowcount != 1:
        return []
    _record(session, notice_id, action, facts, now, actor)
    live = select(CALLS.c.id).where(
        CALLS.c.notice_id == notice_id, CALLS.c.ended_at.is_(None), CALLS.c.accepted_at.is_(None)
    )
    return [("release_leg", call_id) for call_id in session.scalars(live.order_by(CALLS.c.id))]


def _record(
    session: Session, notice_id: int, action: str, facts: dict[str, Any], now: datetime, actor: str
) -> None:
    audit.record(session, actor=actor, action=action, target=f"notice:{notice_id}", facts=facts, now=now)
