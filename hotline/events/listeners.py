"""The open consoles that listen: a stream for each, and what is to be sent to it next."""

import asyncio
from collections import Counter
from collections.abc import Collection

#: A comment, which browsers ignore. It keeps proxies from closing a stream on which nothing happens, and a
#: connection that is gone is noticed.
KEEPALIVE = b":\n\n"
#: At once in all, and for one session: each open page of it has one.
MOST, MOST_OF_ONE = 1000, 30


class TooManyError(Exception):
    """One stream more than the limit."""


class Stream:
    """What one open console is sent. A reader that is slow gets only the newest message."""

    def __init__(self, session_id: int) -> None:
        self.session_id = session_id
        self._message, self._is_over = b"", False
        self._woken = asyncio.Event()

    def tell(self, message: bytes) -> None:
        """Send this next; a keepalive is not needed where a message waits."""
        if message != KEEPALIVE or not self._message:
            self._message = message
            self._woken.set()

    def end(self) -> None:
        """End the stream after what is being sent now."""
        self._is_over = True
        self._woken.set()

    async def next(self) -> bytes | None:
        """Wait for the next message; None when the stream is over."""
        await self._woken.wait()
        self._woken.clear()
        message, self._message = self._message, b""
        return None if self._is_over else message


class Listeners:
    """All streams of this process. Only its one loop uses them, so there is no lock."""

    def __init__(self, most: int = MOST, most_of_one: int = MOST_OF_ONE) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._streams = set[Stream]()
        self._of_sessions = Counter[int]()
        self._some = asyncio.Event()
        self._is_closed = False
        self._last = b""

    def join(self, session_id: int) -> Stream:
        """A new stream. Its first message is the last one of all: its page may be older than that.

        Raises TooManyError.
        """
        is_full = len(self._streams) >= self._most or self._of_sessions[session_id] >= self._most_of_one
        if is_full or self._is_closed:
            raise TooManyError
        stream = Stream(session_id)
        self._streams.add(stream)
        self._of_sessions[session_id] += 1
        if self._last:
            stream.tell(self._last)
        self._some.set()
        return stream

    def leave(self, stream: Stream) -> None:
        """The console does not listen any more."""
        self._streams.discard(stream)
        self._of_sessions[stream.session_id] -= 1
        self._of_sessions = +self._of_sessions
        if not self._streams:
            self._some.clear()

    @property
    def session_ids(self) -> set[int]:
        """The sessions whose consoles listen."""
        return set(self._of_sessions)

    async def wait_for_some(self) -> None:
        """Wait until at least one console listens."""
        await self._some.wait()

    def tell_all(self, message: bytes) -> None:
        """Send this to every console, and first to each that comes later."""
        self._last = message
        for stream in self._streams:
            stream.tell(message)

    def keep_alive(self) -> None:
        """Send each a few bytes."""
        for stream in self._streams:
            stream.tell(KEEPALIVE)

    def end_all_but(self, session_ids: Collection[int]) -> None:
        """End the streams of all other sessions."""
        for stream in self._streams:
            if stream.session_id not in session_ids:
                stream.end()

    def close(self) -> None:
        """End every stream, and begin no other."""
        self._is_closed = True
        self.end_all_but(())
