"""The proxies in front: which address is the client's, and a proxy that HOTLINE_WEB_PROXIES leaves out."""

import logging
from collections.abc import Callable
from datetime import datetime

from flask import Flask, request
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from hotline.request_slots import CALLERS, STAFF
from models.store.database import Database
from models.store.guard import Guard

log = logging.getLogger(__name__)

#: The row that says when such a request was last seen; `hotline doctor` reads it.
UNTOLD_PROXY = "untold proxy"


def proxies_before_console(settings: Settings) -> int:
    """How many of our proxies add an address before staff's pages: a web process does where no other does."""
    return max(settings.web_proxies, 1) if settings.console_port else settings.web_proxies


def client_of(told: str, peer: str, proxies: int) -> str:
    """The client's address: that of the connection, or the one that our own proxies report.

    Each of our proxies adds one at the end. The client may have made up the ones before those.
    """
    addresses = _addresses(told)
    return addresses[-proxies] if 0 < proxies <= len(addresses) else peer


def told_to_console(told: str, peer: str, settings: Settings) -> str:
    """The X-Forwarded-For that a web process sends on, so that `hotline console` finds the same client.

    A proxy in front may lead to `hotline console` directly too. So what a configured one says is sent on
    unchanged, and the console counts the same proxies on both ways.
    """
    addresses = _addresses(told)
    if not 0 < settings.web_proxies <= len(addresses):
        addresses += [peer] * max(settings.web_proxies, 1)
    return ", ".join(addresses)


def _addresses(told: str) -> list[str]:
    return [address for one in told.split(",") if (address := one.strip())]


def watch_for_proxies(
    app: Flask, settings: Settings, database: Database, clock: Callable[[], datetime]
) -> None:
    """Log the first forwarded request while no proxy is configured, and remember it for doctor.

    A web process adds its own address to what it leads to `hotline console`; that one does not count.
    """
    if settings.web_proxies:
        return
    unnoted = {"log", "row"}

    @app.before_request
    def notice() -> None:
        told = request.environ.get("HTTP_X_FORWARDED_FOR")
        if not told or not unnoted:
            return
        ours = 1 if settings.console_port and request.path.startswith(STAFF) else 0
        if len(_addresses(told)) <= ours:
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
