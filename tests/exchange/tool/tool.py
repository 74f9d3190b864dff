"""The exchange as its own package, installed where nothing else of ours is, and the apps in front of it."""

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import venv
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path
from typing import Any

import requests
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]
APPS = Path(__file__).parent / "apps"
ACCOUNT, TOKEN = "AC" + "3" * 32, "the-token-of-somebody-elses-app"
DOCTOR, PATIENT = "+12025550131", "+12025550132"
SERVICE, RESTAURANT, GUEST = "+12025550130", "+12025550120", "+12025550121"
PATIENCE_SECONDS = 60.0


def build_wheel(folder: Path) -> Path:
    """Build the wheel of the exchange alone, from a copy of its folder and nothing else."""
    source = folder / "exchange"
    shutil.copytree(
        ROOT / "hotline" / "exchange", source, ignore=shutil.ignore_patterns("__pycache__", "build")
    )
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    wheel = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(source)]
    subprocess.run(wheel, check=True, capture_output=True, timeout=100)
    (built,) = folder.glob("*.whl")
    return built


def install(wheel: Path, folder: Path) -> Path:
    """Install the wheel into a fresh environment with what it requires, and return its `exchange`.

    What it requires is not fetched: it is linked from the environment of this suite.
    """
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "--python", str(python)]
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--no-compile", str(wheel)],
        check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    (packages,) = folder.glob("lib/*/site-packages")
    (metadata,) = packages.glob("hotline_exchange-*.dist-info/METADATA")
    wanted = [
        line.partition(": ")[2] for line in metadata.read_text().splitlines() if line[:14] == "Requires-Dist:"
    ]
    for name in closure(wanted):
        for file in distribution(name).files or ():
            top = Path(file.parts[0])
            if file.parts[0] not in {"..", "__pycache__"} and not (packages / top).exists():
                (packages / top).symlink_to(Path(str(distribution(name).locate_file(top))))
    return folder / "bin" / "exchange"


def closure(wanted: list[str]) -> set[str]:
    """Return the names of these packages and of all that they require here."""
    found: set[str] = set()
    left = [Requirement(one) for one in wanted]
    while left:
        one = left.pop()
        if one.name in found or (one.marker and not one.marker.evaluate({"extra": ""})):
            continue
        try:
            left += [Requirement(text) for text in requires(one.name) or ()]
        except PackageNotFoundError:
            raise AssertionError(f"{one.name} is not installed here") from None
        found.add(one.name)
    return found


class Running:
    """A program that was started; ``lines`` are what it has printed so far."""

    def __init__(self, *command: str, cwd: Path, **environ: str) -> None:
        # Nothing of this checkout may be found: neither by a path nor by a variable.
        clean = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(
            command, cwd=cwd, env=clean | environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.lines: list[str] = []
        self._queue: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as printed:
            for line in printed:
                self._queue.put(line.rstrip("\n"))

    def prints(self, start: str) -> str:
        """Wait for a line that begins so, and return the rest of it."""
        while True:
            try:
                self.lines.append(self._queue.get(timeout=PATIENCE_SECONDS))
            except queue.Empty:
                raise AssertionError(f"it printed no line {start!r} but {self.lines}") from None
            if self.lines[-1].startswith(start):
                return self.lines[-1].removeprefix(start)

    def all_printed(self) -> list[str]:
        """Return every line so far."""
        with suppress(queue.Empty):
            while True:
                self.lines.append(self._queue.get_nowait())
        return self.lines

    def ends(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=PATIENCE_SECONDS)


class Tool:
    """An exchange started by its command; ``url`` is its plain port and ``proxy`` the one with TLS."""

    def __init__(self, program: Running, folder: Path) -> None:
        self.program = program
        self.url = program.prints("The exchange is at ").removesuffix("/exchange/")
        self.proxy = program.prints("HTTPS_PROXY=").split()[0]
        self.authority = folder / "exchange-ca.pem"

    def dials(self, from_: str, to: str) -> "Handset":
        """Call the app's number from a phone."""
        answer = requests.post(f"{self.url}/handset/dial", json={"from": from_, "to": to}, timeout=10)
        return Handset(self, answer.json()["sid"])

    def rings(self, number: str) -> "Handset":
        """Return the phone with this number, which rings or has just been called."""
        for _ in range(200):
            found = requests.get(f"{self.url}/handset/rung.json", timeout=10).json()["calls"]
            for call in found:
                if call["to"] == number and call["status"] == "ringing":
                    return Handset(self, call["sid"])
            time.sleep(0.02)
        raise AssertionError(f"no phone rings at {number}")

    def events(self, sid: str, count: int) -> list[dict[str, Any]]:
        """The requests that a call has made, once there are so many: the last ones follow its end."""
        for _ in range(200):
            found: list[dict[str, Any]] = self.rest(f"/Calls/{sid}/Events.json").json()["events"]
            if len(found) >= count:
                break
            time.sleep(0.02)
        return found

    def home(self, number: str) -> str:
        """Where the app of a number answers, as the API tells it."""
        (found,) = self.rest("/IncomingPhoneNumbers.json", params={"PhoneNumber": number[1:]}).json()[
            "incoming_phone_numbers"
        ]
        return str(found["voice_url"]).removesuffix("/voice")

    def rest(self, path: str, **more: Any) -> Any:
        """Ask the REST API without a client of Twilio's; with ``data``, by POST."""
        method = "POST" if "data" in more else "GET"
        url = f"{self.url}/2010-04-01/Accounts/{ACCOUNT}{path}"
        return requests.request(method, url, auth=(ACCOUNT, TOKEN), timeout=10, **more)


class Handset:
    """One phone in a call."""

    def __init__(self, tool: Tool, sid: str) -> None:
        self._tool, self.sid = tool, sid

    def does(self, action: str, **given: str) -> "Handset":
        """Do something with the phone (answer, keys, words, silence, hang-up)."""
        answer = requests.post(f"{self._tool.url}/handset/{self.sid}/{action}", json=given, timeout=30)
        assert answer.status_code == 200, answer.text
        return self

    def seen(self) -> Any:
        """What the person sees: the state and the transcript."""
        return requests.get(f"{self._tool.url}/handset/{self.sid}.json", timeout=10).json()

    def hears(self, *words: str) -> bool:
        """Whether these words are heard in this order, now or soon."""
        for _ in range(200):
            heard = " / ".join(one["text"] for one in self.seen()["transcript"])
            if re.search(".*".join(re.escape(one) for one in words), heard):
                return True
            time.sleep(0.02)
        raise AssertionError(f"heard {heard!r}")

    def is_over(self) -> bool:
        """Whether the call has ended."""
        return bool(self.seen()["state"] == "over")


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
