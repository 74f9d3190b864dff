"""Hashes PINs away from the web threads: one hash at a time, known phones first (R05)."""

import atexit
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import Any, Protocol, TypeVar

from models.cases.pin_hash import PinHasher

T = TypeVar("T")

#: How long a turn may hold its web thread for a hash. After that the caller is told to wait.
WAIT_SECONDS = 3.0
#: How far the hashing thread lowers its priority below the threads that answer turns (0 none, 19 most).
NICENESS = 10
#: How often the rows of pending PINs are refreshed: well within the line's PIN_WORK_LIFE.
KEEP_SECONDS = 2.0


class Work(Protocol):
    """A PIN of one call and turn that is hashed here: a guess, or an entry of a new PIN."""

    @property
    def call_id(self) -> int: ...
    @property
    def turn(self) -> int: ...
    @property
    def first(self) -> bool: ...
    def work(self, hasher: PinHasher, pin: str, /) -> Any: ...


_STOP, _KNOWN_PHONE, _OTHER = range(3)
_LOG = logging.getLogger(__name__)


@dataclass(order=True, slots=True)
class _Item:
    """A guess in the queue; only its rank and number are compared."""

    rank: int
    number: int
    guess: Work | None = field(default=None, compare=False)
    pin: str = field(default="", compare=False, repr=False)
    finish: Callable[[Any], Any] = field(default=bool, compare=False, repr=False)
    future: "Future[Any]" = field(default_factory=Future, compare=False)


class Guesses:
    """The guesses of one web process. Its two threads start with the first guess, so it survives a fork.

    One thread runs the KDF at a lowered priority: a flood of guesses never takes more than one core from the
    turns. A guess from a phone that is known for its number goes before all others. The other thread runs
    ``finish`` at the usual priority, because a thread with a lowered priority must not hold a transaction
    open. The queue is never longer than the number of calls: a call has one guess.
    """

    def __init__(self, hasher: PinHasher, keep: Callable[[list[int]], None] | None = None) -> None:
        """``keep`` gets, every KEEP_SECONDS, the ids of the calls whose PIN is still pending here."""
        self._hasher = hasher
        self._keep = keep
        self._kept_at = 0.0
        self._lock = threading.Lock()
        self._numbers = count()
        self._waiting: queue.PriorityQueue[_Item] = queue.PriorityQueue()
        self._worked: queue.SimpleQueue[tuple[_Item, Any] | None] = queue.SimpleQueue()
        self._pending: dict[int, tuple[int, Future[Any]]] = {}
        self._threads: list[threading.Thread] = []
        self._closed = False
        # One caller without a known phone may hold a web thread; the others are told to wait.
        self._ordinary_slot = threading.BoundedSemaphore(1)

    def submit(self, guess: Work, pin: str, finish: Callable[[Any], T]) -> "Future[T]":
        """Queue a reserved try; ``finish`` gets the result of its work and returns the future's result.

        The same call and turn again, while it is pending, gets the same future. An exception of the KDF or of
        ``finish`` is set on the future. Raises RuntimeError after `close`.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("No PIN is worked after the end.")
            turn, future = self._pending.get(guess.call_id, (None, None))
            if future is not None and turn == guess.turn:
                return future
            self._start()
            rank = _KNOWN_PHONE if guess.first else _OTHER
            item = _Item(rank, next(self._numbers), guess, pin, finish)
            self._pending[guess.call_id] = guess.turn, item.future
            self._waiting.put(item)
        item.future.add_done_callback(lambda done: self._forget(guess.call_id, done))
        return item.future

    def pending(self, call_id: int) -> "Future[Any] | None":
        """The future of the guess that this call awaits in this process, or None."""
        with self._lock:
            return self._pending.get(call_id, (0, None))[1]

    def wait(self, future: "Future[T]", first: bool) -> T | None:
        """Return the result if it is there or comes within 3 s, else None: the caller is told to wait.

        A known phone (``first``) always waits, since its guess is hashed next. Of all other calls one at a
        time waits, and the rest get None at once, so a flood cannot hold every web thread. Raises what the
        guess raised.
        """
        if future.done():
            return future.result()
        if not first and not self._ordinary_slot.acquire(blocking=False):
            return None
        try:
            return future.result(timeout=WAIT_SECONDS)
        except TimeoutError:
            # The result may have come at the last moment, or the guess may have raised TimeoutError itself.
            return future.result() if future.done() else None
        finally:
            if not first:
                self._ordinary_slot.release()

    def close(self) -> None:
        """Stop after the current guess and cancel those that wait."""
        with self._lock:
            self._closed = True
            threads, self._threads = self._threads, []
        atexit.unregister(self.close)
        if threads:
            self._waiting.put(_Item(_STOP, next(self._numbers)))
        for thread in threads:
            thread.join()
        with suppress(queue.Empty):
            while True:
                self._waiting.get_nowait().future.cancel()

    def _start(self) -> None:
        if self._threads:
            return
        self._kept_at = monotonic()
        self._threads = [
            threading.Thread(target=self._work, name="pin-hash", daemon=True),
            threading.Thread(target=self._finish, name="pin-finish", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        atexit.register(self.close)

    def _work(self) -> None:
        _step_back()
        while (guess := (item := self._waiting.get()).guess) is not None:
            if not item.future.set_running_or_notify_cancel():
                continue
            try:
                found = guess.work(self._hasher, item.pin)
            except Exception as fault:  # noqa: BLE001 - the thread serves every call, and must outlive one's fault.
                _fail(item, fault)
            else:
                self._worked.put((item, found))
        self._worked.put(None)

    def _finish(self) -> None:
        while (worked := self._next_worked()) is not None:
            item, found = worked
            try:
                result = item.finish(found)
            except Exception as fault:  # noqa: BLE001 - as above.
                _fail(item, fault)
            else:
                item.future.set_result(result)

    def _next_worked(self) -> tuple[_Item, Any] | None:
        """Return the next hashed PIN. Meanwhile refresh those that wait, or they would count as lost."""
        while True:
            if monotonic() - self._kept_at > KEEP_SECONDS:
                self._keep_waiting()
            with suppress(queue.Empty):
                return self._worked.get(timeout=KEEP_SECONDS)

    def _keep_waiting(self) -> None:
        self._kept_at = monotonic()
        with self._lock:
            waiting = list(self._pending)
        if not waiting or self._keep is None:
            return
        try:
            self._keep(waiting)
        except Exception as fault:  # noqa: BLE001 - as above.
            _LOG.error("PINs that wait could not be kept: %s", type(fault).__name__)

    def _forget(self, call_id: int, done: "Future[Any]") -> None:
        with self._lock:
            if self._pending.get(call_id, (0, None))[1] is done:
                del self._pending[call_id]


def _fail(item: _Item, fault: Exception) -> None:
    # Log only the class: the message and the frames may contain what the caller keyed.
    _LOG.error("A PIN could not be worked: %s", type(fault).__name__)
    item.future.set_exception(fault)


def _step_back() -> None:
    # On Linux a thread has its own priority; elsewhere this would slow the whole process.
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
