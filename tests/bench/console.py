"""What the pages of the console cost in a large office, and what fifty open consoles take from callers."""

import gc
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter, sleep
from typing import Any
from uuid import uuid4

import click
import psutil
from flask import Flask
from sqlalchemy import select

from config.settings import Settings
from hotline import create_app
from models import Callback, Case, CaseOpening, Facility, Phone, Staff
from models.overview.case_opening import SEARCH_REASONS
from models.overview.pin_request import PinRequest
from models.store.database import Database
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests.bench.full_office import FIRST_NAMES, SURNAMES, fill, hold_a_file
from tests.bench.http import Measured, prepared, run
from tests.bench.turns import databases, installation_environ, served
from tests.console.signed_in import cookie_of
from tests.factories import make_staff

CASES, QUICK_CASES = 50_000, 5_000
#: Pages of the console that are open at once, and how often each polls (seconds).
CONSOLES, EVERY = 50, 2.0
ROLES = ("administrator", "supervisor", "liaison")
_WARM, _LANES = 3, 2
_COOKIE = "console"
_KEYS = {
    "HOTLINE_SECRET_KEY": "the secret key of the bench, never of an installation",
    "HOTLINE_PIN_PEPPER": "the PIN pepper of the bench, never of an installation",
    "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
}


def pages(cases: int, times: int) -> dict[str, float]:
    """Print what each page costs; returns the slowest page's 99th percentile (seconds) of each database."""
    slowest = {}
    with TemporaryDirectory(prefix="hb-") as folder, ExitStack() as stack:
        for name, url in databases(Path(folder), stack):
            data = Path(folder) / name
            data.mkdir(exist_ok=True)
            with _office(data, url, cases) as (app, database):
                taken = dict(_pages(app, database, times))
            click.echo(f"{name}: {cases:,} cases {'p50 ms':>14} {'p99 ms':>8}")
            for path, seconds in sorted(taken.items()):
                cuts = quantiles(seconds, n=100)
                click.echo(f"  {path:<44} {cuts[49] * 1000:8.1f} {cuts[98] * 1000:8.1f}")
            slowest[name] = max(quantiles(seconds, n=100)[98] for seconds in taken.values())
    return slowest


def polling(cases: int, seconds: float, rounds: int = 4) -> tuple[float, float]:
    """Print what open consoles take: their part of the web processes' time, and how a caller's p99 moves.

    The part is CPU time of all web processes beside what they could have had. Slices with open consoles and
    without follow each other.
    """
    with TemporaryDirectory(prefix="hb-") as folder:
        url = f"sqlite:///{Path(folder) / 'hotline.db'}"
        with _office(Path(folder), url, cases) as (app, database):
            settings = app.extensions["hotline.console"].settings
            case_id = _ids(database)["case_id"]
            cookies = [_cookie(database, "liaison", case_id) for _ in range(CONSOLES)]
        more = {"HOTLINE_DATABASE_URL": url, **_KEYS}
        with served(Path(folder), ["-m", "hotline.cli", "web", "--bind"], more) as (port, server):
            # Each is open before the measurement: the cost of the first page is no poll.
            with _open_consoles(port, cookies):
                sleep(2 * EVERY)
            share = _share(port, server, cookies, seconds)
            with _changing(settings):
                busy = _share(port, server, cookies, seconds)
            alone, beside = list[float](), list[float]()
            for _ in range(rounds):
                alone += _calls(port, seconds / rounds).times
                with _open_consoles(port, cookies):
                    beside += _calls(port, seconds / rounds).times
    p99s = [quantiles(times, n=100)[98] for times in (alone, beside)]
    moved = p99s[1] / p99s[0]
    click.echo(f"  {CONSOLES} consoles take {busy:.1%} while the list changes at each of their looks")
    click.echo(
        f"  {CONSOLES} consoles take {share:.1%} of the web processes' time; a caller's p99 is "
        f"{p99s[0] * 1000:.1f} ms without and {p99s[1] * 1000:.1f} ms beside them: ratio {moved:.2f}"
    )
    return share, moved


def _pages(app: Flask, database: Database, times: int) -> Iterator[tuple[str, list[float]]]:
    ids = _ids(database) | {"import_id": hold_a_file(database, app.extensions["hotline.console"].office)}
    cookies = {role: _cookie(database, role, ids["case_id"]) for role in ROLES}
    # As `hotline web` does when it has started.
    gc.collect()
    gc.freeze()
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if "GET" not in (rule.methods or ()) or getattr(view, "guard", "") != "staff":
            continue
        if not rule.arguments <= ids.keys():
            click.echo(f"  {rule.rule} is left out: it shows one of {', '.join(rule.arguments)}.")
            continue
        role = next(role for role in ROLES if role in view.roles)  # type: ignore[attr-defined]
        client = app.test_client()
        client.set_cookie(_COOKIE, cookies[role], domain="127.0.0.1", path="/console")
        shown = {name: ids[name] for name in rule.arguments}
        path = app.url_map.bind("127.0.0.1").build(rule.endpoint, shown)
        taken = []
        for _ in range(times + _WARM):
            started = perf_counter()
            answer = client.get(path, base_url="http://127.0.0.1")
            taken.append(perf_counter() - started)
        if answer.status_code >= 500:
            raise RuntimeError(f"{rule.rule} answered {answer.status_code}.")
        yield f"{rule.rule} ({answer.status_code})", taken[_WARM:]
    yield "search by a name (200)", _searches(app, cookies["supervisor"], times)


def _searches(app: Flask, cookie: str, times: int) -> list[float]:
    """Seconds of searches for one name after another, sent from the page that has the form."""
    client = app.test_client()
    client.set_cookie(_COOKIE, cookie, domain="127.0.0.1", path="/console")
    page = client.get("/console/cases", base_url="http://127.0.0.1").text
    (token, *_) = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    taken = []
    for number in range(times + _WARM):
        name = f"{FIRST_NAMES[number % 10]} {SURNAMES[number % 50]}"
        form = {"csrf_token": token, "name": name, "reason": SEARCH_REASONS[0]}
        headers = {"Referer": "http://127.0.0.1/console/cases"}
        started = perf_counter()
        answer = client.post("/console/cases/search", base_url="http://127.0.0.1", data=form, headers=headers)
        taken.append(perf_counter() - started)
        if answer.status_code != 200:
            raise RuntimeError(f"A search answered {answer.status_code}.")
    return taken[_WARM:]


def _ids(database: Database) -> dict[str, Any]:
    """One of each kind of row that a page may show, and of everything else that an address may name."""
    with database.transaction() as session:
        callback_id, case_id, registrant_id = session.execute(
            select(Callback.id, Case.id, Case.registrant_id)
            .join(Case, Case.id == Callback.case_id)
            .order_by(Callback.id)
            .limit(1)
        ).one()
        phone = select(Phone.id).where(Phone.registrant_id == registrant_id).limit(1)
        asked = PinRequest(
            case_id=case_id, kind="lost", delivery="handed_over", evidence="met_in_person",
            requested_by=session.scalar(select(Staff.id).limit(1)), requested_at=datetime.now(UTC),
        )  # fmt: skip
        session.add(asked)
        session.flush()
        return {
            "name": "liaison_tries",
            "deed": "pin",
            "request_id": asked.id,
            "facility_id": session.scalars(select(Facility.id).limit(1)).one(),
            "callback_id": callback_id,
            "case_id": case_id,
            "phone_id": session.scalars(phone).one(),
            "staff_id": session.scalars(select(Staff.id).limit(1)).one(),
        }


def _cookie(database: Database, role: str, case_id: int) -> str:
    """The cookie of someone of this role who has just signed in, with an open case."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        person = make_staff(session, role=role, on_shift=False)
        person.password_is_one_time = False
        staff_id = person.id
        opening = CaseOpening(
            case_id=case_id, staff_id=staff_id, ground="verification", reason="rang_back", opened_at=now,
            until=now + timedelta(hours=8),
        )  # fmt: skip
        session.add(opening)
    return cookie_of(database, staff_id, now)


@contextmanager
def _office(folder: Path, url: str, cases: int) -> Iterator[tuple[Flask, Database]]:
    settings = Settings.from_env(
        installation_environ(
            folder, {"HOTLINE_DATABASE_URL": url, "HOTLINE_PUBLIC_URL": "http://127.0.0.1", **_KEYS}
        )
    )
    database = Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key))
    upgrade(database)
    fill(database, cases)
    app = create_app(settings, database=database)
    try:
        yield app, database
    finally:
        database.close()


@contextmanager
def _changing(settings: Settings) -> Iterator[None]:
    """Every poll of every console finds something new on the list, as on the busiest day."""
    over = threading.Event()

    def change() -> None:
        database = Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key))
        while not over.wait(EVERY / 2):
            with database.transaction() as session:
                first = session.scalars(select(Callback).order_by(Callback.due_at).limit(1)).one()
                first.liaison_tries = 1 - first.liaison_tries
        database.close()

    changes = threading.Thread(target=change)
    changes.start()
    try:
        yield
    finally:
        over.set()
        changes.join()


def _share(port: int, server: psutil.Process, cookies: list[str], seconds: float) -> float:
    """The part of the web processes' time that open consoles take when no caller is on the line."""
    with _awake():
        before = _cpu(server)
        sleep(seconds)
        idle = _cpu(server) - before
        with _open_consoles(port, cookies):
            # The cost of the first page of each is no poll.
            sleep(2 * EVERY)
            before = _cpu(server)
            sleep(seconds)
            taken = _cpu(server) - before
    processes = len(server.children(recursive=True)) or 1
    return (taken - idle) / (seconds * processes)


@contextmanager
def _awake() -> Iterator[None]:
    """Each core has work of the lowest priority, so that no core dozes.

    After a tenth of a second of rest the same hundred microseconds of work were measured as six hundred on a
    virtual machine, and as four thousand after a second: that would measure an office that is asleep, and not
    what a poll costs one that works.
    """
    command = [sys.executable, "-c", "import os\nos.nice(19)\nwhile True: pass"]
    burners = [subprocess.Popen(command) for _ in range(psutil.cpu_count() or 1)]
    try:
        yield
    finally:
        for one in burners:
            one.kill()
            one.wait()


def _cpu(server: psutil.Process) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in (server, *server.children(recursive=True)))


@contextmanager
def _open_consoles(port: int, cookies: list[str]) -> Iterator[None]:
    """One open list of callbacks for each cookie; each polls as the page does, naming what it has."""
    over = threading.Event()
    asks = threading.Thread(target=_ask, args=(port, cookies, over))
    asks.start()
    try:
        yield
    finally:
        over.set()
        asks.join()


def _ask(port: int, cookies: list[str], over: threading.Event) -> None:
    connections = [HTTPConnection("127.0.0.1", port, timeout=10) for _ in cookies]
    tags = [""] * len(cookies)
    started, asked = monotonic(), 0
    while not over.is_set():
        one = asked % len(cookies)
        headers = {"Cookie": f"{_COOKIE}={cookies[one]}", "If-None-Match": tags[one], "HX-Request": "true"}
        connections[one].request("GET", "/console/callbacks/part", headers=headers)
        answer = connections[one].getresponse()
        answer.read()
        if answer.status not in (200, 304):
            raise RuntimeError(f"The list answered {answer.status}.")
        tags[one] = answer.headers["ETag"] or ""
        asked += 1
        over.wait(max(0.0, started + asked * EVERY / len(cookies) - monotonic()))
    for connection in connections:
        connection.close()


def _calls(port: int, seconds: float) -> Measured:
    sids = (f"CA{uuid4().hex}" for _ in iter(int, 1))
    return run(port, [(prepared(port, "/voice/inbound", sid) for sid in sids)] * _LANES, seconds)
