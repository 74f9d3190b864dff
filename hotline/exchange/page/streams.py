"""Server-sent events of what happens at the exchange, for a limited number of pages."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from hotline.exchange.calls.feed import Feed, Happening
from hotline.exchange.twiml.finding import Finding
from hotline.exchange.twiml.pretty import findings_as_json, laid_out

#: Each stream uses one thread of the exchange (none of the line's), so their number is limited.
MOST_STREAMS = 32
#: A closed page is noticed at the next write, so a stream writes at least this often.
HEARTBEAT_SECONDS = 5.0


class TooManyStreamsError(Exception):
    """Too many pages follow the exchange already."""


class Streams:
    """Streams of one feed. An id is ``epoch-number``; a restart begins a new epoch with number 1.

    ``style`` tells whether findings about style are shown too.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        most: int = MOST_STREAMS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        style: bool = False,
    ) -> None:
        self._feed, self._heartbeat, self.style = feed, heartbeat_seconds, style
        self._epoch = uuid4().hex[:8]
        self._slots = threading.BoundedSemaphore(most)

    def id_of(self, number: int) -> str:
        """Return the id of the happening with this number."""
        return f"{self._epoch}-{number}"

    def now(self) -> str:
        """Return the id of the last happening."""
        return self.id_of(self._feed.last)

    def open(self, last_id: str) -> tuple[Iterator[str], Callable[[], None]]:
        """Return the events after ``last_id``, without end, and the function that frees the stream's slot.

        Raises TooManyStreamsError.
        """
        if not self._slots.acquire(blocking=False):
            raise TooManyStreamsError
        is_released = threading.Lock()

        def release() -> None:
            if is_released.acquire(blocking=False):
                self._slots.release()

        return self._events(last_id), release

    def _events(self, last_id: str) -> Iterator[str]:
        epoch, _, text = last_id.partition("-")
        if epoch != self._epoch or not (text.isdecimal() and len(text) < 19):
            yield "event: reset\ndata:\n\n"
            return
        number = int(text)
        has_news = threading.Event()
        unsubscribe = self._feed.subscribe(lambda _happening: has_news.set())
        try:
            # Without a first byte the page does not know that the stream works.
            yield ": live\n\n"
            while True:
                has_news.clear()
                for happening in self._feed.since(number):
                    if happening.number != number + 1:
                        # The page was away for longer than the feed remembers.
                        yield "event: reset\ndata:\n\n"
                        return
                    number = happening.number
                    document = json.dumps(document_of(happening, style=self.style))
                    yield f"id: {self.id_of(number)}\ndata: {document}\n\n"
                if not has_news.wait(self._heartbeat):
                    yield ": still here\n\n"
        finally:
            unsubscribe()


def document_of(happening: Happening, *, style: bool = False) -> dict[str, Any]:
    """Return a happening ready for JSON; a webhook with its document laid out, and findings."""
    facts = dict(happening.facts)
    if happening.kind == "webhook":
        params = dict(facts["params"])
        whisper = bool(params.get("ParentCallSid"))
        body: str = facts["body"]
        findings: tuple[Finding, ...] = ()
        if body and not facts["is_event"] and "xml" in (facts["content_type"] or ""):
            body, findings = laid_out(body, whisper=whisper, style=style)
            if "MessageSid" in params:
                # The reader knows only the verbs of calls, and would report the <Message> of a text.
                findings = ()
        facts |= {"body": body, "findings": findings_as_json(findings)}
    return {
        "number": happening.number,
        "at": happening.at.isoformat(timespec="milliseconds"),
        "kind": happening.kind,
        "call": happening.call_sid,
        "facts": facts,
    }
