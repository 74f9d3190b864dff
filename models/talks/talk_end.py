"""How a talk continues under another leader, and how it ends: who is free, in wrap-up, or called again."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.callbacks.asking_call import pause_after
from models.callbacks.callback import CALLBACKS, Callback
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.follow_up import CUT_OFF, DROPPED, follow_up
from models.callbacks.liaison import free_liaison
from models.callbacks.promised_time import Asker, urgent_due
from models.calls.call import Call
from models.calls.call_status import LEAVING, bring_forward
from models.calls.place import WAITING
from models.calls.staff_line_stay import come_to_line
from models.staff.wrap_up import begin_wrap_up
from models.store.job import Job
from models.store.policies import Policies
from models.talks.talk import Talk, audit_talk, close, is_cut_short
from models.talks.talk_legs import colleagues, legs_of_talk, staff_in_talk, who_may_lead


def lead(session: Session, talk: Talk, leg: Call, actor: str, now: datetime) -> list[Job]:
    """Continue the talk under another staff member; the first leader is free (warm hand-over)."""
    before = talk.leader_call_id
    talk.leader_call_id, talk.staff_id = leg.id, leg.staff_id
    session.flush()
    if talk.callback_id is not None:
        # The callback is theirs now.
        session.execute(
            update(CALLBACKS).where(CALLBACKS.c.id == talk.callback_id).values(staff_id=leg.staff_id)
        )
    free_liaison(session, before, now)
    audit_talk(session, talk, "hand_over_talk", actor, now, {"to": f"staff:{leg.staff_id}"})
    # The conference must end with the new leader's leg, so that the caller is never alone in it.
    return [("move_leg", leg.id)]


def close_talk(
    session: Session, talk: Talk, actor: str, now: datetime, policies: Policies | None
) -> list[Job]:
    """End the talk as reached: its leader wraps up, other staff are free, and live legs are told."""
    was_held = talk.held_at is not None
    if not close(session, talk, actor, now):
        return []
    if policies is not None:
        begin_wrap_up(session, talk.staff_id, now, policies.wrap_up_seconds)
    legs = legs_of_talk(session, talk)
    for leg in legs:
        if leg.staff_id is not None:
            free_liaison(session, leg.id, now)
        if leg.staff_id is not None and leg.direction == "inbound":
            # They are still in their call to the staff line, and enter there how the talk ended.
            come_to_line(session, leg.staff_id, now)
    # A leg that nobody has begun to dial is never dialed.
    for leg in legs:
        if leg.call_sid is None and leg.call_status is None:
            leg.ended_at = now
    session.flush()
    # A caller at 0 who was cut off, or has not left the call queue yet, continues in that call. Their leg is
    # told but not released, since a call can be released only once.
    mine = talk.caller_call_id if talk.callback_id is None else None
    goes_on = [leg.id for leg in legs if leg.id == mine and (was_held or leg.place == WAITING)]
    return [
        ("move_leg" if leg.id in goes_on else "release_leg", leg.id) for leg in legs if leg.ended_at is None
    ]


def leader_left(
    session: Session, talk: Talk, actor: str, now: datetime, over_at: datetime, policy: CallbackPolicy
) -> list[Job]:
    """The leader's leg has ended: a colleague takes the lead, else the talk is over; make up for a cut-off.

    ``over_at`` is when the leg ended, which may be earlier than its end was reported.
    """
    others = colleagues(session, talk)
    # Only if nobody else is there is it one who may not lead it: the caller is never left alone.
    for leg in who_may_lead(session, talk, others) or others:
        return [*lead(session, talk, leg, actor, now), *settle(session, talk, now)]
    is_short = is_cut_short(talk, over_at, policy.numbers.cut_short_seconds)
    if talk.callback_id is None and talk.held_at is None and is_short:
        # Nobody has helped them, and they are on the phone: they continue in the queue, as after a hold.
        talk.held_at = now
    return _broke_off(session, talk, actor, now, over_at, policy, timedelta())


def caller_left(
    session: Session, talk: Talk, actor: str, now: datetime, over_at: datetime, policy: CallbackPolicy
) -> list[Job]:
    """The caller's leg has ended in the talk; a caller who was on hold is called again (Legs).

    At 0 they are called back like a caller who hangs up in the queue (``talk_cut_off``).
    """
    pause = pause_after(session, talk.caller_call_id, policy.numbers)
    return _broke_off(session, talk, actor, now, over_at, policy, pause)


def call_again(
    session: Session, talk: Talk, reason: str, actor: str, now: datetime, policy: CallbackPolicy
) -> list[Job]:
    """Promise a person whom we called another call at once: they just talked, so their phone may ring now.

    Their turn had come, so they are not put behind all whose calls are due later: they are called within the
    hour, or as soon as an urgent one asked for now would be (R36).
    A person who called us and pressed 0 continues in that call, and is promised nothing here.
    """
    if talk.callback_id is None:
        return []
    callback = session.get_one(Callback, talk.callback_id)
    due_at = policy.due_at("urgent" if callback.urgency == "urgent" else "other", now)
    if callback.urgency != "urgent":
        asker = Asker(callback.verified, False, callback.phone_key)
        due_at = min(due_at, urgent_due(session, now, policy, asker, None))
    return follow_up(session, callback, reason=reason, at=now, due_at=due_at, actor=actor, now=now)


def settle(session: Session, talk: Talk, now: datetime) -> list[Job]:
    """Nobody is with the caller, but they are not on hold: put them on hold now, so they hear words."""
    if talk.is_over or talk.held_at is not None or staff_in_talk(session, talk):
        return []
    talk.held_at = now
    session.flush()
    return move_caller(talk)


def end_talk(session: Session, talk: Talk, actor: str, now: datetime, policies: Policies) -> list[Job]:
    """Staff end the talk for everyone; nobody was cut off, so no other call is promised."""
    if talk.is_over:
        # Its hold says yet whether it was cut off.
        return []
    talk.held_at = None
    session.flush()
    return close_talk(session, talk, actor, now, policies)


def hand_over(session: Session, talk: Talk, leg_id: int, actor: str, now: datetime) -> list[Job] | None:
    """A staff member leaves and the talk continues with another; None if nobody there can take it over."""
    others = staff_in_talk(session, talk, but=leg_id)
    heirs = who_may_lead(session, talk, others) if leg_id == talk.leader_call_id else others
    if talk.is_over or not heirs:
        return None
    bring_forward(session, leg_id, LEAVING)
    if leg_id != talk.leader_call_id:
        free_liaison(session, leg_id, now)
        audit_talk(session, talk, "leave_talk", actor, now)
        return []
    return lead(session, talk, heirs[0], actor, now)


def move_caller(talk: Talk) -> list[Job]:
    """Move the caller's leg to where the row says it belongs."""
    return [("move_leg", talk.caller_call_id)]


def _broke_off(
    session: Session,
    talk: Talk,
    actor: str,
    now: datetime,
    over_at: datetime,
    policy: CallbackPolicy,
    pause: timedelta,
) -> list[Job]:
    """End a talk that staff did not end; a caller who was told to wait is called again, after ``pause``."""
    was_held = talk.held_at is not None
    jobs = close_talk(session, talk, actor, now, policy.numbers)
    if was_held:
        return jobs + call_again(session, talk, CUT_OFF, actor, now + pause, policy)
    return jobs + _after_drop(session, talk, actor, now, over_at, policy)


def _after_drop(
    session: Session, talk: Talk, actor: str, now: datetime, over_at: datetime, policy: CallbackPolicy
) -> list[Job]:
    """One more call after a talk too short to help, if the person asked for that."""
    if talk.callback_id is None or not is_cut_short(talk, over_at, policy.numbers.dropped_seconds):
        return []
    callback = session.get_one(Callback, talk.callback_id)
    asked = callback.when_dropped == "ring_once" and not callback.asked_elsewhere
    if not asked or callback.reason == DROPPED:
        return []
    return call_again(session, talk, DROPPED, actor, now, policy)
