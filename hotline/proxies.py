"""Notices a proxy in front that HOTLINE_WEB_PROXIES does not mention. It makes all clients look like one."""

import logging
from collections.abc import Callable
from datetime import datetime

from flask import Flask, request
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from hotline.request_slots import CALLERS
from models.store.database import Database
from models.store.guard import Guard

log = logging.getLogger(__name__)

#: The row that says when such a request was last seen; `hotline doctor` reads it.
UNTOLD_PROXY = "untold proxy"


def watch_for_proxies(
    app: Flask, settings: Settings, database: Database, clock: Callable[[], datetime]
) -> None:
    """Log the first forwarded request while no proxy is configured, and remember it for doctor."""
    if settings.web_proxies:
        return
    unnoted = {"log", "row"}

    @app.before_request
    def notice() -> None:
        if not unnoted or "X-Forwarded-For" not in request.headers:
            return
        if "log" in unnoted:
            unnoted.discard("log")
            log.warning("A request came through a proxy, but HOTLINE_WEB_PROXIES is not set.")
        if request.path.startswith(CALLERS):
            # No caller waits for this write.
            return
        unnoted.discard("row")
        try:
            with database.transaction() as session:
                session.merge(Guard(name=UNTOLD_PROXY, raised_until=None, measured_at=clock()))
        except SQLAlchemyError as fault:
            log.warning("The proxy could not be noted (%s).", type(fault).__name__)
