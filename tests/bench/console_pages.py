"""What a page of the console costs with 5,000 open callbacks among 50,000, and a poll in vain."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import click
from sqlalchemy import text

from config.settings import Settings
from hotline import create_app
from models.database import Database, keyring_of
from models.keyring import Keyring
from models.migrate import upgrade
from tests.console.signed_in import cookie_of
from tests.factories import make_office, make_staff
from tests.servers import running_postgres

#: Every tenth is open, half of those due; the others are long over.
_FILL = """
INSERT INTO callbacks (state, urgency, reason, verified, language, time_zone, number_sealed, number_key,
    voicemail_allowed, may_answer, requested_at, due_at, next_attempt_at, place, liaison_tries, caller_tries,
    warned)
SELECT CASE WHEN n % 10 = 0 THEN 'requested' ELSE 'reached' END, 'other', 'asked', true, 'en',
    'America/New_York', :sealed, 'key-' || n, false, 'only_me', :now, :due, :now,
    CASE WHEN n % 20 = 0 THEN 0 END, 0, 0, 0
FROM {numbers}
"""
_NUMBERS = {
    "sqlite": "(WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 49999) "
    "SELECT n FROM c)",
    "postgresql": "generate_series(0, 49999) AS n",
}
PAGES = (
    "/console/callbacks?view=due",
    "/console/callbacks?view=late",
    "/console/callbacks?view=open&page=150",
    "/console/callbacks?view=left",
    "/console/callbacks/11",
    "/console/shift",
)
POLL = "/console/callbacks/part?view=due"


def console_pages(times: int) -> dict[str, float]:
    """Print what each page costs; answers the slowest one's 99th percentile in seconds, by database."""
    slowest = {}
    for name, database, settings in _databases():
        found = _measure(database, settings, times)
        for path, seconds in found.items():
            click.echo(f"  {name:<12} {path:<42} {seconds * 1000:7.1f} ms at the 99th percentile")
        slowest[name] = max(found.values())
    return slowest


def _measure(database: Database, settings: Settings, times: int) -> dict[str, float]:
    now = datetime.now(UTC)
    with database.transaction() as session:
        ana = make_staff(session).id
        fill = text(_FILL.format(numbers=_NUMBERS[database.engine.dialect.name]))
        sealed = keyring_of(session).seal("callback.number", "+12025550110")
        session.execute(fill, {"sealed": sealed, "now": now, "due": now - timedelta(hours=1)})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    app = create_app(settings, office=make_office(), database=database)
    client = app.test_client()
    client.set_cookie("__Host-console", cookie_of(database, ana, now), domain="line.example.org", secure=True)
    found = {}
    for path in (*PAGES, POLL):
        headers = {}
        if path == POLL:
            headers["If-None-Match"] = client.get(path, base_url="https://line.example.org").headers["ETag"]
        taken = []
        for _ in range(times):
            began = perf_counter()
            answer = client.get(path, base_url="https://line.example.org", headers=headers)
            taken.append(perf_counter() - began)
            assert answer.status_code in {200, 304}, answer.status_code
        found[path] = sorted(taken)[int(len(taken) * 0.99) - 1]
    app.extensions["hotline.line"].guesses.close()
    return found


@contextmanager
def _opened(url: str, folder: str) -> Iterator[tuple[Database, Settings]]:
    settings = Settings.from_env(
        {
            "HOTLINE_DATA_DIR": folder,
            "HOTLINE_DATABASE_URL": url,
            "HOTLINE_REDIS_URL": f"unix://{folder}/down.sock",
            "HOTLINE_PUBLIC_URL": "https://line.example.org",
            "HOTLINE_SECRET_KEY": "the secret key of a benchmark, never of a house",
            "HOTLINE_PIN_PEPPER": "the PIN pepper of a benchmark, never of a house",
            "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "TWILIO_AUTH_TOKEN": "the-token-of-a-benchmark",
        }
    )
    database = Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key))
    upgrade(database)
    try:
        yield database, settings
    finally:
        database.close()


def _databases() -> Iterator[tuple[str, Database, Settings]]:
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        yield "SQLite", *stack.enter_context(_opened(url, folder))
        server = stack.enter_context(running_postgres())
        name = server.create()
        yield "PostgreSQL", *stack.enter_context(_opened(server.url(name), folder))
