"""Calls while PostgreSQL is hung, not dead: words and a person before the carrier gives up (R39)."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from config.office import Office
from config.settings import Settings
from hotline import create_app
from models.store import database
from models.store.database import BUSY_SECONDS, CONNECT_SECONDS, GRACE_SECONDS, Database
from models.store.keyring import Keyring
from tests import made_once
from tests.factories import HASHER
from tests.phone import Phone
from tests.servers import Postgres
from tests.twiml_check import check

#: In place of BUSY_SECONDS, so that the suite need not wait as long as a caller may.
PATIENCE = 0.4


class NoQueue:
    """A Redis that is down."""

    def enqueue(self, _name: str, _row_id: int) -> bool:
        """Take nothing."""
        return False


@pytest.fixture
def url(postgres: Postgres, _migrated_postgresql: str) -> str:
    postgres.empty(_migrated_postgresql)
    # It has ended the connections that other tests keep for the next one.
    made_once.KEPT.lose()
    return postgres.url(_migrated_postgresql)


@pytest.fixture
def phone(url: str, settings: Settings, office: Office, now: datetime) -> Iterator[Phone]:
    """A telephone to a line on this PostgreSQL, with short timeouts."""
    keyring = Keyring(settings.field_keys, settings.secret_key)
    database = Database(url, keyring, patience_seconds=PATIENCE)
    app = create_app(
        settings, office=office, database=database, hasher=HASHER, jobs=NoQueue(), clock=lambda: now
    )
    yield Phone(
        app.test_client(), public_url=settings.public_url, auth_token=settings.twilio_auth_tokens[0],
        account_sid=settings.twilio_account_sid, line=office.lines[0], check=check,
    )  # fmt: skip
    app.extensions["hotline.line"].guesses.close()
    database.close()


@pytest.fixture
def watch(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of somebody else."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection:
        yield connection


def _others(watch: psycopg.Connection[Any]) -> list[int]:
    """The server's processes that serve the line."""
    found = watch.execute(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ).fetchall()
    watch.rollback()
    return [pid for (pid,) in found]


def _hears_an_apology_and_a_person(phone: Phone, office: Office) -> bool:
    return phone.hears("Sorry", "911") and phone.is_rung(office.person_number)


def test_caller_behind_a_lock_that_nobody_releases_hears_words_and_a_person(
    phone: Phone, office: Office, watch: psycopg.Connection[Any]
) -> None:
    phone.dials_in()
    watch.execute("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE")

    phone.presses("1")

    assert _hears_an_apology_and_a_person(phone, office)
    watch.rollback()
    phone.another().dials_in()


@pytest.fixture
def stops() -> Iterator[Callable[[list[int]], None]]:
    """Stops processes of the test's own server, and lets them go on at the end."""
    stopped: list[int] = []

    def stop(pids: list[int]) -> None:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)

    yield stop
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)


def test_caller_whose_connection_is_hung_is_served_on_another(
    phone: Phone, watch: psycopg.Connection[Any], stops: Callable[[list[int]], None]
) -> None:
    phone.dials_in()
    phone.presses("1")
    stops(_others(watch))

    phone.presses("1")

    assert phone.hears("Please enter your case number")


def test_caller_whose_whole_server_is_stopped_hears_words_and_a_person(
    phone: Phone, office: Office, watch: psycopg.Connection[Any], stops: Callable[[list[int]], None]
) -> None:
    phone.dials_in()
    serving = _others(watch)
    stops([*serving, _parent_of(serving[0])])

    phone.presses("1")

    assert _hears_an_apology_and_a_person(phone, office)


def test_line_works_again_by_itself_once_a_database_that_was_read_only_takes_writes(
    phone: Phone, office: Office, watch: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each connection stayed read only, and every caller heard the apology until somebody restarted all."""
    monkeypatch.setattr(database, "NEWS_SECONDS", 0.0)
    phone.dials_in()
    with _read_only(watch):
        phone.presses("1")
        assert _hears_an_apology_and_a_person(phone, office)
        phone.another().dials_in()

    second = phone.another()
    second.dials_in()
    second.presses("1")
    second.presses("1")

    assert second.hears("Please enter your case number")


def test_connection_that_has_just_learned_that_it_may_only_read_is_kept(
    url: str, settings: Settings, watch: psycopg.Connection[Any]
) -> None:
    """Callers who hear the apology must not open one connection after the other."""
    keyring = Keyring(settings.field_keys, settings.secret_key)
    line = Database(url, keyring, pool_size=1)
    opened = set[int]()

    def write() -> None:
        with line.transaction() as session:
            opened.add(session.scalar(text("SELECT pg_backend_pid()")) or 0)
            session.execute(text("CREATE TABLE no_more (id int)"))

    with _read_only(watch):
        for _ in range(5):
            with pytest.raises(DBAPIError, match="read-only"):
                write()
    line.close()

    assert len(opened) == 1


@contextmanager
def _read_only(watch: psycopg.Connection[Any]) -> Iterator[None]:
    """As a server does whose disk is full: those who connect meanwhile may only read."""
    others = _others(watch)
    watch.autocommit = True
    (name,) = watch.execute("SELECT current_database()").fetchone() or ("",)
    setting = sql.SQL("ALTER DATABASE {} {} default_transaction_read_only").format
    watch.execute(setting(sql.Identifier(name), sql.SQL("SET")) + sql.SQL(" = on"))
    for pid in others:
        watch.execute("SELECT pg_terminate_backend(%s)", [pid])
    try:
        yield
    finally:
        watch.execute(setting(sql.Identifier(name), sql.SQL("RESET")))


def test_longest_wait_of_a_caller_leaves_the_carrier_time_to_speak() -> None:
    # A turn that is restarted once, and an apology that fails as well.
    assert 3 * (BUSY_SECONDS + GRACE_SECONDS) < 15


def _parent_of(pid: int) -> int:
    """The server's first process, which makes a new one for each connection."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.parametrize("patience", [None, PATIENCE])
def test_machine_that_lost_power_is_taken_for_gone_by_both_sides(
    url: str, settings: Settings, patience: float | None
) -> None:
    """Without this the server keeps the locks of a lost worker for two hours, and callers hear an apology."""
    database = Database(url, Keyring(settings.field_keys, settings.secret_key), patience_seconds=patience)
    with database.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        told = raw.info.get_parameters()
        is_tcp = raw.info.host and not raw.info.host.startswith("/")
        shown = connection.exec_driver_sql("SHOW tcp_keepalives_idle").scalar()
    database.close()

    assert (told["keepalives_idle"], told["keepalives_count"]) == ("10", "3")
    assert told["tcp_user_timeout"] == "25000"
    assert told["connect_timeout"] == ("2" if patience else str(CONNECT_SECONDS))
    # A Unix socket has none.
    assert shown == ("10" if is_tcp else "0")


@pytest.mark.parametrize(("patience", "connects_in"), [(None, "60"), (PATIENCE, "2")])
def test_limits_in_the_url_of_an_operator_are_kept(
    url: str, settings: Settings, patience: float | None, connects_in: str
) -> None:
    """But where a caller waits, the connection is made in the time that the carrier leaves."""
    told_by_them = {"connect_timeout": "60", "tcp_user_timeout": "90000"}
    theirs = make_url(url).update_query_dict(told_by_them).render_as_string(hide_password=False)
    keyring = Keyring(settings.field_keys, settings.secret_key)
    database = Database(theirs, keyring, patience_seconds=patience)
    with database.engine.connect() as connection:
        told = connection.connection.dbapi_connection.info.get_parameters()
    database.close()

    assert (told["connect_timeout"], told["tcp_user_timeout"]) == (connects_in, "90000")
    assert told["keepalives_idle"] == "10"
