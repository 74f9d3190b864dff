"""What the leader of a talk does to it from the console; by phone the star does the same (R37, Legs)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from models.callbacks.claim import actor_of, name_of, refuse, standing
from models.callbacks.refusals import CallbackRefusal
from models.calls.call import Call
from models.calls.place import CALLED_IN, STEPPED_OUT
from models.staff.staff import Staff
from models.store.job import Job
from models.store.policies import Policies
from models.store.refusal import RefusedError
from models.talks.hold import hold_talk, resume_talk
from models.talks.joiner import add_colleague, add_interpreter
from models.talks.refusals import TalkRefusal
from models.talks.talk import Talk, locked_talk, talk_for
from models.talks.talk_end import end_talk, lead
from models.talks.talk_legs import staff_in_talk, who_may_come, who_may_lead


def led_on_callback(session: Session, callback_id: int, staff_id: int) -> Talk:
    """The talk of a callback that this person leads, or led until its end, locked. Raises RefusedError."""
    callback = standing(session, callback_id)
    talk = talk_for(session, callback_id)
    if talk is not None and talk.staff_id == staff_id:
        return talk
    if callback.staff_id == staff_id:
        raise RefusedError(CallbackRefusal.NOT_TALKING)
    refuse(session, callback)


def led_at_0(session: Session, talk_id: int, staff_id: int) -> Talk:
    """The talk with a caller at 0 that this person leads, or led, locked. Raises RefusedError."""
    talk = locked_talk(session, talk_id)
    if talk is None or talk.staff_id != staff_id:
        raise RefusedError(TalkRefusal.NOT_LED)
    return talk


def hold(session: Session, talk: Talk, staff_id: int, now: datetime) -> list[Job]:
    """Put the caller on hold; they hear words and wait. No change if already on hold. Raises RefusedError."""
    if _going_on(talk).held_at is not None:
        return []
    mine = talk.leader_call_id
    others = staff_in_talk(session, talk, but=mine)
    if others:
        raise RefusedError(TalkRefusal.COLLEAGUE_THERE, name=_names(session, others))
    return hold_talk(session, talk, actor_of(staff_id), now, but=mine)


def resume(session: Session, talk: Talk, staff_id: int, now: datetime) -> list[Job]:
    """Fetch the caller back from a hold; without one nothing changes. Raises RefusedError.

    A leader who stepped out by star goes back first, so that the caller meets somebody.
    """
    leader = session.get(Call, _going_on(talk).leader_call_id, populate_existing=True)
    if talk.held_at is not None and leader is not None and leader.place in (STEPPED_OUT, CALLED_IN):
        leader.place = CALLED_IN
        session.flush()
        return [("move_leg", leader.id)]
    return resume_talk(session, talk, actor_of(staff_id), now)


def ring_colleague(
    session: Session, talk: Talk, staff_id: int, now: datetime, colleague_id: int | None = None
) -> list[Job]:
    """Call this colleague, or the next who is free, into the talk.

    The caller is told before the colleague hears anything (R43). Raises RefusedError when they are not free,
    a colleague was already called or is there, or after a use of the duress PIN they do not know of it (R10).
    """
    chosen = None if colleague_id is None else session.get(Staff, colleague_id)
    who_know = None if chosen is None else who_may_come(session, talk)
    if chosen is not None and not (who_know is None or chosen.id in who_know or chosen.role == "supervisor"):
        raise RefusedError(CallbackRefusal.NOT_FOR_COLLEAGUE, name=name_of(session, chosen))
    word, jobs = add_colleague(session, _going_on(talk), actor_of(staff_id), now, colleague_id)
    if word == "ringing":
        return jobs
    if chosen is None:
        raise RefusedError(TalkRefusal.NO_COLLEAGUE_FREE)
    raise RefusedError(TalkRefusal.COLLEAGUE_NOT_FREE, name=name_of(session, chosen))


def ring_interpreter(
    session: Session,
    talk: Talk,
    staff_id: int,
    now: datetime,
    numbers: Mapping[str, str],
    own_language: str,
) -> list[Job]:
    """Call the interpreter for the caller's language into the talk. Raises RefusedError if there is none.

    ``numbers`` are those of the interpreters (E.164) by language; ``own_language`` is the office's first.
    """
    number = numbers.get(_going_on(talk).language)
    if number is None:
        raise RefusedError(TalkRefusal.NO_INTERPRETER)
    word, jobs = add_interpreter(session, talk, number, own_language, actor_of(staff_id), now)
    if word == "nobody":
        raise RefusedError(TalkRefusal.INTERPRETER_THERE)
    return jobs


def hand_over(session: Session, talk: Talk, staff_id: int, now: datetime) -> list[Job]:
    """Leave the caller with the colleague who is there (warm hand-over).

    Raises RefusedError when nobody is there, or only people whose accounts were deactivated, or who after a
    use of the duress PIN do not know of it (R10).
    """
    mine = _going_on(talk).leader_call_id
    others = staff_in_talk(session, talk, but=mine)
    if not others:
        raise RefusedError(TalkRefusal.NO_COLLEAGUE_THERE)
    heirs = who_may_lead(session, talk, others)
    if not heirs:
        has_left = any(one.left_at is not None for one in _people(session, others))
        word = TalkRefusal.COLLEAGUE_DEACTIVATED if has_left else CallbackRefusal.NOT_FOR_COLLEAGUE
        raise RefusedError(word, name=_names(session, others))
    # The conference ends with the leg that led it, so that leg goes first, and the new leader's rejoins.
    return [("release_leg", mine), *lead(session, talk, heirs[0], actor_of(staff_id), now)]


def end(session: Session, talk: Talk, staff_id: int, now: datetime, policies: Policies) -> list[Job]:
    """End the talk for everyone; the caller hears goodbye. No change if it is already over."""
    if talk.is_over:
        return []
    return end_talk(session, talk, actor_of(staff_id), now, policies)


def _going_on(talk: Talk) -> Talk:
    if talk.is_over:
        raise RefusedError(CallbackRefusal.NOT_TALKING)
    return talk


def _names(session: Session, legs: list[Call]) -> str:
    return ", ".join(name_of(session, one) for one in _people(session, legs))


def _people(session: Session, legs: list[Call]) -> list[Staff]:
    found = [session.get(Staff, leg.staff_id) for leg in legs]
    return [one for one in found if one is not None]
