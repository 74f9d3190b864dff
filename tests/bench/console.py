"""What the pages of the console cost in a large office."""

import gc
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import click
from flask import Flask
from sqlalchemy import select

from config.settings import Settings
from hotline import create_app
from models import Callback, Case, CaseOpening, Facility, Phone, Staff
from models.overview.case_opening import SEARCH_REASONS
from models.overview.pin_request import PinRequest
from models.overview.work_list import FILTERS
from models.store.database import Database
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests.bench.full_office import FIRST_NAMES, SURNAMES, fill, hold_a_file
from tests.bench.turns import databases, installation_environ
from tests.console.signed_in import cookie_of
from tests.factories import make_staff

CASES, QUICK_CASES = 50_000, 5_000
ROLES = ("administrator", "supervisor", "liaison")
#: How many people look at the list.
READERS = 50
_WARM = 3
COOKIE = "console"
KEYS = {
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
            with full_office(data, url, cases) as (app, database):
                taken = dict(_pages(app, database, times))
            click.echo(f"{name}: {cases:,} cases {'p50 ms':>14} {'p99 ms':>8}")
            for path, seconds in sorted(taken.items()):
                cuts = quantiles(seconds, n=100)
                click.echo(f"  {path:<44} {cuts[49] * 1000:8.1f} {cuts[98] * 1000:8.1f}")
            slowest[name] = max(quantiles(seconds, n=100)[98] for seconds in taken.values())
    return slowest


def _pages(app: Flask, database: Database, times: int) -> Iterator[tuple[str, list[float]]]:
    ids = ids_of(database) | {"import_id": hold_a_file(database, app.extensions["hotline.console"].office)}
    cookies = {role: cookie_for(database, role, ids["case_id"]) for role in ROLES}
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
        client.set_cookie(COOKIE, cookies[role], domain="127.0.0.1", path="/console")
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
    yield from _first_lists(app, database, ids["case_id"], times)
    yield "search by a name (200)", _searches(app, cookies["supervisor"], times)


def _first_lists(
    app: Flask, database: Database, case_id: int, times: int
) -> Iterator[tuple[str, list[float]]]:
    """Seconds of the first page of the list for each of many readers, whole and with each filter."""
    readers = []
    for _ in range(READERS):
        client = app.test_client()
        cookie = cookie_for(database, "liaison", case_id)
        client.set_cookie(COOKIE, cookie, domain="127.0.0.1", path="/console")
        readers.append(client)
    for query in ("", *(f"?{name}=1" for name in FILTERS), "?page=20"):
        path, taken = f"/console/callbacks{query}", []
        for number in range(max(times, READERS) + _WARM):
            started = perf_counter()
            answer = readers[number % READERS].get(path, base_url="http://127.0.0.1")
            taken.append(perf_counter() - started)
            if answer.status_code != 200:
                raise RuntimeError(f"The list answered {answer.status_code}.")
        yield f"{path} of {READERS} readers (200)", taken[_WARM:]


def _searches(app: Flask, cookie: str, times: int) -> list[float]:
    """Seconds of searches for one name after another, sent from the page that has the form."""
    client = app.test_client()
    client.set_cookie(COOKIE, cookie, domain="127.0.0.1", path="/console")
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


def ids_of(database: Database) -> dict[str, Any]:
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


def cookie_for(database: Database, role: str, case_id: int) -> str:
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
def full_office(folder: Path, url: str, cases: int) -> Iterator[tuple[Flask, Database]]:
    """The app of an office with so many cases, on a database of its own."""
    settings = Settings.from_env(
        installation_environ(
            folder, {"HOTLINE_DATABASE_URL": url, "HOTLINE_PUBLIC_URL": "http://127.0.0.1", **KEYS}
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
