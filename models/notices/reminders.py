"""Reminders of a hearing and of an expected release: events that the sweeper makes, not the feed (R12, R15).

They come from the newest record of each person about whom a registration stands, so many days before the
date (``hearing_reminder_days``, ``expected_release_reminder_days``). With 0 days, or where a switch of the
office is off, none is made and those that stand stop. A date that moved, vanished or passed stops its
reminder.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, bindparam, exists, insert, or_, select, true, update
from sqlalchemy.orm import Session, aliased

from models.cases.case import Case
from models.cases.subject import Subject
from models.custody.custody import DATED_FACTS, IN_CUSTODY_KINDS, CustodyRecord
from models.custody.custody_event import CUSTODY_EVENTS, CustodyEvent
from models.custody.custody_status import HeardRules, day_began
from models.custody.directory import Court
from models.notices.gate_watch import may_be_told
from models.notices.notice import NOTICES
from models.notices.notice_moves import record_move
from models.notices.registration import Registration
from models.notices.spreading import ACTOR, stands, stop_event
from models.store.job import Job
from models.store.policies import Policies

_MADE = aliased(CustodyEvent)
#: A date that is known by day alone is ahead until that day ends, in each time zone.
_LONGEST_DAY = timedelta(days=2)
_ANY = select(
    or_(
        exists(
            select(CustodyEvent.id).where(
                CustodyEvent.before_id.is_(None),
                CustodyEvent.kind.in_(("hearing", "expected_release")),
                CustodyEvent.stopped_at.is_(None),
            )
        ),
        exists(
            select(CustodyRecord.id).where(
                or_(
                    CustodyRecord.next_hearing_at >= bindparam("since"),
                    CustodyRecord.expected_release_at >= bindparam("since"),
                )
            )
        ),
    )
)


class _Kind(NamedTuple):
    name: str
    at: Any
    #: The newest record still announces the date: ``heard`` tells it with this status.
    goes_on: ColumnElement[bool]
    is_on: bool
    days: int
    #: The earliest date that is still ahead, but for the midnight with which today began: that is only a day.
    ahead: datetime
    today: datetime
    #: The same at the courts, by their time zones.
    courts: Mapping[str, datetime]

    def is_ahead(self, at: Any) -> ColumnElement[bool]:
        """Whether the line still tells a date of this kind."""
        at_court = (and_(at == today, _sits_in(zone)) for zone, today in self.courts.items())
        return or_(at >= self.ahead, at == self.today, *at_court)


def is_any_reminder(session: Session, now: datetime) -> bool:
    """Whether a reminder stands, or a record has a date of which one may be made."""
    return bool(session.scalar(_ANY, {"since": now - _LONGEST_DAY}))


def make_reminders(
    session: Session, now: datetime, policies: Policies, rules: HeardRules, limit: int
) -> list[Job]:
    """Stop the reminders whose date is not true any more, and make at most ``limit`` new ones of each kind.

    Returns the jobs that end calls.
    """
    jobs: list[Job] = []
    for kind in _kinds(session, policies, rules, now):
        for event_id in _no_longer_true(session, kind, limit):
            jobs += stop_event(session, event_id, "replaced", now)
        if kind.is_on:
            _make(session, kind, now, rules, limit)
    return jobs


def _kinds(session: Session, policies: Policies, rules: HeardRules, now: datetime) -> tuple[_Kind, _Kind]:
    zones = session.scalars(select(Court.time_zone).distinct())
    goes_on = CustodyRecord.status.in_((IN_CUSTODY_KINDS | DATED_FACTS) - {"removed", "deceased"})
    return (
        _Kind(
            "hearing",
            CustodyRecord.next_hearing_at,
            # A court hour is told in the court's zone, or not at all (R14).
            and_(goes_on, CustodyRecord.court_key.is_not(None)),
            rules.allow_hearing is True and policies.hearing_reminder_days > 0,
            policies.hearing_reminder_days,
            now + timedelta.resolution,
            rules.today(now),
            {zone: day_began(now, ZoneInfo(zone)) for zone in zones},
        ),
        _Kind(
            "expected_release",
            CustodyRecord.expected_release_at,
            CustodyRecord.status.in_(IN_CUSTODY_KINDS),
            rules.allow_expected_release is True and policies.expected_release_reminder_days > 0,
            policies.expected_release_reminder_days,
            rules.today(now),
            rules.today(now),
            {},
        ),
    )


def _sits_in(zone: str) -> ColumnElement[bool]:
    """Whether the court of a record is in this time zone."""
    court = select(Court.time_zone).where(Court.name_key == CustodyRecord.court_key)
    return court.correlate(CustodyRecord).scalar_subquery() == zone


def _no_longer_true(session: Session, kind: _Kind, limit: int) -> list[int]:
    """The reminders of a date that the newest record denies; one that cannot be told says nothing of it."""
    says_otherwise = and_(
        CustodyRecord.releasable,
        CustodyRecord.status != "unknown",
        or_(kind.at.is_(None), kind.at != CustodyEvent.at, ~kind.goes_on),
    )
    is_over = ~kind.is_ahead(CustodyEvent.at)
    return list(
        session.scalars(
            select(CustodyEvent.id)
            .join(Subject, Subject.id == CustodyEvent.subject_id)
            .join(CustodyRecord, CustodyRecord.id == Subject.record_id)
            .where(
                CustodyEvent.before_id.is_(None),
                CustodyEvent.kind == kind.name,
                CustodyEvent.stopped_at.is_(None),
                or_(is_over, says_otherwise) if kind.is_on else true(),
            )
            .order_by(CustodyEvent.id)
            .limit(limit)
        )
    )


def _make(session: Session, kind: _Kind, now: datetime, rules: HeardRules, limit: int) -> None:
    same = and_(_MADE.subject_id == Subject.id, _MADE.kind == kind.name, _MADE.at == kind.at)
    rows = session.execute(
        select(Subject.id, Subject.record_id, kind.at, _MADE.id)
        .join(CustodyRecord, CustodyRecord.id == Subject.record_id)
        .outerjoin(_MADE, and_(same, _MADE.before_id.is_(None)))
        .where(
            kind.goes_on,
            kind.is_ahead(kind.at),
            kind.at <= now + timedelta(days=kind.days),
            or_(_MADE.id.is_(None), _MADE.stopped_at.is_not(None)),
            exists(
                select(Registration.id)
                .join(Case, Case.id == Registration.case_id)
                .where(Case.subject_id == Subject.id, stands(now), may_be_told(now, rules))
                .correlate(Subject, CustodyRecord)
            ),
        )
        .order_by(Subject.id)
        .limit(limit)
    ).all()
    new = [
        {"subject_id": subject_id, "kind": kind.name, "at": at, "record_id": record_id, "made_at": now}
        for subject_id, record_id, at, made_id in rows
        if made_id is None
    ]
    if new:
        session.execute(insert(CUSTODY_EVENTS), new)
    for *_, made_id in rows:
        if made_id is not None:
            _take_up(session, made_id, now)


def _take_up(session: Session, event_id: int, now: datetime) -> None:
    """A date that moved away is back: its reminder, and the notices that were not told, are true again."""
    event = update(CUSTODY_EVENTS).where(CUSTODY_EVENTS.c.id == event_id)
    session.execute(event.values(stopped_at=None))
    notices = update(NOTICES).where(
        NOTICES.c.event_id == event_id, NOTICES.c.state == "stopped", NOTICES.c.outcome == "replaced"
    )
    waiting = notices.values(state="waiting", outcome=None, closed_at=None, next_attempt_at=now)
    for notice_id in session.scalars(waiting.returning(NOTICES.c.id)).all():
        record_move(session, notice_id, "take_up_notice", now, ACTOR)
