"""A call that a staff member asks for: the line calls their own phone now, and then the person (Legs)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.callback import IS_OPEN, STAFF_CALL, Callback, advance
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_request import Promise, promise_callback
from models.callbacks.claim import actor_of, claim, may_be_called, refuse, standing
from models.callbacks.follow_up import CONTINUES
from models.callbacks.liaison import free_liaison, reserve_liaison
from models.callbacks.lone_refusal import refused_line_of
from models.callbacks.refusals import CallbackRefusal
from models.callbacks.wishes import wishes_of_phone
from models.callouts.callout import dial_staff
from models.calls.call import Call
from models.calls.offer import note_offer
from models.calls.outbound_leg import UNDIALLED, mark_dialling, outbound_leg
from models.calls.role import CALLING_OUT, LIAISON
from models.cases.case import Case
from models.cases.duress import may_call
from models.cases.registrant import Phone, Registrant
from models.cases.safe_phone import SAFE, awaits_code, standing_of
from models.notices.notice_phones import is_called_about_news
from models.notices.staff_task import TELLING
from models.staff.set_away import end_sparing_of
from models.staff.staff import Staff
from models.staff.wrap_up import end_wrap_up
from models.store.base import UtcDateTime
from models.store.database import keyring_of
from models.store.heartbeat import nobody_dials
from models.store.job import Job
from models.store.refusal import RefusedError
from models.talks.dispatch import Dial, can_dial
from models.talks.refusals import TalkRefusal


@dataclass(frozen=True, slots=True)
class Called:
    """The last call of staff to a person: when it was begun, and how it ended; None while it goes on."""

    at: datetime
    outcome: str | None


def call_now(
    session: Session,
    callback_id: int,
    staff_id: int,
    now: datetime,
    policy: CallbackPolicy,
) -> list[Job]:
    """Call this staff member for this callback; returns the jobs to enqueue after the commit.

    Without an existing claim, this makes one. The caller is called when the staff member accepts, by the key
    as always. Asked twice, it calls once. Raises RefusedError when the callback is somebody else's, outside
    the person's windows (R29), or may not be dialed, when the staff member has no phone free to be called,
    and while nothing is alive that would call it.
    """
    callback = standing(session, callback_id)
    if callback.staff_id == staff_id and callback.state in ("ringing_liaison", "ringing_caller", "talking"):
        return []
    if nobody_dials(session, now):
        raise RefusedError(TalkRefusal.NOTHING_DIALS)
    callback = claim(session, callback_id, staff_id, now, policy.numbers)
    if callback.state != "claimed":
        refuse(session, callback)
    may_ring_now(session, callback, now, policy)
    person = session.get_one(Staff, staff_id, populate_existing=True)
    if person.busy_call_id is not None:
        raise RefusedError(TalkRefusal.PHONE_IN_CALL)
    if person.resting_until is not None:
        raise RefusedError(TalkRefusal.RESTING, at=person.resting_until)
    # They asked for this call, so the wrap-up of the talk before it is over.
    end_wrap_up(session, person.id, now)
    end_sparing_of(session, person.id)
    leg = _own_leg(session, callback, person, now)
    if not reserve_liaison(session, person.id, leg.id, now):
        raise RefusedError(TalkRefusal.PHONE_IN_CALL)
    if callback.taken_up_at is None:
        # They took the turn of its list, as if the line had offered it (R36).
        note_offer(session, verified=callback.verified, now=now)
    advance(
        session,
        callback.id,
        "ring_liaison",
        actor=actor_of(staff_id),
        now=now,
        liaison_call_id=leg.id,
        lease_until=policy.liaison_lease(now),
    )
    return [("ring_taker", leg.id)]


def call_phone(
    session: Session, case: Case, phone_id: int, staff_id: int, now: datetime, policy: CallbackPolicy
) -> tuple[int, list[Job]]:
    """Call a safe phone of this case, or one whose code waits, for a staff member to whom the case is open.

    It is a callback like any other, claimed by them and called now, so it has the same legs, windows, first
    words and outcome. Nobody asked for it: if they do not make it, it is left for staff and the line calls
    nobody. Returns its id and the jobs to enqueue. A case with an open callback gets no second one: then this
    returns the id of that one, and no jobs (R35). Raises RefusedError as ``call_now`` does.
    """
    standing_id = _open_of_case(session, case.id)
    if standing_id is not None:
        return standing_id, []
    mine = select(Phone).where(Phone.id == phone_id, Phone.registrant_id == case.registrant_id)
    phone = session.scalars(mine.where(or_(and_(*SAFE), awaits_code(now)))).first()
    if phone is None:
        raise RefusedError(TalkRefusal.PHONE_BARRED)
    registrant, actor = session.get_one(Registrant, case.registrant_id), actor_of(staff_id)
    promise = Promise(
        number=keyring_of(session).unseal("phone.number", phone.number_sealed),
        urgency="other", reason=STAFF_CALL, verified=True, language=registrant.language,
        time_zone=registrant.time_zone, requested_at=now, due_at=policy.due_at("other", now),
        next_attempt_at=now, case_id=case.id, wishes=wishes_of_phone(phone),
    )  # fmt: skip
    made = promise_callback(session, promise, actor=actor, now=now)
    if made is None:
        # A caller with the PIN has asked at this same moment.
        standing_id = _open_of_case(session, case.id)
        if standing_id is None:
            raise RefusedError(CallbackRefusal.PROMISED)
        return standing_id, []
    callback = claim(session, made, staff_id, now, policy.numbers)
    callback.taken_up_at, callback.outcome, callback.begun_by_staff = now, STAFF_CALL, True
    session.flush()
    audit.record(
        session, actor=actor, action="call_phone_of_case", target=f"case:{case.id}",
        facts={"callback": made}, now=now,
    )  # fmt: skip
    return made, call_now(session, made, staff_id, now, policy)


def may_ring_now(session: Session, callback: Callback, now: datetime, policy: CallbackPolicy) -> None:
    """Refuse what the dispatcher would: a phone that may not be called, at all, now, or from its number.

    Nobody is called about news while the line itself calls them about it: they may just be confirming it.
    """
    may_be_called(session, callback, now)
    phone = standing_of(session, callback.case_id, callback.phone_key, callback.registrant_id)
    if phone.is_paused and not may_call(session, callback.staff_id, callback.case_id, callback.registrant_id):
        # They claimed it before the use, which nobody tells them of (R10).
        raise RefusedError(CallbackRefusal.RINGING_COLLEAGUE)
    if phone.is_barred or not can_dial(session, callback, policy):
        raise RefusedError(TalkRefusal.PHONE_BARRED)
    opens = policy.of_staff().moment_for(callback, now, phone)
    if opens is None:
        raise RefusedError(CallbackRefusal.NO_COMMON_HOURS)
    if opens > now:
        raise RefusedError(TalkRefusal.NOT_NOW, at=opens)
    if refused_line_of(session, callback, policy.lines) is not None:
        raise RefusedError(TalkRefusal.LINE_REFUSED)
    longest = timedelta(minutes=policy.numbers.notice_first_minutes)
    if callback.reason in TELLING and is_called_about_news(session, callback, now, longest):
        raise RefusedError(TalkRefusal.LINE_IS_CALLING)


def dial_taker(session: Session, call_id: int, now: datetime, policy: CallbackPolicy) -> Dial | None:
    """Take the right to dial the leg of the person who asked for it, once; None if it may not be dialed.

    When the callback went on without it, the person whom it reserves is free again.
    """
    leg = session.get(Call, call_id)
    if leg is not None and leg.role == CALLING_OUT:
        found = dial_staff(session, leg)
        return None if found is None else Dial(call_id, *found, policy.numbers.liaison_ring_seconds)
    if leg is None or leg.callback_id is None or leg.phone_sealed is None:
        return None
    callback = standing(session, leg.callback_id)
    serves = callback.state == "ringing_liaison" and callback.liaison_call_id == call_id
    if not serves:
        if mark_dialling(session, call_id):
            leg.ended_at = now
            session.flush()
            free_liaison(session, call_id, now)
        return None
    if not mark_dialling(session, call_id):
        return None
    callback.lease_until = policy.liaison_lease(now)
    session.flush()
    number = keyring_of(session).unseal("call.phone", leg.phone_sealed)
    return Dial(call_id, cast(str, leg.leg_id), number, policy.numbers.liaison_ring_seconds)


def is_wanted(session: Session, call_id: int) -> bool:
    """Whether such a leg is still undialed, so that a slot of the carrier's pace is worth taking."""
    undialled = select(Call.id).where(Call.id == call_id, UNDIALLED)
    return session.execute(undialled).first() is not None


def _open_of_case(session: Session, case_id: int) -> int | None:
    """The callback that a case is promised, or in which somebody talks with its person now."""
    return session.scalar(select(Callback.id).where(Callback.case_id == case_id, IS_OPEN).limit(1))


def _own_leg(session: Session, callback: Callback, person: Staff, now: datetime) -> Call:
    spoken = [word.strip() for word in person.languages.split(",")]
    language = callback.language if callback.language in spoken else spoken[0]
    phone = keyring_of(session).unseal("staff.phone", person.phone_sealed)
    leg = Call(role=LIAISON, callback_id=callback.id, **outbound_leg(session, phone, language, now))
    leg.staff_id = person.id
    session.add(leg)
    session.flush()
    return leg


def called_since(session: Session, case_ids: Sequence[int], since: datetime) -> dict[int, Called]:
    """The last talk with the person of each case, or call that staff began to them, by the case.

    What follows from a talk is no call until it is made.
    """
    at = func.coalesce(Callback.talking_at, Callback.requested_at, type_=UtcDateTime)
    was_begun = and_(Callback.begun_by_staff, Callback.reason.not_in(CONTINUES))
    rows = session.execute(
        select(Callback.case_id, at, Callback.outcome)
        .where(Callback.case_id.in_(case_ids), at >= since, or_(Callback.talking_at.is_not(None), was_begun))
        .order_by(at, Callback.id)
    )
    return {case_id: Called(at, outcome) for case_id, at, outcome in rows if case_id is not None}
