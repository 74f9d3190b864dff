"""The day and the hours in which a callback may ring, as the person would say them (R35)."""

from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from ivr_flows.engine.desk import Desk
from models.callbacks.callback_policy import Hours
from models.staff.rota import Rota

#: Spanish has no word for the hours from five on, so its prompts name that hour: *noche* begins at seven.
NOON, EVENING = 12, 17


def say_window(desk: Desk, starts: datetime, ends: datetime, urgency: str | None) -> None:
    """Say when this window occurs next: nobody is promised a day that is over.

    Days on which nobody is there to call are skipped. Hours are in the person's current local time.
    """
    zone = ZoneInfo(desk.zone)
    starts, ends = _next_time(desk, starts.astimezone(zone), ends.astimezone(zone), urgency)
    on = desk.when(max(starts, desk.now), on=True)
    desk.say("callback.window", on=on, part=hours_in_words(desk, starts, ends))


def _next_time(
    desk: Desk, starts: datetime, ends: datetime, urgency: str | None
) -> tuple[datetime, datetime]:
    days = max(0, (desk.now.astimezone(ends.tzinfo).date() - ends.date()).days)
    policy, zone = desk.callback_policy, ends.tzinfo
    hours = Hours(urgency or "other", str(zone), starts, ends, False, starts)
    opens = Rota(desk.session, desk.now, policy).first_inside(
        max(starts, desk.now), partial(policy.moment_inside, hours), urgent=urgency == "urgent"
    )
    # If nobody is ever there, a person sees to it; no day is better known than the next one.
    at = max(starts, desk.now) if opens is None else opens
    # Whole days are added to local time, so nine in the morning stays nine when clocks change.
    while (ends + timedelta(days=days)).astimezone(UTC) <= at:
        days += 1
    return starts + timedelta(days=days), ends + timedelta(days=days)


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
