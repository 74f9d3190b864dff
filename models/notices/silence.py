"""Tells registered people that the feed is silent, where the office decided so (R14, R28).

Without it they would take "no call" for "no change". The message is about the feed and never about a person,
so it is made for every registration of an open case alike, whatever its record says (R13). The sweeper makes
it, once for each silence, and stops what was not told yet when the feed confirms somebody again.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, insert, select, true
from sqlalchemy.orm import Session

from models.cases.case import Case
from models.custody.custody_event import CUSTODY_EVENTS, FEED_SILENT, CustodyEvent
from models.custody.feed_silence import silent_since
from models.notices.notice import NOTICES, Notice
from models.notices.notice_moves import record_move
from models.notices.registration import Registration
from models.notices.spreading import ACTOR, stands, stop_event
from models.store.database import is_any
from models.store.job import Job
from models.store.policies import Policies

_IS_SILENCE = and_(CustodyEvent.before_id.is_(None), CustodyEvent.kind == FEED_SILENT)
_ANY_TOLD = select(CustodyEvent.id).where(_IS_SILENCE, CustodyEvent.stopped_at.is_(None)).limit(1)


def is_any_to_tell(session: Session, policies: Policies) -> bool:
    """Whether the office tells of a silence, or told of one and has not taken it back."""
    return bool(policies.feed_silent_message) or is_any(session, _ANY_TOLD)


def tell_registrants(session: Session, now: datetime, policies: Policies, limit: int) -> list[Job]:
    """Make at most ``limit`` messages about the silence of this moment, and stop as many of an earlier one.

    Returns the jobs that end calls.
    """
    since = silent_since(session, now, policies) if policies.feed_silent_message else None
    jobs = [job for one in _over(session, since, limit) for job in stop_event(session, one, "replaced", now)]
    if since is not None:
        _make(session, since, now, limit)
    return jobs


def _over(session: Session, since: datetime | None, limit: int) -> list[int]:
    is_earlier = true() if since is None else CustodyEvent.at != since
    over = select(CustodyEvent.id).where(_IS_SILENCE, CustodyEvent.stopped_at.is_(None), is_earlier)
    return list(session.scalars(over.order_by(CustodyEvent.id).limit(limit)))


def _make(session: Session, since: datetime, now: datetime, limit: int) -> None:
    told = (
        select(Notice.id)
        .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
        .where(_IS_SILENCE, CustodyEvent.at == since, Notice.registration_id == Registration.id)
    )
    rows = session.execute(
        select(Registration.id, Registration.case_id, Case.subject_id)
        .join(Case, Case.id == Registration.case_id)
        .where(Case.closed_at.is_(None), stands(now), ~exists(told.correlate(Registration)))
        .order_by(Registration.id)
        .limit(limit)
    ).all()
    if not rows:
        return
    events = _events(session, {row.subject_id for row in rows}, since, now)
    made = [
        {
            "event_id": events[row.subject_id],
            "registration_id": row.id,
            "case_id": row.case_id,
            "is_urgent": False,
            "state": "waiting",
            "made_at": now,
            "next_attempt_at": now,
        }
        for row in rows
    ]
    for notice_id in sorted(session.scalars(insert(NOTICES).returning(NOTICES.c.id), made).all()):
        record_move(session, notice_id, "make_notice", now, ACTOR)


def _events(session: Session, subject_ids: Iterable[int], since: datetime, now: datetime) -> dict[int, int]:
    """The event of each subject, by its id; two registrations about one person share it."""
    mine = select(CustodyEvent.subject_id, CustodyEvent.id).where(
        _IS_SILENCE, CustodyEvent.at == since, CustodyEvent.subject_id.in_(subject_ids)
    )
    found: dict[int, int] = {row.subject_id: row.id for row in session.execute(mine)}
    new: list[dict[str, Any]] = [
        # Its notices are made with it.
        {"subject_id": one, "kind": FEED_SILENT, "at": since, "made_at": now, "spread_at": now}
        for one in sorted(set(subject_ids) - found.keys())
    ]
    if new:
        added = insert(CUSTODY_EVENTS).returning(CUSTODY_EVENTS.c.subject_id, CUSTODY_EVENTS.c.id)
        found |= {row.subject_id: row.id for row in session.execute(added, new)}
    return found
