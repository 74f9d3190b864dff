"""Limits how many requests run at once. Calls go first, and a slow sender holds no slot."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from hotline.slow_senders import FILE_SECONDS, SlowSenders

#: The paths that the carrier requests while somebody is on the phone.
CALLERS = ("/voice/", "/sms/")
#: The path of the console, and of all that is below it.
STAFF = "/console"
#: Says whether the process lives. A platform that gets no answer in time kills it, with all its calls.
ALIVE = "/up"

#: This many slots in a row go to callers while other requests wait; then one other request gets a slot.
#: Anyone can flood the callers' paths, and staff can still sign in then.
CALLERS_IN_A_ROW = 5

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class RequestSlots:
    """A WSGI application around another one. At most ``count`` requests run at once, callers' first.

    The server reads a body in the thread that answers, for as long as its sender takes. So each connection
    has a thread, but there are few slots: a request holds a slot while it runs, and none while its body is
    still arriving. A stranger who sends half a form then uses one connection for ten seconds and delays no
    caller. When all slots are taken, callers' requests go before those of the console, which gets one slot in
    six. The question whether the process lives needs no slot, because a platform waits only a moment for the
    answer.
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
        # Read a form before its request queues for a slot, so that the request queues only once.
        if not self._senders.read_form(environ):
            address = str(environ.get("REMOTE_ADDR", ""))
            environ["wsgi.input"] = _Awaited(environ["wsgi.input"], self, is_call, address)
        self.take(is_call)
        try:
            return self._application(environ, start_response)
        finally:
            self.leave()

    def awaits(self, address: str) -> AbstractContextManager[None]:
        """Cover the time in which the next part of a long body from this address is awaited."""
        return self._senders.awaiting(address, FILE_SECONDS)

    @property
    def waiting(self) -> int:
        """How many requests wait for a slot."""
        return len(self._callers) + len(self._others)

    def take(self, is_call: bool) -> None:
        """Wait for a slot. Calls go first; within each kind, the longest waiting request goes first."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            called = threading.Lock()
            called.acquire()
            (self._callers if is_call else self._others).append(called)
        called.acquire()

    def leave(self) -> None:
        """Release the slot to the next request: a caller's, except one slot in six while others wait."""
        with self._lock:
            if self._callers and (not self._others or self._callers_in_a_row < CALLERS_IN_A_ROW):
                self._callers_in_a_row += bool(self._others)
                self._callers.popleft().release()
            elif self._others:
                self._callers_in_a_row = 0
                self._others.popleft().release()
            else:
                self._free += 1


class _Awaited:
    """A body that waits for its sender without a slot whenever it is read."""

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
                # The server's own body does not accept a negative size for "all of it".
                return read() if size is None or size < 0 else read(size)
        finally:
            self._slots.take(self._is_call)
