"""One thread that starts things at their time, however many there are."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Timers:
    """``after`` never waits, and what is due must not either: it posts work elsewhere and returns."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._is_running = False

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Do ``action`` in ``seconds``."""
        with self._changed:
            heapq.heappush(self._due, (self._clock() + seconds, next(self._count), action))
            self._changed.notify()
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, daemon=True, name="timers").start()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._due:
                    # The thread ends with the last timer, so that a switchboard nobody uses leaves none.
                    self._is_running = False
                    return
                left = self._due[0][0] - self._clock()
                if left > 0:
                    self._changed.wait(left)
                    continue
                _, _, action = heapq.heappop(self._due)
            try:
                action()
            except Exception as problem:  # noqa: BLE001  (one that fails must not keep the others from their time)
                _log.error("A timer of the exchange failed (%s).", type(problem).__name__)
