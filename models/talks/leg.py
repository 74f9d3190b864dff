"""The legs we place: how they are created, and what keys on them do. One leg, one person, one opaque id."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback, advance
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.claim import keep_waiting
from models.callbacks.liaison import Liaison
from models.callbacks.next_try import liaison_missed, put_off_others
from models.callbacks.to_new_phone import is_for_code
from models.calls.call import Call
from models.calls.call_status import DIALLING, LEAVING, bring_forward
from models.calls.outbound_leg import outbound_leg
from models.calls.place import AWAITING_PERSON
from models.calls.role import CALLED_BACK, LIAISON
from models.cases.case import Case
from models.cases.registrant import Registrant
from models.notices.notice_phones import rest_phone
from models.staff.set_away import note_key, note_miss
from models.staff.staff import Staff
from models.store.database import keyring_of
from models.store.job import Job
from models.talks.talk import Talk, begin_talk, callback_of

if TYPE_CHECKING:
    from models.calls.call_state import CallState


_PACE = (
    select(Registrant.pace)
    .select_from(Callback)
    .outerjoin(Case, Case.id == Callback.case_id)
    .join(Registrant, Registrant.id == func.coalesce(Case.registrant_id, Callback.registrant_id))
    .where(Callback.id == bindparam("callback_id"))
)


def make_liaison_leg(session: Session, callback_id: int, liaison: Liaison, now: datetime) -> Call:
    """The leg that calls a liaison for a callback, marked as being dialed: its creator dials it next."""
    leg = Call(
        role=LIAISON,
        callback_id=callback_id,
        staff_id=liaison.id,
        call_status=DIALLING,
        **outbound_leg(session, liaison.phone, liaison.language, now),
    )
    session.add(leg)
    session.flush()
    return leg


def make_caller_leg(session: Session, callback: Callback, now: datetime) -> Call:
    """The leg that will call the person of a callback; no worker has begun to dial it."""
    number = keyring_of(session).unseal("callback.number", callback.number_sealed)
    leg = Call(
        role=CALLED_BACK,
        callback_id=callback.id,
        phone_key=callback.phone_key,
        # A registrant stored as slow gets more time at once, whoever answers (R26, R30).
        pace=session.scalar(_PACE, {"callback_id": callback.id}) or "normal",
        **outbound_leg(session, number, callback.language, now),
    )
    session.add(leg)
    session.flush()
    return leg


def may_take(session: Session, leg: "CallState") -> Literal["yes", "code", "left"]:
    """Whether the accept key of this leg is enough: a personal phone requires their code (Legs).

    ``left``: their account was deactivated while their phone rang, so they take nobody.
    """
    found = select(Staff.office_phone, Staff.left_at).where(Staff.id == leg.staff_id)
    person = session.execute(found).first()
    if person is None:
        return "yes"
    if person.left_at is not None:
        return "left"
    return "yes" if person.office_phone else "code"


def accept_by_liaison(session: Session, leg: "CallState", now: datetime) -> Literal["accepted", "gone"]:
    """The accept key on a liaison's leg: creates the caller's leg, for ``dial_caller`` to dial (Legs).

    ``gone`` when the callback was since canceled, or taken from this leg. A repeated key is accepted again
    and calls nobody twice.
    """
    callback = callback_of(session, leg)
    if callback is None or callback.liaison_call_id != leg.id:
        return _gone(session, leg)
    if callback.state in ("ringing_caller", "talking"):
        return "accepted"
    if callback.state != "ringing_liaison":
        return _gone(session, leg)
    note_key(session, leg.staff_id)
    keep_waiting(session, callback, f"liaison:{leg.staff_id}", now)
    caller_leg = make_caller_leg(session, callback, now)
    advance(
        session,
        callback.id,
        "accept",
        actor=f"liaison:{leg.staff_id}",
        now=now,
        caller_call_id=caller_leg.id,
        # Staff may call before the moment at which the line would: the person is called at once.
        next_attempt_at=min(callback.next_attempt_at, now),
    )
    return "accepted"


def decline_by_liaison(
    session: Session,
    leg: "CallState",
    now: datetime,
    policy: CallbackPolicy,
    *,
    is_missed: bool = False,
) -> None:
    """The liaison passes: the callback goes to the next one, and this one is free when the leg ends.

    ``is_missed``: the phone was answered, and no key took it; after several in a row they are set away (R36).
    """
    callback = callback_of(session, leg)
    if callback is not None and callback.liaison_call_id == leg.id and callback.state == "ringing_liaison":
        if not is_missed:
            note_key(session, leg.staff_id)
        elif leg.staff_id is not None and callback.claimed_at is None:
            note_miss(session, leg.staff_id, now, policy.numbers)
        liaison_missed(session, callback, now, policy, f"liaison:{leg.staff_id}")
    bring_forward(session, leg.id, LEAVING)


def join_caller(
    session: Session, leg: "CallState", now: datetime, *, silent: bool = False
) -> Literal["joined", "later", "gone"]:
    """The key of the person called back: now the two are talking; ``silent``: the person cannot talk.

    When the liaison has left, ``later`` means that the person is called again, and ``gone`` that they are
    not.
    """
    callback = callback_of(session, leg)
    if callback is not None and _calls_again(callback, leg):
        _gone(session, leg)
        return "later"
    if callback is None or callback.caller_call_id != leg.id:
        return _gone(session, leg)
    if callback.state == "talking":
        return "joined"
    liaison_call_id = callback.liaison_call_id
    if liaison_call_id is None or not advance(
        session, callback.id, "join", actor=f"caller:{leg.id}", now=now, talking_at=now, lease_until=None,
        silent=silent or callback.silent,
    ):  # fmt: skip
        return _gone(session, leg)
    begin_talk(
        session, callback_id=callback.id, caller_call_id=leg.id, leader_call_id=liaison_call_id,
        staff_id=callback.staff_id, language=callback.language, now=now,
    )  # fmt: skip
    return "joined"


def fetch_liaison(session: Session, leg: "CallState") -> list[Job]:
    """The jobs that connect the liaison to the person who joined; without them the leg polls soon."""
    of_talk = select(Talk.leader_call_id).where(Talk.callback_id == leg.callback_id).scalar_subquery()
    theirs = select(Call.id).where(Call.id == of_talk, Call.place == AWAITING_PERSON)
    return [("move_leg", call_id) for call_id in session.scalars(theirs)]


def put_off(
    session: Session, leg: "CallState", now: datetime, policy: CallbackPolicy
) -> tuple[Literal["put_off", "gone"], list[Job]]:
    """The person cannot talk now: try later; after the policy's tries a staff member decides.

    The same applies when the liaison has just left, and otherwise the phone would ring again within a minute.
    Returns ``gone`` if no other call will come, and the jobs to enqueue after the commit: the waiting liaison
    is told, and so is the next one whose phone already rings.
    """
    callback = callback_of(session, leg)
    bring_forward(session, leg.id, LEAVING)
    if callback is None:
        return "gone", []
    actor, tries = f"caller:{leg.id}", callback.caller_tries + 1
    # In a call without a PIN this counts as a round of the others too. Otherwise anyone who has the phone
    # could put them off again and again, by asking for more such calls.
    jobs = put_off_others(
        session, callback.phone_key, actor, now, policy, but=callback.id, counted=not callback.verified
    )
    rest_phone(session, callback.phone_key, now + policy.retry)
    is_theirs = callback.caller_call_id == leg.id and callback.state == "ringing_caller"
    if not is_theirs and not _calls_again(callback, leg):
        return "gone", jobs
    liaison_leg = callback.liaison_call_id
    jobs += [("release_leg", liaison_leg)] if liaison_leg is not None else []
    following = None
    if not is_for_code(session, callback):
        following = policy.next_round(callback, tries, now, policy.retry)
    if following is None:
        # From here on staff decide, so no other call is promised.
        advance(session, callback.id, "leave", actor=actor, now=now, caller_tries=tries, outcome="not_safe")
        return "gone", jobs
    tries, next_at = following
    advance(
        session,
        callback.id,
        "not_safe" if is_theirs else "not_safe_later",
        actor=actor,
        now=now,
        caller_tries=tries,
        next_attempt_at=next_at,
    )
    return "put_off", jobs


def _calls_again(callback: Callback, leg: "CallState") -> bool:
    """Whether this leg of the person lost its liaison, and the line calls the same phone again by itself."""
    return (
        leg.role == CALLED_BACK
        and callback.state in ("requested", "ringing_liaison")
        and leg.phone_key == callback.phone_key
    )


def _gone(session: Session, leg: "CallState") -> Literal["gone"]:
    bring_forward(session, leg.id, LEAVING)
    return "gone"
