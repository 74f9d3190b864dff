"""The office's policy for callbacks: how long, how often, and in which windows (R29, R36)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo


class Windowed(Protocol):
    """What of a callback decides when it may ring; a row or a model has it."""

    @property
    def urgency(self) -> str: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def window_starts(self) -> datetime | None: ...
    @property
    def window_ends(self) -> datetime | None: ...


class CallbackOffice(Protocol):
    """What callbacks ask of the office.

    ``calling_window(at, time_zone)`` is the earliest moment at or after ``at`` inside the permitted hours
    there (R29); ``due_at`` is the latest moment promised; ``can_dial(number)`` tells whether an E.164 number
    is one that the line may ring (R35).
    """

    def policy(self, name: str) -> int | float: ...
    def due_at(self, urgency: Literal["urgent", "other"], at: datetime) -> datetime: ...
    def calling_window(self, at: datetime, time_zone: str) -> datetime: ...
    def can_dial(self, number: str) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class CallbackPolicy:
    """The office's numbers for callbacks, read once for the work at hand."""

    liaison_ring_seconds: int
    caller_ring_seconds: int
    liaison_tries: int
    caller_tries: int
    retry: timedelta
    liaison_retry: timedelta
    lease: timedelta
    calling_window: Callable[[datetime, str], datetime] = field(repr=False)
    can_dial: Callable[[str], bool] = field(repr=False)

    @classmethod
    def of(cls, office: CallbackOffice) -> "CallbackPolicy":
        """Read the policies of office.toml. Raises KeyError for one that the office lacks."""
        return cls(
            liaison_ring_seconds=int(office.policy("liaison_ring_seconds")),
            caller_ring_seconds=int(office.policy("caller_ring_seconds")),
            liaison_tries=int(office.policy("liaison_tries")),
            caller_tries=int(office.policy("caller_tries")),
            retry=timedelta(minutes=office.policy("retry_minutes")),
            liaison_retry=timedelta(seconds=office.policy("liaison_retry_seconds")),
            lease=timedelta(seconds=office.policy("lease_seconds")),
            calling_window=office.calling_window,
            can_dial=office.can_dial,
        )

    def next_moment(self, callback: Windowed, at: datetime) -> datetime:
        """The earliest moment at or after ``at`` when this callback may ring the person it is for.

        Asking for an urgent callback opens the window until it is kept; any other one rings in the permitted
        hours, narrowed by the person's own window, which comes round each day at their local time.
        """
        if callback.urgency == "urgent":
            return at
        moment = self.calling_window(at, callback.time_zone)
        if callback.window_starts is None or callback.window_ends is None:
            return moment
        first = moment
        for _ in range(2):
            starts, ends = _window_after(
                callback.window_starts, callback.window_ends, callback.time_zone, first
            )
            first = self.calling_window(max(first, starts), callback.time_zone)
            if first <= ends:
                return first
        # A window that lies wholly outside the permitted hours gives way to them.
        return moment

    def liaison_lease(self, now: datetime) -> datetime:
        """Until when a liaison's leg may go without news before the sweeper looks after it."""
        return now + timedelta(seconds=self.liaison_ring_seconds) + self.lease

    def caller_lease(self, now: datetime) -> datetime:
        """Until when a caller's leg may go without news before the sweeper looks after it."""
        return now + timedelta(seconds=self.caller_ring_seconds) + self.lease


def _window_after(
    starts: datetime, ends: datetime, time_zone: str, moment: datetime
) -> tuple[datetime, datetime]:
    """The first daily return of a window that is not over at ``moment``."""
    zone = ZoneInfo(time_zone)
    local_start, local_end = starts.astimezone(zone), ends.astimezone(zone)
    days = max(0, (moment.astimezone(zone).date() - local_end.date()).days)
    # Whole days are added to local time, so three in the afternoon stays three when clocks change.
    if local_end + timedelta(days=days) <= moment:
        days += 1
    shift = timedelta(days=days)
    return (local_start + shift), (local_end + shift)
