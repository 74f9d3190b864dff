"""What staff record about a talk besides its outcome: interpreter, safety plan, services named (R37)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, select, union_all
from sqlalchemy.orm import Session, aliased

from models.callbacks.callback import IS_PAST, Callback
from models.calls.call import Call
from models.talks.talk import Talk

#: The names of facts that only those who may read the note of the talk see in its history.
PRIVATE_FACTS = frozenset({"safety_plan", "referred_to"})


@dataclass(frozen=True, kw_only=True)
class TalkFacts:
    """``referred_to`` are keys of the office's services.

    ``needs_interpreter`` is None while nobody has said so, as after an outcome keyed on a phone.
    """

    needs_interpreter: bool | None = None
    safety_plan: bool = False
    referred_to: tuple[str, ...] = ()


def keep_facts(talk: Talk, facts: TalkFacts) -> dict[str, Any]:
    """Store the facts on the talk; returns those that its audit entry names."""
    talk.needs_interpreter = facts.needs_interpreter
    talk.safety_plan = facts.safety_plan
    talk.referred_to = list(facts.referred_to) or None
    named: dict[str, Any] = {}
    if facts.needs_interpreter:
        named["interpreter"] = True
    if facts.safety_plan:
        named["safety_plan"] = True
    if facts.referred_to:
        named["referred_to"] = list(facts.referred_to)
    return named


def needs_interpreter(session: Session, callback: Callback) -> bool:
    """Whether the person of a callback needs an interpreter, as their last talk with an answer says.

    A callback without the PIN counts only the talks of such callbacks: another one would tell staff that its
    phone is in a case (R37).
    """
    if callback.case_id is not None:
        return case_needs_interpreter(session, callback.case_id)
    return _last_answer(
        session,
        _OF_CALLBACKS.where(
            Callback.phone_key == callback.phone_key,
            Callback.case_id.is_(None),
            Callback.registrant_id.is_not_distinct_from(callback.registrant_id),
        ),
    )


def case_needs_interpreter(session: Session, case_id: int) -> bool:
    """The same for the person of a case: from its callbacks, and from talks at 0 that its PIN opened."""
    at_0 = _TOLD.join(Call, Call.id == Talk.caller_call_id).where(
        Talk.callback_id.is_(None), Call.case_id == case_id, Call.verified_at.is_not(None)
    )
    return _last_answer(session, _OF_CALLBACKS.where(Callback.case_id == case_id), at_0)


def which_need_interpreter(session: Session, callback_ids: Collection[int]) -> set[int]:
    """The same for many callbacks in one statement: the ids of those whose person needs an interpreter."""
    # The last answer counts.
    told = session.execute(_TOLD_OF_MANY, {"ids": list(callback_ids)})
    last = {row.id: row.needs_interpreter for row in told}
    return {one for one, needs in last.items() if needs}


_TOLD = select(Talk.began_at, Talk.needs_interpreter).where(Talk.needs_interpreter.is_not(None))
_OF_CALLBACKS = _TOLD.join(Callback, Callback.id == Talk.callback_id).where(IS_PAST)


def _told_of_many() -> Select[Any]:
    asked = aliased(Callback)
    known = Talk.needs_interpreter.is_not(None), asked.id.in_(bindparam("ids", expanding=True))
    facts = select(asked.id.label("id"), Talk.began_at, Talk.needs_interpreter).where(*known)
    of_callbacks = facts.join(Callback, Callback.id == Talk.callback_id).where(IS_PAST)
    told = union_all(
        of_callbacks.join(asked, asked.case_id == Callback.case_id),
        of_callbacks.join(
            asked,
            and_(
                asked.phone_key == Callback.phone_key,
                asked.case_id.is_(None),
                Callback.case_id.is_(None),
                asked.registrant_id.is_not_distinct_from(Callback.registrant_id),
            ),
        ),
        facts.join(Call, Call.id == Talk.caller_call_id)
        .join(asked, asked.case_id == Call.case_id)
        .where(Talk.callback_id.is_(None), Call.verified_at.is_not(None)),
    ).subquery()
    return select(told).order_by(told.c.began_at)


# Built once, for every open list: building it takes longer than running it.
_TOLD_OF_MANY = _told_of_many()


def _last_answer(session: Session, *talks: Select[datetime, bool | None]) -> bool:
    theirs = union_all(*talks).subquery()
    last = select(theirs.c.needs_interpreter).order_by(theirs.c.began_at.desc()).limit(1)
    return bool(session.scalar(last))
