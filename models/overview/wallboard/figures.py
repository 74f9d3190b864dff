"""The figures of the wallboard: how callers fare, whom the line can call, and how old the feed is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, func, or_, select, text, true
from sqlalchemy.orm import Session

from models.callbacks.callback import IS_OPEN, UNASKED, Callback
from models.callbacks.callback_list import IS_LATE_ANYWAY
from models.callbacks.follow_up import NOT_WAITED_FOR
from models.callbacks.liaison import IS_FREE
from models.calls.call import Call
from models.calls.pin_guard import SPRAYING
from models.cases.pin import PinTry
from models.custody.imports.history import newest_as_of
from models.custody.imports.record import CustodyImport
from models.outcomes.diverted import IS_DIVERTED
from models.outcomes.promise_due import IS_DUE, TALKED_AT
from models.overview.trouble import Trouble, troubles
from models.overview.wait_time import percentile
from models.staff.staff import Staff
from models.staff.two_people import missing_pairs
from models.store.guard import Guard
from models.talks.call_queue import SEEN_WITHIN, QueuedCall
from models.talks.talk import IS_ON, Talk

#: The words of the partial index of callbacks left for a person.
_LEFT = text("callbacks.state = 'left_for_staff'")
#: Each uses its own part of the index of waits.
_CLASSES = [(urgency, verified) for urgency in ("urgent", "other") for verified in (True, False)]


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the office's day, from starts: how many asked then, and how many of those talked."""

    starts: datetime
    requested: int
    talked: int
    wrong_pins: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one moment. Waits are from the request to two people talking, or to now (R36)."""

    at: datetime
    #: How many wait in the call queue now, and since when the first has waited.
    on_line: int
    on_line_since: datetime | None
    #: Promised callbacks that are still open, of people with a right PIN and of others.
    verified: int
    unverified: int
    #: Since when the first of them has waited, or of those left for a person who have talked to nobody.
    waiting_since: datetime | None
    #: Callbacks and talks at 0 in which two people talk now.
    talking: int
    talking_at_0: int
    #: Past their promised moment, also of those that the line does not call by itself any more.
    late: int
    at_risk: int
    #: Left for a person, or about which people were paged because nobody took them.
    attention: int
    #: Today's requests: how long until two people talked. None if too many still wait to tell.
    asked: int
    talked: int
    median: timedelta | None
    nine_of_ten: timedelta | None
    on_shift: int
    free: int
    busy: int
    resting: int
    on_call: int
    #: PINs entered today.
    right_pins: int
    wrong_pins: int
    tightened: bool
    #: Today's callers who chose a recording and no staff time, by their topic (R38).
    diverted: Mapping[str, int]
    feed_at: datetime | None
    #: An account that the carrier refuses, and roles without a sign of life (R39).
    troubles: Sequence[Trouble]
    #: What no two people may approve together now (R40).
    missing_pairs: Sequence[str]
    hours: Sequence[Hour]

    @property
    def waiting(self) -> int:
        """Everyone who waits for a person now, in the call queue or for a callback."""
        return self.on_line + self.verified + self.unverified

    @property
    def longest_wait(self) -> timedelta | None:
        """The longest current wait, None when nobody waits."""
        since = [one for one in (self.on_line_since, self.waiting_since) if one is not None]
        return self.at - min(since) if since else None


def figures(
    session: Session, now: datetime, *, midnight: datetime, risk: timedelta, tied_days: float
) -> Figures:
    """Every figure, in a fixed number of indexed look-ups.

    ``midnight`` is the beginning of the office's day, in UTC; a promise is at risk from ``risk`` before it is
    due.
    """
    requests = _requests(session, midnight, now)
    pins = session.execute(
        select(PinTry.at, PinTry.opened).where(PinTry.at >= midnight, PinTry.at <= now)
    ).all()
    waits = [
        (((one.talked_at or one.closed_at or now) - one.requested_at).total_seconds(), bool(one.talked_at))
        for one in requests
    ]
    return Figures(
        at=now,
        **_line(session, now),
        **_promises(session, now, risk),
        **_people(session),
        feed_at=_feed_at(session),
        troubles=troubles(session, now),
        missing_pairs=missing_pairs(session, now, tied_days),
        asked=len(waits),
        talked=sum(talked for _, talked in waits),
        median=_seconds(percentile(waits, 0.5, least=1)),
        nine_of_ten=_seconds(percentile(waits, 0.9, least=1)),
        right_pins=sum(one.opened for one in pins),
        wrong_pins=sum(not one.opened for one in pins),
        tightened=_is_tightened(session, now),
        diverted=_diverted(session, midnight, now),
        hours=_hours(
            midnight,
            now,
            requested=[one.requested_at for one in requests],
            talked=[one.requested_at for one in requests if one.talked_at],
            wrong_pins=[one.at for one in pins if not one.opened],
        ),
    )


def _requests(session: Session, midnight: datetime, now: datetime) -> Sequence[Any]:
    same = [
        and_(
            Callback.urgency == urgency,
            Callback.verified.is_(verified),
            Callback.requested_at >= midnight,
            Callback.requested_at <= now,
            IS_DUE,
        )
        for urgency, verified in _CLASSES
    ]
    return session.execute(
        select(Callback.requested_at, TALKED_AT.label("talked_at"), Callback.closed_at).where(or_(*same))
    ).all()


def _line(session: Session, now: datetime) -> dict[str, Any]:
    found = session.execute(
        select(func.count(), func.min(QueuedCall.since)).where(
            text("queued_calls.ended_at IS NULL"), QueuedCall.seen_at > now - SEEN_WITHIN
        )
    ).one()
    return {"on_line": found[0], "on_line_since": found[1]}


def _promises(session: Session, now: datetime, risk: timedelta) -> dict[str, Any]:
    waits = Callback.state != "talking"
    found = session.execute(
        select(
            func.count(case((and_(waits, Callback.verified), 1))),
            func.count(case((and_(waits, ~Callback.verified), 1))),
            func.min(case((waits, Callback.requested_at))),
            func.count(case((~waits, 1))),
            func.count(case((and_(waits, Callback.due_at <= now), 1))),
            func.count(
                case(
                    (
                        and_(
                            waits, Callback.due_at > now, or_(Callback.due_at <= now + risk, IS_LATE_ANYWAY)
                        ),
                        1,
                    )
                )
            ),
            func.count(case((and_(Callback.state == "requested", Callback.paged_at.is_not(None)), 1))),
        ).where(IS_OPEN)
    ).one()
    # A callback that was promised again has been replaced by another one.
    is_left = _LEFT, func.coalesce(Callback.outcome, "").not_in(NOT_WAITED_FOR)
    # Who asked and never talked still waits, also if the line calls them no more by itself (R36).
    never_talked = and_(Callback.reason.not_in(UNASKED), Callback.talking_at.is_(None))
    left, left_late, left_since = session.execute(
        select(
            func.count(),
            func.count(case((Callback.due_at <= now, 1))),
            func.min(case((never_talked, Callback.requested_at))),
        )
        .select_from(Callback)
        .where(*is_left)
    ).one()
    names = ("verified", "unverified", "waiting_since", "talking", "late", "at_risk", "attention")
    counts = dict(zip(names, found, strict=True))
    since = [one for one in (counts["waiting_since"], left_since) if one is not None]
    at_0 = select(func.count()).select_from(Talk).where(IS_ON, Talk.callback_id.is_(None))
    return {
        **counts,
        "waiting_since": min(since, default=None),
        "late": counts["late"] + left_late,
        "attention": counts["attention"] + left,
        "talking_at_0": session.scalar(at_0) or 0,
    }


def _people(session: Session) -> dict[str, Any]:
    # In a wrap-up somebody still writes about a call, and a phone that the carrier refuses is not called: the
    # line offers neither of them anything.
    busy = or_(
        Staff.busy_call_id.is_not(None),
        Staff.on_staff_line_until.is_not(None),
        Staff.wrap_up_until.is_not(None),
    )
    rests = Staff.resting_until.is_not(None)
    found = session.execute(
        select(
            func.count(case((Staff.on_shift == true(), 1))),
            func.count(case((IS_FREE, 1))),
            func.count(case((and_(Staff.on_shift, busy), 1))),
            func.count(case((and_(Staff.on_shift, ~busy, rests), 1))),
            func.count(case((Staff.on_call == true(), 1))),
        )
    ).one()
    return dict(zip(("on_shift", "free", "busy", "resting", "on_call"), found, strict=True))


def _feed_at(session: Session) -> datetime | None:
    latest = (
        select(CustodyImport.settled_at)
        .where(CustodyImport.state == "landed")
        .order_by(CustodyImport.id.desc())
        .limit(1)
    )
    # Older imports only say when they landed, not when the feed confirmed anybody.
    return newest_as_of(session) or session.scalar(latest)


def _diverted(session: Session, midnight: datetime, now: datetime) -> dict[str, int]:
    today = Call.started_at >= midnight, Call.started_at <= now
    found = session.execute(select(Call.topic, func.count()).where(*today, IS_DIVERTED).group_by(Call.topic))
    return {str(topic): count for topic, count in found}


def _is_tightened(session: Session, now: datetime) -> bool:
    until = session.scalar(select(Guard.raised_until).where(Guard.name == SPRAYING))
    return until is not None and until > now


def _hours(midnight: datetime, now: datetime, **moments: Iterable[datetime]) -> list[Hour]:
    """Each hour of the day so far; a day on which clocks change has 23 or 25.

    Counted as moments from midnight: in local time an hour would be skipped or occur twice.
    """
    midnight = midnight.astimezone(UTC)
    count = int((now - midnight).total_seconds() // 3600) + 1
    counted = {name: [0] * count for name in moments}
    for name, each in moments.items():
        for moment in each:
            counted[name][min(int((moment - midnight).total_seconds() // 3600), count - 1)] += 1
    return [
        Hour(midnight + timedelta(hours=hour), **{name: per_hour[hour] for name, per_hour in counted.items()})
        for hour in range(count)
    ]


def _seconds(found: float | None) -> timedelta | None:
    return None if found is None else timedelta(seconds=found)
