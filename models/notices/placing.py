"""Claims one due notice, chooses its phones, and gives the right to dial each of its legs, once (R28, R29).

``claim`` makes the legs, and ``take_leg`` the right to dial one: a process that dies between the two leaves
legs that nobody dialed, which the sweeper hands on. A leg that may have been dialed is never dialed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import bindparam, case, or_, select, text, update
from sqlalchemy.orm import Session

from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.case_words import case_standing
from models.callbacks.next_try import never_dial
from models.calls.call import CALLS, Call
from models.calls.outbound_leg import UNDIALLED, mark_dialling, outbound_leg
from models.calls.pacing import REFUSED_NOTICE
from models.calls.role import NOTIFIED
from models.cases.case import Case
from models.cases.duress import is_calling_paused, paused_for
from models.cases.registrant import Phone, Registrant
from models.custody.custody_event import FEED_SILENT, REMINDERS, CustodyEvent
from models.custody.custody_status import HeardRules, heard
from models.custody.imports.history import newest_as_of
from models.notices.cadence import AllowedPhone, Course, Ring, Task, may_ring, next_ring, pause_after
from models.notices.notice import (
    CAP,
    IS_OPEN,
    IS_RINGING,
    IS_WAITING,
    LATE,
    NOTICES,
    Notice,
    NoticePhone,
)
from models.notices.notice_moves import (
    LAPSED,
    ask_staff,
    end_untold,
    leave,
    locked,
    record_move,
    rest_of,
    stop,
)
from models.notices.notice_phones import (
    allowed_phones,
    first_rung,
    phone_of_notice,
    wait_for_our_calls,
    wrong_codes,
)
from models.notices.registration import Registration
from models.staff.paging import AHEAD
from models.store.database import changed_one, keyring_of

ACTOR = "worker"
#: Every allowed phone rings at once (R28).
AT_ONCE = frozenset({"escaped"})
#: How long after its making a leg that no worker has begun to dial is handed on.
_UNDIALLED_AFTER = timedelta(seconds=3)
#: How long after the next call about a change it is decided anew when a reminder of the same case rings.
_AFTER_CHANGE = timedelta(minutes=1)
_LIVE = text("calls.ended_at IS NULL AND calls.notice_id IS NOT NULL")
# Built once: every pass of the sweeper, or every ring, sends these, and building takes longer than sending.
_DUE = (
    select(NOTICES.c.id)
    .where(IS_WAITING, NOTICES.c.next_attempt_at <= bindparam("now"))
    .order_by(
        case((NOTICES.c.id == REFUSED_NOTICE, 1), else_=0),
        case((NOTICES.c.is_urgent.is_(True), 0), else_=1),
        NOTICES.c.next_attempt_at,
        NOTICES.c.id,
    )
    .limit(bindparam("most"))
)
_UNDIALLED = (
    select(CALLS.c.notice_id)
    .where(_LIVE, UNDIALLED, CALLS.c.started_at <= bindparam("lost"))
    .distinct()
    .order_by(CALLS.c.notice_id)
)
_FACTS = (
    select(Notice, CustodyEvent, Registration, Registrant, Case)
    .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
    .join(Registration, Registration.id == Notice.registration_id)
    .join(Case, Case.id == Notice.case_id)
    .join(Registrant, Registrant.id == Case.registrant_id)
    .where(Notice.id == bindparam("notice"))
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class NoticeDial:
    """A leg that only its holder may dial now; ``number`` is E.164, and ``line`` the caller ID."""

    call_id: int
    leg_id: str
    number: str = field(repr=False)
    line: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A notice with what decides about it."""

    notice: Notice
    event: CustodyEvent
    registration: Registration
    registrant: Registrant
    case: Case

    @property
    def course(self) -> Course:
        """How far the notice has come."""
        one = self.notice
        at_once = self.event.kind in AT_ONCE
        return Course(one.is_urgent, at_once, one.made_at, one.tries, one.not_before)

    @property
    def is_about_feed(self) -> bool:
        """Whether it says that the feed is silent, and nothing of a person."""
        return self.event.kind == FEED_SILENT


def due_notices(session: Session, now: datetime, limit: int) -> Sequence[int]:
    """The notices that are due, urgent ones first, oldest first.

    The notice whose call opened the breaker of a refused account is the last one: a probe is another call
    than the refused one where there is one (R39).
    """
    return session.scalars(_DUE, {"now": now, "most": limit}).all()


def settle_set_back(session: Session, now: datetime, ahead: timedelta, policy: CallbackPolicy) -> None:
    """The clock was set back: decide anew when urgent notices ring, and page about none of them too late.

    Moments that the old clock wrote would put off an escape by as long as it was ``ahead``: also "not a good
    time" at a phone, and the patience with a call whose process has died.
    """
    is_ahead = NOTICES.c.made_at > now + AHEAD
    session.execute(
        update(NOTICES)
        .where(
            IS_WAITING, NOTICES.c.next_attempt_at > now, or_(NOTICES.c.is_urgent.is_(True), is_ahead)
        )
        .values(next_attempt_at=now)
    )  # fmt: skip
    session.execute(update(NOTICES).where(IS_OPEN, is_ahead).values(made_at=now))
    session.execute(update(NOTICES).where(IS_OPEN, NOTICES.c.task_at > now + AHEAD).values(task_at=now))
    rung, longest = policy.caller_lease(now), now + policy.retry
    session.execute(update(NOTICES).where(IS_RINGING, NOTICES.c.lease_until > rung).values(lease_until=rung))
    session.execute(update(NOTICES).where(IS_OPEN, NOTICES.c.not_before > longest).values(not_before=None))
    tried_then = NoticePhone.last_try_at > now + AHEAD, NoticePhone.not_before > longest
    for phone in session.scalars(select(NoticePhone).where(*tried_then).order_by(NoticePhone.id)):
        phone.not_before = phone.not_before and phone.not_before - ahead
    session.flush()


def undialled_notices(session: Session, now: datetime) -> Sequence[int]:
    """The notices with a leg that no worker has begun to dial in time."""
    return session.scalars(_UNDIALLED, {"lost": now - _UNDIALLED_AFTER}).all()


def is_urgent(session: Session, notice_id: int) -> bool | None:
    """Whether a notice with a call to place is urgent; None when it has nothing to place."""
    found = session.execute(select(Notice.is_urgent, Notice.state).where(Notice.id == notice_id)).first()
    return None if found is None or found.state not in ("waiting", "ringing") else found.is_urgent


def claim(session: Session, notice_id: int, now: datetime, policy: CallbackPolicy, rules: HeardRules) -> bool:
    """Claim a due notice and make its legs, once: one conditional UPDATE decides who gets it.

    A notice that may not be told now is stopped, left for staff, or put off to the next moment allowed.
    """
    claimed = update(NOTICES).where(
        NOTICES.c.id == notice_id, IS_WAITING, NOTICES.c.next_attempt_at <= now
    ).values(state="ringing", lease_until=policy.caller_lease(now))  # fmt: skip
    if not changed_one(session, claimed):
        return False
    facts = facts_of(session, notice_id)
    ring = ring_now(session, facts, now, policy, rules)
    if ring is None:
        return False
    for phone_id in ring.phone_ids:
        facts.notice.call_id = _make_leg(session, facts, phone_id, now).id
    session.flush()
    record_move(session, notice_id, "ring_notice", now, ACTOR)
    return True


def ring_now(
    session: Session, facts: Facts, now: datetime, policy: CallbackPolicy, rules: HeardRules
) -> Ring | None:
    """Which phones ring now for a due notice. If none may, it is stopped, left for staff, or put off."""
    why = why_not(session, facts, now, rules)
    if why is not None:
        end_untold(session, facts.notice, why, now, ACTOR)
        return None
    if is_calling_paused(session, facts.case.id, facts.registrant.id):
        # One liaison decides whether ringing is safe; the outcome tells nobody else why (R10).
        facts.notice.staff_id = None if facts.is_about_feed else paused_for(session, facts.case.id)
        _wait(session, facts, "no_phone", now)
        return None
    phones = phones_of(session, facts, now, policy)
    longest = timedelta(minutes=policy.numbers.notice_first_minutes)
    if wait_for_our_calls(session, facts.notice.id, [one.phone_id for one in phones], now, longest):
        phones = phones_of(session, facts, now, policy)
    ring = _next_ring(session, facts, phones, now, policy)
    if not isinstance(ring, Ring) or ring.at > now:
        _wait(session, facts, ring, now)
        return None
    told_until = _told_beside(session, facts, now, policy)
    if told_until is not None:
        facts.notice.state, facts.notice.lease_until = "waiting", None
        facts.notice.next_attempt_at = told_until
        session.flush()
        return None
    return ring


def take_leg(
    session: Session, notice_id: int, now: datetime, policy: CallbackPolicy
) -> tuple[NoticeDial | None, bool]:
    """Take the right to dial one leg of a claimed notice; and whether another one still waits.

    A leg whose phone may not ring any more, because its process died and its window has closed since or a
    duress PIN was used, is never dialed.
    """
    notice = locked(session, notice_id)
    if notice is None or notice.state != "ringing":
        return None, False
    facts = facts_of(session, notice_id)
    zone, numbers = facts.registrant.time_zone, policy.numbers
    waiting = _waiting_legs(session, notice_id)
    is_paused = is_calling_paused(session, facts.case.id, facts.registrant.id)
    for position, leg in enumerate(waiting):
        phone = _phone_of(session, facts, leg, now, policy)
        if is_paused or phone is None or not may_ring(facts.course, phone, zone, now, numbers):
            never_dial(session, leg.id, now)
            continue
        if mark_dialling(session, leg.id):
            leg.line = line_of(facts.registrant, policy.lines)
            notice.lease_until = policy.caller_lease(now)
            session.flush()
            number = keyring_of(session).unseal("call.phone", cast(str, leg.phone_sealed))
            dial = NoticeDial(leg.id, cast(str, leg.leg_id), number, leg.line)
            return dial, position + 1 < len(waiting)
    if not live_legs(session, notice_id):
        reschedule(session, notice, now, policy)
    return None, False


def reschedule(session: Session, notice: Notice, now: datetime, policy: CallbackPolicy) -> None:
    """After a try: wait for the next one, or leave the notice for staff."""
    facts = facts_of(session, notice.id)
    phones = phones_of(session, facts, now, policy)
    _wait(session, facts, _next_ring(session, facts, phones, now, policy), now)


def facts_of(session: Session, notice_id: int) -> Facts:
    """A notice, its event, registration, registrant and case."""
    row = session.execute(_FACTS, {"notice": notice_id}).one()
    return Facts(row[0], row[1], row[2], row[3], row[4])


def line_of(registrant: Registrant, lines: Sequence[str]) -> str:
    """Which of the office's ``lines`` (E.164, the main one first) calls and texts this person (R32)."""
    chosen = registrant.line
    return chosen if chosen is not None and chosen in lines else lines[0]


def phones_of(session: Session, facts: Facts, now: datetime, policy: CallbackPolicy) -> list[AllowedPhone]:
    """The phones that may ring for this notice, in the registrant's order."""
    tries = policy.numbers.notice_code_tries
    return allowed_phones(session, facts.notice.id, facts.registrant.id, now, policy.can_dial, tries)


def why_not(
    session: Session, facts: Facts, now: datetime, rules: HeardRules, *, is_answered: bool = False
) -> str | None:
    """Why this notice may not be told now, as one of the OUTCOMES; None if it may.

    ``gate`` is one code for every reason, and such a notice is taken up again later (``gate_watch``). A
    correction is told whatever the gate says: the earlier news was wrong, and perhaps nothing can be
    confirmed. That the feed is silent is told while it is, whatever the record says. LAPSED ends no notice
    of news: staff are to reach the person (``end_untold``). With ``is_answered`` a newer event ends nothing:
    what the call tells is the newest record.
    """
    event, registration = facts.event, facts.registration
    if registration.state == "stopped":
        return "withdrawn"
    if registration.state == "paused" and not (
        registration.paused_until and registration.paused_until <= now
    ):
        return "paused"
    is_correction = facts.notice.corrects_id is not None
    is_stopped = event.stopped_at is not None and not is_correction
    if is_stopped and event.retracted_at is not None:
        return "retracted"
    if is_stopped and not (is_answered and event.before_id is not None):
        return "replaced"
    if facts.case.closed_at is not None:
        return "case_closed"
    if event.subject_id != facts.case.subject_id and not (is_correction or facts.is_about_feed):
        # The case is about somebody else by now.
        return "gate"
    if registration.lapses_at <= now:
        # The consent ended before anybody was reached: they never asked us to stop.
        return "withdrawn" if facts.is_about_feed else LAPSED
    if is_correction:
        return None
    if facts.is_about_feed:
        return None if newest_as_of(session) == event.at else "replaced"
    standing = case_standing(session, facts.case.id)
    is_told = standing is not None and heard(standing, now, rules).status is not None
    return None if is_told else "gate"


def live_legs(session: Session, notice_id: int) -> Sequence[int]:
    """The legs of a notice that have not ended."""
    live = select(CALLS.c.id).where(CALLS.c.notice_id == notice_id, CALLS.c.ended_at.is_(None))
    return session.scalars(live.order_by(CALLS.c.id)).all()


def ring_of(
    session: Session,
    facts: Facts,
    phones: Sequence[AllowedPhone],
    now: datetime,
    policy: CallbackPolicy,
    *,
    more_tries: int = 0,
) -> Ring | Task:
    """The next try of a notice after ``more_tries`` more, or the code of the task.

    The 24 hours of an urgent one are hours in which it may be told, from the first call on (R28): a weekend
    behind a held import, or with an account that refuses, is no reason to call nobody after it.
    """
    course = replace(facts.course, tries=facts.notice.tries + more_tries)
    ring = next_ring(course, phones, facts.registrant.time_zone, now, policy.numbers)
    if ring in ("unconfirmed", "cap") and course.is_urgent:
        began = course.made_at + rest_of(session, facts.notice.id)
        first = first_rung(session, facts.notice.id)
        # A phone that the carrier refuses alone rests, and is no reason to go on.
        if first is None and any(one.not_before is None or one.not_before <= now for one in phones):
            first = now
        course = replace(course, made_at=max(began, first or began))
        ring = next_ring(course, phones, facts.registrant.time_zone, now, policy.numbers)
    return ring


def _next_ring(
    session: Session, facts: Facts, phones: Sequence[AllowedPhone], now: datetime, policy: CallbackPolicy
) -> Ring | Task | Literal["wrong_code"]:
    """The next try, or the code of the task; staff read that wrong codes are why no phone may ring."""
    ring = ring_of(session, facts, phones, now, policy)
    if ring != "no_phone":
        return ring
    wrong = wrong_codes(session, facts.notice.id)
    is_stopped = any(many >= policy.numbers.notice_code_tries for many in wrong.values())
    return "wrong_code" if is_stopped else ring


def _wait(session: Session, facts: Facts, ring: Ring | Task | Literal["wrong_code"], now: datetime) -> None:
    notice = facts.notice
    if isinstance(ring, Ring):
        notice.state, notice.lease_until = "waiting", None
        notice.next_attempt_at = ring.hours_begin or ring.at
        session.flush()
        if ring.by_cap and notice.task in (None, LATE):
            ask_staff(session, notice, CAP, now, ACTOR)
        return
    if facts.is_about_feed and notice.task is None:
        # Staff cannot call everybody about the feed; their own task is to mend it.
        stop(session, NOTICES.c.id == notice.id, ring, now, ACTOR)
        return
    # Of a person whose phones are used up for a reason, staff read the reason.
    reason = None if notice.task == LATE else notice.task
    leave(session, notice, reason or ring, now, ACTOR)


def _told_beside(session: Session, facts: Facts, now: datetime, policy: CallbackPolicy) -> datetime | None:
    """Until when a due reminder waits, because calls about other news of its case tell it as well.

    Each of those calls says the date too, and its key confirms the reminder: with calls of its own a phone
    that nobody answers would ring twice in a row, and spend the person's cap. None for any other news, and
    once those calls are over.
    """
    notice = facts.notice
    if facts.event.kind not in REMINDERS or notice.corrects_id is not None:
        return None
    is_first = or_(CustodyEvent.kind.not_in(REMINDERS), Notice.id < notice.id)
    others = (
        select(Notice.state, Notice.next_attempt_at)
        .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
        .where(
            Notice.case_id == notice.case_id, Notice.registration_id == notice.registration_id,
            Notice.id != notice.id, Notice.state.in_(("waiting", "ringing")),
            CustodyEvent.kind != FEED_SILENT, is_first,
        )
        .order_by(Notice.next_attempt_at)
    )  # fmt: skip
    other = session.execute(others.limit(1)).first()
    if other is None or other.next_attempt_at > now + pause_after(0, policy.numbers, is_urgent=False):
        # A call that staff and the person agreed on may be days away, and the date be tomorrow.
        return None
    return now + policy.retry if other.state == "ringing" else max(now, other.next_attempt_at) + _AFTER_CHANGE


def _make_leg(session: Session, facts: Facts, phone_id: int, now: datetime) -> Call:
    phone, registrant = session.get_one(Phone, phone_id), facts.registrant
    number = keyring_of(session).unseal("phone.number", phone.number_sealed)
    leg = Call(
        role=NOTIFIED, notice_id=facts.notice.id, phone_key=phone.phone_key,
        # A registrant stored as slow gets more time at once, whoever answers (R26, R30).
        pace=registrant.pace, time_zone=registrant.time_zone,
        **outbound_leg(session, number, registrant.language, now),
    )  # fmt: skip
    session.add(leg)
    mine = phone_of_notice(session, facts.notice.id, phone_id)
    mine.tries, mine.last_try_at = mine.tries + 1, now
    session.flush()
    return leg


def _waiting_legs(session: Session, notice_id: int) -> list[Call]:
    """The legs that no worker has begun to dial, in the order of their making."""
    undialled = select(Call).where(Call.notice_id == notice_id, UNDIALLED)
    return list(session.scalars(undialled.order_by(Call.id).execution_options(populate_existing=True)))


def _phone_of(
    session: Session, facts: Facts, leg: Call, now: datetime, policy: CallbackPolicy
) -> AllowedPhone | None:
    """The phone of a leg as it may be used now, its own call not counted against the cap."""
    phone_id = session.scalar(
        select(Phone.id).where(
            Phone.registrant_id == facts.registrant.id, Phone.phone_key == leg.phone_key
        ).limit(1)
    )  # fmt: skip
    for phone in phones_of(session, facts, now, policy):
        if phone.phone_id == phone_id:
            return replace(phone, placed=tuple(at for at in phone.placed if at != leg.started_at))
    return None
