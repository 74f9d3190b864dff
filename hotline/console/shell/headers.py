"""The headers of every console answer: what a browser may load, keep, frame and send to others."""

from flask import Response

from hotline.console.shell.console import console
from hotline.console.shell.other_port import at_port

#: No inline code, nothing from other hosts, no framing of pages, and no form to another host.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    )
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Only for our own pages: a form whose session has ended can then lead back to its page.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def policy() -> str:
    """The policy of this page; without TLS the browser hears of changes from another port of this host."""
    elsewhere = at_port(console.settings.events_port)
    return POLICY if elsewhere is None else f"{POLICY}; connect-src 'self' {elsewhere}"


def set_headers(response: Response) -> Response:
    """Set policy and headers on an answer; no page is cached, unless its view said for how long."""
    response.headers.setdefault("Content-Security-Policy", policy())
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
