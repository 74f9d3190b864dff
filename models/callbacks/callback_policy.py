"""The office's policy for callbacks: how long, how often, and in which windows (R29, R36)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from models.cases.daily_window import DailyWindow, moment_inside

#: A day takes three steps at most, so this sees past any holidays; what has no moment in it has none.
_MOST_STEPS = 60


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
    @property
    def asked_elsewhere(self) -> bool: ...
    @property
    def next_attempt_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Hours:
    """What decides when a phone rings, of a callback that is no row or would have others."""

    urgency: str
    time_zone: str
    window_starts: datetime | None
    window_ends: datetime | None
    asked_elsewhere: bool
    next_attempt_at: datetime


class Missed(Protocol):
    """What of a callback tells how often nobody of the office accepted it."""

    @property
    def liaison_tries(self) -> int: ...


class CallbackOffice(Protocol):
    """What callbacks ask of the office.

    ``lines`` are the office's own numbers, the main one first.
    ``calling_window(at, time_zone)`` is the earliest moment at or after ``at`` inside the permitted hours
    there (R29); ``due_at`` is the latest moment promised; ``can_dial(number)`` tells whether an E.164 number
    is one that the line may ring (R35); ``next_open(at)`` is the earliest moment at or after ``at`` when the
    office works, and ``zone_of(number)`` the time zone that a number's area suggests.
    """

    @property
    def lines(self) -> tuple[str, ...]: ...

    def policy(self, name: str) -> int | float: ...
    def due_at(self, urgency: Literal["urgent", "other"], at: datetime) -> datetime: ...
    def calling_window(self, at: datetime, time_zone: str) -> datetime: ...
    def can_dial(self, number: str) -> bool: ...
    def is_open(self, at: datetime) -> bool: ...
    def next_open(self, at: datetime) -> datetime: ...
    def zone_of(self, number: str) -> str: ...


@dataclass(frozen=True, kw_only=True)
class CallbackPolicy:
    """The office's numbers for callbacks, read once for the work at hand."""

    liaison_ring_seconds: int
    caller_ring_seconds: int
    liaison_tries: int
    caller_tries: int
    retry: timedelta
    liaison_retry: timedelta
    missed_claim: timedelta
    lease: timedelta
    due_soon: timedelta
    untaken_retry: timedelta
    talk_check: timedelta
    call_interval: timedelta
    lines: tuple[str, ...]
    calling_window: Callable[[datetime, str], datetime] = field(repr=False)
    can_dial: Callable[[str], bool] = field(repr=False)
    is_open: Callable[[datetime], bool] = field(repr=False)
    next_open: Callable[[datetime], datetime] = field(repr=False)

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
            missed_claim=timedelta(minutes=office.policy("missed_claim_minutes")),
            lease=timedelta(seconds=office.policy("lease_seconds")),
            due_soon=timedelta(minutes=office.policy("due_soon_minutes")),
            untaken_retry=timedelta(minutes=office.policy("untaken_retry_minutes")),
            talk_check=timedelta(seconds=office.policy("talk_check_seconds")),
            call_interval=timedelta(seconds=1) / office.policy("carrier_calls_per_second"),
            lines=office.lines,
            calling_window=office.calling_window,
            can_dial=office.can_dial,
            is_open=office.is_open,
            next_open=office.next_open,
        )

    def next_moment(self, callback: Windowed, at: datetime) -> datetime:
        """When to look at this callback again, at or after ``at``: never outside the permitted hours (R29).

        Whether it may ring then is asked once more, of ``moment_inside``, before anybody is rung.
        """
        if callback.urgency == "urgent":
            return _own_window(callback, at)
        return self.moment_inside(callback, at) or self.calling_window(at, callback.time_zone)

    def next_round(
        self, callback: Windowed, tries: int, now: datetime, pause: timedelta
    ) -> tuple[int, datetime] | None:
        """The tries that count, and when the phone rings next, after so many of the person's; None after all.

        Before the end it rings in the part of the day that somebody was promised, if another request without
        the PIN has used up these tries earlier (R35).
        """
        if tries < self.caller_tries:
            return tries, self.next_moment(callback, now + pause)
        later = promised_later(callback)
        return None if later is None or now >= later else (0, self.next_moment(callback, later))

    def moment_inside(
        self, callback: Windowed, at: datetime, phone: DailyWindow | None = None
    ) -> datetime | None:
        """The earliest moment at or after ``at`` when this callback may ring the person it is for.

        Asking for an urgent callback opens every window until it is kept, but for the one that the person
        chose with it: hard news may wait until they are alone. Any other one rings in the permitted hours,
        narrowed by the person's own window and by their ``phone``'s, while the office works: outside its
        hours no liaison is rung for it. None when these never meet, so that a person must see to it.
        """
        if callback.urgency == "urgent":
            return _own_window(callback, at)
        moment = at
        for _ in range(_MOST_STEPS):
            first = moment
            moment = self.calling_window(moment, callback.time_zone)
            moment = _own_window(callback, moment)
            if phone is not None:
                moment = phone.moment_inside(moment, callback.time_zone)
            if not self.is_open(moment):
                moment = self.next_open(moment)
            if moment == first:
                return moment
        return None

    def of_staff(self) -> "CallbackPolicy":
        """The same for a call that somebody of staff makes now: they are at work, so the office is open."""
        return replace(self, is_open=lambda _at: True, next_open=lambda at: at)

    def is_untaken(self, callback: Missed) -> bool:
        """Whether so many offers were missed that urgent work rings those on call and supervisors too."""
        return callback.liaison_tries >= self.liaison_tries

    def liaison_lease(self, now: datetime) -> datetime:
        """Until when a liaison's leg may go without news before the sweeper looks after it."""
        return now + timedelta(seconds=self.liaison_ring_seconds) + self.lease

    def caller_lease(self, now: datetime) -> datetime:
        """Until when a caller's leg may go without news before the sweeper looks after it."""
        return now + timedelta(seconds=self.caller_ring_seconds) + self.lease


def promised_later(callback: Windowed) -> datetime | None:
    """When the part of the day begins that one asker was promised, where another's rings earlier (R35).

    Until then it rings in any permitted hour; from then on in that part.
    """
    starts = callback.window_starts
    is_early = callback.asked_elsewhere and starts is not None and callback.next_attempt_at < starts
    return starts if is_early else None


def _own_window(callback: Windowed, at: datetime) -> datetime:
    """The earliest moment at or after ``at`` in the part of the day that the person chose, if they did."""
    if callback.window_starts is None or callback.window_ends is None or promised_later(callback) is not None:
        return at
    return moment_inside(callback.window_starts, callback.window_ends, callback.time_zone, at)
