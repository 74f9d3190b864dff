"""Calls about a notice that still ring although nobody is to be told by them any more."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, exists, not_, or_, select, text
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
    found = select(Call.id).where(Call.id == leg.id, _IS_IN_VAIN)
    return session.execute(found).first() is not None


def legs_left_ringing(session: Session, now: datetime) -> Sequence[int]:
    """All such legs that nobody has told the carrier to end."""
    return session.scalars(_LEFT_RINGING, {"long_ago": now - LONGEST_CALL}).all()


_RINGS = exists().where(Notice.id == Call.notice_id, Notice.state == "ringing")
_PHONE_IS_SAFE = exists().where(
    Notice.id == Call.notice_id,
    Case.id == Notice.case_id,
    Phone.registrant_id == Case.registrant_id,
    Phone.phone_key == Call.phone_key,
    *SAFE,
)
_IS_IN_VAIN = and_(Call.accepted_at.is_(None), or_(not_(_RINGS), not_(_PHONE_IS_SAFE)))
#: Built once: every pass of the sweeper sends it, and building takes longer than sending.
_LEFT_RINGING = (
    select(Call.id)
    .where(
        _LIVE,
        Call.ended_at.is_(None),
        Call.call_sid.is_not(None),
        Call.started_at > bindparam("long_ago"),
        or_(Call.call_status.is_(None), Call.call_status != LEAVING),
        _IS_IN_VAIN,
    )
    .order_by(Call.started_at, Call.id)
)
