"""The wallboard: what supervisors see across the room, renewed every five seconds."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app, render_template
from flask.blueprints import BlueprintSetupState

from hotline.console.callbacks.area import area
from hotline.console.callbacks.bars import draw
from hotline.console.shell.console import console
from hotline.console.shell.durations import short
from hotline.console.shell.guard import guard_staff
from models.overview.wallboard import Figures, figures

ROLES = ("supervisor", "administrator")
#: A process reads the figures at most this often, no matter how many people look.
KEPT = timedelta(seconds=4)
LATEST = "hotline.console.callbacks.wallboard"


@area.record
def _keep_figures(state: BlueprintSetupState) -> None:
    state.app.extensions[LATEST] = Latest(_read)


def _shown() -> dict[str, Any]:
    latest: Latest = current_app.extensions[LATEST]
    found, office, policies = latest.at(console.clock()), console.office, console.policies
    age = None if found.feed_at is None else found.at - found.feed_at
    fresh = timedelta(minutes=policies.fresh_minutes)
    stale = timedelta(hours=policies.spoken_stale_hours)
    hours, clock_hours = found.hours, _hours_of_day(found.at, ZoneInfo(office.time_zone))
    places = len(clock_hours)
    return {
        "f": found,
        "short": short,
        "feed_age": age,
        "feed_kind": "bad" if age is None or age > stale else "warn" if age > fresh else "good",
        "is_open": office.is_open(found.at),
        "zone": ZoneInfo(office.time_zone),
        "clock_hours": clock_hours,
        "talks": draw([one.requested for one in hours], [one.talked for one in hours], places=places),
        "pins": draw([one.wrong_pins for one in hours], places=places),
        "missing_pairs": found.missing_pairs,
        "risk_minutes": policies.warn_staff_before_minutes,
    }


@area.get("/wallboard")
@guard_staff(*ROLES)
def wallboard() -> str:
    return render_template("console/callbacks/wallboard/wallboard.html", **_shown())


@area.get("/wallboard/figures")
@guard_staff(*ROLES, live=True)
def wallboard_figures() -> str:
    return render_template("console/callbacks/wallboard/figures.html", **_shown())


class Latest:
    """The figures, at most a few seconds old, read once for all who look."""

    def __init__(self, read: Callable[[datetime], Figures]) -> None:
        self._read, self._lock = read, threading.Lock()
        self._found: Figures | None = None

    def at(self, now: datetime) -> Figures:
        """The figures of now, or those of a moment ago."""
        with self._lock:
            found = self._found
            if found is None or not timedelta() <= now - found.at < KEPT:
                found = self._found = self._read(now)
            return found


def _read(now: datetime) -> Figures:
    zone, policies = ZoneInfo(console.office.time_zone), console.policies
    midnight = _midnight(now.astimezone(zone).date(), zone)
    risk = timedelta(minutes=policies.warn_staff_before_minutes)
    with console.database.reading() as session:
        return figures(session, now, midnight=midnight, risk=risk, tied_days=policies.two_people_days)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # Adding an hour in UTC adds a real hour; in a time zone, clock changes skip or repeat one.
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def _hours_of_day(now: datetime, zone: ZoneInfo) -> list[int]:
    """The local hour at the beginning of each hour of today: 23, 24 or 25 of them."""
    day = now.astimezone(zone).date()
    hour, end, found = _midnight(day, zone), _midnight(day + timedelta(days=1), zone), []
    while hour < end:
        found.append(hour.astimezone(zone).hour)
        hour += timedelta(hours=1)
    return found
