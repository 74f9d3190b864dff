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

    def log_error(self, format: str, *args: Any) -> None:
        """Log nothing of what a client did wrong, such as a connection that it left idle."""


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


class Ports:
    """The exchange's ports, listened at from the start. Raises BusyPortError.

    ``port`` and ``tls_port`` may be 0 for any free one; with None there is no second port.
    """

    def __init__(self, port: int, tls_port: int | None = None) -> None:
        with ExitStack() as opened:
            self._plain = opened.enter_context(_listening(port))
            self._tls = None if tls_port is None else opened.enter_context(_listening(tls_port))
            opened.pop_all()
        self.port: int = self._plain.getsockname()[1]
        self.tls_port: int | None = None if self._tls is None else self._tls.getsockname()[1]

    def close(self) -> None:
        """Listen no more."""
        for one in filter(None, (self._plain, self._tls)):
            one.close()

    def serve(self, app: Flask, tls: type[QuietHandler] | None = None) -> None:
        """Answer requests until a signal ends the process; ``tls`` handles those of the second port."""
        if self._tls is not None and tls is not None:
            server = _server(app, self._tls, tls)
            threading.Thread(target=server.serve_forever, daemon=True, name="tls").start()
        _server(app, self._plain, QuietHandler).serve_forever()


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as problem:
        why = os.strerror(problem.errno or 0)
        raise BusyPortError(f"cannot listen at {HOST}:{port}: {why}") from None


def _server(app: Flask, listening: socket.socket, handler: type[QuietHandler]) -> BaseWSGIServer:
    port = listening.getsockname()[1]
    server = make_server(HOST, port, app, threaded=True, request_handler=handler, fd=listening.fileno())
    shows_fault = server.handle_error

    def handle_error(request: Any, client_address: Any) -> None:
        # A client that trusts no made-up certificate, or goes away, is no fault of the exchange's.
        if not isinstance(sys.exception(), OSError):
            shows_fault(request, client_address)

    server.handle_error = handle_error  # type: ignore[method-assign]
    return server
