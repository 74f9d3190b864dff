"""Letting the time of a call pass as fast as that of the person who is on it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hotline.exchange.calls.call import LiveCall


class RealTime:
    """Keeps the clock of a timed ``call``, and of those that it dialled, with the clock on the wall.

    Whatever is done on the call is done ``with clock.now():`` around it, from any thread; and some thread
    ticks whenever ``due_in`` seconds have gone by. ``speed`` is how many seconds of the call pass in one
    second. Calls that meet in a conference or a queue share one ``lock``. What the call raises (LineError)
    comes out of ``tick`` and of ``now``.
    """

    def __init__(
        self,
        call: LiveCall,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        speed: float = 1.0,
        lock: "threading.RLock | None" = None,
    ) -> None:
        self.call = call
        self._monotonic, self._speed = monotonic, speed
        self._lock = threading.RLock() if lock is None else lock
        self._last = monotonic()

    @property
    def speed(self) -> float:
        """How many seconds of the call pass in one second; 0 holds the call."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if speed < 0:
            raise ValueError("time does not run backwards")
        with self.now():
            self._speed = speed

    def tick(self) -> None:
        """Let the seconds go by that have gone by since the last time."""
        with self._lock:
            moment = self._monotonic()
            seconds, self._last = (moment - self._last) * self._speed, moment
            if seconds > 0:
                self.call.passes(seconds)

    @contextmanager
    def now(self) -> Iterator[LiveCall]:
        """The call as it is at this moment, and nobody else's until the block is left."""
        with self._lock:
            self.tick()
            yield self.call
            # The line took its time to answer, and the caller was waiting, not listening.
            self._last = self._monotonic()

    def due_in(self) -> float | None:
        """Seconds on the wall until the call goes on by itself; None when nothing is due, or it is held."""
        with self._lock:
            due = self.call.due_in()
            return None if due is None or not self._speed else due / self._speed
