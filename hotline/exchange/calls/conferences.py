"""The conferences of one exchange: who is in each, and what its members notice and hear."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

from hotline.exchange.calls.conference import Conference, Participant, Playback
from hotline.exchange.delivery.request import LineError, Request
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.terms import API_URL
from hotline.exchange.twiml.waits import RecordingOrder

#: Conferences that are over, beyond this number, are forgotten, oldest first.
MOST_REMEMBERED = 1000


class Member(Protocol):
    """A leg as a conference sees it."""

    @property
    def leg(self) -> Leg: ...

    def note(self, words: str) -> None:
        """Tell the person on this leg what happened."""

    def hears(self, words: str) -> None:
        """Hear what another member says."""

    def conference_ends(self) -> None:
        """Go on after the conference."""

    def conference_changes(self) -> None:
        """Hear what is played now: members have changed, someone is on hold, or there is an announcement."""


class Conferences:
    """Conferences by name. When a member that ``ends_with_me`` leaves, the others go on after the conference.

    ``send`` takes a conference's events. ``move`` runs an action where the call with this sid is driven;
    without it the action runs at once. No function and no member is called while a lock is taken.
    """

    def __init__(
        self,
        *,
        account_sid: str = "",
        send: Callable[[Request], object] | None = None,
        move: Callable[[str, Callable[[], None]], object] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        api_url: str = API_URL,
    ) -> None:
        self._account_sid, self._send, self._move, self._clock = account_sid, send, move, clock
        self._api_url = api_url
        self._conferences: dict[str, Conference] = {}
        self._conference_of: dict[Member, Conference] = {}
        self._lock = threading.RLock()

    def join(
        self,
        name: str,
        member: Member,
        *,
        ends_with_me: bool,
        starts_on_enter: bool = True,
        muted: bool = False,
        beep: str = "true",
        label: str | None = None,
        coach: str = "",
        most: int = 250,
        wait_url: str | None = None,
        wait_method: str = "POST",
        status_callback: str | None = None,
        status_method: str = "POST",
        status_callback_events: frozenset[str] = frozenset(),
        recording: RecordingOrder | None = None,
    ) -> Participant | None:
        """Add ``member``. Once the conference has started, everyone notices how many others there are.

        It starts with the second member, if one of them ``starts_on_enter``. Returns None for a member that
        is one too many (``most``) or whose ``label`` is taken. That member notices why and goes on.
        """
        with self._lock:
            conference = self._open(name)
            if status_callback and conference.status_callback is None:
                conference.status_callback, conference.status_method = status_callback, status_method
                conference.wanted = status_callback_events
            conference.recording = conference.recording or recording
            is_taken = bool(label) and any(one.label == label for one in conference.people.values())
            if len(conference.people) >= most or is_taken:
                participant = None
            else:
                participant = Participant(
                    call_sid=member.leg.call_sid,
                    label=label or None,
                    ends_with_me=ends_with_me,
                    starts_on_enter=starts_on_enter,
                    muted=muted,
                    beep=beep,
                    wait_url=wait_url,
                    wait_method=wait_method,
                    coaching=bool(coach),
                    call_sid_to_coach=coach or None,
                    joined_at=self._clock(),
                )
                conference.people[member] = participant
                self._conference_of[member] = conference
                conference.coaches(participant)
                told = conference.events("join", "participant-join", self._clock(), participant)
                if conference.starts(self._clock()):
                    told += conference.events("start", "conference-start", self._clock())
                    told += conference.starts_recording(self._api_url)
                others, has_started = list(conference.people), conference.has_a_starter
        if participant is None:
            member.note("another has this label" if is_taken else "the conference is full")
            self._send_on([member])
            return None
        self._tell(told)
        if not has_started:
            member.note("you wait for the conference to start")
            return participant
        for one in others:
            one.note(_connected(len(others) - 1))
        self._change([one for one in others if one is not member])
        return participant

    def leave(self, member: Member, reason: str = "participant_hung_up") -> None:
        """Take ``member`` out of its conference, if it is in one."""
        with self._lock:
            conference = self._conference_of.pop(member, None)
            if conference is None:
                return
            participant = conference.people.pop(member)
            told = conference.events(
                "leave", "participant-leave", self._clock(), participant, ReasonParticipantLeft=reason
            )
            others = list(conference.people)
            ends = participant.ends_with_me or not others
            if ends:
                why = (
                    "last-participant-left" if not others else "participant-with-end-conference-on-exit-left"
                )
                told += self._close(conference, why, participant)
        self._tell(told)
        if ends:
            self._send_on(others)
        else:
            for other in others:
                other.note(_connected(len(others) - 1))
            self._change(others)

    def end(self, sid: str) -> Conference:
        """End a conference through the REST API: everyone in it goes on. Raises LookupError."""
        with self._lock:
            conference = self.find(sid)
            others = list(conference.people)
            told = (
                []
                if conference.status == "completed"
                else self._close(conference, "conference-ended-via-api")
            )
        self._tell(told)
        self._send_on(others)
        return conference

    def kick(self, sid: str, call_sid: str) -> None:
        """Remove a participant, whose call goes on after the conference. Raises LookupError."""
        member, _ = self.member(sid, call_sid)
        self.leave(member, "participant_updated_via_api")
        self._send_on([member])

    def change(self, sid: str, call_sid: str, **changes: object) -> Participant:
        """Change fields of a participant. Raises LookupError."""
        with self._lock:
            member, participant = self.member(sid, call_sid)
            conference = self.find(sid)
            notes, told = conference.changes(participant, changes, self._clock())
        for words in notes:
            member.note(words)
        self._tell(told)
        self._change([member])
        return participant

    def announce(self, sid: str, url: str, method: str, call_sid: str | None = None) -> None:
        """Play the document at ``url`` once to one participant, or to all. Raises LookupError."""
        with self._lock:
            conference = self.find(sid)
            members = list(conference.people) if call_sid is None else [self.member(sid, call_sid)[0]]
            for member in members:
                conference.people[member].announcements.append(Playback("announcement", url, method))
        self._change(members)

    def announced(self, member: Member, playback: Playback, *, failed: bool) -> None:
        """Record that ``member`` has heard an announcement, or that the line ``failed`` to play it."""
        event = "announcement-fail" if failed else "announcement-end"
        with self._lock:
            conference = self._conference_of.get(member)
            told: list[Request] = []
            if conference is not None and playback in conference.people[member].announcements:
                participant = conference.people[member]
                participant.announcements.remove(playback)
                told = conference.events("announcement", event, self._clock(), participant)
        self._tell(told)

    def plays_to(self, member: Member) -> Playback | None:
        """Return what ``member`` hears besides people; None for nothing, and outside a conference."""
        with self._lock:
            conference = self._conference_of.get(member)
            return None if conference is None else conference.plays_to(conference.people[member])

    def has(self, member: Member) -> bool:
        """Whether ``member`` is in a conference."""
        with self._lock:
            return member in self._conference_of

    def connects(self, member: Member) -> bool:
        """Whether ``member`` is in a conference that has started, and somebody else is there."""
        with self._lock:
            conference = self._conference_of.get(member)
            return (
                conference is not None and conference.status == "in-progress" and len(conference.people) > 1
            )

    def speaks(self, member: Member, words: str) -> bool:
        """Let everyone who can hear ``member`` hear ``words``. Returns False outside a conference."""
        with self._lock:
            conference = self._conference_of.get(member)
            if conference is None:
                return False
            hearers = [] if not conference.has_a_starter else conference.hearers(conference.people[member])
        for other in hearers:
            other.hears(words)
        return True

    def reserve(self, name: str) -> Conference:
        """Return the open conference with this ``name``, and create it if there is none."""
        with self._lock:
            return self._open(name)

    def find(self, sid: str) -> Conference:
        """Return a conference by its sid, or by its name while it lasts. Raises LookupError."""
        with self._lock:
            if sid in self._conferences:
                return self._conferences[sid]
            for conference in self._conferences.values():
                if sid == conference.name and conference.status != "completed":
                    return conference
        raise LookupError("there is no such conference")

    def member(self, sid: str, call_sid: str) -> tuple[Member, Participant]:
        """Return a member of a conference by call sid or label. Raises LookupError."""
        with self._lock:
            for member, participant in self.find(sid).people.items():
                if call_sid in {participant.call_sid, participant.label}:
                    return member, participant
        raise LookupError("nobody of that call is in the conference")

    def all(self) -> list[Conference]:
        """Return every conference that is remembered, oldest first."""
        with self._lock:
            return list(self._conferences.values())

    def _open(self, name: str) -> Conference:
        for conference in self._conferences.values():
            if conference.name == name and conference.status != "completed":
                return conference
        over = [
            conference.sid for conference in self._conferences.values() if conference.status == "completed"
        ]
        for sid in over[: max(0, len(self._conferences) - MOST_REMEMBERED)]:
            del self._conferences[sid]
        conference = Conference(name, self._account_sid, self._clock())
        self._conferences[conference.sid] = conference
        return conference

    def _close(self, conference: Conference, reason: str, who: Participant | None = None) -> list[Request]:
        for member in conference.people:
            del self._conference_of[member]
        conference.people.clear()
        conference.closes(reason, None if who is None else who.call_sid, self._clock())
        by = "" if who is None else who.call_sid
        told = conference.events(
            "end", "conference-end", self._clock(), ReasonConferenceEnded=reason, CallSidEndingConference=by
        )
        return told + conference.stops_recording(self._clock())

    def _tell(self, told: list[Request]) -> None:
        for request in told:
            # A lost event changes nothing for the members.
            with suppress(LineError):
                if self._send is not None:
                    self._send(request)

    def _change(self, members: list[Member]) -> None:
        for member in members:
            # A failure of the line on another call is that call's own.
            with suppress(LineError):
                if self._move is None:
                    member.conference_changes()
                else:
                    self._move(member.leg.call_sid, member.conference_changes)

    def _send_on(self, members: list[Member]) -> None:
        """Send every member on, even when the line fails one of them; the last failure is raised."""
        problem = None
        for member in members:
            try:
                if self._move is None:
                    member.conference_ends()
                else:
                    self._move(member.leg.call_sid, member.conference_ends)
            except LineError as failed:
                problem = failed
        if problem is not None:
            raise problem


def _connected(others: int) -> str:
    if not others:
        return "you are alone in the conference"
    return f"you are now connected to {others} other{'s' if others > 1 else ''}"
