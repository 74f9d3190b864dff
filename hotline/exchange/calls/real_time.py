"""Lets the time of a call pass with the time of the person on it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hotline.exchange.calls.call import LiveCall


class RealTime:
    """Moves the clock of a timed ``call``, and of the legs that it dialed, with real time.

    Every action on the call runs inside ``with clock.now():``, from any thread. Some thread must tick
    whenever ``due_in`` seconds have gone by. ``speed`` is how many seconds of the call pass in one real
    second. ``tick`` and ``now`` raise LineError when the call does.
    """

    def __init__(
        self,
        call: LiveCall,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        speed: float = 1.0,
    ) -> None:
        self.call = call
        self._monotonic, self._speed = monotonic, speed
        self._lock = threading.RLock()
        self._last = monotonic()

    @property
    def speed(self) -> float:
        """How many seconds of the call pass in one real second; 0 stops its time."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if speed < 0:
            raise ValueError("time does not run backwards")
        with self.now():
            self._speed = speed

    def tick(self) -> None:
        """Let the seconds go by on the call that went by in reality since the last tick."""
        with self._lock:
            moment = self._monotonic()
            seconds, self._last = (moment - self._last) * self._speed, moment
            if seconds > 0:
                self.call.passes(seconds)

    @contextmanager
    def now(self) -> Iterator[LiveCall]:
        """Bring the call up to this moment, and lock it for the block."""
        with self._lock:
            self.tick()
            yield self.call
            # The time in which the line answered does not count: the caller was waiting, not listening.
            self._last = self._monotonic()

    def due_in(self) -> float | None:
        """Return the real seconds until the call goes on by itself; None if nothing is due or time stops."""
        with self._lock:
            due = self.call.due_in()
            return None if due is None or not self._speed else due / self._speed
