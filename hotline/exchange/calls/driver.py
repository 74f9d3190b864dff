"""Driving one leg: its requests are delivered, their documents run, and what is heard is written down."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import NotRequired, TypedDict, Unpack

from hotline.exchange.calls.call_events import CallEvents
from hotline.exchange.delivery.delivery import Deliver
from hotline.exchange.delivery.request import LineError, Request
from hotline.exchange.twiml.documents import TwimlError
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.passage import Passage

_DOCUMENT_TYPES = frozenset({"text/xml", "application/xml", "text/html"})


def _now() -> datetime:
    return datetime.now(UTC)


class Wiring(TypedDict):
    """What a leg is wired to, each with a default.

    ``wanted`` call events go to ``events_url`` through ``send``, which is the delivery unless given.
    ``sleep`` takes the seconds of a pause for a leg that is not timed, and ``clock`` dates the events.
    """

    events_url: NotRequired[str | None]
    wanted: NotRequired[frozenset[str]]
    send: NotRequired[Callable[[Request], object] | None]
    sleep: NotRequired[Callable[[float], object]]
    clock: NotRequired[Callable[[], datetime]]


class LegDriver:
    """Takes a leg from one wait to the next; what follows there (``_settle``) is another's to say.

    It raises LineError when the line answers with something else than a document that runs.
    """

    def __init__(self, leg: Leg, deliver: Deliver, **wiring: Unpack[Wiring]) -> None:
        self.leg = leg
        self.transcript: list[Passage] = []
        self._deliver, self._send = deliver, wiring.get("send") or deliver
        self._sleep = wiring.get("sleep", time.sleep)
        self._clock = wiring.get("clock", _now)
        wanted = wiring.get("wanted", frozenset({"completed"}))
        self.events = CallEvents(leg, wiring.get("events_url"), wanted, self._send, self._clock)
        self._phrases_noted = self._notes_noted = 0

    def note(self, words: str) -> None:
        """Put into the transcript what the person notices without being told by the line."""
        self._put("note", words)

    def hears(self, words: str) -> None:
        """Hear what another person says."""
        self._put("talk", words)

    def heard_since_last_key(self) -> list[str]:
        """The phrases heard after the last thing that was pressed or left unpressed."""
        last = max((at for at, p in enumerate(self.transcript) if p.kind == "pressed"), default=-1)
        return [p.text for p in self.transcript[last + 1 :] if p.kind == "heard"]

    def _settle(self) -> None:
        """Do what follows from where the leg has come to rest."""

    def _outlives(self, problem: TwimlError | LineError) -> bool:  # noqa: ARG002  (a conference looks at it)
        """Whether the call goes on although the line failed it just now."""
        return False

    def _go_on(self, step: Callable[[], Request | None]) -> None:
        """Take one step of the leg, then deliver and run documents until the leg waits or is over."""
        try:
            request = step()
            self._take_down()
            while request is not None:
                request = self._ask(request)
        except (TwimlError, LineError) as problem:
            self._take_down()
            if self._outlives(problem):
                self._settle()
                return
            self.note("an application error has occurred")
            self.leg.ends("completed")
            self._settle()
            raise LineError(str(problem), problem.code) from None
        self._settle()

    def _ask(self, request: Request) -> Request | None:
        if request.after_seconds:
            self._sleep(request.after_seconds)
        reply = self._deliver(request)
        if self.leg.is_over:
            # Someone hung up while the line was thinking: nobody hears what it answers.
            return None
        if reply.status != 200:
            raise LineError(f"the line answered {reply.status}", 11217)
        if reply.content_type.partition(";")[0].strip() not in _DOCUMENT_TYPES:
            what = reply.content_type or "no type"
            raise LineError(f"the line answered with {what}, which is no document", 12300)
        try:
            # After a redirect or a fallback its addresses are relative to where it came from in the end.
            return self.leg.takes(reply.body, url="" if reply.url == request.url else reply.url)
        finally:
            self._take_down()

    def _take_down(self) -> None:
        """Write down what was heard, and what a carrier would log, in the order in which it came."""
        phrases, notes = self.leg.phrases, self.leg.notes
        for at in range(self._phrases_noted, len(phrases) + 1):
            while self._notes_noted < len(notes) and notes[self._notes_noted][0] <= at:
                self.note(notes[self._notes_noted][1])
                self._notes_noted += 1
            if at < len(phrases):
                self.transcript.append(Passage.of(phrases[at]))
        self._phrases_noted = len(phrases)

    def _send_asides(self) -> None:
        while self.leg.asides:
            with suppress(LineError):
                # Nobody on the call hears that one was lost.
                self._send(self.leg.asides.pop(0))

    def _put(self, kind: str, text: str) -> None:
        self.transcript.append(Passage(kind, text, at=self.leg.now))
