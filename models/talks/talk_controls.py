"""What the leader of a talk does to it from the console; by phone the star does the same (R37, Legs)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.callbacks.claim import actor_of, name_of, refuse, standing
from models.callbacks.refusals import CallbackRefusal
from models.calls.call import Call
from models.staff.staff import Staff
from models.store.job import Job
from models.store.policies import Policies
from models.store.refusal import RefusedError
from models.talks.hold import hold_talk, resume_talk
from models.talks.joiner import add_colleague, add_interpreter
from models.talks.refusals import TalkRefusal
from models.talks.talk import end_talk, lead, staff_in_talk


def hold(session: Session, callback_id: int, staff_id: int, now: datetime) -> list[Job]:
    """Put the caller on hold; they hear words and wait. Held already, it stays so. Raises RefusedError."""
    callback = _my_talk(session, callback_id, staff_id)
    if callback.held_at is not None:
        return []
    mine = callback.liaison_call_id
    others = staff_in_talk(session, callback, but=mine)
    if others:
        raise RefusedError(TalkRefusal.COLLEAGUE_THERE, name=_names(session, others))
    return hold_talk(session, callback, actor_of(staff_id), now, but=mine)


def resume(session: Session, callback_id: int, staff_id: int, now: datetime) -> list[Job]:
    """Fetch the caller back from a hold; without one nothing changes. Raises RefusedError."""
    callback = _my_talk(session, callback_id, staff_id)
    return resume_talk(session, callback, actor_of(staff_id), now)


def ring_colleague(session: Session, callback_id: int, staff_id: int, now: datetime) -> list[Job]:
    """Ring a free colleague into the talk; the caller is told before they hear a word (R43).

    Raises RefusedError when nobody is free, or one is rung or there already.
    """
    callback = _my_talk(session, callback_id, staff_id)
    word, jobs = add_colleague(session, callback, actor_of(staff_id), now)
    if word == "nobody":
        raise RefusedError(TalkRefusal.NO_COLLEAGUE_FREE)
    return jobs


def ring_interpreter(
    session: Session,
    callback_id: int,
    staff_id: int,
    now: datetime,
    numbers: Mapping[str, str],
    own_language: str,
) -> list[Job]:
    """Ring the interpreter for the caller's language into the talk. Raises RefusedError for none.

    ``numbers`` are those of the interpreters (E.164) by language; ``own_language`` is the office's first.
    """
    callback = _my_talk(session, callback_id, staff_id)
    number = numbers.get(callback.language)
    if number is None:
        raise RefusedError(TalkRefusal.NO_INTERPRETER)
    word, jobs = add_interpreter(session, callback, number, own_language, actor_of(staff_id), now)
    if word == "nobody":
        raise RefusedError(TalkRefusal.INTERPRETER_THERE)
    return jobs


def hand_over(session: Session, callback_id: int, staff_id: int, now: datetime) -> list[Job]:
    """Leave the caller with the colleague who is there (warm hand-over). Raises RefusedError for none."""
    callback = _my_talk(session, callback_id, staff_id)
    mine = callback.liaison_call_id
    others = staff_in_talk(session, callback, but=mine)
    if not others or mine is None:
        raise RefusedError(TalkRefusal.NO_COLLEAGUE_THERE)
    # The conference ends with the leg that led it, so that leg goes first, and the new leader's comes anew.
    return [("release_leg", mine), *lead(session, callback, others[0], actor_of(staff_id), now)]


def end(session: Session, callback_id: int, staff_id: int, now: datetime, policies: Policies) -> list[Job]:
    """End the talk for everyone; the caller hears goodbye. Raises RefusedError."""
    callback = standing(session, callback_id)
    if callback.state == "reached" and callback.staff_id == staff_id:
        return []
    talk = _my_talk(session, callback_id, staff_id)
    return end_talk(session, talk, actor_of(staff_id), now, policies)


def _my_talk(session: Session, callback_id: int, staff_id: int) -> Callback:
    """The talk that this person leads, held until the transaction ends."""
    callback = standing(session, callback_id)
    if callback.state == "talking" and callback.staff_id == staff_id:
        return callback
    if callback.staff_id == staff_id:
        raise RefusedError(CallbackRefusal.NOT_TALKING)
    refuse(session, callback)


def _names(session: Session, legs: list[Call]) -> str:
    people = [session.get(Staff, leg.staff_id) for leg in legs]
    return ", ".join(name_of(session, one) for one in people if one is not None)
