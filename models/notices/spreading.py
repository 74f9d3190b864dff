"""Turns custody events into notices, one for each registration that stands, and stops what is not told (R28).

The sweeper spreads events in small transactions: an event and all of its notices, or nothing of it. So a
process that dies between two of them makes no notice twice and loses none.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from models.cases.case import Case
from models.custody.custody_event import CUSTODY_EVENTS, IS_UNSPREAD, URGENT_KINDS
from models.notices.notice import NOTICES
from models.notices.notice_moves import AT_REST, record_move, stop
from models.notices.registration import Registration
from models.store.database import is_any
from models.store.job import Job

ACTOR = "sweeper"
_ANY_UNSPREAD = select(CUSTODY_EVENTS.c.id).where(IS_UNSPREAD).limit(1)


def is_any_unspread(session: Session) -> bool:
    """Whether an event waits for its notices."""
    return is_any(session, _ANY_UNSPREAD)


def spread(session: Session, now: datetime, limit: int) -> list[Job]:
    """Make the notices of at most ``limit`` events, oldest first; returns the jobs that end calls.

    The notices are due at once, and the sweeper offers what is due (``placing.due_notices``).

    Each registration that stands gets one notice of each event, if its case is open and two people vouch for
    whom it is about. What was not told yet of an older event of the same person is stopped as ``replaced``.
    Corrections have theirs from the start (``taking_back/retraction.py``).
    """
    events = session.execute(
        select(
            CUSTODY_EVENTS.c.id, CUSTODY_EVENTS.c.subject_id, CUSTODY_EVENTS.c.kind,
            CUSTODY_EVENTS.c.stopped_at,
        )
        .where(IS_UNSPREAD)
        .order_by(CUSTODY_EVENTS.c.id)
        .limit(limit)
        .with_for_update()
    ).all()  # fmt: skip
    if not events:
        return []
    spread_now = update(CUSTODY_EVENTS).where(CUSTODY_EVENTS.c.id.in_([event.id for event in events]))
    session.execute(spread_now.values(spread_at=now))
    jobs = _stop_replaced(session, {event.subject_id for event in events}, now)
    told = [event for event in events if event.stopped_at is None]
    _wait_for_second_person(session, {event.subject_id for event in told})
    made = _notices(told, _standing(session, {event.subject_id for event in told}, now), now)
    if made:
        added = session.scalars(insert(NOTICES).returning(NOTICES.c.id), made).all()
        for notice_id in sorted(added):
            record_move(session, notice_id, "make_notice", now, ACTOR)
    return jobs


def spread_to_confirmed(session: Session, case_id: int, now: datetime) -> None:
    """Make the notice that a case's registration missed while one person alone had said whom it is about.

    It is that of the newest change since the registration, if nothing has replaced or taken back that.
    """
    missed = session.execute(
        select(CUSTODY_EVENTS.c.id, CUSTODY_EVENTS.c.kind, Registration.id.label("registration_id"))
        .join(Case, Case.subject_id == CUSTODY_EVENTS.c.subject_id)
        .join(Registration, Registration.case_id == Case.id)
        .where(
            Case.id == case_id, Case.closed_at.is_(None), stands(now),
            CUSTODY_EVENTS.c.before_id.is_not(None), CUSTODY_EVENTS.c.corrects_id.is_(None),
            CUSTODY_EVENTS.c.stopped_at.is_(None), CUSTODY_EVENTS.c.spread_at.is_not(None),
            CUSTODY_EVENTS.c.made_at >= Registration.made_at,
            ~exists().where(
                NOTICES.c.event_id == CUSTODY_EVENTS.c.id, NOTICES.c.registration_id == Registration.id
            ),
        )
    ).all()  # fmt: skip
    for row in missed:
        values = _notice(row.id, row.kind, row.registration_id, case_id, now)
        notice_id = session.execute(insert(NOTICES).returning(NOTICES.c.id), values).scalar_one()
        record_move(session, notice_id, "make_notice", now, ACTOR)


def stop_event(session: Session, event_id: int, outcome: str, now: datetime, actor: str = ACTOR) -> list[Job]:
    """Tell an event to nobody any more: its open notices are stopped. Returns the jobs that end their calls.

    Notices that were confirmed stay as they are: a record of what was said, and when.
    """
    session.execute(
        update(CUSTODY_EVENTS)
        .where(CUSTODY_EVENTS.c.id == event_id, CUSTODY_EVENTS.c.stopped_at.is_(None))
        .values(stopped_at=now)
    )
    return stop(session, NOTICES.c.event_id == event_id, outcome, now, actor)


def _stop_replaced(session: Session, subject_ids: Collection[int], now: datetime) -> list[Job]:
    """A call that is placed goes on: what it tells is the newest record, not the event."""
    older = select(CUSTODY_EVENTS.c.id).where(
        CUSTODY_EVENTS.c.subject_id.in_(subject_ids), CUSTODY_EVENTS.c.stopped_at.is_not(None),
        CUSTODY_EVENTS.c.corrects_id.is_(None),
    )  # fmt: skip
    return stop(session, NOTICES.c.event_id.in_(older), "replaced", now, ACTOR, states=AT_REST)


def _wait_for_second_person(session: Session, subject_ids: Collection[int]) -> None:
    """A second person may be confirming a case at this moment: it must be seen here, or these events there.

    Each of the two would else leave the notice to the other.
    """
    unconfirmed = select(Case.id).where(Case.subject_id.in_(subject_ids), Case.named_by.is_not(None))
    session.execute(unconfirmed.order_by(Case.id).with_for_update(key_share=True)).all()


def _standing(session: Session, subject_ids: Collection[int], now: datetime) -> dict[int, list[Any]]:
    """The registrations that stand, by the person whom they are about."""
    rows = session.execute(
        select(Registration.id, Registration.case_id, Case.subject_id)
        .join(Case, Case.id == Registration.case_id)
        .where(
            Case.subject_id.in_(subject_ids),
            # Nothing is told about a person whom only one staff member has named.
            Case.closed_at.is_(None), Case.named_by.is_(None),
            stands(now),
        )
        .order_by(Registration.id)
    )  # fmt: skip
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.subject_id, []).append(row)
    return found


def stands(now: datetime) -> ColumnElement[bool]:
    """Whether a registration makes notices now: it stands, or its pause is over, and its consent holds."""
    is_pause_over = and_(Registration.state == "paused", Registration.paused_until <= now)
    return and_(or_(Registration.state == "standing", is_pause_over), Registration.lapses_at > now)


def _notices(events: Sequence[Any], standing: dict[int, list[Any]], now: datetime) -> list[dict[str, Any]]:
    return [
        _notice(event.id, event.kind, registration.id, registration.case_id, now)
        for event in events
        for registration in standing.get(event.subject_id, ())
    ]


def _notice(event_id: int, kind: str, registration_id: int, case_id: int, now: datetime) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "registration_id": registration_id,
        "case_id": case_id,
        "is_urgent": kind in URGENT_KINDS,
        "state": "waiting",
        "made_at": now,
        # The cadence moves it into the window of a phone (models/notices/cadence.py).
        "next_attempt_at": now,
    }
