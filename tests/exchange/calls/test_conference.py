"""Conferences by themselves: when they start, who hears whom, which events are sent."""

from dataclasses import dataclass, field

import pytest

from hotline.exchange.calls.conferences import Conferences
from hotline.exchange.delivery.request import LineError, Request
from hotline.exchange.twiml.leg import Leg

EVENTS = frozenset({"start", "end", "join", "leave", "mute", "hold", "modify"})
URL = "https://line.example.org/voice/conference-events"


@dataclass(eq=False)
class Person:
    leg: Leg = field(default_factory=lambda: Leg(account_sid="AC1", from_="+12025550123", to="+12025550100"))
    notes: list[str] = field(default_factory=list)
    went_on: int = 0
    fails: bool = False

    def note(self, words: str) -> None:
        self.notes.append(words)

    def hears(self, words: str) -> None:
        self.notes.append(words)

    def conference_changes(self) -> None:
        """Hear the music or an announcement, which nobody here listens to."""

    def conference_ends(self) -> None:
        self.went_on += 1
        if self.fails:
            raise LineError("the line failed")


def test_caller_who_waits_for_another_to_start_hears_that() -> None:
    conferences, first, second = Conferences(), Person(), Person()

    conferences.join("conference", first, ends_with_me=False, starts_on_enter=False)
    assert first.notes == ["you wait for the conference to start"]
    conferences.speaks(first, "Hello?")
    conferences.join("conference", second, ends_with_me=False)

    assert first.notes[1:] == second.notes == ["you are now connected to 1 other"]
    assert conferences.find("conference").status == "in-progress"


def test_full_conference_or_taken_label_turns_people_away() -> None:
    conferences, first, second, third = Conferences(), Person(), Person(), Person()
    conferences.join("conference", first, ends_with_me=False, label="caller", most=2)

    assert conferences.join("conference", second, ends_with_me=False, label="caller", most=2) is None
    assert second.notes == ["another has this label"]
    conferences.join("conference", second, ends_with_me=False, label="liaison", most=2)
    assert conferences.join("conference", third, ends_with_me=False, most=2) is None

    assert third.notes == ["the conference is full"]
    assert (second.went_on, third.went_on) == (1, 1)


def test_every_wanted_event_is_sent_in_order() -> None:
    told: list[Request] = []
    conferences, first, second = Conferences(account_sid="AC1", send=told.append), Person(), Person()
    more = {"status_callback": URL, "status_callback_events": EVENTS}
    conferences.join("conference", first, ends_with_me=True, **more)  # type: ignore[arg-type]
    conferences.join("conference", second, ends_with_me=False, label="caller")
    sid = conferences.find("conference").sid
    conferences.change(sid, "caller", muted=True, hold=True, coaching=True)
    conferences.change(sid, "caller", muted=True)
    conferences.change(sid, "caller", muted=False, hold=False)
    conferences.leave(first)

    assert [request.param("StatusCallbackEvent") for request in told] == [
        "participant-join", "participant-join", "conference-start", "participant-mute", "participant-hold",
        "participant-modify", "participant-unmute", "participant-unhold", "participant-leave",
        "conference-end",
    ]  # fmt: skip
    assert [request.param("SequenceNumber") for request in told] == [str(number) for number in range(10)]
    assert told[1].param("ParticipantLabel") == "caller"
    assert told[-1].param("CallSidEndingConference") == first.leg.call_sid
    assert second.went_on == 1


def test_lost_event_changes_nothing() -> None:
    def loses(_request: Request) -> None:
        raise LineError("lost")

    conferences, one = Conferences(send=loses), Person()
    conferences.join("conference", one, ends_with_me=True, status_callback=URL, status_callback_events=EVENTS)

    assert one.notes == ["you are alone in the conference"]


def test_everyone_goes_on_even_when_the_line_fails_one_of_them() -> None:
    conferences, first, second, third = Conferences(), Person(), Person(fails=True), Person()
    for one in (first, second, third):
        conferences.join("conference", one, ends_with_me=one is first)

    with pytest.raises(LineError):
        conferences.leave(first)

    assert (second.went_on, third.went_on) == (1, 1)


def test_ended_conference_is_found_by_its_sid_alone() -> None:
    conferences, one = Conferences(), Person()
    conferences.join("conference", one, ends_with_me=False)
    sid = conferences.find("conference").sid

    conferences.leave(one)
    conferences.leave(one)

    assert conferences.find(sid).status == "completed"
    with pytest.raises(LookupError):
        conferences.find("conference")
    with pytest.raises(LookupError):
        conferences.kick(sid, one.leg.call_sid)
