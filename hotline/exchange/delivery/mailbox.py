"""Runs actions one at a time for each call, on threads that all calls share."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class Mailbox:
    """Runs what is posted here in order, one at a time. Other mailboxes run at the same time.

    It uses a thread of ``pool`` only while it has something to do, and runs no action under a lock.
    """

    def __init__(self, pool: Executor) -> None:
        self._pool, self._lock = pool, threading.Lock()
        self._waiting: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._is_working = False

    def post(self, action: Callable[[], Any]) -> "Future[Any]":
        """Run ``action`` after everything posted before. The future has its result or its exception."""
        future: Future[Any] = Future()
        with self._lock:
            self._waiting.append((action, future))
            if self._is_working:
                return future
            self._is_working = True
        self._pool.submit(self._work)
        return future

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._is_working = False
                    return
                action, future = self._waiting.popleft()
            try:
                future.set_result(action())
            except BaseException as problem:  # noqa: BLE001  (the future raises it, as with an executor)
                future.set_exception(problem)
