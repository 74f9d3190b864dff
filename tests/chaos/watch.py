"""Watches the list and the talks at 0 during a storm: how long each makes no progress in somebody's hands."""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from models import Call, Callback, CustodyEvent, Notice, QueuedCall, Staff, Talk
from models.callbacks.callback_state import OPEN_STATES
from models.notices.notice import OPEN_STATES as OPEN_NOTICES
from models.store.database import Database

#: Nothing may wait for longer than this and the two rings (seconds): the bound that the line states.
BOUND_SECONDS = 60.0
_LOOKS_EVERY = 0.5
_IN_HAND = tuple(state for state in OPEN_STATES if state != "requested")
AT_0 = "talking at 0"
#: A notice that waits for longer waits for the morning.
_SOON = timedelta(minutes=15)

Mark = tuple[str, int | None, int | None, int]


@dataclass(slots=True)
class Watch:
    """``longest`` is the longest time without progress, by state; ``stuck`` are those above the bound.

    A talk counts from its begin on, since talks of a storm are short. ``due`` is when each urgent callback
    was first seen to be due while nobody was rung for it. ``pause_seconds``: nothing more will be settled
    this long after the last.
    """

    database: Database
    bound_seconds: float
    pause_seconds: float
    longest: dict[str, float] = field(default_factory=lambda: dict.fromkeys((*_IN_HAND, AT_0), 0.0))
    stuck: dict[str, str] = field(default_factory=dict)
    due: dict[int, datetime] = field(default_factory=dict)
    _seen: dict[str, tuple[Mark, float]] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begins(self) -> None:
        """Look twice a second from now on."""
        self._thread = threading.Thread(target=self._looks_on, daemon=True)
        self._thread.start()

    def ends(self) -> None:
        """Look no more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def slowest(self) -> float:
        """The longest of all."""
        return max(self.longest.values())

    def _looks_on(self) -> None:
        while not self._ended.wait(_LOOKS_EVERY):
            # A database that is being restarted is looked at again in a moment.
            with suppress(SQLAlchemyError):
                self._looks()

    def _looks(self) -> None:
        with self.database.reading() as session:
            rows = session.execute(
                select(
                    Callback.id,
                    Callback.state,
                    Callback.liaison_call_id,
                    Callback.caller_call_id,
                    Callback.caller_tries,
                ).where(Callback.state.in_(_IN_HAND))
            ).all()
            at = datetime.now(UTC)
            is_due = (Callback.state == "requested", Callback.next_attempt_at <= at)
            for urgent in session.scalars(select(Callback.id).where(Callback.urgency == "urgent", *is_due)):
                self.due.setdefault(urgent, at)
            talks = session.scalars(
                select(Talk.id).where(Talk.closed_at.is_(None), Talk.callback_id.is_(None))
            ).all()
        marks: dict[str, Mark] = {f"callback {row.id}": (row[1], row[2], row[3], row[4]) for row in rows}
        marks.update({f"talk {talk_id}": (AT_0, None, None, 0) for talk_id in talks})
        now = time.monotonic()
        before, self._seen = self._seen, {}
        for name, mark in marks.items():
            known = before.get(name)
            since = known[1] if known is not None and known[0] == mark else now
            self._seen[name] = mark, since
            self.longest[mark[0]] = max(self.longest[mark[0]], now - since)
            if now - since > self.bound_seconds:
                self.stuck[name] = f"{mark[0]} for {now - since:.0f} s"

    def waits_until_quiet(self) -> bool:
        """Wait until no callback, talk at 0 or place in the queue is open, and no liaison is held.

        By then every notice is confirmed, with staff, or outside its hours. Give up once nothing was settled
        for ``pause_seconds``; returns whether all were. It has no limit over all: a slow
        machine keeps its promises late, and no promise is lost by that.
        """
        settled, since = -1, time.monotonic()
        while not self._is_quiet():
            # While the database is being restarted nobody can tell.
            with suppress(SQLAlchemyError):
                now_settled = self._settled()
                if now_settled != settled:
                    settled, since = now_settled, time.monotonic()
            if time.monotonic() - since > self.pause_seconds:
                return False
            time.sleep(_LOOKS_EVERY)
        return True

    def _settled(self) -> int:
        with self.database.reading() as session:
            over = (
                Callback.state.not_in(OPEN_STATES),
                QueuedCall.ended_at.is_not(None),
                Talk.closed_at.is_not(None),
                or_(Notice.task_at.is_not(None), Notice.state.not_in(OPEN_NOTICES)),
            )
            # A notice that was missed twice is settled by its third call.
            settled_or_called = (*over, Call.notice_id.is_not(None))
            return sum(session.scalar(select(func.count()).where(one)) or 0 for one in settled_or_called)

    def _is_quiet(self) -> bool:
        soon = datetime.now(UTC) + _SOON
        with suppress(SQLAlchemyError), self.database.reading() as session:
            goes_on = (
                Staff.busy_call_id.is_not(None),
                Callback.state.in_(OPEN_STATES),
                Talk.closed_at.is_(None),
                QueuedCall.ended_at.is_(None),
                CustodyEvent.spread_at.is_(None),
                Notice.state == "ringing",
                and_(Notice.state == "waiting", Notice.next_attempt_at < soon),
            )
            return not any(session.scalar(select(func.count()).where(one)) for one in goes_on)
        return False
