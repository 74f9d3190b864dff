"""The address that a server binds to, read from --bind and checked before anything starts."""

import socket
import time
from dataclasses import dataclass
from pathlib import Path

from hotline.cli.command.context import fail


@dataclass(frozen=True)
class Bind:
    """A host and a port; ``url`` is how this machine itself reaches it."""

    host: str
    port: int

    @property
    def here(self) -> str:
        """The host under which this machine reaches the server."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104

    @property
    def url(self) -> str:
        """Such as http://127.0.0.1:8000."""
        host = f"[{self.here}]" if ":" in self.here else self.here
        return f"http://{host}:{self.port}"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_bind(text: str) -> Bind:
    """Read HOST:PORT, with an IPv6 host in brackets. Exits 2 for anything else."""
    host, separator, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not separator or not host or not (port.isascii() and port.isdigit()) or not 1 <= int(port) <= 65535:
        fail("--bind must be HOST:PORT, such as 127.0.0.1:8000, with a port from 1 to 65535.")
    return Bind(host, int(port))


def keep_bound(data_dir: Path, bind: Bind) -> None:
    """Write down where `serve` listens, for commands in another terminal."""
    _bound_file(data_dir).write_text(bind.url)


def forget_bound(data_dir: Path) -> None:
    """Remove what `keep_bound` wrote, once nothing listens there."""
    _bound_file(data_dir).unlink(missing_ok=True)


def kept_bound(data_dir: Path) -> str | None:
    """The URL at which `serve` listens on this data folder; None if none runs."""
    try:
        return _bound_file(data_dir).read_text().strip() or None
    except OSError:
        return None


def _bound_file(data_dir: Path) -> Path:
    return data_dir / "run" / "bound"


def refuse_busy(bind: Bind, what: str, patience_seconds: float = 0.0) -> None:
    """Exit 2 if the address is in use; ``patience_seconds`` waits for the last processes of a killed run."""
    until = time.monotonic() + patience_seconds
    while True:
        reason = _bind_fault(bind)
        if reason is None:
            return
        if time.monotonic() >= until:
            fail(f"{bind} cannot be used for {what}: {reason}. Choose another with --bind HOST:PORT.")
        time.sleep(0.05)


def is_free(bind: Bind) -> bool:
    """Whether a server could listen there now."""
    return _bind_fault(bind) is None


def _bind_fault(bind: Bind) -> str | None:
    family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Connections of an earlier run that are still closing do not count as busy; a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind.host, bind.port))
            probe.listen(1)
        except socket.gaierror:
            return "no such host is known"
        except OSError as error:
            return (error.strerror or "it cannot be bound").lower()
    return None
