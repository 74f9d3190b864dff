"""A real `hotline events`, for tests that listen to it or open pages that do."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path

from config.settings import variables
from hotline.console.shell.other_port import EVENTS
from tests.hotline.cli.test_serve import free_ports, until

PATIENCE_SECONDS = 60


class EventsProcess:
    """One `hotline events` in a process of its own; ``told`` are the variables of its settings."""

    def __init__(self, folder: Path, told: Mapping[str, str], port: int | None = None) -> None:
        self.port, self._log = port or free_ports(), folder / "events.log"
        self._environ = {name: value for name, value in os.environ.items() if name not in variables()}
        self._environ |= told
        self.starts()

    def starts(self) -> None:
        """Start it, also after it was killed, and wait until it answers."""
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hotline.cli", "events", "--bind", f"127.0.0.1:{self.port}"],
                env=self._environ,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until(self.is_up, "the events")

    @property
    def printed(self) -> str:
        return self._log.read_text()

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.printed
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", EVENTS)
            return connection.getresponse().status == 401
        except OSError:
            return False
        finally:
            connection.close()

    def stops(self, how: int = signal.SIGTERM) -> int:
        """End it, if it runs; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(PATIENCE_SECONDS)
