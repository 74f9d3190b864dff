"""`hotline serve`: runs everything on this machine under one supervisor; an empty folder is enough."""

import dataclasses
import fcntl
import gc
import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import Any

import click

from config.office import Office
from config.parent import kill_strays
from config.settings import Settings, data_folder
from hotline.cli.command.bind import Bind, forget_bound, is_free, keep_bound, read_bind, refuse_busy
from hotline.cli.command.context import (
    check_installation,
    connect,
    fail,
    load_office,
    load_settings,
    whole_environment,
)
from hotline.cli.serving.log_pump import LogPump
from hotline.cli.serving.supervision import (
    make_folders,
    make_socket_folder,
    remove_socket,
    write_config,
)
from hotline.cli.serving.supervisor import preload, start_supervisor
from hotline.cli.serving.trial import try_app

READY_SECONDS = 60
_THIS_MACHINE = "127.0.0.1"
#: The port where `hotline phone` looks for the line unless told otherwise.
DEFAULT_PORT = 8000
#: How long the port of a killed run may stay busy while its last processes end.
LEAVING_SECONDS = 5.0


@click.command()
@click.option(
    "--bind", default="127.0.0.1:8000", show_default=True, metavar="HOST:PORT", help="Where to listen."
)
@click.option(
    "--demo/--no-demo",
    default=None,
    help="Load the demo office; the default in development, refused in production.",
)
def serve(bind: str, demo: bool | None) -> None:
    """Start everything on this machine under one supervisor.

    It logs JSON lines on stdout. At a terminal those of starting processes go to run/started.jsonl in the
    data folder.
    """
    # Almost no object made before the fork is garbage, and collecting takes a sixth of the start time.
    gc.disable()
    where = read_bind(bind)
    settings = load_settings(where.url)
    if demo and settings.production:
        fail("--demo is refused when HOTLINE_ENV is production: its PINs are known to everyone.")
    office = load_office(settings)
    run = make_folders(settings)
    lock = _lock(settings)
    _clear_leavings(settings, run, where)
    settings = _with_ports(settings, where)
    make_socket_folder(settings)
    cases = _prepare(settings, office, demo=not settings.production if demo is None else demo)
    if settings.carrier == "exchange":
        from hotline.cli.serving.stage import write_stage

        write_stage(settings, office, cases, _sign_in_code(settings), _release(settings))
    try_app(settings)
    raise SystemExit(_Supervised(settings, run, where, cases, lock).run())


def _lock(settings: Settings) -> int:
    """Lock the data folder. The kernel releases it when this process ends, however it ends."""
    lock = os.open(settings.data_dir / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        fail(f"Another `hotline serve` already runs on the data folder {settings.data_dir}.")
    return lock


def _clear_leavings(settings: Settings, run: Path, bind: Bind) -> None:
    patience = LEAVING_SECONDS if kill_strays(run) else 0.0
    if settings.redis_url is None:
        remove_socket(settings)
    refuse_busy(bind, "the line", patience)
    if settings.carrier == "exchange":
        refuse_busy(Bind(bind.host, settings.exchange_port), "the local exchange", patience)


def _with_ports(settings: Settings, bind: Bind) -> Settings:
    """The ports of intake, events and console: the configured ones, else free ones after ours."""
    for host, port, what in (
        (bind.host, settings.intake_port, "custody files"),
        (bind.host, settings.events_port, "events"),
        (_THIS_MACHINE, settings.console_port, "the console"),
    ):
        if port:
            refuse_busy(Bind(host, port), what)
    taken = {settings.exchange_port, settings.intake_port, settings.events_port, settings.console_port}
    # Nobody types these ports: the page or process that uses one knows it.
    free = (
        port
        for port in range(bind.port + 2, min(bind.port + 40, 65536))
        if port not in taken and all(is_free(Bind(host, port)) for host in {bind.host, _THIS_MACHINE})
    )
    return dataclasses.replace(
        settings,
        intake_port=settings.intake_port or next(free, 0),
        events_port=settings.events_port or next(free, 0),
        console_port=settings.console_port or next(free, 0),
    )


def _prepare(settings: Settings, office: Office, demo: bool) -> list[Any]:
    """Migrate, load the demo office, and return its cases."""
    from sqlalchemy.exc import SQLAlchemyError

    database = connect(settings)
    try:
        _migrate(database)
        check_installation(settings, database)
        if not demo:
            return []
        from hotline.demo import load
        from hotline.demo_feed import write_release

        write_release(settings.data_dir, datetime.now(UTC))
        return list(load(database, settings, office, callbacks=True))
    except SQLAlchemyError as error:
        click.echo(
            f"The database cannot be used ({type(error).__name__}); look at HOTLINE_DATABASE_URL.", err=True
        )
        raise SystemExit(1) from None
    finally:
        database.close()


def _migrate(database: Any) -> None:
    from models.store.schema import is_current

    # A newer schema has all that this release uses: whoever goes back one release starts on it.
    if is_current(database):
        return
    # Loading the migration code takes a tenth of the start time.
    from models.store.migrate import MigrationError, upgrade

    try:
        upgrade(database)
    except MigrationError as error:
        fail(str(error))


def _child_environment(settings: Settings) -> dict[str, str]:
    """The environment of the programs: this one, with every generated or derived value written out."""
    environ = whole_environment()
    environ.update(
        HOTLINE_DATA_DIR=str(settings.data_dir),
        HOTLINE_PUBLIC_URL=settings.public_url,
        HOTLINE_REDIS_URL=settings.queue_url,
        HOTLINE_EXCHANGE_PORT=str(settings.exchange_port),
        TWILIO_ACCOUNT_SID=settings.twilio_account_sid,
        HOTLINE_INTAKE_PORT=str(settings.intake_port),
        HOTLINE_EVENTS_PORT=str(settings.events_port),
        HOTLINE_CONSOLE_PORT=str(settings.console_port),
    )
    return environ


class _Supervised:
    """One run of supervisord: started, waited for, announced, and ended with this process."""

    def __init__(self, settings: Settings, run: Path, bind: Bind, cases: Iterable[Any], lock: int) -> None:
        self._settings, self._run, self._bind, self._cases, self._lock = (
            settings,
            run,
            bind,
            list(cases),
            lock,
        )
        self._stopping = False

    def run(self) -> int:
        """Serve until a signal or the supervisor's end; return the exit code."""
        config = write_config(self._run, self._settings, self._bind)
        keep_bound(self._settings.data_dir, self._bind)
        preload(self._settings)
        self._process, printed = start_supervisor(self._run, config, _child_environment(self._settings))
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        pump = LogPump(printed, self._run / "started.jsonl" if sys.stdout.isatty() else None)
        self._wait_until_ready(pump)
        while self._process.is_alive():
            # In steps: during a wait without a limit, a signal would be handled only at its end.
            self._process.join(1.0)
        pump.finish()
        os.close(self._lock)
        if self._stopping:
            kill_strays(self._run, wait_seconds=1.0)
            remove_socket(self._settings)
            forget_bound(self._settings.data_dir)
            click.echo("The line has stopped.")
            return 0
        code = self._process.exitcode
        click.echo(f"The supervisor ended by itself (exit {code}); start `hotline serve` again.", err=True)
        return 1

    def _stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._stopping = True
        self._process.terminate()

    def _wait_until_ready(self, pump: LogPump) -> None:
        until = time.monotonic() + READY_SECONDS
        faults: dict[str, str] | None = {"web": "it does not answer yet"}
        while self._process.is_alive() and not self._stopping:
            faults = self._faults()
            if not faults:
                pump.say(self._announcement())
                return
            if time.monotonic() > until:
                told = ", ".join(f"{name}: {reason}" for name, reason in faults.items())
                click.echo(f"Not ready after {READY_SECONDS} seconds ({told}); it keeps trying.", err=True)
                until = float("inf")
            time.sleep(0.05)

    def _faults(self) -> dict[str, str]:
        answer = _readiness(self._bind.here, self._bind.port)
        if answer is None:
            return {"web": "it does not answer yet"}
        faults: dict[str, str] = answer.get("not_usable", {})
        if not faults and self._settings.carrier == "exchange" and not _listens(self._settings.exchange_port):
            return {"exchange": "it does not answer yet"}
        if not faults and self._settings.console_port and not _listens(self._settings.console_port):
            return {"console": "it does not answer yet"}
        return faults

    def _announcement(self) -> str:
        lines = ["", f"The line answers at {self._bind.url}"]
        if self._settings.public_url != self._bind.url:
            lines.append(f"Twilio reaches it at {self._settings.public_url}/voice/inbound")
        if self._settings.carrier == "exchange":
            lines.append(f"The local exchange is at {self._settings.exchange_url}/exchange/")
            elsewhere = "" if self._bind.port == DEFAULT_PORT else f" --bind {self._bind}"
            public = self._settings.public_url
            place = _environment(self._settings, "" if public == self._bind.url else public)
            lines.append(f"To dial in from a terminal: {place}.venv/bin/hotline phone{elsewhere}")
        if self._cases:
            lines += _how_to_sign_in(self._settings)
            lines += ["", *_to_try(self._settings, self._cases), "", "Demo cases, with invented people:"]
            lines += [f"  case number {c.number}   PIN {c.pin}   {c.says}" for c in self._cases]
        return "\n".join([*lines, ""])


def _environment(settings: Settings, public_url: str = "") -> str:
    """The variables that a command in another terminal needs to find this line; empty for the default."""
    told = {"HOTLINE_PUBLIC_URL": public_url}
    if settings.data_dir != data_folder({}):
        told["HOTLINE_DATA_DIR"] = str(settings.data_dir)
    return "".join(f"{name}={shlex.quote(value)} " for name, value in told.items() if value)


def _to_try(settings: Settings, cases: Iterable[Any]) -> list[str]:
    """Three things for a first half hour, for as long as their case is as it was."""
    from hotline.demo_feed import REGISTERED_NUMBER

    told = [f"case {one.number} with PIN {one.pin}" for one in cases if one.number == REGISTERED_NUMBER]
    heard = told[0] if told else "a case below with its PIN"
    return [
        "Three things to try:",
        f"  1. Dial the line from the exchange, press 1 and 1, and key {heard}.",
        f"  2. Let the feed say that this person got out: {_release(settings)}",
        "     The line calls +1 202 555 0110, who asked for that. Answer it on the exchange, press 1, key",
        "     2593, press 1 to hear it, and 1 to confirm. Or dial again.",
        "  3. Sign in as Ana, open Callbacks, and call somebody back: her phone rings on the exchange.",
    ]


def _how_to_sign_in(settings: Settings) -> list[str]:
    from hotline.demo_staff import PASSWORD, STAFF

    return [
        f"Staff sign in at {settings.public_url}/console/ with the password: {PASSWORD}",
        *(f"  {email:<28} {role}" for email, _, role, *_ in STAFF),
        f"The code that is asked for then: {_sign_in_code(settings)}",
    ]


def _sign_in_code(settings: Settings) -> str:
    """The command that prints the code of the demo's first person."""
    from hotline.demo_staff import STAFF

    return f"{_environment(settings)}.venv/bin/hotline staff sign-in-code {STAFF[0][0]}"


def _release(settings: Settings) -> str:
    """The command that imports the demo's feed file."""
    from hotline.demo_feed import NAME

    return f"{_environment(settings)}.venv/bin/hotline custody import {settings.data_dir / NAME}"


def _readiness(host: str, port: int) -> dict[str, Any] | None:
    connection = HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/up/ready")
        answer = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else None


def _listens(port: int) -> bool:
    import socket

    try:
        socket.create_connection((_THIS_MACHINE, port), timeout=1).close()
    except OSError:
        return False
    return True
