"""Closes the connections of senders that are too slow: granian itself reads a body without a time limit."""

import contextlib
import io
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Time limits: for a whole form, and for a file that the console reads itself.
FORM_SECONDS, FILE_SECONDS = 10.0, 60.0
#: No form of a carrier or of the console is longer. A longer body is read as it is needed.
FORM_BYTES = 64 * 1024
#: How long new data may take to arrive: a caller's request on a connection that was idle before.
QUIET_SECONDS = 2.0
_LOOK_SECONDS = 1.0
_DESCRIPTORS = Path("/proc/self/fd")
#: Offsets in Linux's `tcp_info` of the milliseconds since data was last sent and last received.
_SENT_AT, _RECEIVED_AT, _TCP_INFO_BYTES = 44, 52, 104


class SlowSenders:
    """Knows whose body is awaited, and closes the late connections.

    WSGI gives the sender's address but not the connection. So for an address with a late body this closes
    every connection to which nothing was sent in the time allowed: the late ones, and idle ones at most. A
    connection that has just received data is spared until twice that time. After that its sender is one that
    sends a byte now and then.
    """

    def __init__(self) -> None:
        self._awaited: dict[object, tuple[str, float, float]] = {}
        self._lock = threading.Lock()
        #: Set while a body is awaited, so that nothing wakes up every second in an idle process.
        self._is_any_awaited = threading.Event()

    @contextlib.contextmanager
    def awaiting(self, address: str, seconds: float) -> Iterator[None]:
        """Cover the reading of a body from this address, which may take ``seconds``."""
        key = object()
        with self._lock:
            self._awaited[key] = (address, time.monotonic() + seconds, seconds)
            if not self._is_any_awaited.is_set():
                self._is_any_awaited.set()
        try:
            yield
        finally:
            with self._lock:
                del self._awaited[key]

    def read_form(self, environ: dict[str, Any]) -> bool:
        """Read the body whole if it is a form; return False, with nothing read, for a longer one."""
        length = str(environ.get("CONTENT_LENGTH") or "")
        if not length.isdecimal() or int(length) > FORM_BYTES:
            return False
        with self.awaiting(str(environ.get("REMOTE_ADDR", "")), FORM_SECONDS):
            environ["wsgi.input"] = io.BytesIO(_whole(environ["wsgi.input"], int(length)))
        return True

    def close_late(self) -> int:
        """Close the connections of addresses with a late body; return how many."""
        now = time.monotonic()
        with self._lock:
            late = {address: seconds for address, until, seconds in self._awaited.values() if until <= now}
        if not late:
            return 0
        return sum(_close_if_late(int(found.name), late) for found in _DESCRIPTORS.iterdir())

    def watch_forever(self) -> None:
        """Check once a second, on a thread of its own, while a body is awaited.

        Only Linux provides the data for this.
        """
        if hasattr(socket, "TCP_INFO") and _DESCRIPTORS.is_dir():
            threading.Thread(target=self._watch, name="slow-senders", daemon=True).start()

    def _watch(self) -> None:
        while self._is_any_awaited.wait():
            time.sleep(_LOOK_SECONDS)
            with self._lock:
                if not self._awaited:
                    self._is_any_awaited.clear()
            # While every descriptor is in use, none is free for this check until a connection ends by itself.
            with contextlib.suppress(OSError):
                self.close_late()


def _whole(body: Any, length: int) -> bytes:
    parts, missing = [], length
    while missing > 0 and (part := body.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _close_if_late(number: int, late: dict[str, float]) -> bool:
    try:
        # Use a second descriptor of the same connection: the server may close its own and reuse the number.
        number = os.dup(number)
    except OSError:
        return False
    try:
        connection = socket.socket(fileno=number)
    except OSError:
        # A file or a pipe: no socket owns the second descriptor, so it must be closed here.
        os.close(number)
        return False
    with connection, contextlib.suppress(OSError, struct.error):
        if connection.family not in (socket.AF_INET, socket.AF_INET6):
            return False
        seconds = late.get(connection.getpeername()[0])
        if seconds is None:
            return False
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        sent, received = (struct.unpack_from("@I", info, at)[0] / 1000 for at in (_SENT_AT, _RECEIVED_AT))
        if sent >= 2 * seconds or (sent >= seconds and received >= QUIET_SECONDS):
            connection.shutdown(socket.SHUT_RDWR)
            return True
    return False
