"""Limits how fast calls are placed; later ones wait, as they do at Twilio."""

import threading
from collections.abc import Callable

#: The longest that Twilio lets a call wait.
LONGEST_WAIT_SECONDS = 24 * 3600.0


class QueueFullError(Exception):
    """More calls wait than can be placed in 24 hours."""


class Pace:
    """Lets at most ``per_second`` calls begin in a second; None for no limit."""

    def __init__(self, per_second: float | None, clock: Callable[[], float]) -> None:
        self.per_second, self._clock = per_second, clock
        self._lock, self._next = threading.Lock(), 0.0

    def wait_seconds(self) -> float:
        """Take the next turn and return the seconds until then. Raises QueueFullError."""
        if self.per_second is None:
            return 0.0
        with self._lock:
            now = self._clock()
            start = max(now, self._next)
            if start - now > LONGEST_WAIT_SECONDS:
                raise QueueFullError
            self._next = start + 1 / self.per_second
        return start - now
