"""Open pages look together: what they all show is read once for all that asked before the reading began."""

import threading
import time
from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar, cast

from flask import request
from sqlalchemy.orm import Session

from models.store.database import Database

T = TypeVar("T")
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

#: The header of a request that no person waits for: a page was told of a change (live.js).
_LOOKS = "HTTP_LOOKS_AGAIN"
#: Those of so many seconds share a reading, which begins after them. They are answered in a row, while what
#: each needs is in the processor's caches: spread over a second, fifty took half as much again. The bar
#: announces; the other parts have time.
_SECONDS = {"bar": 0.1, "parts": 0.5}
_ARRIVED = "hotline.arrived_at"
#: Readings kept at once: of the bar, and of the list with some choices of filters and page.
_MOST = 16


class Gathered:
    """A WSGI application around the console's, outside its slots: pages that were told look together.

    A change is told to all open pages at once, and each would read for itself what all of them show.
    """

    def __init__(self, application: Application, sleep: Callable[[float], None] = time.sleep) -> None:
        self._application, self._sleep = application, sleep

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        if (seconds := _SECONDS.get(environ.get(_LOOKS, ""))) is not None:
            environ[_ARRIVED] = arrived = time.monotonic()
            self._sleep(seconds - arrived % seconds)
        return self._application(environ, start_response)


class Together:
    """Readings that requests share. Nothing in them is older than the request that they answer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._readings: dict[Hashable, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def read(self, key: Hashable, session: Session, read: Callable[[Session], T]) -> T:
        """The result of ``read``, which depends on ``key`` and the moment alone.

        Of a gathered request it may be that of another one, if it began after this one arrived. Any other
        request reads in its own ``session``.
        """
        arrived = request.environ.get(_ARRIVED)
        if arrived is None:
            return read(session)
        with self._lock:
            began, found = self._readings.get(key, (0.0, None))
            if began < arrived:
                began = time.monotonic()
                # The given session may have begun to read before.
                with self._database.reading() as own:
                    found = read(own)
                if len(self._readings) >= _MOST:
                    self._readings.clear()
                self._readings[key] = began, found
            return cast(T, found)
