"""The database of `hotline serve` cannot be reached, and a process of the line dies meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from hotline.exchange.page.rung_phone import ExchangeClient
from tests.hotline.cli.test_serve import Serving, is_alive, until
from tests.servers import Postgres


@contextmanager
def away(postgres: Postgres, name: str) -> Iterator[None]:
    """Nobody reaches the database: it takes no connection, and those that it had are closed."""
    with psycopg.connect(postgres.url("postgres").replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))


@pytest.fixture
def serving(postgres: Postgres, tmp_path: Path) -> Iterator[tuple[Serving, str]]:
    name = postgres.create()
    serving = Serving(tmp_path / "var", HOTLINE_DATABASE_URL=postgres.url(name)).waits_until_ready()
    yield serving, name
    serving.stops()
    postgres.drop(name)


def test_web_processes_that_die_while_the_database_is_away_are_replaced_and_callers_get_a_person(
    serving: tuple[Serving, str], postgres: Postgres
) -> None:
    line, name = serving
    exchange = ExchangeClient(f"http://127.0.0.1:{line.port + 1}")

    with away(postgres, name):
        killed = [line.child("web0"), line.child("web1")]
        for process in killed:
            process.kill()
        until(lambda: not any(is_alive(process) for process in killed), "them to be gone")
        until(lambda: line.has_another("web0", killed[0]) and line.has_another("web1", killed[1]), "others")
        _, call = exchange.ask("POST", "/handset/dial", {"from": "+12025550123", "to": "+12025550100"})
        path = f"/handset/{call['sid']}"
        until(lambda: exchange.ask("GET", f"{path}.json")[1]["rings"], "a person's phone to ring")

        heard = " ".join(passage["text"] for passage in exchange.ask("GET", f"{path}.json")[1]["transcript"])
        assert "something went wrong on our side. I am calling a person for you." in heard
        assert "Estoy llamando a una persona." in heard
    until(line.is_ready, "the line to answer as before")
