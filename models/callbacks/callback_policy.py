"""The office's policy for callbacks: how long, how often, and in which windows (R29, R36)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from models.callbacks.callback import NOTICE_TASK, Callback
from models.cases.daily_window import DailyWindow, calling_hours, day_hours, moment_inside, night_hours
from models.cases.safe_phone import PhoneStanding
from models.store.policies import Policies

#: A day takes three steps at most, so this covers any holidays; if no moment is found in it, there is none.
_MOST_STEPS = 60


class Windowed(Protocol):
    """What in a callback decides when it may ring; both a row and a model have it."""

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
    """What decides when a phone rings, for a callback without a row or with other hours."""

    urgency: str
    time_zone: str
    window_starts: datetime | None
    window_ends: datetime | None
    asked_elsewhere: bool
    next_attempt_at: datetime


class Missed(Protocol):
    """What in a callback says how often nobody in the office accepted it."""

    @property
    def liaison_tries(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class CallbackPolicy:
    """What the office decided about callbacks, filled once for each version of the office.

    ``numbers`` are its policies, ``lines`` its own numbers (E.164) with the main one first, and ``zone`` its
    time zone. ``due_at`` is the latest moment promised. ``can_dial(number)`` is whether the line may call an
    E.164 number (R35); ``zone_of(number)`` is the zone that its area suggests. ``next_open(at)`` is the
    earliest moment at or after ``at`` when the office is open.
    """

    numbers: Policies
    lines: tuple[str, ...]
    zone: ZoneInfo
    due_at: Callable[[Literal["urgent", "other"], datetime], datetime] = field(repr=False)
    can_dial: Callable[[str], bool] = field(repr=False)
    zone_of: Callable[[str], str] = field(repr=False)
    is_open: Callable[[datetime], bool] = field(repr=False)
    next_open: Callable[[datetime], datetime] = field(repr=False)
    is_holiday: Callable[[date], bool] = field(repr=False)

    @property
    def retry(self) -> timedelta:
        """From one round to the next."""
        return timedelta(minutes=self.numbers.retry_minutes)

    @property
    def liaison_retry(self) -> timedelta:
        """From one liaison to the next."""
        return timedelta(seconds=self.numbers.liaison_retry_seconds)

    @property
    def missed_claim(self) -> timedelta:
        """How long a claim lasts after a missed call."""
        return timedelta(minutes=self.numbers.missed_claim_minutes)

    @property
    def lease(self) -> timedelta:
        """How long a callback may go without news."""
        return timedelta(seconds=self.numbers.lease_seconds)

    @property
    def due_soon(self) -> timedelta:
        """How long before its due time a promise counts as urgent."""
        return timedelta(minutes=self.numbers.due_soon_minutes)

    @property
    def untaken_retry(self) -> timedelta:
        """How often those on call are called."""
        return timedelta(minutes=self.numbers.untaken_retry_minutes)

    @property
    def talk_check(self) -> timedelta:
        """How often the carrier is asked whether a talk is still on."""
        return timedelta(seconds=self.numbers.talk_check_seconds)

    @property
    def call_interval(self) -> timedelta:
        """The time between two calls that the carrier's pace requires."""
        return timedelta(seconds=1) / self.numbers.carrier_calls_per_second

    def calling_window(self, at: datetime, time_zone: str) -> datetime:
        """The earliest moment at or after ``at`` inside the office's calling hours in this zone (R29)."""
        return calling_hours(self.numbers).moment_inside(at, time_zone)

    def next_moment(self, callback: Windowed, at: datetime) -> datetime:
        """When to check this callback again, at or after ``at``: never outside the permitted hours (R29).

        ``moment_inside`` checks again whether it may ring then, before anybody is called.
        """
        if callback.urgency == "urgent":
            return _own_window(callback, at)
        return self.moment_inside(callback, at) or self.calling_window(at, callback.time_zone)

    def next_round(
        self, callback: Windowed, tries: int, now: datetime, pause: timedelta
    ) -> tuple[int, datetime] | None:
        """The tries that count, and when the phone rings next, after so many of the person's; None after all.

        Before it ends, it rings in the part of the day that somebody was promised, if another request without
        the PIN has used up these tries earlier (R35).
        """
        if tries < self.numbers.caller_tries:
            return tries, self.next_moment(callback, now + pause)
        later = promised_later(callback)
        return None if later is None or now >= later else (0, self.next_moment(callback, later))

    def moment_inside(
        self, callback: Windowed, at: datetime, phone: DailyWindow | None = None
    ) -> datetime | None:
        """The earliest moment at or after ``at`` when this callback may call its person.

        Requesting an urgent callback opens every window until it is kept, except the one that the person
        chose with it: hard news may wait until they are alone. Any other callback is made in the permitted
        hours, limited by the person's own window and by their ``phone``'s, while the office is open: outside
        its hours no liaison is called for it. None when these never overlap, so that a person must see to it.
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

    def moment_for(self, callback: Callback, at: datetime, phone: PhoneStanding) -> datetime | None:
        """``moment_inside`` for a callback to this phone.

        Nobody asked for the call of a task about news, so it opens no hours: it is made when the notice
        itself may ring, as the person agreed to (R28, R29).
        """
        is_unasked = callback.reason == NOTICE_TASK and callback.begun_by_staff
        if callback.urgency != "urgent" or not is_unasked:
            return self.moment_inside(callback, at, phone.window)
        if phone.night_allowed:
            return _own_window(callback, at)
        by_day = _inside_all(callback, at, day_hours(self.numbers), phone.window)
        if phone.night_allowed is False:
            return by_day
        by_night = night_hours(self.numbers).moment_inside(at, callback.time_zone)
        return by_night if by_day is None else min(by_day, by_night)

    def of_staff(self) -> "CallbackPolicy":
        """The same for a call that a staff member makes now: they are at work, so the office is open."""
        return replace(self, is_open=lambda _at: True, next_open=lambda at: at)

    def is_untaken(self, callback: Missed) -> bool:
        """Whether so many offers were missed that those on call and supervisors get urgent work too."""
        return callback.liaison_tries >= self.numbers.liaison_tries

    def liaison_lease(self, now: datetime) -> datetime:
        """Until when a liaison's leg may be without news before the sweeper looks after it."""
        return now + timedelta(seconds=self.numbers.liaison_ring_seconds) + self.lease

    def caller_lease(self, now: datetime) -> datetime:
        """Until when a caller's leg may be without news before the sweeper looks after it."""
        return now + timedelta(seconds=self.numbers.caller_ring_seconds) + self.lease


def promised_later(callback: Windowed) -> datetime | None:
    """When the part of the day begins that one asker was promised, if another's callback rings earlier (R35).

    Until then it rings in any permitted hour; from then on in that part.
    """
    starts = callback.window_starts
    is_early = callback.asked_elsewhere and starts is not None and callback.next_attempt_at < starts
    return starts if is_early else None


def _inside_all(
    callback: Windowed, at: datetime, hours: DailyWindow, phone: DailyWindow | None
) -> datetime | None:
    """The earliest moment at or after ``at`` inside the calling hours, the callback's and the phone's."""
    moment = at
    for _ in range(_MOST_STEPS):
        first = moment
        moment = _own_window(callback, hours.moment_inside(moment, callback.time_zone))
        if phone is not None:
            moment = phone.moment_inside(moment, callback.time_zone)
        if moment == first:
            return moment
    return None


def _own_window(callback: Windowed, at: datetime) -> datetime:
    """The earliest moment at or after ``at`` in the part of the day that the person chose, if they did."""
    if callback.window_starts is None or callback.window_ends is None or promised_later(callback) is not None:
        return at
    return moment_inside(callback.window_starts, callback.window_ends, callback.time_zone, at)
