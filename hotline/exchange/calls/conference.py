"""One conference: its participants, what each of them hears, and its events."""

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from hotline.exchange.delivery.request import Request
from hotline.exchange.twiml.recorder import Recorder
from hotline.exchange.twiml.terms import new_sid
from hotline.exchange.twiml.waits import RecordingOrder

#: The events of a participant who is muted or on hold (True), and no longer (False).
_MUTED, _HOLD = {True: "participant-mute", False: "participant-unmute"}, {
    True: "participant-hold",
    False: "participant-unhold",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Playback:
    """What a conference plays to one member: a document at ``url``, music (None) or silence ("").

    ``kind`` is ``wait`` (alone, or before the conference starts), ``hold`` or ``announcement``.
    """

    kind: str
    url: str | None
    method: str


@dataclass(slots=True)
class Participant:
    """One call in a conference. Only the call ``call_sid_to_coach`` hears a participant who is coaching."""

    call_sid: str
    label: str | None
    ends_with_me: bool
    starts_on_enter: bool
    muted: bool
    beep: str
    joined_at: datetime
    wait_url: str | None = None
    wait_method: str = "POST"
    hold: bool = False
    hold_url: str | None = None
    hold_method: str = "GET"
    announcements: list[Playback] = field(default_factory=list)
    coaching: bool = False
    call_sid_to_coach: str | None = None


@dataclass(eq=False, slots=True)
class Conference:
    """``status`` is init until two are there and one of them starts it; then in-progress and completed."""

    name: str
    account_sid: str
    created_at: datetime
    sid: str = field(default_factory=lambda: new_sid("CF"))
    status: str = "init"
    people: "dict[Any, Participant]" = field(default_factory=dict)
    status_callback: str | None = None
    status_method: str = "POST"
    wanted: frozenset[str] = frozenset()
    updated_at: datetime | None = None
    reason_ended: str | None = None
    ended_by: str | None = None
    coaching_asked: dict[str, str] = field(default_factory=dict)
    #: How it is recorded from its start on, if it is; ``recorder`` is set then.
    recording: RecordingOrder | None = None
    recorder: Recorder | None = None
    started_at: datetime | None = None
    _sequence: int = 0

    @property
    def has_a_starter(self) -> bool:
        """Whether the conference has started or has a member who may start it."""
        return self.status == "in-progress" or any(one.starts_on_enter for one in self.people.values())

    def starts(self, now: datetime) -> bool:
        """Start the conference if it can start. Returns whether it started just now."""
        if self.status != "init" or len(self.people) < 2 or not self.has_a_starter:
            return False
        self.status, self.updated_at, self.started_at = "in-progress", now, now
        return True

    def starts_recording(self, api_url: str) -> list[Request]:
        """Record from now on, if a member has asked for it. Returns the events."""
        if self.recording is None:
            return []
        self.recorder = Recorder(self.account_sid, ("ConferenceSid", self.sid), api_url)
        return self.recorder.begins("Conference", 0.0, self.recording)[1]

    def stops_recording(self, now: datetime) -> list[Request]:
        """End the recording, if there is one. Returns the events."""
        if self.recorder is None or self.started_at is None:
            return []
        return self.recorder.ends_all((now - self.started_at).total_seconds())

    def closes(self, reason: str, ended_by: str | None, now: datetime) -> None:
        """End the conference."""
        self.status, self.updated_at = "completed", now
        self.reason_ended, self.ended_by = reason, ended_by

    def coaches(self, participant: Participant) -> None:
        """Let a participant who was invited to coach do so from the first moment."""
        coached = self.coaching_asked.pop(participant.call_sid, None)
        if coached is not None:
            participant.coaching, participant.call_sid_to_coach = True, coached

    def plays_to(self, participant: Participant) -> Playback | None:
        """Return what a participant hears besides people; None for nothing."""
        if participant.announcements:
            return participant.announcements[0]
        if participant.hold:
            return Playback("hold", participant.hold_url, participant.hold_method)
        if self.status == "init" or len(self.people) == 1:
            return Playback("wait", participant.wait_url, participant.wait_method)
        return None

    def hearers(self, speaker: Participant) -> list[Any]:
        """Return who hears ``speaker``: nobody if muted or on hold, one member if coaching."""
        if speaker.muted or speaker.hold:
            return []
        return [
            member
            for member, one in self.people.items()
            if one is not speaker
            and not one.hold
            and (not speaker.coaching or one.call_sid == speaker.call_sid_to_coach)
        ]

    def changes(
        self, participant: Participant, changes: dict[str, object], now: datetime
    ) -> tuple[list[str], list[Request]]:
        """Make ``changes``. Returns what the participant notices, and the events to send."""
        notes: list[str] = []
        told: list[Request] = []
        for name, value in changes.items():
            if getattr(participant, name) == value:
                continue
            setattr(participant, name, value)
            if name == "muted":
                notes.append("you are muted" if value else "you are no longer muted")
                told += self.events("mute", _MUTED[bool(value)], now, participant)
            elif name == "hold":
                notes.append("you are on hold" if value else "you are no longer on hold")
                told += self.events("hold", _HOLD[bool(value)], now, participant)
            elif name in {"coaching", "ends_with_me"}:
                told += self.events("modify", "participant-modify", now, participant)
        self.updated_at = now
        return notes, told

    def events(
        self, wanted: str, event: str, now: datetime, participant: Participant | None = None, **extra: str
    ) -> list[Request]:
        """Return the event to send, if the conference has a URL for it and wants it."""
        if self.status_callback is None or wanted not in self.wanted:
            return []
        params = {
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "AccountSid": self.account_sid,
            "SequenceNumber": str(self._sequence),
            "Timestamp": format_datetime(now),
            "StatusCallbackEvent": event,
        }
        if participant is not None:
            params |= {
                "CallSid": participant.call_sid,
                "Muted": _truth(participant.muted),
                "Hold": _truth(participant.hold),
                "Coaching": _truth(participant.coaching),
                "StartConferenceOnEnter": _truth(participant.starts_on_enter),
                "EndConferenceOnExit": _truth(participant.ends_with_me),
            }
            if participant.label:
                params["ParticipantLabel"] = participant.label
        self._sequence += 1
        return [
            Request.of(
                self.status_method,
                self.status_callback,
                tuple((params | {name: value for name, value in extra.items() if value}).items()),
            )
        ]


def _truth(value: bool) -> str:
    return str(value).lower()
