"""Where a browser finds other roles: without TLS at their own ports, else by the proxy."""

from urllib.parse import urlsplit

from flask import request

from hotline.console.shell.console import console

#: The path of `hotline events`.
EVENTS = "/console/events"


def at_port(port: int) -> str | None:
    """The base URL of a role that listens on ``port``; None if the browser uses this host and port.

    Behind TLS a proxy leads each role's paths to it. Without TLS a browser uses its port directly; 0 is none.
    """
    if not port or urlsplit(console.settings.public_url).scheme != "http":
        return None
    return f"http://{asked_host()}:{port}"


def events_url() -> str:
    """Where a page hears of changes; empty if nothing answers there, and the page polls."""
    elsewhere = at_port(console.settings.events_port)
    if elsewhere is not None:
        return elsewhere + EVENTS
    return EVENTS if urlsplit(console.settings.public_url).scheme == "https" else ""


def asked_host() -> str:
    """The host that the browser knows, without a port: the cookie belongs to it, whatever the port."""
    host = urlsplit(f"//{request.host}").hostname or "127.0.0.1"
    return f"[{host}]" if ":" in host else host
