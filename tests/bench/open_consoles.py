"""What fifty open consoles cost callers, and the processes that answer. No core is kept awake for it."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPConnection, HTTPException
from itertools import cycle
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import sleep
from typing import NamedTuple
from uuid import uuid4

import click
import psutil
from lxml import html
from sqlalchemy import select

from config.settings import Settings
from hotline.console.shell.console import Console
from hotline.console.shell.other_port import EVENTS
from models import Callback, Staff
from models.callbacks.callback_list import put_on_list
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.claim import claim, release
from models.store.database import Database
from models.store.keyring import Keyring
from models.store.policies import Policies
from tests.bench.console import COOKIE, KEYS, cookie_for, full_office, ids_of
from tests.bench.http import Measured, paced, prepared, run
from tests.bench.turns import LANES, served
from workers.office_rules import callback_policy_of, policies_of

#: Pages that are open at once, and how often something changes: in a busy office, and on the busiest day.
CONSOLES, BUSY_SECONDS, BUSIEST_SECONDS = 50, 10.0, 1.0
_LANES = 2
#: A rush of callers, each of whom presses a key every five seconds: five hundred are on the line at once.
CALLS = 100
#: Slices of them for each of full lanes: one slice has only ten calls above its p99.
_STEADY_ROUNDS = 3
_SPAWN = multiprocessing.get_context("spawn")
PAGE = "/console/callbacks"
#: After this time other parts follow a bar that shows nothing new (desk.js).
_LATER_SECONDS = 1.5
#: A process has started when it takes less of a core than this in a second.
_AT_REST, _MOST_STARTING_SECONDS = 0.05, 30


def listening(cases: int, seconds: float) -> tuple[float, float]:
    """Print what open consoles take: their part of the processes' time, and how a caller's p99 moves.

    The processes are those of `serve`: web, console and events. Browsers and callers use the web's port, and
    once more browsers use the console's, where a proxy in front leads them (config/deploy). The part is CPU
    time of web and console processes beside what they could have had, less what they take with nobody at a
    console. Slices with open consoles and without follow each other. Each slice is as long as the time
    between two changes or a multiple of it, so that it has no more of them than it says.
    """
    rounds = max(1, round(seconds / BUSY_SECONDS))
    seconds = rounds * BUSY_SECONDS
    with TemporaryDirectory(prefix="hb-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'hotline.db'}"
        with full_office(folder, url, cases) as (app, database):
            office = app.extensions["hotline.console"]
            case_id = ids_of(database)["case_id"]
            cookies = [cookie_for(database, "liaison", case_id) for _ in range(CONSOLES)]
        more = {"HOTLINE_DATABASE_URL": url, **KEYS}
        with ExitStack() as stack:
            pages, console = stack.enter_context(_served(folder, "console", more))
            port, web = stack.enter_context(
                _served(folder, "web", more | {"HOTLINE_CONSOLE_PORT": str(pages)})
            )
            events, teller = stack.enter_context(_served(folder, "events", more))
            answering = {"web": web, "console": console}
            _rest(answering)
            idle = _taken(answering, seconds)
            with _consoles(port, events, cookies):
                with _changing(office, BUSY_SECONDS):
                    busy = _taken(answering | {"events": teller}, seconds)
                telling = {"events": busy.pop("events")}
                with _changing(office, BUSIEST_SECONDS):
                    busiest = _taken(answering, seconds)
            by_web, by_proxy = (partial(_consoles, to, events, cookies) for to in (port, pages))
            full = _p99s(partial(calls, port), by_web, office, rounds)
            rush = partial(steady_calls, port)
            steady = _p99s(rush, by_web, office, rounds * _STEADY_ROUNDS)
            proxied = _p99s(rush, by_proxy, office, rounds * _STEADY_ROUNDS)
    click.echo(f"  of their time take, with nobody at a console: {_told(idle)}")
    for taken, between in ((busy, BUSY_SECONDS), (busiest, BUSIEST_SECONDS)):
        each = sum((one.part - idle[role].part) * one.processes for role, one in taken.items())
        click.echo(
            f"  with {CONSOLES} consoles and a change each {between:.0f} s: {_told(taken)}; "
            f"a page and change {each * between / CONSOLES * 1000:.1f} ms of processor time"
        )
    click.echo(f"  and to tell them of a change each {BUSY_SECONDS:.0f} s: {_told(telling)}")
    for pace, (alone, beside, noise) in (
        (f"{CALLS} calls a second", steady),
        (f"{CALLS} calls a second, and consoles led to their own port,", proxied),
        ("full lanes", full),
    ):
        click.echo(
            f"  with {pace} a caller's p99 is {alone * 1000:.1f} ms without and {beside * 1000:.1f} ms "
            f"beside them: ratio {beside / alone:.2f}; between slices without them it is {noise:.2f}"
        )
    return _part(busy) - _part(idle), steady[1] / steady[0]


def _p99s(
    call: Callable[[float], Measured],
    consoles: Callable[[], AbstractContextManager[None]],
    office: Console,
    rounds: int,
) -> tuple[float, float, float]:
    """The p99 of calls (seconds) without consoles and beside them, in slices that follow each other.

    The third is the ratio of it between the slices just before consoles and those just after them: what the
    machine alone makes of it.
    """
    before, beside, after = list[float](), list[float](), list[float]()
    for _ in range(rounds):
        before += call(BUSY_SECONDS / 2).times
        with consoles(), _changing(office, BUSY_SECONDS):
            beside += call(BUSY_SECONDS).times
        after += call(BUSY_SECONDS / 2).times
    first, alone, second, last = (
        quantiles(times, n=100)[98] for times in (before, before + after, beside, after)
    )
    return alone, second, last / first


@contextmanager
def _changing(office: Console, seconds: float) -> Iterator[None]:
    """Each so many seconds a colleague claims the first callback of the list, or returns it.

    Of two claims one is of an urgent callback, which every bar counts. Each alters a row of every list.
    This is done in a process of its own: here calls would wait for it.
    """
    has_begun, is_over = _SPAWN.Event(), _SPAWN.Event()
    policies, policy = policies_of(office.office), callback_policy_of(office.office)
    changes = _SPAWN.Process(
        target=_change, args=(office.settings, policies, policy, seconds, has_begun, is_over)
    )
    changes.start()
    try:
        if not has_begun.wait(60):
            raise TimeoutError("Nothing changed.")
        yield
    finally:
        is_over.set()
        changes.join()


def _change(
    settings: Settings,
    policies: Policies,
    policy: CallbackPolicy,
    seconds: float,
    has_begun: Event,
    is_over: Event,
) -> None:
    database = Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key))
    for rank in cycle((0, 1)):
        with database.transaction() as session:
            colleague = session.scalars(select(Staff).order_by(Staff.id).limit(1)).one()
            listed = select(Callback.id).where(Callback.rank == rank).order_by(Callback.due_at, Callback.id)
            callback_id = session.scalars(listed.limit(1)).one()
            claim(session, callback_id, colleague.id, datetime.now(UTC), policies)
        has_begun.set()
        is_over.wait(seconds)
        with database.transaction() as session:
            release(session, callback_id, session.get_one(Staff, colleague.id), datetime.now(UTC))
            put_on_list(session, callback_id, datetime.now(UTC), policy)
        if is_over.wait(seconds):
            break
    database.close()


def _rest(servers: Mapping[str, psutil.Process]) -> None:
    """Wait until the processes have done what they do once after their start, so that no slice has it."""
    for _ in range(_MOST_STARTING_SECONDS):
        if all(one.part < _AT_REST for one in _taken(servers, 1.0).values()):
            return
    raise TimeoutError("The processes do not come to rest.")


class _Taken(NamedTuple):
    """``part`` of what ``processes`` could have had of a core each."""

    part: float
    processes: int


def _taken(servers: Mapping[str, psutil.Process], seconds: float) -> dict[str, _Taken]:
    """The part of their time that some servers take during the next seconds, each over its processes."""
    processes = {role: server.children(recursive=True) or [server] for role, server in servers.items()}
    before = {role: _cpu(found) for role, found in processes.items()}
    sleep(seconds)
    return {
        role: _Taken((_cpu(found) - before[role]) / (seconds * len(found)), len(found))
        for role, found in processes.items()
    }


def _cpu(processes: Sequence[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _part(taken: Mapping[str, _Taken]) -> float:
    """The part of the time of all processes together."""
    return sum(one.part * one.processes for one in taken.values()) / sum(
        one.processes for one in taken.values()
    )


def _told(taken: Mapping[str, _Taken]) -> str:
    return ", ".join(f"{role} {one.part:.2%} of {one.processes}" for role, one in taken.items())


def _served(
    folder: Path, role: str, more: dict[str, str]
) -> AbstractContextManager[tuple[int, psutil.Process]]:
    return served(folder, ["-m", "hotline.cli", role, "--bind"], more)


@contextmanager
def _consoles(port: int, events: int, cookies: Sequence[str]) -> Iterator[None]:
    """One open list for each cookie: it listens, and asks for its parts as desk.js does.

    They are in a process of their own, as browsers are: this one measures what callers wait for.
    """
    are_open, is_over = _SPAWN.Event(), _SPAWN.Event()
    browsers = _SPAWN.Process(target=_browse, args=(port, events, cookies, are_open, is_over))
    browsers.start()
    try:
        if not are_open.wait(60):
            raise TimeoutError("A console did not open.")
        yield
    finally:
        is_over.set()
        browsers.join()


def _browse(port: int, events: int, cookies: Sequence[str], are_open: Event, is_over: Event) -> None:
    # The browsers of staff run on machines of their own, and take nothing from the line's.
    os.nice(19)
    open_ones = [_Console(port, events, cookie) for cookie in cookies]
    for one in open_ones:
        one.start()
    if all(one.is_open.wait(30) for one in open_ones):
        are_open.set()
        is_over.wait()
    for one in open_ones:
        one.closes()
    for one in open_ones:
        one.join()


class _Console(threading.Thread):
    """What a browser does with the page of the list."""

    def __init__(self, port: int, events: int, cookie: str) -> None:
        super().__init__(daemon=True)
        self._cookie = {"Cookie": f"{COOKIE}={cookie}"}
        self._web = HTTPConnection("127.0.0.1", port, timeout=60)
        self._stream = HTTPConnection("127.0.0.1", events, timeout=60)
        self._tags = dict[str, str]()
        self._one_at_a_time = threading.Lock()
        self._later: threading.Timer | None = None
        self._is_over = False
        self.is_open = threading.Event()

    def run(self) -> None:
        """Open the page, and follow what it is told."""
        _, page, _ = self._gets(PAGE)
        read = html.fromstring(page)
        (bar,), parts = (
            [str(part) for part in read.xpath(f"//*[contains(@hx-trigger, '{trigger}')]/@hx-get")]
            for trigger in ("desk:told", "desk:parts")
        )
        if not parts:
            raise RuntimeError("No part of the page follows the events.")
        self._stream.request("GET", EVENTS, headers=self._cookie)
        answer = self._stream.getresponse()
        try:
            while line := answer.readline():
                if line.startswith(b"event: changed"):
                    self._looks(bar, parts)
        except (OSError, HTTPException, ValueError, AttributeError):
            # The socket was closed below while it was read.
            if not self._is_over:
                raise

    def closes(self) -> None:
        """Close the page."""
        self._is_over = True
        if self._later is not None:
            self._later.cancel()
        if self._stream.sock is not None:
            self._stream.sock.shutdown(2)

    def _looks(self, bar: str, parts: Sequence[str]) -> None:
        """Ask for the bar, and then for the parts: at once if it has changed, else a little later."""
        with self._one_at_a_time:
            if self._asks(bar, "bar"):
                self._asks_for(parts)
            elif self._later is None:
                self._later = threading.Timer(_LATER_SECONDS, self._asks_later, [parts])
                self._later.daemon = True
                self._later.start()

    def _asks_later(self, parts: Sequence[str]) -> None:
        with self._one_at_a_time:
            if not self._is_over:
                self._asks_for(parts)

    def _asks_for(self, parts: Sequence[str]) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        for part in parts:
            self._asks(part, "parts")
        # What it asked for first is none of a change.
        self.is_open.set()

    def _asks(self, part: str, looks: str) -> bool:
        """Ask for a part, naming what is shown; whether it has changed."""
        status, _, tag = self._gets(part, self._tags.get(part, ""), looks)
        if status not in (200, 304):
            raise RuntimeError(f"{part} answered {status}.")
        self._tags[part] = tag
        return status == 200

    def _gets(self, path: str, tag: str = "", looks: str = "") -> tuple[int, bytes, str]:
        headers = self._cookie | ({"If-None-Match": tag, "HX-Request": "true"} if tag else {})
        headers |= {"Looks-Again": looks} if looks else {}
        try:
            self._web.request("GET", path, headers=headers)
            answer = self._web.getresponse()
        except (ConnectionError, HTTPException):
            # The web closes a connection that rests for ten seconds; a browser then opens another one.
            self._web.close()
            self._web.request("GET", path, headers=headers)
            answer = self._web.getresponse()
        return answer.status, answer.read(), answer.headers["ETag"] or ""


def calls(port: int, seconds: float) -> Measured:
    """Two lanes of new calls, one after another in each, for so many seconds."""
    sids = (f"CA{uuid4().hex}" for _ in iter(int, 1))
    return run(port, [(prepared(port, "/voice/inbound", sid) for sid in sids)] * _LANES, seconds)


def steady_calls(port: int, seconds: float) -> Measured:
    """New calls as they come in a rush that the line can answer, for so many seconds."""
    sids = (f"CA{uuid4().hex}" for _ in iter(int, 1))
    return paced(port, (prepared(port, "/voice/inbound", sid) for sid in sids), CALLS, seconds, LANES)
