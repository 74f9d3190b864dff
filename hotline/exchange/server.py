"""The ports of the exchange: a plain one, and one that speaks TLS and is a proxy to Twilio's hosts."""

import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

#: The exchange has no sign-in, so only this machine may use it.
HOST = "127.0.0.1"
#: The first byte of a TLS connection; no HTTP request begins with it.
_HANDSHAKE = b"\x16"
_PATIENCE_SECONDS = 30.0


class BusyPortError(Exception):
    """The port cannot be listened at; the message says why."""


class QuietHandler(WSGIRequestHandler):
    """Does not log requests: a terminal handset polls several times a second."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def tls_handler(context: ssl.SSLContext, is_carried: Callable[[str], bool]) -> type[QuietHandler]:
    """Return a handler for connections that begin with TLS, or with CONNECT to a host that ``is_carried``.

    So a client of Twilio reaches the exchange in either of two ways: by another address, or by a proxy.
    """

    class Handler(QuietHandler):
        def setup(self) -> None:
            self.request.settimeout(_PATIENCE_SECONDS)
            if self.request.recv(1, socket.MSG_PEEK) == _HANDSHAKE:
                self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def do_CONNECT(self) -> None:  # noqa: N802  (http.server's name)
            host = self.path.rpartition(":")[0]
            if not is_carried(host):
                self.send_error(HTTPStatus.BAD_GATEWAY, f"The exchange carries {host} nowhere; see NO_PROXY")
                return
            self.send_response_only(HTTPStatus.OK, "Connection established")
            self.end_headers()
            self.wfile.flush()
            self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()
            self.close_connection = False

        def make_environ(self) -> dict[str, Any]:
            environ = super().make_environ()
            if isinstance(self.request, ssl.SSLSocket):
                environ["wsgi.url_scheme"] = "https"
            return environ

        def handle(self) -> None:
            try:
                super().handle()
            finally:
                if isinstance(self.request, ssl.SSLSocket):
                    # What was wrapped is not closed by the server, which knows only the plain socket.
                    self.request.close()

    return Handler


class _Server:
    """One port, bound when it is made."""

    def __init__(self, app: Flask, port: int, handler: type[QuietHandler]) -> None:
        try:
            self._listening = socket.create_server((HOST, port))
        except (OSError, OverflowError) as problem:
            why = os.strerror(getattr(problem, "errno", 0) or 0)
            raise BusyPortError(f"cannot listen at {HOST}:{port}: {why}") from None
        self.port: int = self._listening.getsockname()[1]
        self.server: BaseWSGIServer = make_server(
            HOST, self.port, app, threaded=True, request_handler=handler, fd=self._listening.fileno()
        )
        shows_fault = self.server.handle_error

        def handle_error(request: Any, client_address: Any) -> None:
            # A client that trusts no made-up certificate, or goes away, is no fault of the exchange's.
            if not isinstance(sys.exception(), OSError):
                shows_fault(request, client_address)

        self.server.handle_error = handle_error  # type: ignore[method-assign]

    def close(self) -> None:
        """Stop listening."""
        self.server.server_close()
        self._listening.close()


class Ports:
    """The exchange's ports. Raises BusyPortError; ``serve`` answers until a signal ends the process.

    ``port`` and ``tls_port`` may be 0 for any free one; without ``tls`` there is no second port.
    """

    def __init__(
        self, app: Flask, port: int, tls_port: int | None = None, tls: type[QuietHandler] | None = None
    ) -> None:
        with ExitStack() as opened:
            self._plain = _Server(app, port, QuietHandler)
            opened.callback(self._plain.close)
            self._tls = None
            if tls_port is not None and tls is not None:
                self._tls = _Server(app, tls_port, tls)
            opened.pop_all()

    @property
    def port(self) -> int:
        """The plain port."""
        return self._plain.port

    @property
    def tls_port(self) -> int | None:
        """The port with TLS, if there is one."""
        return None if self._tls is None else self._tls.port

    def serve(self) -> None:
        """Answer requests."""
        if self._tls is not None:
            threading.Thread(target=self._tls.server.serve_forever, daemon=True, name="tls").start()
        self._plain.server.serve_forever()
