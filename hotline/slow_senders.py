"""Closes the connections of senders who are too slow: granian itself reads a body without a time limit."""

import contextlib
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

#: A form is to be here within so long, and a file that the console takes itself within the second.
FORM_SECONDS, FILE_SECONDS = 10.0, 60.0
#: So long something may still be on its way: a caller's request on a connection that was idle before.
QUIET_SECONDS = 2.0
_LOOK_SECONDS = 1.0
_DESCRIPTORS = Path("/proc/self/fd")
#: Where Linux tells, in a `tcp_info`, how many milliseconds ago data was last sent and last received.
_SENT_AT, _RECEIVED_AT, _TCP_INFO_BYTES = 44, 52, 104


class SlowSenders:
    """Knows whose body is awaited, and closes what is late.

    WSGI tells the sender's address and not the connection. So of an address with a late body every connection
    is closed to which nothing was sent in the time allowed: the late ones, and idle ones at most. What has
    just received something is spared until twice that time, then it is a sender of a byte now and then.
    """

    def __init__(self) -> None:
        self._awaited: dict[object, tuple[str, float, float]] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def awaiting(self, address: str, seconds: float) -> Iterator[None]:
        """While a body from this address is read, which may take so many seconds."""
        key = object()
        with self._lock:
            self._awaited[key] = (address, time.monotonic() + seconds, seconds)
        try:
            yield
        finally:
            with self._lock:
                del self._awaited[key]

    def close_late(self) -> int:
        """Close the connections of addresses with a late body; returns how many."""
        now = time.monotonic()
        with self._lock:
            late = {address: seconds for address, until, seconds in self._awaited.values() if until <= now}
        if not late:
            return 0
        return sum(_close_if_late(int(found.name), late) for found in _DESCRIPTORS.iterdir())

    def watch_forever(self) -> None:
        """Look once a second, in a thread of its own. Only Linux tells what this needs."""
        if hasattr(socket, "TCP_INFO") and _DESCRIPTORS.is_dir():
            threading.Thread(target=self._watch, name="slow-senders", daemon=True).start()

    def _watch(self) -> None:
        pause = threading.Event()
        while not pause.wait(_LOOK_SECONDS):
            # Where every descriptor is in use, there is none to look with until a connection ends by itself.
            with contextlib.suppress(OSError):
                self.close_late()


def _close_if_late(number: int, late: dict[str, float]) -> bool:
    try:
        # A second descriptor of the same connection: the server may close its own, and the number be reused.
        number = os.dup(number)
    except OSError:
        return False
    try:
        connection = socket.socket(fileno=number)
    except OSError:
        # A file or a pipe: no socket takes the second descriptor over, and nobody else would close it.
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
