"""Calls about a notice that still ring although nobody is to be told by them any more."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select, text
from sqlalchemy.orm import Session

from models.calls.call import Call
from models.calls.call_status import LEAVING, LONGEST_CALL
from models.cases.case import Case
from models.cases.registrant import Phone
from models.cases.safe_phone import SAFE
from models.notices.notice import Notice

_LIVE = text("calls.ended_at IS NULL AND calls.notice_id IS NOT NULL")


def rings_in_vain(session: Session, leg: Call) -> bool:
    """Whether this leg may be ended: its news was confirmed or stopped, or its phone said stop (R33).

    A person who has pressed a key is not cut off: they hear at their next step that the call is over.
    """
    found = select(Call.id).where(Call.id == leg.id, _is_in_vain())
    return session.execute(found).first() is not None


def legs_left_ringing(session: Session, now: datetime) -> Sequence[int]:
    """All such legs that nobody has told the carrier to end."""
    found = select(Call.id).where(
        _LIVE,
        Call.ended_at.is_(None),
        Call.call_sid.is_not(None),
        Call.started_at > now - LONGEST_CALL,
        or_(Call.call_status.is_(None), Call.call_status != LEAVING),
        _is_in_vain(),
    )
    return session.scalars(found.order_by(Call.started_at, Call.id)).all()


def _is_in_vain() -> ColumnElement[bool]:
    rings = exists().where(Notice.id == Call.notice_id, Notice.state == "ringing")
    phone_is_safe = exists().where(
        Notice.id == Call.notice_id,
        Case.id == Notice.case_id,
        Phone.registrant_id == Case.registrant_id,
        Phone.phone_key == Call.phone_key,
        *SAFE,
    )
    return and_(Call.accepted_at.is_(None), or_(not_(rings), not_(phone_is_safe)))
