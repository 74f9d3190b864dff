"""Turns what may be told about a person into prompts: what the record contains, dated, and nothing else."""

from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from ivr_flows.engine.time_words import in_zone, zone_prompt
from ivr_flows.prompts import Prompts
from models.custody.custody_status import Heard, is_day_alone


class Speaker(Protocol):
    """Where the words go: the desk of a call, or a page on which staff read what may be told."""

    @property
    def prompts(self) -> Prompts: ...
    @property
    def office_zone(self) -> str: ...
    @property
    def zone(self) -> str: ...
    def say(self, prompt: str, **slots: str) -> None: ...
    def words(self, prompt: str, **slots: str) -> str: ...
    def when(
        self, at: datetime, *, on: bool = False, clock: bool = False, time_zone: str | None = None
    ) -> str: ...


def say_status(desk: Speaker, found: Heard) -> None:
    """Say a status in R14's order, or the one neutral phrase for every reason not to (R13, R15).

    The status comes first, then its own date, the place, the age of the record, and what it does not cover.
    """
    if found.status is None or found.status_at is None or found.as_of is None:
        desk.say("status.neutral")
        return
    # The date of a status is a day; minutes are told only for the record's age.
    form = "since" if found.status in ("in_custody", "returned_to_custody") else "on"
    # A day alone is the office's: farther west its midnight is on the day before.
    zone = _zone_of_day(found.status_at, desk.office_zone)
    day = desk.when(found.status_at, on=form == "on", time_zone=zone)
    desk.say(f"status.{found.status}", **{form: day})
    if found.facility_name is not None:
        # A person who is out or has died is no longer in a place of the directory.
        place = "status.facility_last" if found.hard_news else "status.facility"
        desk.say(place, facility=found.facility_name)
    # Feeds do report events after the moment for which they speak. An "as of" time before the event would
    # sound false; the record's age still counts from the feed's own moment (R14).
    as_of = max(found.as_of, found.status_at)
    desk.say("status.as_of", as_of=_as_of(desk, as_of, found.status_at, zone))
    if found.age == "notice":
        desk.say("status.old")
    if found.status != "deceased":
        desk.say("status.limits")


def say_which_case(desk: Speaker, ends: str | None) -> None:
    """Say which of a person's cases a notice is about, by its last digits; None says nothing."""
    if ends is not None:
        desk.say("notice.which_case", digits=desk.prompts.spoken_number(ends))


def say_feed_silent(desk: Speaker, since: datetime) -> None:
    """Say, in place of a status, that the feed has confirmed nobody since then, about no person (R13)."""
    desk.say("notice.feed_silent", on=desk.when(since, clock=True))


def say_details(desk: Speaker, found: Heard) -> None:
    """Say what is behind option 1: phone, stage, hearing, expected release (R14)."""
    if found.facility_name is not None and found.facility_phone is not None:
        number = desk.prompts.spoken_number(found.facility_phone)
        # By its name: for a person who was "last held" there, "there" would mean where they are now.
        desk.say("status.facility_phone", facility=found.facility_name, phone=number)
        # Separately, because with the name of a place one prompt would be too long (R23).
        desk.say("status.facility_phone_again", phone=number)
    if found.removal_stage is not None:
        desk.say(f"stage.{found.removal_stage}")
    if found.next_hearing_at is None and found.has_details:
        # The option promised court dates first.
        desk.say("status.no_hearing")
    say_dates(desk, found)


def say_dates(desk: Speaker, found: Heard) -> None:
    """Say the next hearing and the expected release, of which a reminder tells (R15)."""
    if found.next_hearing_at is not None:
        _say_hearing(desk, found.next_hearing_at, found.next_hearing_place, found.hearing_zone)
    if found.expected_release_at is not None:
        # The office's day: a sender who knows the day alone gives its midnight there.
        day = desk.when(found.expected_release_at, on=True, time_zone=desk.office_zone)
        desk.say("status.expected_release", on=day)


def _say_hearing(desk: Speaker, at: datetime, place: str | None, zone: str | None) -> None:
    # A time is told in the court's own zone, with its name, or not at all: people rely on it to get there
    # (R14). No court sits at midnight: of such a date the day alone is known.
    day_of = _zone_of_day(at, desk.office_zone, zone or desk.office_zone)
    has_name = day_of is None and zone is not None and zone_prompt(zone, at) is not None
    zone = day_of or zone or desk.office_zone
    moment = desk.when(at, clock=has_name, time_zone=zone)
    if has_name:
        moment = in_zone(desk.words, moment, zone, at)
    desk.say("status.hearing", at=moment)
    if place is not None and not desk.prompts.tells(place):
        desk.say("status.hearing_place", place=place)
    desk.say("status.hearing_check")


def _as_of(desk: Speaker, at: datetime, day: datetime, day_in: str | None) -> str:
    """When the record was confirmed, by the listener's clock.

    Where it is still the day before ``day``, it is told by the clock of that day's zone, with its name: else
    a record that says "released on Friday" would be of Thursday.
    """
    if day_in is None or at.astimezone(ZoneInfo(desk.zone)).date() >= day.astimezone(ZoneInfo(day_in)).date():
        return desk.when(at, clock=True)
    return in_zone(desk.words, desk.when(at, clock=True, time_zone=day_in), day_in, at)


def _zone_of_day(at: datetime, *zones: str) -> str | None:
    """The zone whose day ``at`` is, if it is only a day; None if it is a time of day."""
    return next((zone for zone in zones if is_day_alone(at, ZoneInfo(zone))), None)
