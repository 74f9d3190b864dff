"""Doing things one after the other for each call, on threads that all calls share."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class Mailbox:
    """What is posted here is done in order and never two at once; other mailboxes go on meanwhile.

    It holds a thread of ``pool`` only while it has something to do. No lock is held while anything is done.
    """

    def __init__(self, pool: Executor) -> None:
        self._pool, self._lock = pool, threading.Lock()
        self._waiting: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._is_working = False

    def post(self, action: Callable[[], Any]) -> "Future[Any]":
        """Do ``action`` when all that was posted before is done. What it raises is the future's to tell."""
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
            except BaseException as problem:  # noqa: BLE001  (told to whoever waits, as an executor does)
                future.set_exception(problem)
