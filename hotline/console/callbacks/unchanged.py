"""Answers a browser that already has the current list, without running the application.

Fifty open lists ask every two seconds, and nearly every time nothing has changed. A request through the whole
application finds that out too, at about ten times the cost.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from models.overview.listing import Version, version_while
from models.store.database import Database
from models.store.unit import unit_of

#: The key in the request's environment under which a view names the facts behind its 304.
FACTS = "hotline.console.callbacks.unchanged"
_PATH = "/console/callbacks/part"
#: The parts of a request that decide the answer: another language or page of the list is another answer.
_ASKED = ("HTTP_IF_NONE_MATCH", "QUERY_STRING", "HTTP_COOKIE", "HTTP_ACCEPT_LANGUAGE", "HTTP_HOST")
#: Answers kept at once: each open list has one.
_MOST = 500
#: Characters of one request that is kept. A browser may send a hundred times as many, and fill the memory.
_LONGEST = 8_000

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts behind an unchanged list.

    They are: whose session asks, in which language they read the console, and the list's version and minute.
    """

    session_id: int
    language: str
    version: Version
    minute: datetime


@dataclass(frozen=True, slots=True)
class _Kept:
    facts: Facts
    headers: Headers = field(repr=False)


class Unchanged:
    """A WSGI application around the console's. It remembers each 304 of the list and the facts behind it.

    The same request gets the same answer while its facts hold. Whether its session still lasts is read each
    time: a signed-out person learns it at once, as from the application itself.
    """

    def __init__(
        self,
        application: Application,
        database: Database,
        idle_minutes: Callable[[], float],
        clock: Callable[[], datetime],
    ) -> None:
        self._application, self._database = application, database
        self._idle_minutes, self._clock = idle_minutes, clock
        self._kept: dict[tuple[str, ...], _Kept] = {}
        self._as_of: tuple[Version, datetime] | None = None
        self._lock = Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        if (
            environ.get("PATH_INFO") != _PATH
            or environ["REQUEST_METHOD"] != "GET"
            or "HTTP_IF_NONE_MATCH" not in environ
        ):
            return self._application(environ, start_response)
        asked = tuple(str(environ.get(name, "")) for name in _ASKED)
        if sum(map(len, asked)) > _LONGEST:
            return self._application(environ, start_response)
        kept = self._kept.get(asked)
        if kept is not None and self._holds(kept.facts):
            start_response("304 NOT MODIFIED", list(kept.headers))
            return []

        def answers(status: str, headers: Headers, *more: Any) -> Any:
            facts = environ.get(FACTS)
            # An answer with a cookie is valid only once.
            if status.startswith("304") and facts and not any(name == "Set-Cookie" for name, _ in headers):
                self._keep(asked, _Kept(facts, list(headers)))
            return start_response(status, headers, *more)

        return self._application(environ, answers)

    def _holds(self, facts: Facts) -> bool:
        now = self._clock()
        if minute_of(now) != facts.minute:
            return False
        idle_since = now - timedelta(minutes=self._idle_minutes())
        try:
            with unit_of(self._database) as unit:
                version = version_while(unit, facts.session_id, facts.language, idle_since, now)
        except SQLAlchemyError:
            # The application meets the same error, and has the words for it.
            return False
        return version == facts.version

    def _keep(self, asked: tuple[str, ...], kept: _Kept) -> None:
        as_of = (kept.facts.version, kept.facts.minute)
        with self._lock:
            if as_of != self._as_of or len(self._kept) >= _MOST:
                # Answers about an older list are never requested again.
                self._as_of = as_of
                self._kept.clear()
            self._kept[asked] = kept


def minute_of(now: datetime) -> datetime:
    """The minute of ``now``: what is late or due is computed once per minute."""
    return now.replace(second=0, microsecond=0)
