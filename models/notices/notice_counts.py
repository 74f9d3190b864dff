"""Counts of notices: of one import, and of those that nobody has confirmed in time. They name nobody.

Notices that wait for a case whose duress PIN was used are in none of the counts (R10): nobody is called about
them, and a number of its own would tell of the case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from models.cases.duress import PAUSED_CASES
from models.custody.custody_event import CustodyEvent
from models.notices.escalation import ON_CALL_TOLD
from models.notices.notice import IS_OPEN, NOTICE_STATES, NOTICES, Notice
from models.store.policies import Policies


@dataclass(frozen=True, slots=True)
class Counts:
    """``waiting``: the line calls. ``left``: a person is to reach them. ``escalated`` counts any of these."""

    made: int = 0
    waiting: int = 0
    left: int = 0
    confirmed: int = 0
    stopped: int = 0
    escalated: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        both = (getattr(self, one.name) + getattr(other, one.name) for one in fields(self))
        return Counts(*both)


@dataclass(frozen=True, slots=True)
class Late:
    """Urgent notices that nobody confirmed: for so long that those on call, or supervisors, were paged."""

    on_call: int
    supervisors: int


def counts_of_import(session: Session, import_id: int) -> Mapping[tuple[str, bool], Counts]:
    """The notices that one import led to, by the kind of their news and whether it corrects earlier news."""
    corrects = Notice.corrects_id.is_not(None).label("corrects")
    rows = session.execute(
        select(
            CustodyEvent.kind,
            corrects,
            func.count(),
            *(func.count().filter(Notice.state.in_(states)) for states in _PARTS),
            func.count().filter(Notice.paged_level >= ON_CALL_TOLD),
        )
        .join(Notice, Notice.event_id == CustodyEvent.id)
        .where(CustodyEvent.import_id == import_id, ~_IS_HIDDEN)
        .group_by(CustodyEvent.kind, corrects)
        .order_by(corrects, func.count().desc(), CustodyEvent.kind)
    )
    return {(kind, is_correction): Counts(*counts) for kind, is_correction, *counts in rows}


def late_notices(session: Session, now: datetime, policies: Policies) -> Late:
    """How many urgent notices are late now (R34); a supervisor's count is a part of the other."""
    since_call = now - timedelta(minutes=policies.notice_on_call_minutes)
    since_page = now - timedelta(minutes=policies.notice_supervisor_minutes)
    urgent = (IS_OPEN, NOTICES.c.is_urgent.is_(True), NOTICES.c.case_id.not_in(PAUSED_CASES))
    row = session.execute(
        select(
            func.count().filter(NOTICES.c.made_at <= since_call),
            func.count().filter(NOTICES.c.made_at <= since_page),
        )
        .select_from(NOTICES)
        .where(*urgent)
    ).one()
    return Late(row[0], row[1])


def counts_by_state(session: Session) -> Mapping[str, int]:
    """All notices by their state."""
    counted = select(Notice.state, func.count().label("notices")).where(~_IS_HIDDEN)
    rows = session.execute(counted.group_by(Notice.state))
    found = {row.state: row.notices for row in rows}
    return {state: found.get(state, 0) for state in NOTICE_STATES}


_IS_HIDDEN = and_(IS_OPEN, Notice.case_id.in_(PAUSED_CASES))
_PARTS = (("waiting", "ringing"), ("left_for_staff",), ("confirmed",), ("stopped",))
