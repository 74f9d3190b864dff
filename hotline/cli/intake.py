"""`hotline intake`: takes custody files from the console and from the feed's folder, and applies them."""

import logging
import threading
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote

import click

from config.logging import set_up_logging
from hotline.cli.command.bind import read_bind
from hotline.cli.command.context import check_start, connect, load_settings

log = logging.getLogger(__name__)

THREADS = 4
LOOK_SECONDS = 2.0
#: The paths that this role answers; every other one belongs to the web processes.
PATHS = ("/console/imports/upload",)


@click.command()
@click.option(
    "--bind", default="127.0.0.1:8002", show_default=True, metavar="HOST:PORT", help="Where to listen."
)
def intake(bind: str) -> None:
    """Take custody files from the console; one role of several machines."""
    from hotline.cli.web import run_web

    where = read_bind(bind)
    settings = check_start()
    # One process: it may be slow, because no caller waits for it.
    run_web(
        settings, where, "hotline.cli.intake:make_application", role="intake", is_alone=True, threads=THREADS
    )


def make_application() -> Any:
    """The WSGI application: the console's for the one path; threads apply imports and watch the feed."""
    from hotline.refusals.wording import in_english
    from workers.feed import watch_folder
    from workers.heart import Heart

    settings = load_settings()
    set_up_logging("intake", settings.log_level)
    database = connect(settings)
    Heart(connect(settings), "intake").beat_forever()
    threading.Thread(target=_land_forever, args=(database,), name="landing", daemon=True).start()
    feed = (settings, connect(settings), in_english, threading.Event())
    threading.Thread(target=watch_folder, args=feed, name="feed", daemon=True).start()
    return _only(settings.public_url)


@cache
def _console() -> Any:
    """The console's app, made for the first file: where the feed comes by its folder, nobody uploads one."""
    from hotline import create_app_from_env
    from hotline.console.imports.upload_views import IS_INTAKE

    app = create_app_from_env()
    app.config[IS_INTAKE] = True
    return app


def _only(elsewhere: str) -> Any:
    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("PATH_INFO") in PATHS:
            return _console()(environ, start_response)
        # For example the sign-in page, to which a signed-out person is redirected.
        path = quote(environ.get("PATH_INFO", "/"))
        start_response("303 See Other", [("Location", f"{elsewhere}{path}"), ("Content-Length", "0")])
        return [b""]

    return answer


def _land_forever(database: Any) -> None:
    """Every two seconds, apply the approved imports and drop the rejected ones."""
    from models.custody.imports.custody_import import resume

    pause = threading.Event()
    while not pause.wait(LOOK_SECONDS):
        try:
            resume(database, datetime.now(UTC))
        except Exception:
            # After any fault the next try starts from the rows again; so does the sweeper.
            log.exception("Imports could not be landed.")
