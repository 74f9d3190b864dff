"""How long a caller will wait, as an honest 80th percentile of recently measured waits (R36)."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.callbacks.follow_up import LATER
from models.outcomes.promise_due import IS_DUE, TALKED_AT
from models.talks.call_queue import QueuedCall

#: Eight of ten callers wait less than the announced time.
SHARE = 0.8
#: How many requests are measured: the latest ones, none older than four weeks.
LATEST = 200
RECENT = timedelta(days=28)
#: With fewer measured waits than this, no time is announced: a guess is no promise.
KNOWN_LEAST = 20


def percentile(
    waits: Iterable[tuple[float, bool]], share: float = SHARE, least: int = KNOWN_LEAST
) -> float | None:
    """The wait in seconds that ``share`` of all callers do not exceed, or None when that is unknown.

    It is unknown with fewer than ``least`` waits that ended in a talk.

    Each wait is its length so far and whether it ended in two people talking. A wait without a talk, because
    the caller gave up or is still waiting, was at least that long: leaving it out would make the line look
    better the worse it gets. This is the product-limit estimate of Kaplan and Meier (1958).
    """
    # At equal lengths the talks come first: callers who still wait have waited longer than they did.
    ordered = sorted(waits, key=lambda wait: (wait[0], not wait[1]))
    if sum(talked for _, talked in ordered) < least:
        return None
    waiting = 1.0
    for place, (seconds, talked) in enumerate(ordered):
        if talked:
            waiting *= 1 - 1 / (len(ordered) - place)
        # A small tolerance, because rounding of the product must not turn eight of ten into nine.
        if waiting <= 1 - share + 1e-9:
            return seconds
    return None


def callback_wait(
    session: Session,
    now: datetime,
    *,
    urgency: str,
    verified: bool,
    but: str,
    is_alike: Callable[[datetime], bool] = lambda _asked_at: True,
) -> timedelta | None:
    """From requesting a callback of this class to two people talking; None when too few are known.

    Waits of people who chose a later time, or whom staff put off or called unasked, are excluded: they waited
    for that reason, or not at all, which says nothing about the line. If key 1 was pressed and the two did
    not talk, the wait counts as one without a talk; a request that goes on in a new callback has it there,
    from the same moment. ``but`` is the blind index of the asker's own phone, whose earlier requests must not
    influence what they hear (R35). Only requests made at a moment that ``is_alike`` are measured.
    """
    rows = session.execute(
        select(
            Callback.requested_at,
            func.coalesce(TALKED_AT, Callback.closed_at),
            TALKED_AT.is_not(None),
        )
        .where(
            Callback.urgency == urgency,
            Callback.verified == verified,
            Callback.phone_key != but,
            Callback.window_starts.is_(None),
            IS_DUE,
            Callback.reason != LATER,
            Callback.requested_at > now - RECENT,
            Callback.requested_at <= now,
        )
        .order_by(Callback.requested_at.desc())
        .limit(LATEST)
    )
    return _spoken([row for row in rows if is_alike(row[0])], now)


def wait_in_queue(session: Session, now: datetime, *, verified: bool) -> timedelta | None:
    """From joining the call queue to talking with a person; None when too few are known."""
    rows = session.execute(
        select(QueuedCall.since, QueuedCall.ended_at, func.coalesce(QueuedCall.outcome, "") == "talked")
        .where(QueuedCall.verified == verified, QueuedCall.since > now - RECENT, QueuedCall.since <= now)
        .order_by(QueuedCall.since.desc())
        .limit(LATEST)
    )
    return _spoken(rows.all(), now)


def _spoken(rows: Sequence[Any], now: datetime) -> timedelta | None:
    waits = [(((ended or now) - since).total_seconds(), bool(talked)) for since, ended, talked in rows]
    found = percentile(waits)
    return None if found is None else timedelta(seconds=found)
