"""What follows when a call about a notice ends: the next try, the next phone, or a person (R28, R36)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, or_, select, text
from sqlalchemy.orm import Session

from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.lone_refusal import FIRST_PAUSE, pause_of_failed
from models.callbacks.next_try import never_dial
from models.calls.call import Call
from models.calls.call_status import DIALLING
from models.calls.pacing import PROBE
from models.calls.place import FAULTED
from models.cases.registrant import Phone
from models.notices.notice import IS_RINGING, LATE, NOTICES, Notice, NoticePhone
from models.notices.notice_moves import locked
from models.notices.notice_phones import (
    VOICE,
    is_in_our_call,
    phone_of_leg,
    rang_nobody,
    rest_alone,
    wait_for_our_call,
)
from models.notices.placing import live_legs, reschedule
from models.store.job import Job

_LIVE = text("calls.ended_at IS NULL AND calls.notice_id IS NOT NULL")
_LAPSED = (
    select(NOTICES.c.id)
    .where(IS_RINGING, NOTICES.c.lease_until < bindparam("now"))
    .order_by(NOTICES.c.lease_until, NOTICES.c.id)
    .limit(50)
)


def notice_leg_ended(
    session: Session,
    call_id: int,
    leg: Any,
    call_status: str,
    now: datetime,
    policy: CallbackPolicy,
    *,
    counted: bool,
    pause: timedelta | None,
) -> None:
    """Apply the end of a leg; the call's row is ended already and locked.

    ``counted`` is False when the carrier refused the account: that says nothing about the person. With a
    ``pause`` it refused this phone alone: the phone waits that long, the others go on, and staff are told
    once that is so again. A phone to which a call failed that the carrier had accepted rests in the same way:
    a number that is out of use behaves like that. A number that the carrier cannot call is used no more for
    this notice. Nobody has missed a call that an error of ours ended (R36).
    """
    notice = locked(session, leg.notice_id)
    if notice is None or notice.state != "ringing":
        return
    is_refused = counted and call_status == "failed" and leg.call_sid is None
    phone = phone_of_leg(session, notice.id, leg.phone_key)
    if call_status == "failed" and leg.call_sid is not None:
        counted, pause = False, pause_of_failed(session, call_id, now)
    if is_refused and phone is not None:
        phone.is_stopped = True
        _tell_staff(notice, now)
    if not counted:
        if phone is not None and (leg.call_sid is None or call_status == "failed"):
            rang_nobody(session, phone, leg.phone_key)
        if phone is not None and pause is not None:
            rest_alone(phone, now + pause)
            if pause > FIRST_PAUSE:
                _tell_staff(notice, now)
        else:
            _put_off(notice, now + PROBE)
    elif call_status == "completed" and (leg.turn == 0 or leg.place == FAULTED):
        _put_off(notice, now + policy.retry)
    elif call_status == "busy" and phone is not None and _is_with_us(session, leg, now, policy):
        phone.tries = max(0, phone.tries - 1)
        wait_for_our_call(phone, now)
    if [one for one in live_legs(session, notice.id) if one != call_id]:
        session.flush()
        return
    session.flush()
    but = leg.phone_key if is_refused else ""
    if call_status != "canceled" and _was_try(session, notice, leg, now, but=but):
        notice.tries += 1
        session.flush()
    reschedule(session, notice, now, policy)


def lapsed_notices(session: Session, now: datetime) -> list[int]:
    """The notices whose calls are without news for too long."""
    return list(session.scalars(_LAPSED, {"now": now}))


def go_on(session: Session, notice_id: int, now: datetime, policy: CallbackPolicy) -> None:
    """The calls about this notice go on; after the time between two urgent tries they count as missed.

    Their people can still enter the code and confirm. But somebody who has one phone, and asks for the same
    words again and again, must not keep the others from ringing.
    """
    notice = locked(session, notice_id)
    if notice is None or notice.state != "ringing":
        return
    newest = select(func.max(Call.started_at)).where(_LIVE, Call.notice_id == notice_id)
    began = session.scalar(newest)
    if began is None or now - began < timedelta(minutes=policy.numbers.notice_first_minutes):
        notice.lease_until = now + policy.lease
    else:
        notice.tries += 1
        session.flush()
        reschedule(session, notice, now, policy)
    session.flush()


def resume_forgotten(session: Session, notice_id: int, now: datetime, policy: CallbackPolicy) -> None:
    """A claimed notice without a live leg waits for its next try again."""
    notice = locked(session, notice_id)
    if notice is not None and notice.state == "ringing" and not live_legs(session, notice_id):
        reschedule(session, notice, now, policy)


def stop_legs_to(session: Session, phone_key: str, now: datetime) -> list[Job]:
    """A phone said stop: no leg to it is dialed or rings on; the next phone takes over (R33)."""
    mine = select(Call.id, Call.call_sid, Call.call_status).where(
        _LIVE, Call.phone_key == phone_key, Call.ended_at.is_(None), Call.accepted_at.is_(None)
    )
    jobs: list[Job] = []
    for leg in session.execute(mine.order_by(Call.id)).all():
        if leg.call_sid is None and leg.call_status != DIALLING:
            never_dial(session, leg.id, now)
        else:
            jobs.append(("release_leg", leg.id))
    return jobs


def _was_try(session: Session, notice: Notice, leg: Any, now: datetime, *, but: str) -> bool:
    """Whether a phone that rang together with this leg, except ``but``, was called in vain.

    An escape rings all phones at once: "not now" at the last of them is a try of the others.
    """
    if notice.not_before is not None and notice.not_before > now:
        return False
    rang = (
        select(NoticePhone.id)
        .join(Phone, Phone.id == NoticePhone.phone_id)
        .where(
            NoticePhone.notice_id == notice.id, NoticePhone.channel == VOICE,
            NoticePhone.last_try_at == leg.started_at, Phone.phone_key != but,
            or_(NoticePhone.not_before.is_(None), NoticePhone.not_before <= now),
        )
    )  # fmt: skip
    return session.execute(rang.limit(1)).first() is not None


def _is_with_us(session: Session, leg: Any, now: datetime, policy: CallbackPolicy) -> bool:
    """Whether this phone is busy with us: two workers may dial it at the same moment."""
    longest = timedelta(minutes=policy.numbers.notice_first_minutes)
    return is_in_our_call(session, leg.phone_key, leg.notice_id, now, longest)


def _tell_staff(notice: Notice, now: datetime) -> None:
    """A phone cannot be called: a person is to reach the registrant, while the line calls the others."""
    if notice.task in (None, LATE):
        notice.task = "refused"
    notice.task_at = notice.task_at or now


def _put_off(notice: Notice, until: datetime) -> None:
    notice.not_before = max(notice.not_before or until, until)
