"""Promises at risk: who is warned, when, and in one message with a count (R36)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, or_, select, text, true, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.callback import CALLBACKS, IS_OPEN, NOTICE_TASK
from models.callbacks.callback_state import UNKNOWN_OUTCOMES
from models.callbacks.liaison import IS_AT_HAND, is_anyone_at_hand
from models.staff.alert import (
    LEFT,
    LEFT_TOLD,
    LEVELS,
    PUT_OFF,
    PUT_OFF_TOLD,
    UNTAKEN,
    Told,
    tell,
    tell_supervisors,
)
from models.staff.paging import take_page
from models.staff.staff import Staff
from models.store.policies import Policies

#: The exact words of the partial indexes, so that both databases use them.
_LEFT = text(f"callbacks.state = '{LEFT}'")
_URGENT_WAITING = text(
    "callbacks.state = 'requested' AND callbacks.rank IS NOT NULL AND callbacks.rank IN (0, 2, 3, 4)"
)
_NOT_TALKING = and_(IS_OPEN, CALLBACKS.c.state != "talking")
#: Urgent work that the line must not continue: nobody knows whether a call was placed.
_URGENT_UNKNOWN = and_(_LEFT, CALLBACKS.c.urgency == "urgent", CALLBACKS.c.outcome.in_(UNKNOWN_OUTCOMES))
#: News that is left for staff has pages of its own (R34).
_IS_NO_NEWS = CALLBACKS.c.reason != NOTICE_TASK
#: Who is told about promises that are nearly due or overdue.
_STAFF, _SUPERVISOR = "staff", "supervisor"


def is_any_at_risk(session: Session, now: datetime, policies: Policies) -> bool:
    """Whether ``make_alerts`` may have anything to tell: one read, for what is checked every two seconds."""
    return bool(session.scalar(_ANY_AT_RISK, {**_due_by(now, policies), "tries": policies.liaison_tries}))


def make_alerts(session: Session, now: datetime, policies: Policies, is_open: bool) -> None:
    """Warn about promises at their next level, untaken urgent work, and callbacks left for a person.

    Each is told once at each level. The messages about one matter are ``page_minutes`` apart, and each gives
    the total count.
    """
    for whom in (_STAFF, _SUPERVISOR):
        _warn_of_late(session, whom, now, policies, is_open)
    _page_untaken(session, now, policies, is_open)
    _tell_of_left(session, now, policies, is_open)


def untell(session: Session, level: str) -> None:
    """Nobody was told by an alert of this level, so what is still as it said is told anew (R36)."""
    warned = CALLBACKS.c.warned
    if level == UNTAKEN:
        pressing = update(CALLBACKS).where(or_(_URGENT_WAITING, _URGENT_UNKNOWN))
        session.execute(pressing.values(paged_at=None))
    elif level == LEFT:
        told = update(CALLBACKS).where(_LEFT, warned == LEFT_TOLD, CALLBACKS.c.rank.is_not(None), _IS_NO_NEWS)
        session.execute(told.values(warned=LEFT_TOLD - 1))
    whom = {name: whom for name, whom, *_ in LEVELS}.get(level)
    if whom is not None:
        passed = [passed for passed, (_name, told_to, *_) in enumerate(LEVELS) if told_to == whom]
        put_off = [(warned == PUT_OFF_TOLD, PUT_OFF)] if whom == _SUPERVISOR else []
        before = case(*put_off, *((warned > one, one) for one in reversed(passed)), else_=warned)
        session.execute(update(CALLBACKS).where(_NOT_TALKING, warned > 0).values(warned=before))


def _warn_of_late(session: Session, whom: str, now: datetime, policies: Policies, is_open: bool) -> None:
    """Warn one kind of people about promises that are nearly due or overdue."""
    due_by = _due_by(now, policies)
    levels = [(passed, *level) for passed, level in enumerate(LEVELS) if level[1] == whom]
    is_due = [_at(passed, due_by[level]) for passed, level, *_ in levels]
    if not _is_any(session, or_(*is_due, *([_IS_PUT_OFF] if whom == _SUPERVISOR else []))):
        return
    if not take_page(session, f"late_{whom}", now, policies.page_minutes):
        return
    # The next message is a gap away, so this one includes all warnings due before then.
    gap = timedelta(minutes=policies.page_minutes)
    for passed, level, _whom, _policy, sign in levels:
        soon = due_by[level] + gap if sign > 0 else due_by[level]
        _mark(session, _at(passed, soon), level, now, warned=passed + 1)
    first, level = levels[0][:2]
    if whom == _SUPERVISOR:
        _mark(session, _IS_PUT_OFF, level, now, warned=PUT_OFF_TOLD)
    at_risk = _count(session, _NOT_TALKING, CALLBACKS.c.warned > first)
    if whom == _SUPERVISOR:
        tell_supervisors(session, level, at_risk, now, is_open)
    else:
        tell(session, level, [Told(one, at_risk) for one in _working(session, is_open)], now)


def _page_untaken(session: Session, now: datetime, policies: Policies, is_open: bool) -> None:
    """Page for urgent work that liaisons missed too often, that nobody is at hand for, or left as unknown.

    Nothing calls anybody for a callback that was left. At night a text to a sleeping supervisor would be all.
    """
    missed = CALLBACKS.c.liaison_tries >= policies.liaison_tries
    whose = missed if is_anyone_at_hand(session) else true()
    new = and_(_URGENT_WAITING, _UNPAGED)
    unknown = and_(_URGENT_UNKNOWN, _UNPAGED)
    is_news = _is_any(session, and_(new, whose)) or _is_any(session, unknown)
    if not is_news or not take_page(session, UNTAKEN, now, policies.page_minutes):
        return
    # One that nobody takes is ahead of all the others, so the people paged hear about all of them.
    for untold in (new, unknown):
        _mark(session, untold, UNTAKEN, now, paged_at=now)
    count = _count(session, _URGENT_WAITING) + _count(session, _URGENT_UNKNOWN)
    on_call = session.scalars(select(Staff.id).where(Staff.on_call, Staff.role != "supervisor")).all()
    tell(session, UNTAKEN, [Told(one, count, is_rung=True) for one in on_call], now)
    tell_supervisors(session, UNTAKEN, count, now, is_open)


def _tell_of_left(session: Session, now: datetime, policies: Policies, is_open: bool) -> None:
    """Only the supervisor can decide about a callback that was left, and a text is enough."""
    if _is_any(session, _LEFT_UNTOLD) and take_page(session, LEFT, now, policies.page_minutes):
        _mark(session, _LEFT_UNTOLD, LEFT, now, warned=LEFT_TOLD)
        tell_supervisors(session, LEFT, _count(session, _LEFT, CALLBACKS.c.rank.is_not(None)), now, is_open)


def _due_by(now: datetime, policies: Policies) -> dict[str, datetime]:
    """By its level, the latest moment promised of those that are warned of now."""
    return {
        level: now + sign * timedelta(minutes=minutes_of(policies))
        for level, _whom, minutes_of, sign in LEVELS
    }


def _at(passed: int, due_by: Any) -> ColumnElement[bool]:
    """Those that have passed this many levels, and were promised by ``due_by``, a moment or a parameter."""
    return and_(_NOT_TALKING, CALLBACKS.c.warned == passed, CALLBACKS.c.due_at <= due_by)


def _count(session: Session, *which: Any) -> int:
    return session.scalar(select(func.count()).select_from(CALLBACKS).where(*which)) or 0


def _is_any(session: Session, which: ColumnElement[bool]) -> bool:
    return session.execute(select(CALLBACKS.c.id).where(which).limit(1)).first() is not None


def _mark(session: Session, which: ColumnElement[bool], level: str, now: datetime, **values: Any) -> None:
    """Mark these as told, with an audit entry for each."""
    marked = update(CALLBACKS).where(which).values(**values).returning(CALLBACKS.c.id)
    for callback_id in sorted(session.scalars(marked)):
        audit.record(
            session, actor="sweeper", action="warn_of_callback", target=f"callback:{callback_id}",
            facts={"level": level}, now=now,
        )  # fmt: skip


def _working(session: Session, is_open: bool) -> list[int]:
    """Those on shift; when nobody is, or out of hours, also those on call."""
    on_shift, at_hand = Staff.on_shift, or_(Staff.on_shift, Staff.on_call)
    people = session.scalars(select(Staff.id).where(on_shift).order_by(Staff.id)).all()
    if not people or not is_open:
        people = session.scalars(select(Staff.id).where(at_hand).order_by(Staff.id)).all()
    return list(people)


_IS_PUT_OFF = and_(_NOT_TALKING, CALLBACKS.c.warned == PUT_OFF)
_UNPAGED = CALLBACKS.c.paged_at.is_(None)
_LEFT_UNTOLD = and_(_LEFT, CALLBACKS.c.warned < LEFT_TOLD)
_NOBODY_AT_HAND = ~exists(select(Staff.id).where(IS_AT_HAND))
#: Each matter by itself, so that each is found by its own index.
_ANY_AT_RISK = select(
    or_(
        *(
            exists(select(CALLBACKS.c.id).where(which))
            for which in (
                *(_at(passed, bindparam(level)) for passed, (level, *_) in enumerate(LEVELS)),
                _IS_PUT_OFF,
                and_(
                    _URGENT_WAITING,
                    _UNPAGED,
                    or_(CALLBACKS.c.liaison_tries >= bindparam("tries"), _NOBODY_AT_HAND),
                ),
                and_(_URGENT_UNKNOWN, _UNPAGED),
                _LEFT_UNTOLD,
            )
        )
    )
)
