"""As many requests are worked on at once as there are slots: callers first, none while its sender is slow."""

import io
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from hotline.slow_senders import FILE_SECONDS, FORM_SECONDS, SlowSenders

#: What the carrier asks for while somebody is on the telephone.
CALLERS = ("/voice/", "/sms/")
#: Whether the process lives. A platform that has no answer in time ends it, with all who are on calls.
ALIVE = "/up"
#: No form of a carrier or of the console has more; a longer body is read as the application reads it.
FORM_BYTES = 64 * 1024

#: So many slots in a row go to callers while others wait; then one of the others has one. In a flood of
#: requests at the callers' paths, which anyone may send, staff can still sign in.
CALLERS_IN_A_ROW = 5

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class RequestSlots:
    """A WSGI application around another, which works on ``count`` requests at once, callers' first.

    The server reads a body in the thread that answers, for as long as its sender likes. So there is a thread
    for each connection, and few slots: a request has one while it is worked on, and none while its body is
    awaited. Strangers who send half a form then cost a connection each for ten seconds, and keep no caller
    waiting. Where all
    slots are taken, callers' requests go before those of the console, which has one slot in six. Whether the
    process lives is said without a slot: a platform waits for that answer a moment only.
    """

    def __init__(self, application: Application, count: int, senders: SlowSenders | None = None) -> None:
        self._application = application
        self._senders = senders or SlowSenders()
        self._free = count
        self._callers, self._others = deque[threading.Lock](), deque[threading.Lock]()
        #: How many slots in a row went to callers while others waited.
        self._callers_in_a_row = 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        path = str(environ.get("PATH_INFO", ""))
        if path == ALIVE:
            return self._application(environ, start_response)
        is_call = path.startswith(CALLERS)
        body, length = environ["wsgi.input"], str(environ.get("CONTENT_LENGTH") or "")
        address = str(environ.get("REMOTE_ADDR", ""))
        if length.isdecimal() and int(length) <= FORM_BYTES:
            # A form is here before its request stands in the queue, so that it stands there once.
            with self._senders.awaiting(address, FORM_SECONDS):
                environ["wsgi.input"] = io.BytesIO(_whole(body, int(length)))
        else:
            environ["wsgi.input"] = _Awaited(body, self, is_call, address)
        self.take(is_call)
        try:
            return self._application(environ, start_response)
        finally:
            self.leave()

    def awaits(self, address: str) -> AbstractContextManager[None]:
        """While the next part of a long body from this address is awaited."""
        return self._senders.awaiting(address, FILE_SECONDS)

    @property
    def waiting(self) -> int:
        """How many requests wait for a slot."""
        return len(self._callers) + len(self._others)

    def take(self, is_call: bool) -> None:
        """Wait for a slot. A call is next, and of its kind whoever waits longest."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            called = threading.Lock()
            called.acquire()
            (self._callers if is_call else self._others).append(called)
        called.acquire()

    def leave(self) -> None:
        """Leave the slot to who is next: a caller, but for one slot in six while others wait."""
        with self._lock:
            if self._callers and (not self._others or self._callers_in_a_row < CALLERS_IN_A_ROW):
                self._callers_in_a_row += bool(self._others)
                self._callers.popleft().release()
            elif self._others:
                self._callers_in_a_row = 0
                self._others.popleft().release()
            else:
                self._free += 1


def _whole(body: Any, length: int) -> bytes:
    parts, missing = [], length
    while missing > 0 and (part := body.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


class _Awaited:
    """A body; to read it is to wait for its sender, without a slot."""

    def __init__(self, body: Any, slots: RequestSlots, is_call: bool, address: str) -> None:
        self._body, self._slots, self._is_call, self._address = body, slots, is_call, address

    def read(self, size: int = -1) -> bytes:
        return self._without_slot(self._body.read, size)

    def readline(self, size: int = -1) -> bytes:
        return self._without_slot(self._body.readline, size)

    def _without_slot(self, read: Callable[..., bytes], size: int) -> bytes:
        self._slots.leave()
        try:
            with self._slots.awaits(self._address):
                # The server's own body takes no negative size for "all of it".
                return read() if size is None or size < 0 else read(size)
        finally:
            self._slots.take(self._is_call)
