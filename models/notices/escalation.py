"""Who is told about notices that nobody has confirmed, and when (R34).

An urgent one pages those on call after half an hour, and the supervisors after two, or after one if it
corrects false news (R16). From the first page it is a task on the callback list, to which the pages lead,
while the line goes on calling. One that needs a person pages those on call at once, and the supervisors when
the time for it is over. Each is told once at each level, in one message with a count. Nobody is paged about a
case whose duress PIN was used: its one liaison and the supervisors are told of it alone
(models/overview/duress_use.py, R10).
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session

from models.callbacks import at_risk
from models.cases.duress import PAUSED_CASES
from models.notices.notice import IS_OPEN, IS_UNPAGED, LATE, NOTICES, PROMISED
from models.notices.notice_moves import record_move
from models.staff.alert import NOTICES_LATE, Told, tell, tell_supervisors
from models.staff.paging import take_page
from models.staff.staff import Staff
from models.store.database import is_any
from models.store.policies import Policies

#: The levels of ``Notice.paged_level``.
ON_CALL_TOLD, SUPERVISORS_TOLD = 1, 2
#: A registrant who is promised a person has an urgent callback, which has alarms of its own.
_NEEDS_STAFF = and_(NOTICES.c.task_at.is_not(None), NOTICES.c.task.not_in((*PROMISED, LATE)))
_IS_URGENT = NOTICES.c.is_urgent.is_(True)
#: Those on call are to be told.
_FIRST = and_(
    NOTICES.c.paged_level == 0,
    or_(and_(_IS_URGENT, NOTICES.c.made_at <= bindparam("for_on_call")), _NEEDS_STAFF),
)
#: The supervisors are to be told.
_SECOND = and_(
    NOTICES.c.paged_level < SUPERVISORS_TOLD,
    or_(
        and_(_IS_URGENT, NOTICES.c.made_at <= bindparam("for_supervisor")),
        # A person who was told something false believes it until they hear the correction (R16).
        and_(_IS_URGENT, NOTICES.c.corrects_id.is_not(None), NOTICES.c.made_at <= bindparam("corrected")),
        and_(_NEEDS_STAFF, NOTICES.c.task_at <= bindparam("task_since")),
    ),
)
_IS_PAUSED = NOTICES.c.case_id.in_(PAUSED_CASES)
_ANY_LATE = select(NOTICES.c.id).where(IS_UNPAGED, or_(_FIRST, _SECOND), ~_IS_PAUSED).limit(1)


def is_any_late(session: Session, now: datetime, policies: Policies) -> bool:
    """Whether somebody is to be told about a notice now."""
    return is_any(session, _ANY_LATE, _late_by(now, policies))


def escalate(session: Session, now: datetime, policies: Policies, is_open: bool) -> None:
    """Tell those on call, and the supervisors, about late notices.

    The next message about them is ``page_minutes`` away, so this one includes all that are late by then.
    """
    soon = now + timedelta(minutes=policies.page_minutes)
    late, late_soon = _late_by(now, policies), _late_by(soon, policies)
    if _is_any(session, _FIRST, late) and take_page(session, "notices_on_call", now, policies.page_minutes):
        count = _mark(session, _FIRST, late_soon, ON_CALL_TOLD, now)
        on_call = session.scalars(
            select(Staff.id).where(Staff.on_call, Staff.role != "supervisor").order_by(Staff.id)
        ).all()
        here = session.scalars(select(Staff.id).where(Staff.on_shift).order_by(Staff.id)).all()
        told = [Told(one, count, is_rung=True) for one in on_call]
        told += [Told(one, count) for one in here if one not in on_call]
        tell(session, NOTICES_LATE, told, now)
        if not on_call:
            tell_supervisors(session, NOTICES_LATE, count, now, is_open)
    if _is_any(session, _SECOND, late) and take_page(
        session, "notices_supervisor", now, policies.page_minutes
    ):
        count = _mark(session, _SECOND, late_soon, SUPERVISORS_TOLD, now)
        # On call or not: a person in danger has not been reached for two hours.
        tell_supervisors(session, NOTICES_LATE, count, now, is_open=True)


def untell(session: Session, level: str) -> None:
    """Nobody was told by an alert of this level: what is still as it said is told anew, from the start."""
    if level == NOTICES_LATE:
        told = update(NOTICES).where(IS_OPEN, NOTICES.c.paged_level > 0)
        session.execute(told.values(paged_level=0))
    at_risk.untell(session, level)


def _late_by(at: datetime, policies: Policies) -> dict[str, datetime]:
    """The parameters of _FIRST and _SECOND: what was made before these moments is late at ``at``."""
    minutes = {
        "for_on_call": policies.notice_on_call_minutes,
        "for_supervisor": policies.notice_supervisor_minutes,
        "corrected": policies.correction_minutes,
        "task_since": policies.notice_task_minutes,
    }
    return {name: at - timedelta(minutes=many) for name, many in minutes.items()}


def _is_any(session: Session, which: ColumnElement[bool], late: dict[str, datetime]) -> bool:
    found = select(NOTICES.c.id).where(IS_UNPAGED, which, ~_IS_PAUSED).limit(1)
    return session.execute(found, late).first() is not None


def _mark(
    session: Session, which: ColumnElement[bool], late: dict[str, datetime], level: int, now: datetime
) -> int:
    """Mark these as told, with an audit entry for each; how many notices are open at this level in all.

    Each has a task from now on, so that whoever was paged finds this person on the list.
    """
    task = case((NOTICES.c.task_at.is_(None), LATE), else_=NOTICES.c.task)
    task_at = func.coalesce(NOTICES.c.task_at, now)
    marked = (
        update(NOTICES)
        .where(IS_UNPAGED, which, ~_IS_PAUSED)
        .values(paged_level=level, task=task, task_at=task_at)
        .returning(NOTICES.c.id)
    )
    for notice_id in sorted(session.scalars(marked, late)):
        record_move(session, notice_id, "warn_of_notice", now, "sweeper", level=level)
    listed = (IS_OPEN, NOTICES.c.paged_level >= level, ~_IS_PAUSED)
    told = select(func.count()).select_from(NOTICES).where(*listed)
    return session.scalar(told) or 0
