"""The day and the hours in which a callback may ring, as the person would say them (R35)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ivr_flows.engine.desk import Desk

NOON, EVENING = 12, 17
#: Within this many days the office is open again, or no day of this window is one of its days.
MOST_DAYS = 8


def say_window(desk: Desk, starts: datetime, ends: datetime, urgency: str | None) -> None:
    """Say when this window occurs next: nobody is promised a day that is over.

    A callback of a class other than ``urgent`` rings only while the office is open, so its closed days are
    skipped. Hours are in the person's current local time.
    """
    zone = ZoneInfo(desk.zone)
    starts, ends = _next_time(desk, starts.astimezone(zone), ends.astimezone(zone), urgency)
    on = desk.when(max(starts, desk.now), on=True)
    desk.say("callback.window", on=on, part=hours_in_words(desk, starts, ends))


def _next_time(
    desk: Desk, starts: datetime, ends: datetime, urgency: str | None
) -> tuple[datetime, datetime]:
    days = max(0, (desk.now.astimezone(ends.tzinfo).date() - ends.date()).days)
    # Whole days are added to local time, so nine in the morning stays nine when clocks change.
    shifts = [timedelta(days=ahead) for ahead in range(days, days + MOST_DAYS)]
    times = [(starts + shift, ends + shift) for shift in shifts]
    ahead_of_us = [time for time in times if time[1].astimezone(UTC) > desk.now]
    if urgency == "urgent":
        return ahead_of_us[0]
    open_days = (
        (begins, closes)
        for begins, closes in ahead_of_us
        if desk.office.next_open(max(begins.astimezone(UTC), desk.now)) < closes.astimezone(UTC)
    )
    # If office and window never overlap, a person sees to it; no day is better known than the next one.
    return next(open_days, ahead_of_us[0])


def hours_in_words(desk: Desk, starts: datetime, ends: datetime) -> str:
    """A part of the day by its name if the hours match exactly, else the hours, rounded outward."""
    policies = desk.policies
    from_hour, to_hour = starts.hour, (ends + timedelta(minutes=59)).hour
    parts = {
        (policies.window_opens_hour, NOON): "morning",
        (NOON, EVENING): "afternoon",
        (EVENING, policies.window_closes_hour % 24): "evening",
    }
    part = parts.get((from_hour, to_hour))
    if part is not None and starts.minute == ends.minute == 0:
        return desk.words(f"part.{part}")
    return desk.words(
        "part.hours", starts=desk.words(f"hour.{from_hour}"), ends=desk.words(f"hour.{to_hour}")
    )
