"""Talks whose outcome nobody saves: they count as reached, also for false news that was told (R16, R37)."""

from datetime import datetime, timedelta, tzinfo

from sqlalchemy import ColumnElement, String, and_, bindparam, cast, exists, literal, or_, select
from sqlalchemy.orm import Session

from models.audit.audit import AuditEntry
from models.callbacks.callback import Callback
from models.calls.call import Call
from models.cases.case import Case
from models.custody.custody_event import CustodyEvent
from models.custody.imports.record import RETRACTED_STATES, CustodyImport
from models.notices.notice import Notice
from models.outcomes.news_told import cases_perhaps_told
from models.outcomes.told_falsely import WAS_FALSE, note_told_falsely
from models.outcomes.words_shown import words_shown
from models.store.database import is_any
from models.talks.talk import Talk

#: How long after a file was taken back a talk is looked at that goes on then, or whose outcome may be saved.
_LONGEST = timedelta(days=1)
_LATELY = (CustodyImport.state.in_(RETRACTED_STATES), CustodyImport.retracted_at > bindparam("since"))
_ANY_LATELY = select(CustodyImport.id).where(*_LATELY).limit(1)


def is_any_retracted_lately(session: Session, now: datetime) -> bool:
    """Whether a file was taken back of which somebody may have told."""
    return is_any(session, _ANY_LATELY, _since(now))


def correct_unsaved(
    session: Session, now: datetime, outcome_minutes: float, limit: int, office: tzinfo
) -> None:
    """Note and correct what staff told in talks whose outcome can no longer be saved."""
    # Only where somebody viewed the words while the news was open.
    looked = exists().where(
        AuditEntry.target == literal("case:") + cast(Notice.case_id, String),
        AuditEntry.action == "look_at_case",
        AuditEntry.at >= CustodyEvent.made_at,
        AuditEntry.at <= Notice.closed_at,
    )
    untold = (
        select(Notice.case_id, Case.registrant_id, CustodyEvent.made_at)
        .join(Case, Case.id == Notice.case_id)
        .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
        .join(CustodyImport, CustodyImport.id == CustodyEvent.import_id)
        .where(*_LATELY, *WAS_FALSE, Notice.said_at.is_(None), looked)
        .order_by(Notice.id)
        .limit(limit)
    )
    over = now - timedelta(minutes=outcome_minutes)
    for case_id, registrant_id, made_at in session.execute(untold, _since(now)).all():
        talks = select(Talk).where(
            Talk.outcome == "reached", Talk.closed_at > made_at, Talk.closed_at <= over,
            _may_be_of(case_id, registrant_id), ~_is_saved(),
        )  # fmt: skip
        for talk in session.scalars(talks.order_by(Talk.id)).all():
            callback = None if talk.callback_id is None else session.get_one(Callback, talk.callback_id)
            if case_id in cases_perhaps_told(session, talk, callback):
                shown = words_shown(session, talk, callback, case_id, now)
                note_told_falsely(session, case_id, shown, now, f"staff:{talk.staff_id}", office)


def _since(now: datetime) -> dict[str, datetime]:
    return {"since": now - _LONGEST}


def _may_be_of(case_id: int, registrant_id: int) -> ColumnElement[bool]:
    calls = select(Call.id).where(Call.case_id == case_id)
    theirs = or_(Callback.case_id == case_id, Callback.registrant_id == registrant_id)
    return or_(
        Talk.callback_id.in_(select(Callback.id).where(theirs)),
        and_(
            Talk.callback_id.is_(None),
            Talk.caller_call_id.in_(calls),
        ),
    )


def _is_saved() -> ColumnElement[bool]:
    of_callback = literal("callback:") + cast(Talk.callback_id, String)
    at_0 = literal("talk:") + cast(Talk.id, String)
    return exists().where(AuditEntry.target.in_([of_callback, at_0]), AuditEntry.action == "note_outcome")
