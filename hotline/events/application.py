"""The ASGI application: a stream of server-sent events for each open console of somebody who is signed in."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from itsdangerous import BadSignature
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.http import parse_cookie

from hotline.console.shell.cookie import cookie_name, read_cookie
from hotline.console.shell.kept_request import TOKEN
from hotline.console.shell.other_port import EVENTS
from hotline.events.listeners import Listeners, Stream, TooManyError
from hotline.events.watch import Watch
from models.staff.staff_session import find_signed_in
from models.store.database import Database

#: How long a statement may take: nobody waits for it, and the process must end soon when it is told to.
DATABASE_SECONDS = 1.0
#: How long the streams have to end when the process is told to.
_LEAVING_SECONDS = 0.3
#: How long a browser waits until it connects again, from and to.
_RETRY_MILLISECONDS = (1000, 3000)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class EventsApplication:
    """Answers GET /console/events; every other path is redirected to the console."""

    def __init__(self, database: Database, public_url: str, idle_minutes: Callable[[], float]) -> None:
        """``idle_minutes`` may read the database, and is called in a thread."""
        self._database, self._public_url, self._idle_minutes = database, public_url, idle_minutes
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="database")
        self._listeners = Listeners()
        self._watch = Watch(database, self._listeners, idle_minutes, self._threads)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or live with the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        loop = asyncio.get_running_loop()
        watching = loop.create_task(self._watch.run())
        # The server's own handlers would wait for open requests, and a stream is one that never ends.
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._leave)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        watching.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    def _leave(self) -> None:
        self._listeners.close()
        # Not by the interpreter's own end: a thread of the server that wants the interpreter then aborts the
        # process now and then.
        asyncio.get_running_loop().call_later(_LEAVING_SECONDS, os._exit, 0)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        ours = self._headers(headers)
        if scope["path"] != EVENTS:
            # For example the sign-in page, to which a signed-out person is redirected.
            where = f"{self._public_url}{quote(scope['path'])}"
            await _say(send, 303, [*ours, (b"location", where.encode())])
            return
        if scope["method"] != "GET":
            await _say(send, 405, [*ours, (b"allow", b"GET")])
            return
        loop = asyncio.get_running_loop()
        try:
            session_id = await loop.run_in_executor(self._threads, self._recognize, headers.get("cookie", ""))
        except SQLAlchemyError:
            await _say(send, 503, [*ours, (b"retry-after", b"3")])
            return
        if session_id is None:
            await _say(send, 401, ours)
            return
        try:
            stream = self._listeners.join(session_id)
        except TooManyError:
            await _say(send, 503, [*ours, (b"retry-after", b"60")])
            return
        try:
            await _send_all(stream, ours, receive, send)
        finally:
            self._listeners.leave(stream)

    def _recognize(self, cookies: str) -> int | None:
        """The valid session that the console's cookie names. Reading it does not keep it alive."""
        sealed = parse_cookie(cookies).get(cookie_name(self._public_url))
        if sealed is None:
            return None
        try:
            token = read_cookie(self._database.keyring, sealed).get(TOKEN)
        except BadSignature:
            return None
        if not isinstance(token, str):
            return None
        with self._database.reading() as reading:
            found = find_signed_in(reading, token, idle_minutes=self._idle_minutes(), now=datetime.now(UTC))
        return None if found is None else found.session_id

    def _headers(self, asked: dict[str, str]) -> list[tuple[bytes, bytes]]:
        """The headers of every answer.

        Without TLS the console is at another port of this host: its pages, and no others, may read us.
        """
        found = [
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", b"origin"),
        ]
        origin = asked.get("origin", "")
        if origin and origin == _origin_at(asked.get("host", ""), urlsplit(self._public_url)):
            found += [
                (b"access-control-allow-origin", origin.encode("latin-1")),
                (b"access-control-allow-credentials", b"true"),
            ]
        return found


def _origin_at(host: str, public: SplitResult) -> str | None:
    """The origin of the console's pages for a browser that reached us as ``host``; None behind TLS."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return None
    name = f"[{name}]" if ":" in name else name
    if public.scheme != "http":
        return None
    return f"http://{name}:{public.port}" if public.port else f"http://{name}"


async def _send_all(stream: Stream, headers: list[tuple[bytes, bytes]], receive: Receive, send: Send) -> None:
    """Send what a stream is told until it is over, or its reader is gone."""
    gone = asyncio.create_task(_is_gone(receive))
    gone.add_done_callback(lambda _: stream.end())
    try:
        # The last one is for nginx, which would collect the events.
        of_stream = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": [*headers, *of_stream]})
        retry = random.randint(*_RETRY_MILLISECONDS)  # noqa: S311 # no secret
        await send(_part(f"retry: {retry}\n\n".encode()))
        while (message := await stream.next()) is not None:
            await send(_part(message))
        await send(_part(b"", is_last=True))
    finally:
        gone.cancel()


async def _is_gone(receive: Receive) -> None:
    """Wait until the browser has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _part(body: bytes, *, is_last: bool = False) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": not is_last}


async def _say(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send(
        {"type": "http.response.start", "status": status, "headers": [*headers, (b"content-length", b"0")]}
    )
    await send(_part(b"", is_last=True))
