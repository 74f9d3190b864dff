"""Joiners: a colleague or an interpreter called into a current talk, announced before they hear anything."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.callbacks.liaison import choose_by_name, choose_liaison, free_liaison, reserve_liaison
from models.calls import pacing
from models.calls.call import Call
from models.calls.call_status import LEAVING, bring_forward
from models.calls.outbound_leg import mark_dialling, outbound_leg
from models.calls.place import STEPPED_OUT
from models.calls.role import COLLEAGUE, INTERPRETER, JOINERS
from models.store.database import keyring_of
from models.store.job import Job
from models.talks.talk import Talk, audit_talk, talk_of
from models.talks.talk_end import move_caller
from models.talks.talk_legs import is_announced, joins, legs_of_talk, staff_in_talk, who_may_come

if TYPE_CHECKING:
    from models.calls.call_state import CallState

Joins = Literal["join", "wait", "gone"]
#: ``Call.missed_state`` of a joiner who did not come, before and after staff in the talk were told.
MISSED, TOLD = "missed", "told"


def add_colleague(
    session: Session, talk: Talk, actor: str, now: datetime, colleague_id: int | None = None
) -> tuple[Literal["ringing", "nobody"], list[Job]]:
    """Call another liaison on shift into the talk: this colleague, or without one the next who is free.

    ``nobody`` when they are not free, or a colleague was already called. Somebody chosen by name is one of
    ``who_may_come``; of the others only those are called.
    """
    if talk.is_over or _is_there(session, talk, COLLEAGUE):
        return "nobody", []
    if colleague_id is not None:
        chosen = choose_by_name(session, colleague_id, talk.language)
    else:
        who_know = who_may_come(session, talk)
        chosen = choose_liaison(session, talk.language, now, verified=True, who_know=who_know)
    if chosen is None:
        return "nobody", []
    leg = _leg(session, talk, COLLEAGUE, chosen.phone, chosen.language, now)
    leg.staff_id = chosen.id
    session.flush()
    if not reserve_liaison(session, chosen.id, leg.id, now):
        session.delete(leg)
        session.flush()
        return "nobody", []
    audit_talk(session, talk, "add_colleague", actor, now, {"rung": f"staff:{chosen.id}"})
    return "ringing", [("ring_joiner", leg.id)]


def add_interpreter(
    session: Session, talk: Talk, number: str | None, language: str, actor: str, now: datetime
) -> tuple[Literal["ringing", "nobody"], list[Job]]:
    """Call the interpreter's ``number`` (E.164) into the talk; they are spoken to in ``language``.

    ``nobody`` without a number for the caller's language, or when one was already called or is there.
    """
    if number is None or talk.is_over or _is_there(session, talk, INTERPRETER):
        return "nobody", []
    leg = _leg(session, talk, INTERPRETER, number, language, now)
    audit_talk(session, talk, "add_interpreter", actor, now, {"language": talk.language})
    return "ringing", [("ring_joiner", leg.id)]


def take_joiner_slot(
    session: Session, call_id: int, now: datetime, interval: timedelta, patience: timedelta
) -> datetime | None:
    """Take the moment at which a joiner, or a liaison for a caller at 0, may be called; None if not needed.

    The leg records it, so that a second job for the same leg takes no other. The carrier may place one call
    in each ``interval``, and the moment is up to ``patience`` ahead.
    """
    leg = session.scalars(select(Call).where(Call.id == call_id).with_for_update(key_share=True)).first()
    if leg is None or leg.started_at > now:
        return None
    if leg.call_status is not None or leg.call_sid is not None or leg.ended_at is not None:
        return None
    talk = talk_of(session, leg) if leg.role in JOINERS else None
    if leg.role in JOINERS and (talk is None or talk.is_over):
        return None
    at = pacing.take_slot(session, now, interval, patience)
    if at is not None:
        leg.started_at = at
        session.flush()
    return at


def dial_joiner(session: Session, call_id: int) -> tuple[str, str] | None:
    """Take the right to dial a joiner's leg, once: its leg id and number; None when the talk is over."""
    leg = session.get(Call, call_id)
    if leg is None or leg.leg_id is None or leg.phone_sealed is None:
        return None
    talk = talk_of(session, leg)
    if talk is None or talk.is_over or not mark_dialling(session, call_id):
        return None
    return leg.leg_id, keyring_of(session).unseal("call.phone", leg.phone_sealed)


def accept_joining(
    session: Session, leg: "CallState", now: datetime
) -> tuple[Literal["accepted", "gone"], list[Job]]:
    """The accept key of a joiner: the caller is told about them, and only then may they come in (R43)."""
    talk = talk_of(session, leg)
    if talk is None or talk.is_over or leg.ended_at is not None:
        bring_forward(session, leg.id, LEAVING)
        return "gone", []
    audit_talk(session, talk, "accept_joining", _actor(leg), now)
    # A caller on hold is told when they are fetched back.
    return "accepted", [] if talk.held_at is not None else move_caller(talk)


def decline_joining(session: Session, leg: "CallState", now: datetime) -> None:
    """A joiner passes; they are free at once and the talk continues."""
    bring_forward(session, leg.id, LEAVING)
    free_liaison(session, leg.id, now)


def joiner_position(session: Session, leg: "CallState") -> tuple[Joins, str | None, list[Job]]:
    """Whether a joiner who accepted may come in, to which conference, and the jobs that tell the caller."""
    talk = talk_of(session, leg)
    if talk is None or talk.is_over or leg.accepted_at is None:
        bring_forward(session, leg.id, LEAVING)
        return "gone", None, []
    if is_announced(leg, talk):
        # Without staff, an interpreter would be alone with the caller, or in an empty conference.
        if leg.role == INTERPRETER and not staff_in_talk(session, talk):
            return "wait", None, []
        return "join", talk.conference, []
    # Enqueued at each poll, so that a lost job costs one round of waiting.
    return "wait", None, [] if talk.held_at is not None else move_caller(talk)


def unannounced(session: Session, talk: Talk) -> list[Call]:
    """The joiners who accepted and about whom the caller was not told."""
    return [
        leg
        for leg in legs_of_talk(session, talk)
        if leg.role in JOINERS and leg.accepted_at is not None and not is_announced(leg, talk)
    ]


def announce_joiners(session: Session, talk: Talk, now: datetime) -> tuple[list[str], list[Job]]:
    """The roles of those who join now, for this turn to announce to the caller, and the jobs after."""
    new = unannounced(session, talk)
    if new:
        talk.announced_at = now
        session.flush()
    return [leg.role for leg in new], [("move_leg", leg.id) for leg in new]


def joiner_missed(session: Session, talk: Talk, call_id: int) -> list[Job]:
    """A person called into the talk pressed no accept key: staff in it are to be told, once.

    Returns the jobs that move staff who are out of the conference; the others hear it where they are.
    """
    leg = session.get(Call, call_id, populate_existing=True)
    if leg is None or leg.role not in JOINERS or leg.accepted_at is not None or talk.is_over:
        return []
    leg.missed_state = MISSED
    session.flush()
    staff = [one for one in legs_of_talk(session, talk) if one.staff_id is not None and one.accepted_at]
    out: list[Job] = [("move_leg", one.id) for one in staff if one.place == STEPPED_OUT]
    return out or [("tell_missed", call_id)]


def missed_in(session: Session, call_id: int) -> tuple[str, str, list[str]] | None:
    """For a joiner who did not come: their leg's id, the conference, and the calls of staff who wait in it.

    None when somebody was already told, or the talk is over.
    """
    leg = session.get(Call, call_id)
    if leg is None or leg.missed_state != MISSED or leg.leg_id is None:
        return None
    talk = talk_of(session, leg)
    if talk is None or talk.is_over or talk.conference is None:
        return None
    staff = [one.call_sid for one in staff_in_talk(session, talk) if one.call_sid is not None]
    return leg.leg_id, talk.conference, staff


def missed_words(session: Session, leg_id: str) -> tuple[str, str] | None:
    """The role of a leg that nobody answered, and the language of the talk's leader; None for no such leg."""
    leg = session.scalars(select(Call).where(Call.leg_id == leg_id, Call.role.in_(JOINERS))).first()
    talk = None if leg is None else talk_of(session, leg)
    leader = None if talk is None else session.get(Call, talk.leader_call_id)
    return None if leg is None or leader is None else (leg.role, leader.language)


def tell_missed(session: Session, talk: Talk) -> list[str]:
    """The roles of joiners who did not come and about whom nobody was told; this marks them as told."""
    missed = select(Call).where(joins(talk), Call.missed_state == MISSED).order_by(Call.id)
    legs = session.scalars(missed.with_for_update(key_share=True)).all()
    for leg in legs:
        leg.missed_state = TOLD
    session.flush()
    return [leg.role for leg in legs]


def _leg(session: Session, talk: Talk, role: str, phone: str, language: str, now: datetime) -> Call:
    leg = Call(role=role, callback_id=talk.callback_id, **outbound_leg(session, phone, language, now))
    if talk.callback_id is None:
        leg.parent_call_id = talk.caller_call_id
    session.add(leg)
    session.flush()
    return leg


def _is_there(session: Session, talk: Talk, role: str) -> bool:
    """Whether somebody was called into the talk in this role, and neither leads it now nor has left it."""
    return any(
        leg.role == role and leg.id != talk.leader_call_id and leg.call_status != LEAVING
        for leg in legs_of_talk(session, talk)
    )


def _actor(leg: "CallState") -> str:
    return f"liaison:{leg.staff_id}" if leg.staff_id is not None else "interpreter"
