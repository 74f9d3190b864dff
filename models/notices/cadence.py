"""When a notice rings which phone next, from plain facts: nothing here reads a row (R28, R29).

A try is one call, or for an escape one call to every allowed phone at once. The phones take turns, first
choice first, so that a person's second phone rings long before a supervisor is paged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from models.cases.daily_window import DailyWindow, calling_hours, day_hours, night_hours
from models.staff.paging import AHEAD
from models.store.policies import Policies

_DAY = timedelta(hours=24)
#: A shorter wait is no delay by a cap: the phone that may ring is only in another call of ours.
_NO_DELAY = timedelta(minutes=1)
#: A moment is inside all windows after few steps, or never.
_MOST_STEPS = 30
#: Why nobody is called by itself any more: the caps are reached, no phone is allowed, or all tries were made.
Task = Literal["cap", "no_phone", "unconfirmed"]


@dataclass(frozen=True, slots=True)
class AllowedPhone:
    """A confirmed, safe phone with a consent that stands; in the order of the registrant's choice.

    ``nights``: an urgent notice may ring outside the calling hours. ``any_hour``: it may ring outside the
    window too, since the person agreed to "at any hour". ``placed`` are the moments at which we called the
    person for any notice, on whichever phone, and ``cap`` is how many they allow in 24 hours. ``tries`` are
    those of this notice on this phone, and ``last_try_at`` is the last of them. ``not_before``: somebody
    there said "not now"; or, of a phone without a try, it was in another call of ours when the notice was
    due; or the carrier refuses this phone alone. ``is_refused``: the carrier refused the last call about this
    notice, which was to this phone.
    """

    phone_id: int
    window: DailyWindow | None
    nights: bool
    cap: int
    placed: tuple[datetime, ...] = ()
    tries: int = 0
    last_try_at: datetime | None = None
    not_before: datetime | None = None
    any_hour: bool = False
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """How far a notice has come. ``at_once``: it rings every allowed phone at the same time."""

    is_urgent: bool
    at_once: bool
    made_at: datetime
    tries: int
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring these phones at this moment, which may be ahead.

    ``by_cap``: a cap delays the call until then, and meanwhile staff are to reach this person. A cap is of
    calls: ``hours_begin`` is when a text may go out before, if that is ahead.
    """

    at: datetime
    phone_ids: tuple[int, ...]
    by_cap: bool = False
    hours_begin: datetime | None = None


#: When a phone may ring, whether it was refused last, its tries, its place in the order, and the phone.
_Found = tuple[datetime, bool, int, int, AllowedPhone]


def next_ring(
    course: Course, phones: Sequence[AllowedPhone], zone: str, now: datetime, policies: Policies
) -> Ring | Task:
    """The next try of a notice; or the code of the task, if the line calls nobody any more by itself.

    ``zone`` is the registrant's (IANA). A moment is never outside the hours that were agreed to, nor over a
    cap. A cap that delays the call makes a task at once, so that it never silences an escape; and an urgent
    notice rings again as soon as the cap allows it.
    """
    if not phones:
        return "no_phone"
    due = max(now, _due(course, phones, now, policies))
    if _is_over(course, due, policies):
        return "unconfirmed"
    found: list[_Found] = []
    for position, phone in enumerate(phones):
        ready = _ready(course, phone, due, now)
        at = _moment_inside(course, phone, zone, ready, policies)
        if at is not None:
            # The next call is another than the refused one, also as a probe of a refused account (R39).
            found.append((at, phone.is_refused, phone.tries, position, phone))
    if not found:
        return "no_phone"
    first = min(at for at, *_ in found)
    free = sorted(
        one for one in found if not (_is_capped(one[-1], one[0]) or _is_put_off_for_ever(course, one[-1]))
    )
    by_cap = not free or free[0][0] > first + _NO_DELAY
    if by_cap:
        # How often somebody was called yesterday is no reason to call nobody for the rest of the 24 hours.
        may_later = [one for one in found if course.is_urgent and one[-1].cap > 0]
        free = sorted(_after_cap(course, one, zone, policies) for one in may_later)
        if not free or free[0][0] >= course.made_at + timedelta(hours=policies.notice_urgent_hours):
            return "cap"
    hours_begin = first if by_cap and first > now else None
    first = free[0][0]
    if _is_over(course, first, policies):
        return "unconfirmed"
    rung = [one[-1].phone_id for one in free if one[0] == first]
    return Ring(first, tuple(rung if course.at_once else rung[:1]), by_cap, hours_begin)


def pause_after(tries: int, policies: Policies, *, is_urgent: bool) -> timedelta:
    """How long after so many calls the next one follows (R28)."""
    minutes = policies.notice_retry_minutes
    if is_urgent:
        is_early = tries < policies.notice_first_tries
        minutes = policies.notice_first_minutes if is_early else policies.notice_later_minutes
    return timedelta(minutes=minutes)


def may_ring(course: Course, phone: AllowedPhone, zone: str, now: datetime, policies: Policies) -> bool:
    """Whether this phone may ring at this very moment, for a leg that waited to be dialed."""
    return _moment_inside(course, phone, zone, now, policies) == now and not _is_capped(phone, now)


def _due(course: Course, phones: Iterable[AllowedPhone], now: datetime, policies: Policies) -> datetime:
    """When the next try is due, whatever the windows say.

    How long ago a try was that a clock wrote which was set back since, nobody knows: the next is due now.
    """
    tries = (phone.last_try_at for phone in phones if phone.last_try_at is not None)
    last = max((one for one in tries if one <= now + AHEAD), default=None)
    due = min(course.made_at, now)
    if last is not None and course.tries > 0:
        due = last + pause_after(course.tries, policies, is_urgent=course.is_urgent)
    return due if course.not_before is None else max(due, course.not_before)


def _ready(course: Course, phone: AllowedPhone, due: datetime, now: datetime) -> datetime:
    """When this phone takes part again, whatever its window says.

    A phone that has not rung yet, because it was in another call of ours, is due once that call is over. It
    does not wait for the next try, even if other phones have rung since.
    """
    if phone.not_before is None:
        return due
    is_owed = phone.tries == 0 and not _is_capped(phone, max(now, phone.not_before))
    return max(max(now, course.not_before or now) if is_owed else due, phone.not_before)


def _is_over(course: Course, at: datetime, policies: Policies) -> bool:
    if course.is_urgent:
        return at > course.made_at + timedelta(hours=policies.notice_urgent_hours)
    return course.tries >= policies.notice_tries


def _moment_inside(
    course: Course, phone: AllowedPhone, zone: str, at: datetime, policies: Policies
) -> datetime | None:
    """The earliest moment at or after ``at`` when this phone may ring; None if there is none."""
    if course.is_urgent and phone.any_hour:
        return at
    hours = calling_hours(policies) if phone.nights else day_hours(policies)
    by_day = _inside_both(hours, phone.window, zone, at)
    if not (course.is_urgent and phone.nights):
        return by_day
    by_night = night_hours(policies).moment_inside(at, zone)
    return by_night if by_day is None else min(by_day, by_night)


def _inside_both(hours: DailyWindow, own: DailyWindow | None, zone: str, at: datetime) -> datetime | None:
    moment = at
    for _ in range(_MOST_STEPS):
        before = moment
        moment = hours.moment_inside(moment, zone)
        if own is not None:
            moment = own.moment_inside(moment, zone)
        if moment == before:
            return moment
    return None


def _is_capped(phone: AllowedPhone, at: datetime) -> bool:
    return sum(1 for placed in phone.placed if placed > at - _DAY) >= phone.cap


def _after_cap(course: Course, found: _Found, zone: str, policies: Policies) -> _Found:
    """The same phone at the first moment that its cap allows."""
    at, is_refused, tries, position, phone = found
    if not _is_capped(phone, at):
        return found
    again = sorted(phone.placed)[-phone.cap] + _DAY
    at = _moment_inside(course, phone, zone, again, policies) or again
    return at, is_refused, tries, position, phone


def _is_put_off_for_ever(course: Course, phone: AllowedPhone) -> bool:
    """Somebody there says "not now" again and again: in 24 hours that never reaches the cap.

    An urgent notice ends after a day anyway.
    """
    return not course.is_urgent and phone.tries >= phone.cap
