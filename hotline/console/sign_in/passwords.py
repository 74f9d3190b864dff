"""Hashes staff passwords away from the web threads: one at a time, at a lowered priority."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from models.staff.staff_password import PasswordKdf

T = TypeVar("T")

#: How long a sign-in may hold its web thread. On a busy machine a hash takes seconds, and its person is often
#: the only one who signs in: a retry would begin the same hash again, behind the first.
WAIT_SECONDS = 10.0
#: How far the hashing thread lowers its priority below the threads that answer callers.
NICENESS = 10


class BusyError(RuntimeError):
    """So many people are signing in that this one must retry in a moment."""


class Passwords:
    """The password hashes of one web process. The thread starts with the first, so it survives a fork.

    At most one web thread waits for a stranger's hash, and one for a person whose browser is known; any other
    is told to retry. A flood of sign-ins then leaves threads and a core to callers, and locks out nobody who
    signs in from their usual browser.
    """

    def __init__(self, kdf: PasswordKdf | None = None) -> None:
        self._kdf = kdf or PasswordKdf()
        self._slots = {True: threading.BoundedSemaphore(1), False: threading.BoundedSemaphore(1)}
        self._lock = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None

    @property
    def runs(self) -> int:
        """How often the KDF ran in this process."""
        return self._kdf.runs

    def hash(self, password: str) -> str:
        """Return the string to store. Raises BusyError."""
        return self._work(lambda: self._kdf.hash(password), known=True)

    def matches(self, stored: str | None, password: str, *, known: bool = False) -> bool:
        """Whether it is the password behind ``stored``; None costs the same time. Raises BusyError.

        ``known``: they are signed in, or sign in from a browser in which they did so before.
        """
        return self._work(lambda: self._kdf.matches(stored, password), known=known)

    def close(self) -> None:
        """End the thread after the current hash."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.shutdown(wait=True, cancel_futures=True)

    def _work(self, work: Callable[[], T], *, known: bool) -> T:
        slot = self._slots[known]
        if not slot.acquire(blocking=False):
            raise BusyError("Too many passwords at once.")
        try:
            future: Future[T] = self._started().submit(work)
            return future.result(timeout=WAIT_SECONDS)
        except TimeoutError:
            future.cancel()
            raise BusyError("A password took too long.") from None
        finally:
            slot.release()

    def _started(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._thread is None:
                self._thread = ThreadPoolExecutor(
                    max_workers=1, thread_name_prefix="password", initializer=_step_back
                )
            return self._thread


def _step_back() -> None:
    # On Linux a thread has its own priority; elsewhere this would slow the whole process.
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
