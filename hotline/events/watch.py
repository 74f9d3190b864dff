"""Looks once a second whether anything changed, while at least one console listens."""

import asyncio
import hashlib
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from hotline.events.listeners import Listeners
from models.frame.console_version import console_version
from models.staff.staff_session import lasting_sessions
from models.store.database import Database

T = TypeVar("T")
log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
#: How often streams get a few bytes, and whether their sessions last is checked.
CHECK_SECONDS = 15.0


class Watch:
    """Tells every listener of each change by a token, and ends the streams of sessions that have ended.

    A database that is down ends no stream: it is asked again a second later.
    """

    def __init__(
        self,
        database: Database,
        listeners: Listeners,
        idle_minutes: Callable[[], float],
        threads: Executor,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``idle_minutes`` reads the office, which may have changed: it is called in ``threads``."""
        self._database, self._listeners, self._threads = database, listeners, threads
        self._idle_minutes, self._clock = idle_minutes, clock
        # The token is the same for all and tells nothing: without this nobody can compute one.
        self._salt = secrets.token_bytes(16)
        self._token = ""
        self._is_down = False

    async def run(self) -> None:
        """Look for ever."""
        checked_at = time.monotonic()
        while True:
            await self._listeners.wait_for_some()
            await self._look()
            if time.monotonic() - checked_at >= CHECK_SECONDS:
                checked_at = time.monotonic()
                self._listeners.keep_alive()
                await self._check_sessions()
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        token = await self._asked(self._read_token)
        if token is not None and token != self._token:
            self._token = token
            self._listeners.tell_all(f"event: changed\ndata: {token}\n\n".encode())

    async def _check_sessions(self) -> None:
        asked = self._listeners.session_ids
        lasting = await self._asked(lambda: self._read_lasting(asked))
        if lasting is not None:
            # Who came while it was being read is checked the next time.
            self._listeners.end_all_but(lasting | (self._listeners.session_ids - asked))

    async def _asked(self, read: Callable[[], T]) -> T | None:
        """What the database says, read in a thread; None while it cannot say."""
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, read)
        except SQLAlchemyError as fault:
            if not self._is_down:
                log.warning("Whether anything changed cannot be read (%s).", type(fault).__name__)
            self._is_down = True
            return None
        self._is_down = False
        return found

    def _read_token(self) -> str:
        with self._database.reading() as session:
            found = console_version(session)
        # What is late or due is computed once per minute.
        minute = self._clock().replace(second=0, microsecond=0)
        return hashlib.blake2b(repr((found, minute)).encode(), key=self._salt, digest_size=12).hexdigest()

    def _read_lasting(self, session_ids: set[int]) -> set[int]:
        with self._database.reading() as session:
            return lasting_sessions(
                session, session_ids, idle_minutes=self._idle_minutes(), now=self._clock()
            )
