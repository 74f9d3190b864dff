"""Drives one leg: delivers its requests, runs the documents that come back, and keeps the transcript."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import NotRequired, TypedDict, Unpack

from hotline.exchange.calls.call_events import CallEvents
from hotline.exchange.delivery.delivery import Deliver
from hotline.exchange.delivery.request import LineError, Params, Request
from hotline.exchange.twiml.documents import TwimlError
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.passage import Passage

#: A hold document is requested again when it ends, but not more often than this.
LEAST_HOLD_SECONDS = 1.0
_DOCUMENT_TYPES = frozenset({"text/xml", "application/xml", "text/html"})


def _now() -> datetime:
    return datetime.now(UTC)


class Wiring(TypedDict):
    """What a leg is wired to, each with a default.

    ``wanted`` call events go to ``events_url`` through ``send``, which is the delivery unless given.
    ``sleep`` takes the seconds of a pause for a leg that is not timed, and ``clock`` dates the events.
    ``owns`` tells whether the account has a number, which a Dial may then show; by default it has any.
    """

    events_url: NotRequired[str | None]
    wanted: NotRequired[frozenset[str]]
    send: NotRequired[Callable[[Request], object] | None]
    sleep: NotRequired[Callable[[float], object]]
    clock: NotRequired[Callable[[], datetime]]
    owns: NotRequired[Callable[[str], bool]]


class LegDriver:
    """Takes a leg from one wait to the next. The call, its queue and its conference all drive it.

    Every time the leg has come to rest, the driver calls ``settle``, which decides what follows. When the
    line fails, it asks ``survives`` whether the call goes on all the same.

    ``is_joined`` tells whether the person on this leg is joined to another person. ``dial_due`` and
    ``hold_due`` are moments of the leg's clock: when a Dial gives up or its talk ends, and when the hold
    document is requested again.
    """

    def __init__(
        self,
        leg: Leg,
        deliver: Deliver,
        *,
        settle: Callable[[], None],
        survives: Callable[[TwimlError | LineError], bool],
        **wiring: Unpack[Wiring],
    ) -> None:
        self.leg, self.deliver, self.settle, self._survives = leg, deliver, settle, survives
        self.send = wiring.get("send") or deliver
        self.sleep = wiring.get("sleep", time.sleep)
        self.clock = wiring.get("clock", _now)
        self.owns = wiring.get("owns", bool)
        wanted = wiring.get("wanted", frozenset({"completed"}))
        self.events = CallEvents(leg, wiring.get("events_url"), wanted, self.send, self.clock)
        self.transcript: list[Passage] = []
        self.is_joined = False
        self.dial_due: float | None = None
        self.hold_due: float | None = None
        self._held_at = 0.0
        self._phrases_noted = self._notes_noted = 0

    # The transcript.

    def note(self, words: str) -> None:
        """Write down what the person notices without being told by the line."""
        self.put("note", words)

    def hears(self, words: str) -> None:
        """Write down what another person says."""
        self.put("talk", words)

    def put(self, kind: str, text: str, *, lost: bool = False) -> None:
        """Write down a passage of this ``kind``, at this moment of the leg's clock."""
        self.transcript.append(Passage(kind, text, at=self.leg.now, lost=lost))

    # Steps.

    def go_on(self, step: Callable[[], Request | None]) -> None:
        """Take one step of the leg, then deliver and run documents until the leg waits or is over.

        Raises LineError when the line answers with anything but a document that runs. The leg is over then.
        """
        try:
            request = step()
            self._write_down()
            while request is not None:
                request = self._ask(request)
        except (TwimlError, LineError) as problem:
            self._write_down()
            if self._survives(problem):
                self.settle()
                return
            self.note("an application error has occurred")
            self.leg.ends("completed")
            self.settle()
            raise LineError(str(problem), problem.code) from None
        self.settle()

    def hold(self, url: str, method: str, params: Params = ()) -> None:
        """Let the leg hear the hold document at ``url`` once."""
        self._held_at = self.leg.now
        self.go_on(lambda: self.leg.starts_hold(url, method, params))

    def hold_again_later(self) -> None:
        """Set when a timed leg hears its hold document again."""
        if self.leg.timed and self.hold_due is None:
            self.hold_due = max(self.leg.now, self._held_at + LEAST_HOLD_SECONDS)

    def send_asides(self) -> None:
        """Send the requests whose answers do not steer the leg."""
        while self.leg.asides:
            with suppress(LineError):
                # Nobody on the call hears that one was lost.
                self.send(self.leg.asides.pop(0))

    def _ask(self, request: Request) -> Request | None:
        if request.after_seconds:
            self.sleep(request.after_seconds)
        reply = self.deliver(request)
        if self.leg.is_over:
            # Someone hung up while the request was under way, and nobody hears the answer.
            return None
        if reply.status != 200:
            raise LineError(f"the line answered {reply.status}", 11217)
        if reply.content_type.partition(";")[0].strip() not in _DOCUMENT_TYPES:
            what = reply.content_type or "no type"
            raise LineError(f"the line answered with {what}, which is no document", 12300)
        try:
            # After a redirect or a fallback, relative URLs are relative to where the document came from.
            return self.leg.takes(reply.body, url="" if reply.url == request.url else reply.url)
        finally:
            self._write_down()

    def _write_down(self) -> None:
        """Add what the leg heard and noted since the last time, in the order in which it came."""
        phrases, notes = self.leg.phrases, self.leg.notes
        for at in range(self._phrases_noted, len(phrases) + 1):
            while self._notes_noted < len(notes) and notes[self._notes_noted][0] <= at:
                self.note(notes[self._notes_noted][1])
                self._notes_noted += 1
            if at < len(phrases):
                self.transcript.append(Passage.of(phrases[at]))
        self._phrases_noted = len(phrases)
