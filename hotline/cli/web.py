"""`hotline web`: answers Twilio with a few processes of a few threads each."""

import gc
import logging
import os
import socket
from typing import Any

import click

from config.logging import log_start, set_up_logging
from config.parent import end_with_parent
from config.settings import Settings
from hotline.cli.command.bind import Bind, read_bind
from hotline.cli.command.context import check_start, connect, load_settings
from hotline.cli.serving.trial import try_app
from hotline.console_proxy import ConsoleProxy
from hotline.request_slots import RequestSlots
from hotline.slow_senders import SlowSenders

#: Connections that one process holds at once; the rest wait in the socket's backlog, unread.
CONNECTIONS_PER_WORKER = 2048
#: Time limit for the head of a request; `hotline/slow_senders.py` limits its form.
HEAD_SECONDS = 10


class WithoutAdvice(logging.Filter):
    """Drops granian's warning about many threads: most of them only wait for a sender here."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log the record."""
        return "Python threads" not in record.getMessage()


_LOG_CONFIG: dict[str, Any] = {
    "filters": {"without_advice": {"()": WithoutAdvice}},
    "formatters": {"json": {"()": "config.logging.JsonLines", "process": "web"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "stream": "ext://sys.stdout",
            "filters": ["without_advice"],
        }
    },
    "loggers": {"_granian": {"handlers": ["console"], "propagate": False}},
}


@click.command()
@click.option(
    "--bind", default="127.0.0.1:8000", show_default=True, metavar="HOST:PORT", help="Where to listen."
)
@click.option("--inherited", is_flag=True, hidden=True, help="The supervisor gives a socket as stdin.")
def web(bind: str, inherited: bool) -> None:
    """Answer Twilio; one role of several machines."""
    where = read_bind(bind)
    settings = check_start(where.url)
    if inherited:
        # One of several such processes, which share the supervisor's socket. The supervisor replaces them.
        # `serve` tried the app before, so a replacement of a dead process answers sooner.
        run_web(settings, where, is_alone=True, listening=socket.socket(fileno=os.dup(0)))
    else:
        try_app(settings)
        run_web(settings, where)


def run_web(
    settings: Settings,
    bind: Bind,
    application: str = "hotline.cli.web:make_application",
    *,
    role: str = "web",
    is_alone: bool = False,
    is_asgi: bool = False,
    threads: int | None = None,
    listening: socket.socket | None = None,
) -> None:
    """Serve until a signal ends it; the other roles with a port and the bench also serve with this.

    ``is_alone``: this process answers by itself, and the process that started it replaces it. Otherwise it
    keeps `HOTLINE_WEB_WORKERS` processes running that answer. ``is_asgi``: one loop answers all connections,
    without a thread for any. Without ``threads`` each connection may have
    one: the application is then one of `RequestSlots`.
    """
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    from hotline.cli.serving.server import Server, allow_many_connections, listen

    set_up_logging(role, settings.log_level)
    allow_many_connections()
    listening = listening or listen(bind)
    log_start(role, str(bind))
    server = Server(
        application,
        listening,
        address=bind.host,
        port=bind.port,
        interface=Interfaces.ASGI if is_asgi else Interfaces.WSGI,
        # An HTTP/2 connection could have a hundred requests, and a thread waiting for each of them.
        http=HTTPModes.http1,
        factory=True,
        workers=1 if is_alone else settings.web_workers,
        blocking_threads=1 if is_asgi else threads or CONNECTIONS_PER_WORKER,
        backpressure=CONNECTIONS_PER_WORKER,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000),
        websockets=False,
        log_access=False,
        # Only a person who debugs needs its lines about starting and ending processes.
        log_level=LogLevels.info if settings.log_level == "DEBUG" else LogLevels.warning,
        log_dictconfig=_LOG_CONFIG,
        respawn_failed_workers=True,
        respawn_interval=0.1,
        workers_kill_timeout=5,
    )
    if is_alone:
        server.serve_alone()
    else:
        server.serve()


def make_application() -> Any:
    """The WSGI application of one process, which ends with its parent: a server, or the supervisor."""
    end_with_parent()
    from hotline import create_app_from_env
    from workers.heart import Heart
    from workers.last_watch import keep_last_watch

    settings = load_settings()
    set_up_logging("web", settings.log_level)
    app = create_app_from_env(with_console=not settings.console_port)
    database = connect(settings)
    Heart(database, "web").beat_forever(keep_last_watch(settings, database))
    # Objects made at the start stay; scanning them again and again would delay a caller each time.
    gc.collect()
    gc.freeze()
    senders = SlowSenders()
    senders.watch_forever()
    slots = RequestSlots(app, settings.web_threads, senders)
    return ConsoleProxy(slots, settings, senders) if settings.console_port else slots
