"""A talk: which legs are in it, who leads it, and how it ends. It begins with the second key (Legs)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.asking_call import pause_after
from models.callbacks.callback import Callback, advance, locked
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.follow_up import CUT_OFF, DROPPED, follow_up
from models.callbacks.liaison import free_liaison
from models.calls.call import CALLS, Call
from models.calls.call_status import LEAVING, bring_forward
from models.calls.place import AWAITING_PERSON, IN_TALK, JUST_LEFT, STEPPED_OUT, WAITING
from models.calls.role import COLLEAGUE, JOINERS
from models.calls.staff_line_stay import come_to_line
from models.staff.wrap_up import begin_wrap_up
from models.store.job import Job
from models.store.policies import Policies
from models.talks import direct_talk
from models.talks.direct_talk import DirectTalk

if TYPE_CHECKING:
    from models.calls.call_state import CallState

#: What a talk is kept in: the callback it keeps, or a row of its own for a caller at 0.
Talk = Callback | DirectTalk
#: Where staff count as being with the caller.
_WITH_CALLER = (IN_TALK, JUST_LEFT, AWAITING_PERSON)
#: ``Call.missed_state`` of someone rung in vain, until staff in the talk were told, and after.
MISSED, TOLD = "missed", "told"


class TalkingLeg(Protocol):
    """What of a leg says whether it may be in a talk; a row and a turn's state both have it."""

    @property
    def accepted_at(self) -> datetime | None: ...


class TalkLeg(Protocol):
    """What of a leg leads to its talk."""

    @property
    def id(self) -> int: ...
    @property
    def callback_id(self) -> int | None: ...
    @property
    def parent_call_id(self) -> int | None: ...


def callback_of(session: Session, leg: "CallState") -> Callback | None:
    """The callback that a leg serves, held until the transaction ends; so is the leg, which is held first.

    Who is told of a leg's end holds the leg before its callback; in another order the two could wait for
    each other.
    """
    if leg.callback_id is None:
        return None
    session.execute(select(CALLS.c.id).where(CALLS.c.id == leg.id).with_for_update(key_share=True))
    return locked(session, leg.callback_id)


def talk_of(session: Session, leg: TalkLeg) -> Talk | None:
    """The talk of a leg, held as ``callback_of`` does: its callback, or the talk of the caller at 0."""
    session.execute(select(CALLS.c.id).where(CALLS.c.id == leg.id).with_for_update(key_share=True))
    if leg.callback_id is not None:
        return locked(session, leg.callback_id)
    return direct_talk.latest_talk(session, leg.parent_call_id or leg.id)


def is_announced(leg: TalkingLeg, talk: Talk) -> bool:
    """Whether the caller was told of this joiner since they accepted (R43)."""
    if leg.accepted_at is None or talk.announced_at is None:
        return False
    return leg.accepted_at <= talk.announced_at


def legs_of_talk(session: Session, talk: Talk) -> Sequence[Call]:
    """Every leg of the talk that goes on: the caller's, its leader's, and those who joined or may yet."""
    mine = [one for one in (talk.liaison_call_id, talk.caller_call_id) if one is not None]
    return session.scalars(
        select(Call)
        .where(Call.ended_at.is_(None), or_(Call.id.in_(mine), _joins(talk)))
        .order_by(Call.id)
        .execution_options(populate_existing=True)
    ).all()


def staff_in_talk(session: Session, talk: Talk, but: int | None = None) -> list[Call]:
    """The legs of staff who are with the caller now, apart from ``but``: the leader's first."""
    found = [leg for leg in legs_of_talk(session, talk) if leg.id != but and _is_in(leg, talk)]
    return sorted(found, key=lambda leg: leg.id != talk.liaison_call_id)


def colleagues(session: Session, talk: Talk, but: int | None = None) -> list[Call]:
    """The staff who joined and were announced, with the caller or out for a moment, apart from ``but``."""
    return [
        leg
        for leg in legs_of_talk(session, talk)
        if leg.role == COLLEAGUE and is_announced(leg, talk) and leg.id != but
    ]


@dataclass(frozen=True, slots=True)
class Joiner:
    """Somebody else who was rung into a talk: their role, their id where they are staff, and how far it is.

    ``stands`` is ``rings``, ``accepted`` (the caller is told of them first) or ``there``.
    """

    role: str
    staff_id: int | None
    stands: str


def joiners_of(session: Session, talk: Talk) -> list[Joiner]:
    """Who was rung into the talk or has joined it, beside who leads it; in the order of their legs."""
    found = []
    for leg in legs_of_talk(session, talk):
        if leg.role not in JOINERS or leg.id == talk.liaison_call_id:
            continue
        stands = "rings" if leg.accepted_at is None else "there" if is_announced(leg, talk) else "accepted"
        found.append(Joiner(leg.role, leg.staff_id, stands))
    return found


def lead(session: Session, talk: Talk, leg: Call, actor: str, now: datetime) -> list[Job]:
    """The talk goes on under another member of staff; the first leader is free (warm hand-over)."""
    before = talk.liaison_call_id
    talk.liaison_call_id, talk.staff_id = leg.id, leg.staff_id
    session.flush()
    if before is not None:
        free_liaison(session, before, now)
    audit_talk(session, talk, "hand_over_talk", actor, now, {"to": f"staff:{leg.staff_id}"})
    # The conference must end with the new leader's leg, so that the caller is never alone in it.
    return [("move_leg", leg.id)]


def close_talk(
    session: Session, talk: Talk, actor: str, now: datetime, policies: Policies | None
) -> list[Job]:
    """End the talk as reached: its leader writes, other staff are free, and legs that go on hear of it."""
    was_held = talk.held_at is not None
    if not _close(session, talk, actor, now):
        return []
    if policies is not None:
        begin_wrap_up(session, talk.staff_id, now, policies.wrap_up_seconds)
    legs = legs_of_talk(session, talk)
    for leg in legs:
        if leg.staff_id is not None:
            free_liaison(session, leg.id, now)
        if leg.staff_id is not None and leg.direction == "inbound":
            # They are in their call to the staff line yet, and say there how the talk ended.
            come_to_line(session, leg.staff_id, now)
    # One that nobody has begun to ring is never rung.
    for leg in legs:
        if leg.call_sid is None and leg.call_status is None:
            leg.ended_at = now
    session.flush()
    # A caller at 0 who was cut off, or has not come out of the line yet, goes on in it: their leg is told
    # and not let go, since that is done once in a call.
    mine = talk.caller_call_id if isinstance(talk, DirectTalk) else None
    goes_on = [leg.id for leg in legs if leg.id == mine and (was_held or leg.place == WAITING)]
    return [
        ("move_leg" if leg.id in goes_on else "release_leg", leg.id) for leg in legs if leg.ended_at is None
    ]


def leader_left(
    session: Session, talk: Talk, actor: str, now: datetime, over_at: datetime, policy: CallbackPolicy
) -> list[Job]:
    """The leader's leg has ended: a colleague leads on, else the talk is over; a cut one is made good.

    ``over_at`` is when the leg ended, which may be earlier than its end was told.
    """
    for leg in colleagues(session, talk):
        return [*lead(session, talk, leg, actor, now), *settle(session, talk, now)]
    if isinstance(talk, DirectTalk):
        seconds = policy.numbers.cut_short_seconds
        if talk.held_at is None and direct_talk.is_cut_short(talk, over_at, seconds):
            # Nobody has helped them, and they are on the phone: they go on in the queue, as from a hold.
            talk.held_at = now
        return close_talk(session, talk, actor, now, policy.numbers)
    was_held = talk.held_at is not None
    jobs = close_talk(session, talk, actor, now, policy.numbers)
    if was_held:
        # They were told to wait, and the one who would have come back is gone.
        return jobs + call_again(session, talk, CUT_OFF, actor, now, policy)
    return jobs + after_drop(session, talk, actor, now, over_at, policy)


def caller_left(
    session: Session, talk: Talk, actor: str, now: datetime, over_at: datetime, policy: CallbackPolicy
) -> list[Job]:
    """The caller's leg has ended in the talk; who was on hold is called again (Legs).

    At 0 they are called back as somebody who hangs up in the queue is (``talk_cut_off``).
    """
    was_held = talk.held_at is not None
    jobs = close_talk(session, talk, actor, now, policy.numbers)
    if isinstance(talk, DirectTalk):
        return jobs
    if not was_held:
        return jobs + after_drop(session, talk, actor, now, over_at, policy)
    pause = pause_after(session, talk.caller_call_id, policy.numbers)
    return jobs + call_again(session, talk, CUT_OFF, actor, now + pause, policy)


def after_drop(
    session: Session, callback: Callback, actor: str, now: datetime, over_at: datetime, policy: CallbackPolicy
) -> list[Job]:
    """One more call after a talk too short to be one, where the person asked for that."""
    asked = callback.when_dropped == "ring_once" and not callback.asked_elsewhere
    lasted = over_at - (callback.talking_at or over_at)
    if not asked or callback.reason == DROPPED or lasted >= timedelta(seconds=policy.numbers.dropped_seconds):
        return []
    return call_again(session, callback, DROPPED, actor, now, policy)


def call_again(
    session: Session, callback: Callback, reason: str, actor: str, now: datetime, policy: CallbackPolicy
) -> list[Job]:
    """Promise another call at once: they were talking a moment ago, so their phone may ring now."""
    due_at = policy.due_at("urgent" if callback.urgency == "urgent" else "other", now)
    return follow_up(session, callback, reason=reason, at=now, due_at=due_at, actor=actor, now=now)


def settle(session: Session, talk: Talk, now: datetime) -> list[Job]:
    """Nobody is with the caller though nobody put them on hold: from now on they are, and hear words."""
    if talk.state != "talking" or talk.held_at is not None or staff_in_talk(session, talk):
        return []
    talk.held_at = now
    session.flush()
    return move_caller(talk)


def end_talk(session: Session, talk: Talk, actor: str, now: datetime, policies: Policies) -> list[Job]:
    """Staff end the talk for everyone; nobody was cut off, so no other call is promised."""
    talk.held_at = None
    session.flush()
    return close_talk(session, talk, actor, now, policies)


def joiner_missed(session: Session, talk: Talk, call_id: int) -> list[Job]:
    """Whoever was rung into the talk and pressed no accept key: staff in it are to be told, once.

    Answers the jobs that take those there who are out of the conference; the others hear it where they are.
    """
    leg = session.get(Call, call_id, populate_existing=True)
    if leg is None or leg.role not in JOINERS or leg.accepted_at is not None or talk.state != "talking":
        return []
    leg.missed_state = MISSED
    session.flush()
    staff = [one for one in legs_of_talk(session, talk) if one.staff_id is not None and one.accepted_at]
    out: list[Job] = [("move_leg", one.id) for one in staff if one.place == STEPPED_OUT]
    return out or [("tell_missed", call_id)]


def missed_in(session: Session, call_id: int) -> tuple[str, str, list[str]] | None:
    """Of a joiner rung in vain: their leg's id, the conference, and the calls of staff who wait in it.

    None when somebody was told already, or the talk is over.
    """
    leg = session.get(Call, call_id)
    if leg is None or leg.missed_state != MISSED or leg.leg_id is None:
        return None
    talk = talk_of(session, leg)
    if talk is None or talk.state != "talking" or talk.conference is None:
        return None
    staff = [one.call_sid for one in staff_in_talk(session, talk) if one.call_sid is not None]
    return leg.leg_id, talk.conference, staff


def missed_words(session: Session, leg_id: str) -> tuple[str, str] | None:
    """The role of a leg rung in vain, and the language of who leads the talk; None for no such leg."""
    leg = session.scalars(select(Call).where(Call.leg_id == leg_id, Call.role.in_(JOINERS))).first()
    talk = None if leg is None else talk_of(session, leg)
    leader = None if talk is None else session.get(Call, talk.liaison_call_id)
    return None if leg is None or leader is None else (leg.role, leader.language)


def tell_missed(session: Session, talk: Talk) -> list[str]:
    """The roles of those rung into this talk in vain of whom nobody was told; from now on all are told."""
    missed = select(Call).where(_joins(talk), Call.missed_state == MISSED).order_by(Call.id)
    legs = session.scalars(missed.with_for_update(key_share=True)).all()
    for leg in legs:
        leg.missed_state = TOLD
    session.flush()
    return [leg.role for leg in legs]


def hand_over(session: Session, talk: Talk, leg_id: int, actor: str, now: datetime) -> list[Job] | None:
    """One of staff leaves and the talk goes on with another; None when nobody else is with the caller."""
    others = staff_in_talk(session, talk, but=leg_id)
    if talk.state != "talking" or not others:
        return None
    bring_forward(session, leg_id, LEAVING)
    if leg_id != talk.liaison_call_id:
        free_liaison(session, leg_id, now)
        audit_talk(session, talk, "leave_talk", actor, now)
        return []
    return lead(session, talk, others[0], actor, now)


def move_caller(talk: Talk) -> list[Job]:
    """Take the caller's leg to where the row says it belongs."""
    return [] if talk.caller_call_id is None else [("move_leg", talk.caller_call_id)]


def audit_talk(
    session: Session,
    talk: Talk,
    action: str,
    actor: str,
    now: datetime,
    facts: dict[str, str] | None = None,
) -> None:
    """Note what was done to a talk."""
    audit.record(session, actor=actor, action=action, target=f"{_kind(talk)}:{talk.id}", facts=facts, now=now)


def _kind(talk: Talk) -> str:
    return "talk" if isinstance(talk, DirectTalk) else "callback"


def _close(session: Session, talk: Talk, actor: str, now: datetime) -> bool:
    if isinstance(talk, DirectTalk):
        return direct_talk.close(session, talk, actor, now)
    return advance(session, talk.id, "reach", actor=actor, now=now, outcome="reached")


def _joins(talk: Talk) -> ColumnElement[bool]:
    if isinstance(talk, DirectTalk):
        return and_(Call.parent_call_id == talk.caller_call_id, Call.role.in_(JOINERS))
    return and_(Call.callback_id == talk.id, Call.role.in_(JOINERS))


def _is_in(leg: Call, talk: Talk) -> bool:
    if leg.staff_id is None or leg.accepted_at is None or leg.place not in _WITH_CALLER:
        return False
    return leg.id == talk.liaison_call_id or is_announced(leg, talk)
