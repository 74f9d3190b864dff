"""Timers: one thread starts every action at its time."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Timers:
    """``after`` never waits. An action must not wait either: it posts its work elsewhere and returns."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._is_running = False

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Run ``action`` in ``seconds``."""
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
                    # The thread ends with the last timer, so that an unused switchboard has no thread.
                    self._is_running = False
                    return
                left = self._due[0][0] - self._clock()
                if left > 0:
                    self._changed.wait(left)
                    continue
                _, _, action = heapq.heappop(self._due)
            try:
                action()
            except Exception as problem:  # noqa: BLE001  (one that fails must not delay the others)
                _log.error("A timer of the exchange failed (%s).", type(problem).__name__)
