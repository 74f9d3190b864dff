"""Stops the notices that may not be told at this moment, and takes them up again when they may (R12, R13).

A notice is stopped as ``gate`` for every reason alike: a denied, held, absent, stale or unknown record, or
one that is being taken back. So its outcome tells staff nothing that the line would not tell. It is no end:
an import may hold a record for half an hour, and a person who really got out would never be called. ``heard``
decides again when a call tells the news; this keeps the rows true meanwhile.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_, select, update
from sqlalchemy.orm import Session

from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.custody import DATED_FACTS, IN_CUSTODY_KINDS, CustodyRecord
from models.custody.custody_event import FEED_SILENT, CustodyEvent
from models.custody.custody_status import HeardRules
from models.custody.imports.record import silencing_import
from models.notices.notice import CAP, IS_GATED, IS_OPEN, LATE, NOTICES, Notice
from models.notices.notice_moves import AT_REST, record_move, stop
from models.notices.registration import Registration
from models.notices.spreading import ACTOR, stands

#: With these the line goes on calling: other phones after a code problem or a refusal of the number, and all
#: after silence, a page or once the cap allows it (R19, R28, R30, R34).
_RINGS_ON = ("wrong_code", "no_code", "refused", "said_nothing", LATE, CAP)
_ANY_TO_WATCH = select(
    or_(exists(select(Notice.id).where(IS_OPEN)), exists(select(Notice.id).where(IS_GATED)))
)


def watch_gate(session: Session, now: datetime, rules: HeardRules, limit: int) -> None:
    """Stop at most ``limit`` notices, and take up as many.

    A notice of a closed case or of a stopped event is stopped for good. Who is on the phone about it now is
    left to the call.
    """
    why = case(
        (CustodyEvent.retracted_at.is_not(None), "retracted"),
        (CustodyEvent.stopped_at.is_not(None), "replaced"),
        (Case.closed_at.is_not(None), "case_closed"),
        # That the feed is silent says nothing of the record (silence.py).
        (and_(~_is_told(now, rules), CustodyEvent.kind != FEED_SILENT), "gate"),
    )
    found = session.execute(
        _with_record()
        .add_columns(why.label("why"))
        .where(
            IS_OPEN,
            Notice.state.in_(AT_REST),
            # A correction is told even when nothing can be confirmed (taking_back/retraction.py).
            Notice.corrects_id.is_(None),
            why.is_not(None),
        )
        .order_by(Notice.id)
        .limit(limit)
    ).all()
    for outcome in sorted({row.why for row in found}):
        those = NOTICES.c.id.in_([row.id for row in found if row.why == outcome])
        stop(session, those, outcome, now, ACTOR, states=AT_REST)
    _take_up(session, now, rules, limit)


def is_any_to_watch(session: Session) -> bool:
    """Whether a notice is open, or waits for its gate."""
    return bool(session.scalar(_ANY_TO_WATCH))


def may_be_told(now: datetime, rules: HeardRules) -> ColumnElement[bool]:
    """What ``heard`` decides about a case's newest record, for the rows of a query; never NULL.

    Only a record that no import would write may be told by this and not by ``heard``.
    """
    latest = now + timedelta(minutes=rules.future_skew_minutes)
    oldest = now - timedelta(hours=rules.spoken_stale_hours)
    return and_(
        Case.closed_at.is_(None),
        Case.named_by.is_(None),
        Subject.absent_since.is_(None),
        silencing_import(Subject.held_import_id, CustodyRecord.import_id).is_(None),
        Subject.as_of.is_not(None),
        Subject.as_of <= latest,
        CustodyRecord.id.is_not(None),
        CustodyRecord.releasable.is_(True),
        CustodyRecord.status_at.is_not(None),
        CustodyRecord.status_at <= latest,
        or_(
            CustodyRecord.status.in_(DATED_FACTS),
            and_(CustodyRecord.status.in_(IN_CUSTODY_KINDS), Subject.as_of >= oldest),
        ),
    )


def _is_told(now: datetime, rules: HeardRules) -> ColumnElement[bool]:
    """Not while the case is about somebody else, which may be a slip that a colleague finds."""
    return and_(CustodyEvent.subject_id == Case.subject_id, may_be_told(now, rules))


def _take_up(session: Session, now: datetime, rules: HeardRules, limit: int) -> None:
    found = session.scalars(
        _with_record()
        .join(Registration, Registration.id == Notice.registration_id)
        .where(
            IS_GATED,
            CustodyEvent.stopped_at.is_(None),
            stands(now),
            _is_told(now, rules),
        )
        .order_by(Notice.id)
        .limit(limit)
    ).all()
    if not found:
        return
    # What was a task of staff is one again, and what rang beside its task rings.
    is_task = and_(NOTICES.c.task.is_not(None), NOTICES.c.task.not_in(_RINGS_ON))
    session.execute(
        update(NOTICES)
        .where(NOTICES.c.id.in_(found), IS_GATED)
        .values(
            state=case((is_task, "left_for_staff"), else_="waiting"),
            outcome=case((is_task, NOTICES.c.task), else_=None),
            task_at=case((NOTICES.c.task.is_not(None), now), else_=None),
            closed_at=None,
            next_attempt_at=now,
        )
    )
    for notice_id in found:
        record_move(session, notice_id, "take_up_notice", now, ACTOR)


def _with_record() -> Any:
    return (
        select(Notice.id)
        .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
        .join(Case, Case.id == Notice.case_id)
        .join(Subject, Subject.id == Case.subject_id)
        .outerjoin(CustodyRecord, CustodyRecord.id == Subject.record_id)
    )
