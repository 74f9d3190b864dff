"""When `hotline events` asks the database: while somebody listens, and through its absences."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from hotline.events.listeners import KEEPALIVE, Listeners, Stream
from hotline.events.watch import LOOK_SECONDS, Watch
from models.store.database import Database
from tests.console.conftest import Clock
from tests.factories import make_callback, make_case
from tests.statements import sent_statements

NOW = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
SOME_LOOKS = 2.5 * LOOK_SECONDS


def watched(
    database: Database, story: Callable[[Listeners], Awaitable[None]], clock: Clock | None = None
) -> None:
    """Tell a story of listeners while they are watched."""

    async def tell() -> None:
        listeners = Listeners()
        with ThreadPoolExecutor(1) as threads:
            watch = Watch(database, listeners, lambda: 30, threads, clock or Clock(NOW))
            running = asyncio.create_task(watch.run())
            try:
                await story(listeners)
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running

    # In a thread of its own: where a browser was driven before, this one has an event loop already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, tell()).result()


async def news(stream: Stream) -> bytes:
    """The next message but for those that only keep a stream alive."""
    while (message := await stream.next()) == KEEPALIVE:
        pass
    assert message is not None
    return message


def test_database_is_asked_nothing_while_nobody_listens(database: Database) -> None:
    async def story(listeners: Listeners) -> None:
        with sent_statements(database) as said:
            await asyncio.sleep(SOME_LOOKS)
            assert said == []
            stream = listeners.join(1)
            await news(stream)
            assert len(said) == 1
            listeners.leave(stream)
            await asyncio.sleep(SOME_LOOKS)
            assert len(said) == 1

    watched(database, story)


def test_fifty_consoles_cost_one_statement_a_look(database: Database) -> None:
    async def story(listeners: Listeners) -> None:
        with sent_statements(database) as said:
            streams = [listeners.join(session_id) for session_id in range(50)]
            for stream in streams:
                await news(stream)
            assert len(said) == 1

    watched(database, story)


def test_database_that_is_down_ends_no_stream(database: Database) -> None:
    def is_gone(*_: Any) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    async def story(listeners: Listeners) -> None:
        stream = listeners.join(1)
        before = await news(stream)
        event.listen(database.engine, "before_cursor_execute", is_gone)
        await asyncio.sleep(SOME_LOOKS)
        event.remove(database.engine, "before_cursor_execute", is_gone)
        _promises(database)
        assert await news(stream) != before

    watched(database, story)


def test_consoles_hear_of_each_minute_because_lateness_changes_then(database: Database) -> None:
    clock = Clock(NOW)

    async def story(listeners: Listeners) -> None:
        stream = listeners.join(1)
        before = await news(stream)
        clock.goes_on(seconds=60)
        assert await news(stream) != before

    watched(database, story, clock)


def test_console_that_comes_back_hears_the_last_token_at_once(database: Database) -> None:
    async def story(listeners: Listeners) -> None:
        stream = listeners.join(1)
        last = await news(stream)
        listeners.leave(stream)
        assert await news(listeners.join(1)) == last

    watched(database, story)


def _promises(database: Database) -> None:
    with database.transaction() as session:
        make_callback(session, make_case(session, "in_custody", facility="Stewart", as_of=NOW), rank=0)
