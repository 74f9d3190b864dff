"""What happens at the exchange as server-sent events, for a bounded number of pages at once."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from hotline.exchange.calls.feed import Feed, Happening
from hotline.exchange.twiml.finding import Finding
from hotline.exchange.twiml.pretty import findings_as_json, laid_out

#: Each stream holds one thread of the exchange (none of the line's), so there is an end to them.
MOST_STREAMS = 32
#: A page that has gone is noticed at the next write, so something is written at least this often.
HEARTBEAT_SECONDS = 5.0


class TooManyStreamsError(Exception):
    """So many pages follow the exchange already that no more are taken."""


class Streams:
    """Streams of one feed. An id is ``epoch-number``; numbers begin anew at a restart, with another epoch."""

    def __init__(
        self, feed: Feed, *, most: int = MOST_STREAMS, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> None:
        self._feed, self._heartbeat = feed, heartbeat_seconds
        self._epoch = uuid4().hex[:8]
        self._slots = threading.BoundedSemaphore(most)

    def id_of(self, number: int) -> str:
        """How a page names the happening with that number."""
        return f"{self._epoch}-{number}"

    def now(self) -> str:
        """The id of what happened last."""
        return self.id_of(self._feed.last)

    def opens(self, last_id: str) -> tuple[Iterator[str], Callable[[], None]]:
        """Events after ``last_id`` for as long as they are read, and what gives the place back.

        Raises TooManyStreamsError.
        """
        if not self._slots.acquire(blocking=False):
            raise TooManyStreamsError
        is_given_back = threading.Lock()

        def gives_back() -> None:
            if is_given_back.acquire(blocking=False):
                self._slots.release()

        return self._events(last_id), gives_back

    def _events(self, last_id: str) -> Iterator[str]:
        epoch, _, text = last_id.partition("-")
        if epoch != self._epoch or not (text.isdecimal() and len(text) < 19):
            yield "event: reset\ndata:\n\n"
            return
        number = int(text)
        has_news = threading.Event()
        unsubscribe = self._feed.subscribe(lambda _happening: has_news.set())
        try:
            # Something must come at once, or the page does not know that it is live.
            yield ": live\n\n"
            while True:
                has_news.clear()
                for happening in self._feed.since(number):
                    if happening.number != number + 1:
                        # It was away for longer than the feed remembers.
                        yield "event: reset\ndata:\n\n"
                        return
                    number = happening.number
                    document = json.dumps(document_of(happening))
                    yield f"id: {self.id_of(number)}\ndata: {document}\n\n"
                if not has_news.wait(self._heartbeat):
                    yield ": still here\n\n"
        finally:
            unsubscribe()


def document_of(happening: Happening) -> dict[str, Any]:
    """A happening as JSON can carry it; a webhook comes with its document laid out, and findings."""
    facts = dict(happening.facts)
    if happening.kind == "webhook":
        params = dict(facts["params"])
        whisper = bool(params.get("ParentCallSid"))
        body: str = facts["body"]
        findings: tuple[Finding, ...] = ()
        if body and not facts["is_event"] and "xml" in (facts["content_type"] or ""):
            body, findings = laid_out(body, whisper=whisper)
            if "MessageSid" in params:
                # The reader knows the verbs of calls alone, and would find a text's <Message> wrong.
                findings = ()
        facts |= {"body": body, "findings": findings_as_json(findings)}
    return {
        "number": happening.number,
        "at": happening.at.isoformat(timespec="milliseconds"),
        "kind": happening.kind,
        "call": happening.call_sid,
        "facts": facts,
    }
