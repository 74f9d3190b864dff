"""The wallboard: what needs a person now, who is away, and how the day goes. Renewed while it is open."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, current_app, render_template
from flask.blueprints import BlueprintSetupState

from hotline.console.callbacks.area import area
from hotline.console.callbacks.bars import draw
from hotline.console.callbacks.due_words import due_words
from hotline.console.callbacks.list_rows import SHORT_OUTCOMES, SHORT_REASONS
from hotline.console.shell.console import console
from hotline.console.shell.durations import short
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.live import EVERY, live_part, tag_of
from models.notices.notice_counts import Late, late_notices
from models.overview.wallboard.figures import Figures, figures
from models.overview.wallboard.needs_person import Needs, needs

ROLES = ("supervisor", "administrator")
#: A process reads the figures at most this often, no matter how many people look.
KEPT = timedelta(seconds=4)
LATEST = "hotline.console.callbacks.wallboard"
#: What proves that a form is from a page of the reader.
_TOKEN = re.compile(r'<input type="hidden" name="csrf_token"[^>]*>')


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the wallboard at one moment."""

    figures: Figures
    needs: Needs
    late: Late


@area.record
def _keep_figures(state: BlueprintSetupState) -> None:
    state.app.extensions[LATEST] = Latest(_read)


def _shown() -> dict[str, Any]:
    latest: Latest = current_app.extensions[LATEST]
    board, office, policies = latest.at(console.clock()), console.office, console.policies
    found = board.figures
    age = None if found.feed_at is None else found.at - found.feed_at
    hours, clock_hours = found.hours, _hours_of_day(found.at, office.zone)
    places = len(clock_hours)
    return {
        "f": found,
        "needs": board.needs,
        "late": board.late,
        "late_after": short(timedelta(minutes=policies.notice_on_call_minutes)),
        "very_late_after": short(timedelta(minutes=policies.notice_supervisor_minutes)),
        "short": short,
        "due_words": due_words,
        "zone": office.zone,
        "reasons": SHORT_REASONS,
        "outcomes": SHORT_OUTCOMES,
        "feed_age": age,
        "feed_is_old": age is None or age > timedelta(minutes=policies.fresh_minutes),
        "feed_is_stale": age is None or age > timedelta(hours=policies.spoken_stale_hours),
        "is_open": office.is_open(found.at),
        "clock_hours": clock_hours,
        "talks": draw([one.requested for one in hours], [one.talked for one in hours], places=places),
        "pins": draw([one.wrong_pins for one in hours], places=places),
        "busy_hours": [one for one in hours if one.requested or one.talked or one.wrong_pins],
        "risk_minutes": policies.warn_staff_before_minutes,
    }


@area.get("/wallboard")
@guard_staff(*ROLES)
def wallboard() -> str:
    return render_template("console/callbacks/wallboard/wallboard.html", every=EVERY, **_shown())


@area.get("/wallboard/figures")
@guard_staff(*ROLES, live=True)
def wallboard_figures() -> Response:
    return _part("figures")


@area.get("/wallboard/hours")
@guard_staff(*ROLES, live=True)
def wallboard_hours() -> Response:
    return _part("hours")


def _part(name: str) -> Response:
    """A part of the page, or 304 if the page has it: times change in it without any event."""
    shown = render_template(f"console/callbacks/wallboard/{name}.html", **_shown())
    # A token has the second in which it was made; one of an earlier sign-in is no good.
    return live_part(tag_of(_TOKEN.sub("", shown), me().session_id), lambda: shown)


class Latest:
    """The board, at most a few seconds old, read once for all who look."""

    def __init__(self, read: Callable[[datetime], Board]) -> None:
        self._read, self._lock = read, threading.Lock()
        self._found: Board | None = None

    def at(self, now: datetime) -> Board:
        """The board of now, or that of a moment ago."""
        with self._lock:
            found = self._found
            if found is None or not timedelta() <= now - found.figures.at < KEPT:
                found = self._found = self._read(now)
            return found


def _read(now: datetime) -> Board:
    zone, policies = console.office.zone, console.policies
    day = now.astimezone(zone).date()
    risk = timedelta(minutes=policies.warn_staff_before_minutes)
    with console.database.reading() as session:
        return Board(
            figures(
                session, now, midnight=_midnight(day, zone), risk=risk, tied_days=policies.two_people_days
            ),
            needs(
                session, now, day=day, risk=risk, soon=timedelta(minutes=policies.due_soon_minutes),
                pin_request_life=timedelta(hours=policies.pin_request_hours),
            ),
            late_notices(session, now, policies),
        )  # fmt: skip


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
