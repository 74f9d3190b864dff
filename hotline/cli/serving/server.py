"""The web server of a role: one socket that no other process can join, and workers replaced at once."""

import contextlib
import resource
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from granian._granian import SocketHolder
from granian._internal import load_target
from granian.constants import Interfaces, RuntimeModes
from granian.server import MPServer

from hotline.cli.command.bind import Bind
from hotline.cli.command.context import fail

BACKLOG = 1024
#: How long the port of a killed run may stay busy while its last processes end.
LEAVING_SECONDS = 2.0
#: A worker that ends right after its start is replaced after a pause, so it cannot use up a whole core.
_CALM_SECONDS, _PAUSE_SECONDS = 1.0, 0.2


def listen(bind: Bind) -> socket.socket:
    """Bind a socket that no other process can join. Exits 2 in one sentence when the port is busy.

    Without SO_REUSEPORT the kernel refuses the second process that binds. With it two offices once shared a
    port, and each answered some of the other's callers.
    """
    until = time.monotonic() + LEAVING_SECONDS
    while True:
        try:
            return _listen(bind)
        except OSError as error:
            reason = (error.strerror or "it cannot be bound").lower()
            if isinstance(error, socket.gaierror) or time.monotonic() >= until:
                fail(f"{bind} cannot be used: {reason}. Choose another with --bind HOST:PORT.")
            time.sleep(0.05)


def _listen(bind: Bind) -> socket.socket:
    found = socket.socket(socket.AF_INET6 if ":" in bind.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Connections of an earlier run that are still closing do not count as busy; a listener does.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Its connections inherit this. A response goes out in two parts, and without it the second one waits
        # for the other side's acknowledgment: 40 ms for each answer on a connection that stays open.
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        found.bind((bind.host, bind.port))
        found.listen(BACKLOG)
    except OSError:
        found.close()
        raise
    return found


def allow_many_connections() -> None:
    """Raise this process's limit of open files to the maximum that the machine allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Server(MPServer):
    """Granian on a socket that was bound before; it replaces workers as often as they die.

    Granian itself gives each worker a socket with SO_REUSEPORT, which others can join, and ends all workers
    when one dies twice within 5.5 s.
    """

    def __init__(self, target: str, listening: socket.socket, **options: Any) -> None:
        super().__init__(target, **options)
        self._listening, self._replaced_at = listening, 0.0

    def _init_shared_socket(self) -> None:
        self._listening.set_inheritable(True)
        # Its type stub omits these arguments: the file descriptor, not a Unix socket, the backlog.
        holder = SocketHolder(self._listening.fileno(), False, BACKLOG)  # type: ignore[call-arg]
        vars(self).update(_sso=self._listening, _sfd=self._listening.fileno(), _ssp=None, _shd=holder)

    def serve_alone(self) -> None:
        """Answer in this process, as its only worker, until a signal ends it."""
        is_asgi = self.interface is Interfaces.ASGI
        # The values that ``serve`` chooses when the mode is ``auto``.
        self.runtime_mode = RuntimeModes.st if is_asgi else RuntimeModes.mt
        self._init_shared_socket()
        load = partial(load_target, self.target, factory=True)
        target = self._spawn_asgi_lifespan_worker if is_asgi else self._spawn_wsgi_worker
        self._spawn_worker(0, target, load).inner.run()

    def _respawn_workers(
        self, workers: Sequence[int], spawn_target: Callable[..., None], target_loader: Any, delay: float = 0
    ) -> None:
        if time.monotonic() - self._replaced_at < _CALM_SECONDS:
            time.sleep(_PAUSE_SECONDS)
        self._replaced_at = time.monotonic()
        super()._respawn_workers(workers, spawn_target, target_loader, delay)
        # Granian ends all workers because of the restarts that it remembers here.
        self.respawned_wrks.clear()
