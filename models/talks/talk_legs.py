"""Who is in a talk: its leader, the colleagues and interpreters who joined it, and the caller."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.callbacks.liaison import are_among
from models.calls.call import Call
from models.calls.call_status import LEAVING
from models.calls.place import AWAITING_PERSON, IN_TALK, JUST_LEFT
from models.calls.role import COLLEAGUE, JOINERS
from models.cases.duress import who_know_of_use
from models.staff.staff import Staff
from models.talks.talk import Talk

#: The places where staff count as being with the caller.
_WITH_CALLER = (IN_TALK, JUST_LEFT, AWAITING_PERSON)


class TalkingLeg(Protocol):
    """The fields that say whether a leg may be in a talk; both a row and a turn's state have them."""

    @property
    def accepted_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Joiner:
    """Another person called into a talk: their role, their id if they are staff, and how far they have come.

    ``stands`` is ``rings``, ``accepted`` (the caller is told about them first), ``there``, or ``missed`` if
    they did not accept.
    """

    role: str
    staff_id: int | None
    stands: str


def is_announced(leg: TalkingLeg, talk: Talk) -> bool:
    """Whether the caller was told about this joiner since they accepted (R43)."""
    if leg.accepted_at is None or talk.announced_at is None:
        return False
    return leg.accepted_at <= talk.announced_at


def joins(talk: Talk) -> ColumnElement[bool]:
    """Whether a leg was created to join this talk."""
    made_for = (
        # The caller may have had an earlier talk in the same call.
        and_(Call.parent_call_id == talk.caller_call_id, Call.started_at >= talk.began_at)
        if talk.callback_id is None
        else Call.callback_id == talk.callback_id
    )
    return and_(made_for, Call.role.in_(JOINERS))


def legs_of_talk(session: Session, talk: Talk) -> Sequence[Call]:
    """Every leg of the current talk: the caller's, its leader's, and those that joined or may still join."""
    return session.scalars(
        select(Call)
        .where(
            Call.ended_at.is_(None), or_(Call.id.in_([talk.leader_call_id, talk.caller_call_id]), joins(talk))
        )
        .order_by(Call.id)
        .execution_options(populate_existing=True)
    ).all()


def staff_in_talk(session: Session, talk: Talk, but: int | None = None) -> list[Call]:
    """The legs of staff who are with the caller now, except ``but``: the leader's first."""
    found = [leg for leg in legs_of_talk(session, talk) if leg.id != but and _is_in(leg, talk)]
    return sorted(found, key=lambda leg: leg.id != talk.leader_call_id)


def colleagues(session: Session, talk: Talk) -> list[Call]:
    """The staff who joined and were announced, with the caller or briefly out.

    Not those who have left the call to the others: their leg is about to end.
    """
    return [
        leg
        for leg in legs_of_talk(session, talk)
        if leg.role == COLLEAGUE and is_announced(leg, talk) and leg.call_status != LEAVING
    ]


def who_may_come(session: Session, talk: Talk) -> Collection[int | None] | None:
    """The liaisons, beside supervisors, who alone may come into a talk, or lead it, after a duress PIN (R10).

    None if everybody may. So it is also for a leader who does not know of it: nothing may tell them.
    """
    if talk.callback_id is not None:
        callback = session.get_one(Callback, talk.callback_id)
        case_id, registrant_id = callback.case_id, callback.registrant_id
    else:
        caller = session.get_one(Call, talk.caller_call_id)
        case_id, registrant_id = caller.case_id if caller.verified_at is not None else None, None
    who_know = who_know_of_use(session, case_id, registrant_id)
    if who_know is None or talk.staff_id is None:
        return None
    leader = session.get_one(Staff, talk.staff_id)
    return who_know if leader.id in who_know or leader.role == "supervisor" else None


def who_may_lead(session: Session, talk: Talk, legs: Sequence[Call]) -> list[Call]:
    """Those of the legs to whose staff the talk may be left, in the same order.

    A talk of somebody who was deactivated is not cut, but no other talk becomes theirs. A colleague who was
    there before a duress PIN was used is not among ``who_may_come`` either.
    """
    here = select(Staff.id).where(
        Staff.id.in_([leg.staff_id for leg in legs]),
        Staff.left_at.is_(None),
        are_among(who_may_come(session, talk)),
    )
    found = set(session.scalars(here))
    return [leg for leg in legs if leg.staff_id in found]


def joiners_of(session: Session, talk: Talk) -> list[Joiner]:
    """The people called into the talk or joined to it, besides its leader, in the order of their legs."""
    found = []
    for leg in legs_of_talk(session, talk):
        if leg.role not in JOINERS or leg.id == talk.leader_call_id:
            continue
        stands = "rings" if leg.accepted_at is None else "there" if is_announced(leg, talk) else "accepted"
        found.append(Joiner(leg.role, leg.staff_id, stands))
    return found


def last_missed(session: Session, talk: Talk) -> list[Joiner]:
    """The person called last into the talk, if they did not accept; else nobody."""
    last = session.scalars(select(Call).where(joins(talk)).order_by(Call.id.desc()).limit(1)).first()
    if last is None or last.ended_at is None or last.accepted_at is not None:
        return []
    return [Joiner(last.role, last.staff_id, "missed")]


def _is_in(leg: Call, talk: Talk) -> bool:
    if leg.staff_id is None or leg.accepted_at is None or leg.place not in _WITH_CALLER:
        return False
    return leg.id == talk.leader_call_id or is_announced(leg, talk)
