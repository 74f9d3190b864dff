"""The task "reach this person": a notice that needs a person is a callback on the desk's one list (R28, R36).

The sweeper keeps the two alike. So a notice that any path leaves to staff reaches the list, and the task goes
when the news was confirmed or may not be told any more.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from models.callbacks.callback import (
    CALLBACKS,
    IS_PROMISED,
    IS_STAFF_TASK,
    NEWS_OVER,
    NOTICE_TASK,
    OPEN_STATES,
    TELLS,
    Callback,
    advance,
)
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_request import Promise, promise_callback
from models.callbacks.callback_state import RINGING_STATES, TAKEN_UP_AGAIN
from models.callbacks.claim import WAITS, bring_back
from models.callbacks.follow_up import ANEW, BEHIND_NEWS, CONTINUES, whose_talks_began_with
from models.callbacks.next_try import leave_for_staff
from models.callbacks.wishes import SAFEST, Wishes, wishes_of_phone
from models.calls.two_lists import rank_of
from models.cases.case import Case
from models.cases.duress import PAUSED_CASES, is_calling_paused
from models.cases.registrant import Registrant
from models.cases.safe_phone import proving_phones
from models.notices.answering import REASON as HARD_NEWS
from models.notices.notice import HAS_TASK, IS_OPEN, NOTICES, PROMISED, Notice, NoticePhone
from models.notices.notice_moves import stop
from models.staff.alert import LEFT_TOLD
from models.store.database import keyring_of
from models.store.job import Job

ACTOR = "sweeper"
#: The outcome of such a callback tells why the line did not reach the person: this and ``Notice.task``.
OUTCOME_PREFIX = "notice_"
#: Staff decided with these that nobody calls about it; with any other the person is still to be told.
_SETTLED = ("person_asked", "settled_otherwise")
#: Nobody talks yet, and a phone rings or will.
_TO_RING = ("requested", *RINGING_STATES)
_BEFORE = aliased(Callback)
_STANDS = (*OPEN_STATES, TAKEN_UP_AGAIN)
#: Why a callback tells news; one that continues its talk does so too.
TELLING = (NOTICE_TASK, HARD_NEWS)


class _Wanted(NamedTuple):
    case_id: int
    registrant_id: int
    since: datetime
    urgent: bool


def keep_tasks(session: Session, now: datetime, policy: CallbackPolicy, limit: int) -> list[Job]:
    """Make the tasks that are missing, and close those that are over, at most ``limit`` of each.

    Returns the jobs that stop the phones of liaisons who were called for one that is over.

    After a task that reached nobody the next one about the same news waits as long as the line waits between
    two tries.
    """
    _stop_settled(session, now, limit)
    jobs = _close_over(session, now, limit)
    _raise_urgent(session, limit)
    _note_newer(session, now, limit)
    bring_back(session, now, ACTOR, limit)
    pause = timedelta(minutes=policy.numbers.notice_retry_minutes)
    too_late = _promised_too_late(session, now + timedelta(minutes=policy.numbers.notice_task_minutes))
    for wanted in _alone_without_task(session, now - pause, too_late, limit):
        # One liaison decides about such a case; the list would tell others (R10).
        if not is_calling_paused(session, wanted.case_id, wanted.registrant_id):
            _make(session, wanted, now, policy)
    return jobs


def is_any_task(session: Session) -> bool:
    """Whether a notice needs a person, or a task for one is on the list."""
    return bool(session.scalar(_ANY_TASK))


def is_over(session: Session, callback: Callback) -> bool:
    """Whether this is a task about news that nobody has to be told any more; the sweeper closes it then."""
    if callback.reason != NOTICE_TASK:
        return False
    needs = exists().where(Notice.case_id == Callback.case_id, IS_OPEN, HAS_TASK)
    over = select(Callback.id).where(Callback.id == callback.id, IS_STAFF_TASK, ~needs)
    return session.scalar(over) is not None


def _promised_too_late(session: Session, latest: datetime) -> list[int]:
    """The promised calls about news, later than ``latest``, for which urgent news does not wait (R34).

    Staff agreed on such a moment for the news of then, so what they did not know of does not wait for it. Nor
    does any news if they recognized nobody in that talk: anybody may have answered (R37).
    """
    recognized_nobody = exists().where(
        _BEFORE.caller_call_id == Callback.requested_in_call_id, _BEFORE.recognized_by.is_(None)
    )
    waits = (
        select(Callback.id)
        .distinct()
        .select_from(Notice)
        .join(Case, Case.id == Notice.case_id)
        .join(
            Callback,
            or_(Callback.case_id == Notice.case_id, Callback.registrant_id == Case.registrant_id),
        )
        .where(
            IS_OPEN, HAS_TASK, _URGENT, IS_PROMISED, Callback.state == "requested",
            Callback.reason.in_((*TELLING, *CONTINUES)), Callback.next_attempt_at > latest,
            or_(
                Notice.task_at > Callback.news_at,
                and_(Callback.reason.in_(CONTINUES), recognized_nobody),
            ),
        )
    )  # fmt: skip
    return list(session.scalars(waits))


def _alone_without_task(
    session: Session, lately: datetime, too_late: Collection[int], limit: int
) -> list[_Wanted]:
    """Those without a task, of cases that are locked now, so that no second sweeper makes the same task.

    Whoever has locked a case may be making it: that case is left for the next pass.
    """
    wanted = _without_task(session, lately, too_late, limit)
    if not wanted:
        return []
    theirs = select(Case.id).where(Case.id.in_([one.case_id for one in wanted])).order_by(Case.id)
    mine = set(session.scalars(theirs.with_for_update(key_share=True, skip_locked=True)))
    # A task that another one made before the lock is seen only now.
    return [one for one in _without_task(session, lately, too_late, limit) if one.case_id in mine]


def _without_task(session: Session, lately: datetime, too_late: Collection[int], limit: int) -> list[_Wanted]:
    # Two sets that are read once: beside an OR of both columns no index helps.
    in_time = and_(Callback.id.not_in(too_late), _NOT_ANEW)
    stands = (TELLS, in_time, or_(Callback.state.in_(_STANDS), _closed_since(lately)))
    cases = select(Callback.case_id).where(*stands, Callback.case_id.is_not(None))
    people = select(Callback.registrant_id).where(*stands, Callback.registrant_id.is_not(None))
    # A person who is promised a call about one case still has to be told the news of another one.
    asked = select(Notice.case_id).where(IS_OPEN, Notice.task.in_(PROMISED))
    going_on = session.execute(_going_on(in_time)).all()
    in_promise = and_(
        or_(
            Case.registrant_id.in_(people),
            Case.registrant_id.in_([one.registrant_id for one in going_on if one.registrant_id is not None]),
        ),
        Case.id.in_(asked),
    )
    continued = Case.id.in_([one.case_id for one in going_on if one.case_id is not None])
    rows = session.execute(
        select(Case.id, Case.registrant_id, func.min(Notice.task_at), func.count().filter(_URGENT))
        .select_from(Notice)
        .join(Case, Case.id == Notice.case_id)
        .where(IS_OPEN, HAS_TASK, Case.id.not_in(cases), ~continued, ~in_promise)
        .group_by(Case.id, Case.registrant_id)
        .order_by(func.min(Notice.task_at), Case.id)
        .limit(limit)
    )
    return [
        _Wanted(case_id, registrant_id, cast(datetime, since), urgent > 0)
        for case_id, registrant_id, since, urgent in rows
    ]


def _closed_since(lately: datetime) -> ColumnElement[bool]:
    """Whether a task reached nobody lately, and there is no news that its staff could not tell then."""
    begun = func.coalesce(Callback.talking_at, Callback.closed_at)
    whose = or_(Notice.case_id == Callback.case_id, Case.registrant_id == Callback.registrant_id)
    newer = (
        exists()
        .where(Case.id == Notice.case_id, whose, IS_OPEN, HAS_TASK, Notice.task_at > begun)
        .correlate(Callback)
    )
    return and_(Callback.closed_at > lately, func.coalesce(Callback.outcome, "") != NEWS_OVER, ~newer)


def _going_on(*which: ColumnElement[bool]) -> Select[tuple[int | None, int | None]]:
    """Whose callbacks stand and continue a talk about news, of the people whose news waits."""
    theirs = or_(
        Callback.case_id.in_(_WAITING),
        Callback.registrant_id.in_(select(Case.registrant_id).where(Case.id.in_(_WAITING))),
    )
    return whose_talks_began_with(TELLING, Callback.reason.in_(CONTINUES), IS_PROMISED, theirs, *which)


def _make(session: Session, wanted: _Wanted, now: datetime, policy: CallbackPolicy) -> None:
    registrant = session.get_one(Registrant, wanted.registrant_id)
    number, wishes = _phone(session, wanted, now, policy)
    newest = select(Notice.task).where(Notice.case_id == wanted.case_id, IS_OPEN, HAS_TASK)
    task = session.scalars(newest.order_by(Notice.task_at.desc(), Notice.id.desc()).limit(1)).one()
    promise = Promise(
        number=number, urgency="urgent" if wanted.urgent else "other", reason=NOTICE_TASK, verified=True,
        language=registrant.language, time_zone=registrant.time_zone, requested_at=wanted.since,
        due_at=wanted.since + timedelta(minutes=policy.numbers.notice_task_minutes), next_attempt_at=now,
        case_id=wanted.case_id, state=TAKEN_UP_AGAIN, outcome=f"{OUTCOME_PREFIX}{task}", wishes=wishes,
        # Nobody gave the PIN: the case opens once staff have recognized the person, and it binds no phone.
        begun_by_staff=True,
    )  # fmt: skip
    made = promise_callback(session, promise, actor=ACTOR, now=now)
    # Those on call and the supervisors are paged about its notices (escalation.py), and once is enough.
    session.execute(update(CALLBACKS).where(CALLBACKS.c.id == made).values(warned=LEFT_TOLD))


def _phone(session: Session, wanted: _Wanted, now: datetime, policy: CallbackPolicy) -> tuple[str, Wishes]:
    """The first safe phone, one without a code problem before the others; no number if there is none."""
    stopped = set(
        session.scalars(
            select(NoticePhone.phone_id)
            .join(Notice, Notice.id == NoticePhone.notice_id)
            .where(Notice.case_id == wanted.case_id, IS_OPEN, NoticePhone.is_stopped)
        )
    )
    found = []
    for phone in proving_phones(session, wanted.registrant_id, now):
        number = keyring_of(session).unseal("phone.number", phone.number_sealed)
        if policy.can_dial(number):
            found.append((phone.id in stopped, phone.position, number, wishes_of_phone(phone)))
    first = min(found, key=lambda one: one[:2], default=None)
    return ("", SAFEST) if first is None else first[2:]


def _raise_urgent(session: Session, limit: int) -> None:
    """A task is as urgent as the most urgent news that waits for its person."""
    urgent = exists().where(Notice.case_id == Callback.case_id, IS_OPEN, HAS_TASK, _URGENT)
    low = session.scalars(
        select(Callback.id).where(_LISTED, Callback.urgency != "urgent", urgent).limit(limit)
    ).all()
    if low:
        rank = rank_of(verified=True, urgent=True)
        session.execute(update(CALLBACKS).where(CALLBACKS.c.id.in_(low)).values(urgency="urgent", rank=rank))


def _note_newer(session: Session, now: datetime, limit: int) -> None:
    """A task changes with the news that it is about: what an older page says of it is refused."""
    newer = exists().where(
        Notice.case_id == Callback.case_id, IS_OPEN, HAS_TASK, Notice.task_at > Callback.news_at
    )
    # A call that was agreed on for later is about the news of then until its moment comes.
    waits = func.coalesce(Callback.outcome, "") == BEHIND_NEWS
    is_now = or_(
        and_(Callback.state == TAKEN_UP_AGAIN, ~waits),
        Callback.state == "claimed",
        and_(Callback.state == "requested", Callback.next_attempt_at <= now),
    )
    found = session.scalars(
        select(Callback.id).where(TELLS, Callback.reason == NOTICE_TASK, is_now, newer).limit(limit)
    ).all()
    if found:
        session.execute(update(CALLBACKS).where(CALLBACKS.c.id.in_(found)).values(news_at=now))


def _close_over(session: Session, now: datetime, limit: int) -> list[Job]:
    # A person who asked for a person after a page is promised a call: nobody else is to call them.
    promised = session.scalars(
        select(Case.id)
        .join(Callback, Callback.registrant_id == Case.registrant_id)
        .where(TELLS, Callback.reason == HARD_NEWS, Callback.state.in_(_STANDS), _NOT_ANEW)
    ).all()
    is_promised = and_(Notice.task.in_(PROMISED), Notice.case_id.in_(promised))
    needs = exists().where(Notice.case_id == Callback.case_id, IS_OPEN, HAS_TASK, ~is_promised)
    # The line does not call again for it either; but a person with whom staff agreed on another time is
    # called.
    is_to_ring = and_(Callback.state.in_(("claimed", *_TO_RING)), IS_STAFF_TASK)
    # After a use of the duress PIN one liaison decides about the news; the list would tell others (R10).
    is_hidden = and_(Callback.case_id.in_(PAUSED_CASES), IS_STAFF_TASK)
    over = select(Callback).where(
        TELLS, Callback.reason == NOTICE_TASK, or_(~needs, is_hidden),
        or_(Callback.state == TAKEN_UP_AGAIN, is_to_ring),
    )  # fmt: skip
    jobs: list[Job] = []
    for row in session.scalars(over.order_by(Callback.case_id).limit(limit)).all():
        # Whoever claimed it must not call a person who has just confirmed the news.
        if row.state != TAKEN_UP_AGAIN:
            jobs += leave_for_staff(session, row, now, ACTOR, NEWS_OVER)
        advance(session, row.id, "close_left", actor=ACTOR, now=now, outcome=NEWS_OVER)
    return jobs


def _stop_settled(session: Session, now: datetime, limit: int) -> None:
    """Staff canceled the task: nobody is called about the notices that it had then.

    News that came since its moment was agreed on, or since the canceling page was read, is not settled.
    """
    settled = (
        select(NOTICES.c.id, Callback.id)
        .join(Callback, Callback.case_id == NOTICES.c.case_id)
        .where(
            IS_OPEN, HAS_TASK, TELLS, Callback.reason == NOTICE_TASK, Callback.state == "cancelled",
            Callback.outcome.in_(_SETTLED), Callback.news_at >= NOTICES.c.task_at,
        )
        # By the column of the partial index: by id, SQLite would read every notice of the last years.
        .order_by(NOTICES.c.case_id)
        .limit(limit)
    )  # fmt: skip
    for notice_id, callback_id in session.execute(settled).all():
        stop(session, NOTICES.c.id == notice_id, "staff_cancelled", now, ACTOR, callback=callback_id)


#: A callback that was promised anew tells nobody anything: the one that is made instead may.
_NOT_ANEW: ColumnElement[bool] = func.coalesce(Callback.outcome, "") != ANEW
#: Whoever has no code may be somebody else, and the phone is called about nothing any more (R30).
_URGENT: ColumnElement[Any] = or_(Notice.is_urgent, Notice.task.in_(("no_code", "wrong_code")))
_MAY_BE_OVER = and_(
    TELLS,
    Callback.reason == NOTICE_TASK,
    Callback.state.in_((TAKEN_UP_AGAIN, "claimed", *_TO_RING)),
)
_LISTED = and_(TELLS, Callback.reason == NOTICE_TASK, Callback.state == TAKEN_UP_AGAIN)
_ANY_TASK = select(
    or_(
        exists(select(Notice.id).where(IS_OPEN, HAS_TASK)),
        exists(select(Callback.id).where(_MAY_BE_OVER)),
        exists(select(Callback.id).where(*WAITS)),
    )
)
_WAITING = select(Notice.case_id).where(IS_OPEN, HAS_TASK)
