"""Fixtures of the whole suite. A test that takes ``database`` runs twice: on SQLite and on PostgreSQL.

Tests in the folders of ``ON_ONE`` run on one of the two, by name: each statement reaches both from some test.
``ON_SQLITE`` and ``in_turn`` are for other tests that would only prove the same twice.
"""

# ruff: noqa: E402
import gc

# Each collection would scan all that is imported and thousands of tests, of which little becomes garbage.
gc.disable()

import dataclasses
import os
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache, partial
from itertools import cycle
from pathlib import Path
from typing import Any
from zlib import crc32

import hypothesis
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, event

from config.office import Office
from config.settings import Settings
from models.store.database import Database
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests import made_once
from tests.servers import Postgres, Valkey, running_postgres, running_valkey

FIELD_KEYS = (("k1", bytes(range(32))),)
SECRET_KEY = b"the secret key of the test suite, never of a hotline"
DATABASES = ("sqlite", "postgresql")
#: For a long story of many sweeps or calls; shorter tests send its statements to PostgreSQL as well.
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
#: For a test in ``ON_ONE`` that sends a statement that no other test sends, or whose threads race.
ON_BOTH = pytest.mark.parametrize("database_url", DATABASES, indirect=True)
#: Folders, and two files, whose tests run on one database each: other calls and tests of the models send the
#: same statements.
ON_ONE = (
    "tests/calls/",
    "tests/console/",
    "tests/hotline/cli/",
    "tests/hotline/test_demo.py",
    "tests/hotline/test_sms.py",
    "tests/models/audit/",
    "tests/models/callbacks/",
    "tests/models/calls/",
    "tests/models/cases/",
    "tests/models/custody/",
    "tests/models/notices/",
    "tests/models/outcomes/",
    "tests/models/overview/",
    "tests/models/retention/",
    "tests/models/staff/",
    "tests/models/talks/",
    "tests/workers/",
)
#: Of these one in four runs on PostgreSQL, where a call takes half as long again.
CALLS, FOURTH = "tests/calls/", 4
#: Tests that wait for a browser or a process for most of their time.
WAITING = ("tests/browser/", "tests/chaos/", "tests/hotline/")


#: A folder in memory, where a system has one, and how much of it must be free for the suite's files.
IN_MEMORY, ROOM_BYTES = Path("/dev/shm"), 4 << 30  # noqa: S108

# Hypothesis fails an example that takes 0.2 s, which tells of a busy machine or of a first import. Each run
# takes other examples: fifty in each of many runs find what a hundred in half as many would.
hypothesis.settings.register_profile(
    "untimed", max_examples=50, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


def pytest_configure() -> None:
    """Keep the files of tests and of their servers in memory.

    SQLite waits for the disk at each of some 100,000 commits, and a PostgreSQL is a thousand files.
    """
    if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM_BYTES:
        os.environ.setdefault("TMPDIR", str(IN_MEMORY))
        # Read it again, even if something read it before.
        tempfile.tempdir = None


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the database of a test in ``ON_ONE``, unless the test names its own."""
    test = metafunc.definition
    marked = [mark.args[0] for mark in test.iter_markers("parametrize")]
    if (
        test.nodeid.startswith(ON_ONE)
        and "database_url" in metafunc.fixturenames
        and not any("database_url" in names for names in marked)
    ):
        every = FOURTH if test.nodeid.startswith(CALLS) else 2
        which = DATABASES[crc32(test.name.encode()) % every == every - 1]
        test.add_marker(pytest.mark.parametrize("database_url", [which], indirect=True))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that wait evenly among those that compute, so that at any time some processes do each.

    None of them is in the last tenth: no process is left alone with a long one at the end.
    """
    files = list(dict.fromkeys(item.nodeid.partition("::")[0] for item in items))
    # The longest is first. Neighbors of a folder take equally long, so they come in any order.
    waiting = sorted(
        (one for one in files if one.startswith(WAITING)),
        key=lambda one: (not one.startswith("tests/chaos/"), crc32(one.encode())),
    )
    computing = [one for one in files if not one.startswith(WAITING)]
    places = {one: number / len(waiting) * 0.9 for number, one in enumerate(waiting)}
    places |= {one: number / len(computing) for number, one in enumerate(computing)}
    items.sort(key=lambda item: places[item.nodeid.partition("::")[0]])


def pytest_collection_finish() -> None:
    """Collect what tests leave behind, seldom, and never scan what was there before them."""
    gc.freeze()
    gc.set_threshold(100_000, 10, 10)
    gc.enable()


def in_turn(name: str, values: Iterable[Any], **options: Any) -> pytest.MarkDecorator:
    """A parameter with many values of one kind: each runs on one of the databases, in turn."""
    pairs = list(zip(cycle(DATABASES), values))
    return pytest.mark.parametrize(("database_url", name), pairs, indirect=["database_url"], **options)


class NetworkIsOffError(RuntimeError):
    """A test tried to reach something that is neither this machine nor a Unix socket."""


def _is_here(host: Any) -> bool:
    return host is None or str(host) in {"localhost", "::1", ""} or str(host).startswith("127.")


@pytest.fixture(scope="session", autouse=True)
def _network_is_off() -> Iterator[None]:
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuse(address: Any) -> None:
        if isinstance(address, tuple) and not _is_here(address[0]):
            raise NetworkIsOffError("The network is off in tests.")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        refuse(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        refuse(address)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_here(host.decode() if isinstance(host, bytes) else host):
            raise NetworkIsOffError("The network is off in tests.")
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


@pytest.fixture(scope="session", autouse=True)
def _light_hashes() -> Iterator[None]:
    """Adding staff does not wait for a strong hash of a password that works once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "models.staff.staff.PasswordHasher", partial(PasswordHasher, memory_cost=64, time_cost=1)
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def _made_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        made_once.share(patch)
        yield


@event.listens_for(Engine, "connect")
def _rows_come_in_no_order_of_their_own(connection: Any, _record: Any) -> None:
    """Reverse what no ORDER BY orders: PostgreSQL returns such rows in any order."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA reverse_unordered_selects = ON")


@pytest.fixture(scope="session")
def _keyring() -> Keyring:
    return Keyring(FIELD_KEYS, SECRET_KEY)


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """The suite's Valkey, for tests that stop it; most take ``redis_url``."""
    with running_valkey() as server:
        yield server


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """The URL of an empty Valkey."""
    valkey.empty()
    return valkey.url


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The suite's PostgreSQL, for tests that need a database of their own."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def _migrated_postgresql(postgres: Postgres, _keyring: Keyring) -> Iterator[str]:
    name = postgres.create()
    _migrate(postgres.url(name), _keyring)
    made_once.KEPT.url = postgres.url(name)
    yield name
    made_once.KEPT.lose()
    postgres.drop(name)


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory, _keyring: Keyring) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "hotline.db"
    _migrate(f"sqlite:///{path}", _keyring)
    return path


def _migrate(url: str, keyring: Keyring) -> None:
    database = Database(url, keyring)
    upgrade(database)
    database.close()


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated database without a row, once for each kind."""
    if request.param == "sqlite":
        path = tmp_path / "hotline.db"
        shutil.copyfile(request.getfixturevalue("_migrated_sqlite"), path)
        return f"sqlite:///{path}"
    postgres, name = request.getfixturevalue("postgres"), request.getfixturevalue("_migrated_postgresql")
    made_once.KEPT.lose_unless(postgres.empty(name, made_once.KEPT.process_ids()))
    url: str = postgres.url(name)
    return url


@pytest.fixture(params=DATABASES)
def blank_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without a table, once for each kind; for tests of migrations."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.db'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def database(database_url: str, _keyring: Keyring) -> Iterator[Database]:
    """A migrated database without a row; the test runs on SQLite and on PostgreSQL."""
    database = Database(database_url, _keyring)
    yield database
    database.close()


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a development hotline in a folder of its own, always open.

    They name the database and the Valkey that the test takes; without them, a database file that is not there
    yet and a Redis that is down.
    """
    taken = request.fixturenames
    return Settings.from_env(
        {
            "HOTLINE_DATA_DIR": str(tmp_path),
            "HOTLINE_DATABASE_URL": request.getfixturevalue("database_url")
            if "database_url" in taken
            else "",
            "HOTLINE_REDIS_URL": (
                request.getfixturevalue("redis_url")
                if "redis_url" in taken
                else f"unix://{tmp_path}/down.sock"
            ),
            "HOTLINE_PUBLIC_URL": "https://line.example.org",
            "HOTLINE_SECRET_KEY": SECRET_KEY.decode(),
            "HOTLINE_PIN_PEPPER": "the PIN pepper of the test suite, never of a hotline",
            "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "HOTLINE_OFFICE_ALWAYS_OPEN": "1",
            "TWILIO_AUTH_TOKEN": "the-token-of-the-test-suite",
            "TWILIO_API_BASE_URL": "http://127.0.0.1:1",
        }
    )


#: Nobody changes an office: a test that needs another one replaces its fields in a copy.
_loaded = cache(Office.load)


@pytest.fixture
def office(settings: Settings) -> Office:
    """The shipped office, always open as the settings say; a liaison is free at once after a talk.

    The tests of the wrap-up give their office one.
    """
    shipped = _loaded(settings.office_file, settings.office_always_open)
    none = dataclasses.replace(shipped.policies["wrap_up_seconds"], value=0)
    return dataclasses.replace(shipped, policies={**shipped.policies, "wrap_up_seconds": none})


@pytest.fixture
def now() -> datetime:
    """A Wednesday, 10 a.m. at the shipped office, the day before a holiday."""
    return datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
