"""Admits programs and pages of this machine to the exchange, and no page of another site."""

from urllib.parse import urlsplit

from flask import Flask, Response, request

#: The names that reach only this machine. A site whose own name resolves to this machine (DNS rebinding)
#: still sends its own name.
HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
#: What Twilio's clients call, through the exchange as their proxy. No other site has such a name.
TWILIO = ".twilio.com"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def admit_this_machine_alone(app: Flask) -> None:
    """Refuse (403) requests for another host or from another origin, and harden every response.

    A browser sends Origin with every request that can change something. A page can neither remove nor
    choose it.
    """

    @app.before_request
    def check() -> Response | None:
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "none")
        host = _host(f"//{request.headers.get('Host', '')}") or ""
        if host not in HOSTS and not host.endswith(TWILIO):
            return Response("The exchange answers on this machine alone.\n", 403, mimetype="text/plain")
        is_safe = request.method in {"GET", "HEAD"}
        is_foreign = origin is not None and origin != f"{request.scheme}://{request.headers['Host']}"
        if is_foreign or (not is_safe and site not in {"same-origin", "none"}):
            return Response("No other page may use the exchange.\n", 403, mimetype="text/plain")
        return None

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
