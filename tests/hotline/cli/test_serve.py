"""`hotline serve`: from an empty folder to a line that answers, and from every kill to a clean next start."""

import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import ClassVar

import psutil
import pytest

from config.settings import variables
from hotline.exchange.page.rung_phone import ExchangeClient
from tests import forked

PATIENCE_SECONDS = 90


def free_ports() -> int:
    """A port that is free together with the next one, which the exchange takes.

    It is outside the range of outgoing connections: one of those could take it first.
    """
    while True:
        port = random.randrange(12000, 30000)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def until(holds, what: str, patience: float = PATIENCE_SECONDS) -> None:
    """Wait for something that a process of its own brings about."""
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, f"still waiting for {what}"
        time.sleep(0.05)


class Serving:
    """One `hotline serve` in a process of its own, whose ``log`` is what it prints."""

    every: ClassVar[list["Serving"]] = []

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        *options: str,
        at_terminal: bool = False,
        **environ: str,
    ) -> None:
        Serving.every.append(self)
        self.data_dir = data_dir
        self.port = port or free_ports()
        self.log = data_dir.with_name(f"{data_dir.name}.{time.monotonic_ns()}.log")
        ours = {name: value for name, value in os.environ.items() if name not in variables()}
        with self.log.open("wb") as log:
            terminal, screen = os.openpty() if at_terminal else (None, log.fileno())
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hotline.cli", "serve", "--bind", f"127.0.0.1:{self.port}", *options],
                env={**ours, "HOTLINE_DATA_DIR": str(data_dir), **environ},
                stdout=screen,
                stderr=subprocess.STDOUT,
            )
        if terminal is not None:
            os.close(screen)
            threading.Thread(target=self._copies, args=(terminal,), daemon=True).start()

    def _copies(self, terminal: int) -> None:
        """Keep what is printed on a terminal, until nobody has it open."""
        with self.log.open("ab", buffering=0) as log, suppress(OSError):
            while printed := os.read(terminal, 65536):
                log.write(printed)
        os.close(terminal)

    @property
    def printed(self) -> str:
        return self.log.read_text()

    def is_ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/up/ready")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def waits_until_ready(self) -> "Serving":
        def ready() -> bool:
            assert self.process.poll() is None, self.printed
            return "The line answers at" in self.printed and self.is_ready()

        try:
            until(ready, "the line")
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise AssertionError(self.printed) from None
        return self

    def family(self) -> list[psutil.Process]:
        return [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]

    def child(self, name: str) -> psutil.Process:
        # The web has two processes.
        name = "web0" if name == "web" else name
        pid, _, _ = (self.data_dir / "run" / f"{name}.pid").read_text().partition(" ")
        return psutil.Process(int(pid))

    def has_another(self, name: str, killed: psutil.Process) -> bool:
        """Whether a program that was killed runs again as another process."""
        try:
            return self.child(name) != killed
        except (psutil.NoSuchProcess, ValueError):
            return False

    def ends(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)

    def stops(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.ends()


@pytest.fixture(scope="module", autouse=True)
def _nothing_stays_behind() -> Iterator[None]:
    yield
    for serving in Serving.every:
        if serving.process.poll() is None:
            serving.process.kill()
            serving.process.wait()


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose path is too long for a socket in it, which then has a folder of its own."""
    deep = tmp_path_factory.mktemp("installation") / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    return deep / "var"


@pytest.fixture(scope="module")
def running() -> Iterator[list[Serving]]:
    """Every start on the module's data folder; what still runs at the end is stopped as by Ctrl-C."""
    started: list[Serving] = []
    yield started
    for serving in started:
        if serving.process.poll() is None:
            assert serving.stops(signal.SIGINT) == 0


@pytest.fixture
def first(data_dir: Path, running: list[Serving]) -> Serving:
    """The first start in an empty folder, by a person at a terminal."""
    if not running:
        running.append(Serving(data_dir, at_terminal=True).waits_until_ready())
    return running[0]


@pytest.fixture
def serving(data_dir: Path, running: list[Serving]) -> Serving:
    """One that runs, left over from the test before if that one did not end it."""
    if not running or running[-1].process.poll() is not None:
        running.append(Serving(data_dir).waits_until_ready())
    return running[-1]


def all_gone(family: list[psutil.Process]) -> bool:
    return not any(is_alive(process) for process in family)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_person_at_a_terminal_reads_where_to_go_and_no_log_of_the_start(first: Serving) -> None:
    def roles() -> set[str]:
        lines = (first.data_dir / "run" / "started.jsonl").read_text().splitlines()
        return {json.loads(line)["role"] for line in lines}

    until(lambda: "Demo cases, with invented people:" in first.printed, "the demo cases")
    until(lambda: len(roles()) == 6, "every role to start")

    assert "The line answers at" in first.printed
    assert "Started." not in first.printed
    assert "{" not in first.printed
    assert roles() == {"web", "console", "worker", "sweeper", "intake", "events"}


def test_empty_deep_folder_becomes_a_line_that_answers_and_ends_cleanly(first: Serving) -> None:
    serving = first
    until(lambda: "key case 41000723" in serving.printed, "the things to try")
    family = serving.family()
    roles = " ".join(" ".join(process.cmdline()) for process in family)
    printed = serving.printed

    for role in (
        "supervisord",
        "hotline.cli web",
        "hotline.cli console",
        "hotline.cli worker",
        "hotline.cli sweeper",
        "hotline.cli intake",
        "hotline.cli events",
        "hotline.exchange",
    ):
        assert role in roles
    assert "valkey-server" in roles
    assert f"http://127.0.0.1:{serving.port}" in printed
    assert f"http://127.0.0.1:{serving.port + 1}/exchange/" in printed
    # Typed as printed, in another terminal, both find this folder.
    place = f"HOTLINE_DATA_DIR={serving.data_dir} .venv/bin/hotline"
    assert f"{place} phone --bind 127.0.0.1:{serving.port}\n" in printed
    assert f"{place} staff sign-in-code ana@office.example.org\n" in printed
    assert "PIN" in printed
    # The first of the things to try is a case of the list, and the second a file that is there.
    assert "key case 41000723 with PIN 739482." in printed
    (told,) = re.findall(r"custody import (\S+)\n", printed)
    assert Path(told).is_file()
    valkey = " ".join(serving.child("valkey").cmdline())
    of_socket = Path(valkey.rpartition("unixsocket:")[2].strip()).parent
    assert stat.S_IMODE(of_socket.stat().st_mode) == 0o700
    assert serving.stops() == 0
    until(lambda: all_gone(family), "every process to end")
    assert not list((serving.data_dir / "run").glob("*.pid"))
    assert not of_socket.exists()


@pytest.mark.parametrize("command", [("purge", "--json"), ("doctor", "--json")])
def test_command_in_another_terminal_asks_the_exchange_of_the_line(
    serving: Serving, command: tuple[str, ...]
) -> None:
    ours = {name: value for name, value in os.environ.items() if name not in variables()}

    ran = forked.run(command, {**ours, "HOTLINE_DATA_DIR": str(serving.data_dir)})

    assert (ran.returncode, ran.stderr.replace("Deleting\n", "")) == (0, "")
    told = json.loads(ran.stdout)
    if command[0] == "purge":
        assert told["carrier_stopped"] is None
    else:
        assert told["configured"]["HOTLINE_PUBLIC_URL"] == f"http://127.0.0.1:{serving.port}"
        assert told["configured"]["TWILIO_API_BASE_URL"] == f"http://127.0.0.1:{serving.port + 1}"


def test_phone_in_another_terminal_rings_the_line_of_this_folder_wherever_it_listens(
    serving: Serving,
) -> None:
    ours = {name: value for name, value in os.environ.items() if name not in variables()}

    ran = subprocess.run(
        [sys.executable, "-m", "hotline.cli", "phone", "--script", "1,hangup"],
        env={**ours, "HOTLINE_DATA_DIR": str(serving.data_dir)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "For English, press 1." in ran.stdout


def test_keys_and_the_supervisors_file_tell_nothing_to_others(serving: Serving) -> None:
    keys = sorted(serving.data_dir.glob("*.key"))
    written = (serving.data_dir / "run" / "supervisord.conf").read_text()

    assert len(keys) == 4
    for key in keys:
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert key.read_text().strip() not in written
    assert stat.S_IMODE(serving.data_dir.stat().st_mode) == 0o700
    assert "environment" not in written


def test_programs_log_json_lines(serving: Serving) -> None:
    def lines() -> list[dict[str, str]]:
        return [json.loads(line) for line in serving.printed.splitlines() if line.startswith("{")]

    def is_warned() -> bool:
        return any(line["level"] == "warning" and "sweeper" in line["message"] for line in lines())

    os.kill(serving.child("sweeper").pid, signal.SIGKILL)
    until(is_warned, "a word about the sweeper")

    started = {line["role"] for line in lines() if line["message"] == "Started."}
    assert started == {"web", "console", "worker", "sweeper", "intake", "events"}


@pytest.mark.parametrize(
    "name", ["web", "console", "worker", "sweeper", "intake", "events", "valkey", "exchange"]
)
def test_program_that_is_killed_comes_back(serving: Serving, name: str) -> None:
    killed = serving.child(name)
    below = killed.children(recursive=True)

    killed.kill()

    until(lambda: all_gone(below), "what the killed program had started to end with it")
    until(lambda: serving.has_another(name, killed) and serving.is_ready(), f"{name} to come back")


def test_port_stays_open_while_a_web_process_dies_again_and_again(serving: Serving) -> None:
    for _ in range(3):
        killed = serving.child("web1")
        killed.kill()
        until(lambda killed=killed: not is_alive(killed), "it to be gone")
        socket.create_connection(("127.0.0.1", serving.port), timeout=10).close()
        until(serving.is_ready, "an answer of the other process")
        until(lambda killed=killed: serving.has_another("web1", killed), "the killed one to come back")


def test_caller_in_mid_call_hears_the_next_words_while_one_web_process_after_the_other_dies(
    serving: Serving,
) -> None:
    exchange = ExchangeClient(f"http://127.0.0.1:{serving.port + 1}")
    until(serving.is_ready, "the line")
    _, call = exchange.ask("POST", "/handset/dial", {"from": "+12025550123", "to": "+12025550100"})
    path = f"/handset/{call['sid']}"
    until(lambda: exchange.ask("GET", f"{path}.json")[1]["state"] == "keys", "the opening")

    for name, words in (("web0", "To hear about your case"), ("web1", "Please enter your case number")):
        killed = serving.child(name)
        killed.kill()
        until(lambda killed=killed: not is_alive(killed), "it to be gone")
        _, seen = exchange.ask("POST", f"{path}/keys", {"keys": "1"})
        heard = " ".join(passage["text"] for passage in seen["transcript"])
        assert words in heard
        assert "problem" not in heard
        until(lambda killed=killed, name=name: serving.has_another(name, killed), f"{name} to come back")
        until(serving.is_ready, "the line")


@pytest.mark.parametrize("victim", ["serve", "supervisord", "everything"])
def test_nothing_is_left_after_a_kill_and_the_next_start_is_clean(
    serving: Serving, running: list[Serving], victim: str
) -> None:
    family = serving.family()
    doomed = {
        "serve": [psutil.Process(serving.process.pid)],
        "supervisord": [serving.child("supervisord-tied")],
        "everything": family,
    }[victim]

    for process in doomed:
        # One that ended with its parent, a moment ago, is as dead as it should be.
        with suppress(psutil.NoSuchProcess):
            process.kill()

    serving.ends()
    running.append(Serving(serving.data_dir, serving.port).waits_until_ready())
    assert all_gone(family)


def test_busy_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        refused = Serving(tmp_path / "var", port)

        assert refused.ends() == 2
        assert len(refused.printed.splitlines()) == 1
        assert f"127.0.0.1:{port}" in refused.printed
        assert "--bind" in refused.printed


def test_second_serve_on_one_folder_says_so(serving: Serving) -> None:
    second = Serving(serving.data_dir)

    assert second.ends() == 2
    assert second.printed.count("\n") == 1
    assert "already runs on the data folder" in second.printed
    assert serving.is_ready()


@pytest.mark.parametrize("bind", ["8000", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:http", ":8000"])
def test_odd_address_is_refused(tmp_path: Path, bind: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "hotline.cli", "serve", "--bind", bind],
        env={**os.environ, "HOTLINE_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 2
    assert "--bind must be HOST:PORT" in ran.stderr


PRODUCTION = {
    "HOTLINE_ENV": "production",
    "HOTLINE_PUBLIC_URL": "https://line.example.org",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "HOTLINE_SECRET_KEY": "s" * 40,
    "HOTLINE_PIN_PEPPER": "p" * 40,
    "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "TWILIO_AUTH_TOKEN": "the-token-of-the-test-suite",
}


def test_release_of_before_takes_the_schema_of_a_newer_one_as_it_is(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    data_dir = tmp_path / "var"
    data_dir.mkdir()
    shutil.copyfile(request.getfixturevalue("_migrated_sqlite"), data_dir / "hotline.db")
    with closing(sqlite3.connect(data_dir / "hotline.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    serving = Serving(data_dir, None, "--no-demo", **PRODUCTION)

    # What stops this start comes after the schema.
    assert serving.ends() == 2
    assert "shipped placeholder numbers" in serving.printed


def test_production_refuses_demo_data_and_made_up_keys(tmp_path: Path) -> None:
    demo = Serving(tmp_path / "var", None, "--demo", **PRODUCTION)
    no_keys = Serving(tmp_path / "var", None, "--no-demo", HOTLINE_ENV="production")

    assert demo.ends() == 2
    assert "--demo is refused" in demo.printed
    assert no_keys.ends() == 2
    assert no_keys.printed == "HOTLINE_SECRET_KEY is not set; it is required in production.\n"
    assert not list((tmp_path).glob("var/*.key"))
