"""Publishes events of the exchange as they happen."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: How many happenings a listener that was away for a moment can catch up on.
MOST_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Happening:
    """``number`` counts up from 1. ``kind`` is one of

    - ``placed``: a call began (to, from, direction, parent, handset)
    - ``status``: its call status changed (status)
    - ``state``: what the person on it can do changed (state)
    - ``transcript``: it grew (passages, each with kind and text; at, the place of the first in the whole)
    - ``webhook``: a request was delivered (method, url, params, status, content_type, body, milliseconds,
      trouble, code, is_event)
    - ``trouble``: an action of the call failed (trouble)
    - ``message``: a text message came or changed (its document in Twilio's words)
    - ``handsets``, ``phone`` and ``tempo``: the page of handsets was changed, who picks up a phone (number,
      answering), or how fast calls are played (speed)
    """

    number: int
    at: datetime
    kind: str
    call_sid: str
    facts: Mapping[str, Any]


Listener = Callable[[Happening], object]


class Feed:
    """Calls its listeners on the thread on which something happened, without a lock.

    A listener must be quick: it puts the happening into a queue, for instance. Its exceptions are ignored.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._listeners: tuple[Listener, ...] = ()
        self._kept: deque[Happening] = deque(maxlen=MOST_KEPT)
        self._count = 0

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` for every happening from now on. Returns the function that ends this."""
        with self._lock:
            self._listeners += (listener,)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(one for one in self._listeners if one is not listener)

        return unsubscribe

    @property
    def last(self) -> int:
        """The number of the last happening; 0 before the first."""
        with self._lock:
            return self._count

    def since(self, number: int) -> list[Happening]:
        """Return the happenings after ``number`` that are still kept, oldest first."""
        with self._lock:
            return [happening for happening in self._kept if happening.number > number]

    def tell(self, kind: str, call_sid: str, **facts: Any) -> None:
        """Publish a happening."""
        with self._lock:
            self._count += 1
            happening = Happening(self._count, self._clock(), kind, call_sid, facts)
            self._kept.append(happening)
            listeners = self._listeners
        for listener in listeners:
            with suppress(Exception):
                listener(happening)
