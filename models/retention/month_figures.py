"""The figures of closed months, counted before their calls are deleted, for the reports of R42.

A month is counted once, when the first of its rows is about to go, which is weeks after its end. The counts
are exact. They name nobody: what is published of them is rounded and suppressed by the report (R40).
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, String, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.callbacks.callback import Callback
from models.calls.call import Call
from models.calls.role import CALLER
from models.cases.pin import PinTry
from models.outcomes.diverted import IS_DIVERTED
from models.outcomes.promise_due import IS_DUE, NOT_TALKED, TALKED_AT
from models.store.base import Base, table_of
from models.talks.call_queue import QueuedCall

#: The figure that marks a month as counted, also one without a call.
COUNTED = "counted"
#: The longest detail.
LONGEST = 40


class MonthFigure(Base):
    """One count of one month. ``month`` is such as ``2026-09`` in the office's time zone.

    - ``calls``, ``calls_verified``, ``calls_topic`` (``detail``: what was chosen at the menus, the last),
      ``calls_diverted`` (``detail``: the topic, of those that a recording answered and staff did not) and
      ``calls_step`` (``detail``: a step that the call passed, or a partner line it was connected to; counted
      by workers/records/purge.py, since the models know no step) count calls to the line;
    - ``wrong_pins`` counts tries that did not open;
    - ``callbacks``, ``callbacks_kept`` (talked by the promised moment), ``callbacks_late`` and
      ``callbacks_ended`` (``detail`` ends in the state, or in the outcome if key 1 was pressed and the two
      did not talk) count each promise once (``models/outcomes/promise_due.py``) by when it was requested, and
      ``detail`` is ``urgent`` or ``other`` and ``verified`` or ``unverified``;
    - ``talk_minutes`` (``detail``: whole minutes, rounded up) counts callbacks by the time from the request
      until two people talked, so that any percentile of several months can be found;
    - ``waits`` (``detail``: the outcome) and ``wait_seconds`` (``detail``: seconds) count callers at 0.
    """

    __tablename__ = "month_figures"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    figure: Mapped[str] = mapped_column(String(16), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    detail: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)


_FIGURES = table_of(MonthFigure)
#: One count is of a figure, a language and a detail.
Counts = Counter[tuple[str, str, str]]


def months_to_count(session: Session, before: datetime, zone: ZoneInfo) -> list[str]:
    """The months that have rows from before that moment and are not counted yet, oldest first."""
    first = min(
        (
            moment
            for moment in (
                session.scalar(select(func.min(Call.started_at))),
                session.scalar(select(func.min(Callback.requested_at))),
                session.scalar(select(func.min(PinTry.at))),
            )
            if moment is not None and moment < before
        ),
        default=None,
    )
    if first is None:
        return []
    known = set(session.scalars(select(MonthFigure.month).where(MonthFigure.figure == COUNTED)))
    last, month, found = _name(before, zone), _name(first, zone), list[str]()
    while month <= last:
        if month not in known:
            found.append(month)
        month = _name(bounds_of(month, zone)[1], zone)
    return found


def count_month(session: Session, month: str, zone: ZoneInfo) -> Counts:
    """The counts of a month, each by its figure, language and detail. It reads every call of the month."""
    start, end = bounds_of(month, zone)
    counts: Counts = Counter()
    counts.update(_of_calls(session, start, end))
    counts.update(_of_tries(session, start, end))
    counts.update(_of_callbacks(session, start, end))
    counts.update(_of_waits(session, start, end))
    return counts


def keep_month(session: Session, month: str, counts: Counts) -> None:
    """Write the counts of a month, once: a second process that counted it too writes nothing."""
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    first = (postgresql.insert if on_postgresql else sqlite.insert)(_FIGURES).values(
        month=month, figure=COUNTED, language="", detail="", count=1
    )
    if session.scalars(first.on_conflict_do_nothing().returning(_FIGURES.c.month)).first() is None:
        return
    if counts:
        session.execute(
            insert(_FIGURES),
            [
                {"month": month, "figure": figure, "language": language, "detail": detail, "count": count}
                for (figure, language, detail), count in counts.items()
            ],
        )


def _of_calls(session: Session, start: datetime, end: datetime) -> Iterator[tuple[str, str, str]]:
    rows = session.execute(
        select(Call.language, Call.verified_at.is_not(None), Call.topic, IS_DIVERTED)
        .where(Call.started_at >= start, Call.started_at < end, Call.role == CALLER)
        .execution_options(yield_per=1000)
    )
    for language, is_verified, topic, is_diverted in rows:
        yield "calls", language, ""
        if is_verified:
            yield "calls_verified", language, ""
        if topic:
            yield "calls_topic", language, topic
            if is_diverted:
                yield "calls_diverted", language, topic


def _of_tries(session: Session, start: datetime, end: datetime) -> Iterator[tuple[str, str, str]]:
    rows = session.execute(
        select(func.coalesce(Call.language, ""))
        .select_from(PinTry)
        .outerjoin(Call, Call.id == PinTry.call_id)
        .where(PinTry.at >= start, PinTry.at < end, ~PinTry.opened)
        .execution_options(yield_per=1000)
    )
    for (language,) in rows:
        yield "wrong_pins", language, ""


def _of_callbacks(session: Session, start: datetime, end: datetime) -> Iterator[tuple[str, str, str]]:
    c = Callback
    rows = session.execute(
        select(c.language, c.urgency, c.verified, c.state, c.outcome, c.requested_at, c.due_at, TALKED_AT)
        .where(c.requested_at >= start, c.requested_at < end, IS_DUE)
        .execution_options(yield_per=1000)
    )
    for language, urgency, verified, state, outcome, requested_at, due_at, talked_at in rows:
        kind = f"{urgency}/{'verified' if verified else 'unverified'}"
        yield "callbacks", language, kind
        is_unheard = state == "reached" and outcome in NOT_TALKED
        yield "callbacks_ended", language, f"{kind}/{outcome if is_unheard else state}"
        if talked_at is not None:
            yield "callbacks_kept" if talked_at <= due_at else "callbacks_late", language, kind
            yield "talk_minutes", language, str(max(0, ceil((talked_at - requested_at) / _MINUTE)))


def _of_waits(session: Session, start: datetime, end: datetime) -> Iterator[tuple[str, str, str]]:
    rows = session.execute(
        select(Call.language, QueuedCall.outcome, QueuedCall.since, QueuedCall.ended_at)
        .join(Call, Call.id == QueuedCall.call_id)
        .where(QueuedCall.since >= start, QueuedCall.since < end, QueuedCall.ended_at.is_not(None))
    )
    for language, outcome, since, ended_at in rows:
        yield "waits", language, outcome or ""
        if outcome == "talked" and ended_at is not None:
            yield "wait_seconds", language, str(max(0, ceil((ended_at - since).total_seconds())))


_MINUTE = timedelta(minutes=1)


def _name(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m}"


def bounds_of(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Its first moment and the first moment of the next month, in UTC."""
    year, number = map(int, month.split("-"))
    start = datetime(year, number, 1, tzinfo=zone)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=zone)
    return start.astimezone(UTC), end.astimezone(UTC)
