"""The web server as strangers on the network and the kernel see it: its port, its workers, slow senders."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from config.settings import Settings, variables
from hotline.cli.command.bind import Bind
from hotline.cli.serving.server import listen
from models.store.database import Database
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests import forked
from tests.hotline.cli.test_serve import free_ports, until

HALF_A_FORM = (
    b"POST /voice/inbound HTTP/1.1\r\nHost: line.example.org\r\nContent-Length: 500\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nCallSid="
)
HALF_A_HEAD = b"GET /up HTTP/1.1\r\nHost: line.example.org\r\nX-Longer: "
STRANGERS = 1100
#: What a process opens for its own work while they are there: the database, its log, a part of its loop.
ITS_OWN_FILES = 30


class Web:
    """One `hotline web` in a process of its own, or another role; ``told`` are variables of its settings."""

    def __init__(self, folder: Path, role: str = "web", port: int | None = None, **told: str) -> None:
        self.port, self._log = port or free_ports(), folder / f"{role}.log"
        self.environ = {name: value for name, value in os.environ.items() if name not in variables()}
        self.environ |= {"HOTLINE_DATA_DIR": str(folder), **told}
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hotline.cli", role, "--bind", f"127.0.0.1:{self.port}"],
                env=self.environ,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def printed(self) -> str:
        return self._log.read_text()

    def answers(self) -> bool:
        """Whether a caller has an answer before the carrier gives up."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request("GET", "/voice/fallback.xml")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def descriptors(self) -> int:
        """How many files, pipes and connections its workers have open."""
        return sum(worker.num_fds() for worker in self.workers())

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated_folder(tmp_path_factory.mktemp("web") / "var")


def migrated_folder(folder: Path) -> Path:
    """A data folder of which the database is made."""
    settings = Settings.from_env({"HOTLINE_DATA_DIR": str(folder), **keys()})
    folder.mkdir()
    database = Database(settings.database_url, Keyring(settings.field_keys, settings.secret_key))
    upgrade(database)
    database.close()
    return folder


def keys() -> dict[str, str]:
    """The settings that a role of an installation must be told."""
    return {
        "HOTLINE_SECRET_KEY": "s" * 32, "HOTLINE_PIN_PEPPER": "p" * 32, "TWILIO_AUTH_TOKEN": "t" * 32,
        "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    }  # fmt: skip


@pytest.fixture(scope="module")
def web(folder: Path) -> Iterator[Web]:
    web = Web(folder)
    until(web.answers, "the web")
    until(lambda: len(web.workers()) == 2, "two workers")
    yield web
    web.process.send_signal(signal.SIGTERM)
    web.process.wait(30)


@pytest.mark.parametrize("role", ["web", "events"])
def test_role_on_a_busy_port_ends_in_one_sentence_and_takes_no_request(
    web: Web, folder: Path, role: str
) -> None:
    second = forked.run([role, "--bind", f"127.0.0.1:{web.port}"], web.environ)

    assert second.returncode == 2
    assert second.stderr.splitlines()[-1] == (
        f"127.0.0.1:{web.port} cannot be used: address already in use. Choose another with --bind HOST:PORT."
    )
    assert web.answers()


def test_role_writes_one_line_when_it_starts(web: Web) -> None:
    (line,) = [json.loads(line) for line in web.printed.splitlines() if '"Started."' in line]
    assert (line["role"], line["release"]) == ("web", version("hotline"))
    assert line["address"] == f"127.0.0.1:{web.port}"


def test_nobody_else_can_join_the_port(web: Web) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", web.port))


def test_caller_is_answered_though_one_worker_after_another_is_killed(web: Web) -> None:
    for _ in range(2):
        before = web.workers()
        before[-1].kill()
        assert web.answers()
        until(lambda killed=before[-1]: killed not in web.workers(), "the killed worker to be gone")
    until(lambda: len(web.workers()) == 2, "two workers again")
    assert web.process.poll() is None
    assert web.answers()


def test_strangers_who_send_half_a_form_each_keep_no_caller_waiting(web: Web) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before = web.descriptors() + ITS_OWN_FILES
    try:
        with ExitStack() as open_ones:
            for _ in range(STRANGERS):
                stranger = open_ones.enter_context(socket.create_connection(("127.0.0.1", web.port), 10))
                stranger.sendall(HALF_A_FORM)
            assert web.answers()
            # The last one keeps sending a byte now and then, and is cut off as well: at once or, where its
            # body was not yet being read, when the slots of the first ones are free and its own time is over.
            until(lambda: is_cut_off(stranger, b"A"), "the slowest stranger to be cut off", patience=90)
            assert web.answers()
        # Each check for the late ones used to leave behind a second descriptor of everything that was no
        # socket.
        until(lambda: web.descriptors() <= before, "the connections of the strangers to be given back")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_strangers_who_send_half_a_head_are_cut_off_and_keep_no_caller_waiting(web: Web) -> None:
    with ExitStack() as open_ones:
        strangers = [
            open_ones.enter_context(socket.create_connection(("127.0.0.1", web.port), 10)) for _ in range(100)
        ]
        for stranger in strangers:
            stranger.sendall(HALF_A_HEAD)
        assert web.answers()
        # The last one keeps sending a byte now and then, which gains it no time.
        until(lambda: is_cut_off(strangers[-1], b"A"), "the slowest stranger to be cut off", patience=90)
        until(lambda: all(is_cut_off(one, b"") for one in strangers), "the others to be cut off")
        assert web.answers()


def is_cut_off(stranger: socket.socket, word: bytes) -> bool:
    try:
        stranger.sendall(word)
        stranger.settimeout(0.2)
        return stranger.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_answer_on_a_connection_that_stays_open_waits_for_no_acknowledgment() -> None:
    with listen(Bind("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
