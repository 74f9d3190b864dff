"""Turns what may be said of a person into prompts. It says what the record holds, dated, and nothing else."""

from datetime import datetime
from typing import Protocol

from ivr_flows.prompts import Prompts
from models.custody_status import Heard


class Speaker(Protocol):
    """Where the words go: the desk of a call, or a page on which staff read what may be said."""

    @property
    def prompts(self) -> Prompts: ...
    def say(self, prompt: str, **slots: str) -> None: ...
    def moment(self, at: datetime) -> str: ...


def say_status(desk: Speaker, found: Heard) -> None:
    """Say a status (R14, R15), or the one neutral phrase for every reason not to (R13)."""
    if found.status is None or found.status_at is None or found.as_of is None:
        desk.say("status.neutral")
        return
    # Feeds do say that something happened after the moment for which they speak. To say "as of" a time before
    # it would sound untrue; how old the record is counts from the feed's own moment all the same (R14).
    as_of = max(found.as_of, found.status_at)
    desk.say(f"status.{found.status}", at=desk.moment(found.status_at), as_of=desk.moment(as_of))
    if found.age == "notice":
        desk.say("status.old")
    if found.status != "deceased":
        # What a status does not cover is said where its date is: no court date that follows is meant.
        desk.say("status.limits")
    if found.facility_name is not None:
        # Who is out or has died is in no place of the directory any more.
        place = "status.facility_last" if found.hard_news else "status.facility"
        desk.say(place, facility=found.facility_name)
    if found.facility_phone is not None:
        desk.say("status.facility_phone", phone=desk.prompts.spoken_number(found.facility_phone))
    if found.removal_stage is not None:
        desk.say(f"stage.{found.removal_stage}")
    if found.next_hearing_at is not None:
        desk.say("status.hearing", at=desk.moment(found.next_hearing_at))
    if found.next_hearing_place is not None and not desk.prompts.tells(found.next_hearing_place):
        desk.say("status.hearing_place", place=found.next_hearing_place)
    if found.expected_release_at is not None:
        desk.say("status.expected_release", at=desk.moment(found.expected_release_at))
