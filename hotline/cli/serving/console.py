"""`hotline console`: answers staff's pages, so that the processes that answer callers need not."""

import gc
import os
from typing import Any

import click

from config.logging import set_up_logging
from hotline.cli.command.bind import read_bind
from hotline.cli.command.context import check_start, connect, load_settings

#: Callers go first when cores are scarce: this process gets a tenth of a web process's share then.
NICENESS = 10
_PART_BYTES = 64 * 1024


@click.command()
@click.option(
    "--bind", default="127.0.0.1:8004", show_default=True, metavar="HOST:PORT", help="Where to listen."
)
def console(bind: str) -> None:
    """Answer staff's pages; one role of several machines."""
    from hotline.cli.web import run_web

    where = read_bind(bind)
    settings = check_start()
    os.nice(NICENESS)
    run_web(settings, where, "hotline.cli.serving.console:make_application", role="console", is_alone=True)


def make_application() -> Any:
    """The WSGI application of the one process. Web processes and proxies lead only /console to it."""
    from hotline import create_app_from_env
    from hotline.console.shell.together import Gathered
    from hotline.request_slots import RequestSlots
    from hotline.slow_senders import SlowSenders
    from workers.heart import Heart

    settings = load_settings()
    set_up_logging("console", settings.log_level)
    app = create_app_from_env()
    Heart(connect(settings), "console").beat_forever()
    gc.collect()
    gc.freeze()
    # A web process sends forms on whole, and limits their senders itself: here they all have its address.
    senders = SlowSenders()
    senders.watch_forever()
    # Whoever waits for others holds no slot.
    return Gathered(_to_the_end(RequestSlots(app, settings.web_threads, senders), senders))


def _to_the_end(application: Any, senders: Any) -> Any:
    """Read a body to its end even if the answer does not need it: a web process reads no answer before."""
    from hotline.slow_senders import FILE_SECONDS

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        body, has_body = environ["wsgi.input"], bool(environ.get("CONTENT_LENGTH"))
        answered = application(environ, start_response)
        with senders.awaiting(str(environ.get("REMOTE_ADDR", "")), FILE_SECONDS):
            while has_body and body.read(_PART_BYTES):
                pass
        return answered

    return answer
