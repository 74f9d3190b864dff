"""Leads staff's requests from a web process to `hotline console`, so that they take no time from callers."""

import string
import threading
from collections.abc import Iterable
from http.client import HTTPException as BadAnswer
from typing import Any
from urllib.parse import quote

from werkzeug.exceptions import ClientDisconnected
from werkzeug.middleware.http_proxy import ProxyMiddleware

from config.settings import Settings
from hotline.proxies import told_to_console
from hotline.request_slots import STAFF, Application
from hotline.slow_senders import FILE_SECONDS, SlowSenders

#: How long the console may take to begin its answer, and between two parts of it. The longest pages take
#: seconds, and an export sends parts all the time.
ANSWER_SECONDS = 120
#: Requests of one web process that wait for the console at once: an eighth of the connections that it holds.
MOST_WAITING = 256
#: Bodies longer than a form that it sends on at once: custody files, where no proxy leads them to the intake.
MOST_FILES = 16
RETRY_SECONDS = 5
_BELOW = f"{STAFF}/"
#: Characters of a decoded path that ProxyMiddleware sends as they are; it escapes no percent sign.
_PLAIN = "/!$&'()*+,:;=@"
_AWAY = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>The console starts again</title></head>
<body><p>The console starts again. Reload in a few seconds.</p>
<p lang="es">La consola se está reiniciando. Vuelva a cargar la página en unos segundos.</p></body></html>
""".encode()


class ConsoleProxy:
    """A WSGI application around the one that answers callers. It answers /console by another process.

    It is outside `RequestSlots`: a request of staff waits in a thread that sleeps, and takes no slot from a
    caller. A form is read whole before it is sent on, and a slow sender is cut off here, where the address of
    each is known. If the console is away, people read so with status 503, and calls go on.
    """

    def __init__(self, application: Application, settings: Settings, senders: SlowSenders) -> None:
        self._application, self._settings, self._senders = application, settings, senders
        target = {"target": f"http://127.0.0.1:{settings.console_port}", "host": None}
        self._proxy = ProxyMiddleware(application, {_BELOW: target}, timeout=ANSWER_SECONDS)
        self._free = threading.BoundedSemaphore(MOST_WAITING)
        self._free_for_files = threading.BoundedSemaphore(MOST_FILES)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        # Flask takes several slashes at the beginning for one.
        path = "/" + str(environ.get("PATH_INFO", "")).lstrip("/")
        if path != STAFF and not path.startswith(_BELOW):
            return self._application(environ, start_response)
        free = self._free
        # ProxyMiddleware then counts the bytes of a body, and refuses one that breaks off.
        environ.pop("wsgi.input_terminated", None)
        # WSGI reads a header `Transfer_Encoding` as `Transfer-Encoding`, and HTTP does not. ProxyMiddleware
        # would send the length and no body, and the console would wait for that body.
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        if not environ.get("CONTENT_LENGTH"):
            # No browser sends a body without a length. ProxyMiddleware would send one on, and never end it.
            environ.pop("CONTENT_LENGTH", None)
        elif self._senders.read_form(environ):
            if environ["wsgi.input"].getbuffer().nbytes < int(environ["CONTENT_LENGTH"]):
                return ClientDisconnected()(environ, start_response)
        else:
            # A long body is sent on while it arrives. Strangers who send one slowly keep no form waiting.
            environ["wsgi.input"] = _Awaited(environ, self._senders)
            free = self._free_for_files
        if not free.acquire(blocking=False):
            return _is_away(start_response)
        try:
            return self._lead(path, environ, start_response)
        except ClientDisconnected as gone:
            return gone(environ, start_response)
        finally:
            free.release()

    def _lead(self, path: str, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        told, peer = str(environ.get("HTTP_X_FORWARDED_FOR", "")), str(environ.get("REMOTE_ADDR", ""))
        environ["HTTP_X_FORWARDED_FOR"] = told_to_console(told, peer, self._settings)
        environ.setdefault("HTTP_HOST", str(environ.get("SERVER_NAME", "")))
        # WSGI gives bytes as characters. ProxyMiddleware would encode those above 127 a second time.
        environ["QUERY_STRING"] = quote(environ.get("QUERY_STRING", ""), string.punctuation, "latin-1")
        to_console = self._proxy.proxy_to(self._proxy.targets[_BELOW], quote(path, _PLAIN, "latin-1"), _BELOW)
        heads: list[tuple[Any, ...]] = []
        try:
            answer = to_console(environ, lambda *head: heads.append(head))  # type: ignore[arg-type]
        except BadAnswer:
            return _is_away(start_response)
        if heads[0][0].startswith("502"):
            # Only ProxyMiddleware itself answers so: it had no connection, or no answer.
            return _is_away(start_response)
        start_response(*heads[0])
        return answer


def _is_away(start_response: Any) -> Iterable[bytes]:
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(_AWAY))),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
        ("Retry-After", str(RETRY_SECONDS)),
    ]
    start_response("503 SERVICE UNAVAILABLE", headers)
    return [_AWAY]


class _Awaited:
    """A long body, such as a custody file, each part of which may be awaited only for so long."""

    def __init__(self, environ: dict[str, Any], senders: SlowSenders) -> None:
        self._body, self._senders = environ["wsgi.input"], senders
        self._address = str(environ.get("REMOTE_ADDR", ""))

    def read(self, size: int = -1) -> bytes:
        with self._senders.awaiting(self._address, FILE_SECONDS):
            part: bytes = self._body.read() if size < 0 else self._body.read(size)
        return part
