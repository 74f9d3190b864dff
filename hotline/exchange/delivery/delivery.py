"""Delivers signed requests to the line over HTTP, with Twilio's timeouts, retries and error numbers."""

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from hotline.exchange.delivery.overrides import Overrides
from hotline.exchange.delivery.request import LineError, Reply, Request
from hotline.exchange.delivery.signing import signed_headers

Deliver = Callable[[Request], Reply]

#: The largest document that Twilio accepts; one byte more is read to detect a larger one.
MOST_BYTES = 64 * 1024
_CHUNK_BYTES = 16 * 1024
_BAD_URL = 11100
_CONNECT_TIMEOUT, REFUSED, _TOTAL_TIMEOUT, _LOST, _PROTOCOL = 11201, 11202, 11203, 11205, 11206
_BAD_HOST, _TLS, _CERTIFICATE = 11210, 11220, 11237


class _TryAgainError(Exception):
    """One try failed; the retry policy may name the ``reason`` (ct, rt). ``problem`` is the final error."""

    def __init__(self, reason: str, problem: LineError) -> None:
        super().__init__(reason)
        self.reason, self.problem = reason, problem


def over_http(
    public_url: str,
    auth_token: str,
    *,
    hosts: Iterable[str] = (),
    tls: ssl.SSLContext | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Deliver:
    """Return a delivery to the host of ``public_url`` only, so that no document can send it elsewhere.

    ``hosts`` allows more hosts, each as "scheme://host:port". The delivery obeys the connection overrides in
    the request's fragment. Without them it retries once after a connect timeout. It raises LineError with
    Twilio's number when the line cannot be reached or does not answer in time. It neither follows redirects
    nor checks documents; see ``fetching``.
    """
    allowed = {_origin(urlsplit(url)) for url in (public_url, *hosts)}
    context = tls or ssl.create_default_context()

    def deliver(request: Request) -> Reply:
        url = _checked(request.url)
        if _origin(url) not in allowed:
            raise LineError(f"the line pointed at {_origin(url)}, which is not a host of its own", _BAD_HOST)
        overrides = Overrides.read(request.fragment)
        headers = signed_headers(auth_token, request)
        ends_at = clock() + overrides.total_seconds
        tries = overrides.retries
        while True:
            try:
                attempt = _Attempt(url, overrides, context, ends_at, clock)
                reply = attempt.carry(request, headers)
            except _TryAgainError as failed:
                if tries <= 0 or not overrides.retries_after(failed.reason) or clock() >= ends_at:
                    raise failed.problem from None
            else:
                reason = f"{reply.status // 100}xx"
                if tries <= 0 or reason not in {"4xx", "5xx"} or not overrides.retries_after(reason):
                    return reply
            tries -= 1

    return deliver


class _Attempt:
    """One connection to the line, which must end by ``ends_at``."""

    def __init__(
        self,
        url: SplitResult,
        overrides: Overrides,
        context: ssl.SSLContext,
        ends_at: float,
        clock: Callable[[], float],
    ) -> None:
        self._url, self._overrides, self._context = url, overrides, context
        self._ends_at, self._clock = ends_at, clock
        self._where = f"{url.scheme}://{url.hostname}:{_port(url)}"

    def carry(self, request: Request, headers: dict[str, str]) -> Reply:
        """Send ``request`` and read the whole reply."""
        connection = self._connected()
        try:
            return self._exchanged(connection, request, headers)
        except TimeoutError:
            problem = LineError(f"{self._where}{self._url.path} did not answer in time", _TOTAL_TIMEOUT)
            raise _TryAgainError("rt", problem) from None
        except (ConnectionError, ssl.SSLError):
            raise LineError(f"{self._where}{self._url.path} broke the connection off", _LOST) from None
        except (HTTPException, ValueError, OSError) as problem:
            what = type(problem).__name__
            raise LineError(f"{self._where}{self._url.path} did not answer ({what})", _PROTOCOL) from None
        finally:
            connection.close()

    def _exchanged(self, connection: HTTPConnection, request: Request, headers: dict[str, str]) -> Reply:
        target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        line = connection.sock
        self._may_take(line)
        connection.request(request.method, target, request.body or None, headers)
        answer = connection.getresponse()
        try:
            body = self._body(line, answer)
        except TimeoutError:
            # Part of the reply has come, so the line has acted: Twilio does not retry such a request.
            raise LineError(f"{self._where}{self._url.path} stopped in mid-reply", _TOTAL_TIMEOUT) from None
        kind = "" if answer.headers["Content-Type"] is None else answer.headers.get_content_type()
        return Reply(answer.status, kind, body, tuple(answer.getheaders()))

    def _body(self, line: socket.socket, answer: HTTPResponse) -> bytes:
        body = b""
        while len(body) <= MOST_BYTES:
            self._may_take(line)
            chunk = answer.read1(_CHUNK_BYTES)
            if not chunk:
                break
            body += chunk
        return body

    def _connected(self) -> HTTPConnection:
        host, port = self._url.hostname or "", _port(self._url)
        seconds = min(self._overrides.connect_seconds, self._left())
        connection = HTTPConnection(host, port)
        if self._url.scheme == "https":
            connection = HTTPSConnection(host, port, context=self._context)
        try:
            plain = socket.create_connection((host, port), timeout=seconds)
        except TimeoutError:
            problem = LineError(f"{self._where} let nobody connect in time", _CONNECT_TIMEOUT)
            raise _TryAgainError("ct", problem) from None
        except ConnectionRefusedError:
            raise LineError(f"nothing answers at {self._where}", REFUSED) from None
        except socket.gaierror:
            raise LineError(f"{self._where} is a host that there is not", _BAD_HOST) from None
        except OSError as failed:
            what = type(failed).__name__
            raise LineError(f"{self._where} cannot be connected to ({what})", _LOST) from None
        connection.sock = self._secured(plain, host) if self._url.scheme == "https" else plain
        return connection

    def _secured(self, plain: socket.socket, host: str) -> socket.socket:
        name = host if self._overrides.names_server or self._context.check_hostname else None
        try:
            return self._context.wrap_socket(plain, server_hostname=name)
        except ssl.SSLCertVerificationError:
            plain.close()
            raise LineError(f"{self._where} has a certificate that is not trusted", _CERTIFICATE) from None
        except (ssl.SSLError, OSError):
            plain.close()
            raise LineError(f"{self._where} does not speak TLS", _TLS) from None

    def _left(self) -> float:
        return max(0.001, self._ends_at - self._clock())

    def _may_take(self, line: socket.socket) -> None:
        if self._clock() >= self._ends_at:
            raise TimeoutError
        line.settimeout(min(self._overrides.read_seconds, self._left()))


def _checked(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        _port(url)
    except ValueError:
        raise LineError("a URL of the line is none", _BAD_URL) from None
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise LineError("a URL of the line is none", _BAD_URL)
    return url


def _port(url: SplitResult) -> int:
    return url.port or {"https": 443}.get(url.scheme, 80)


def _origin(url: SplitResult) -> str:
    """Return scheme, host and port in a standard form, without a user."""
    return f"{url.scheme}://{url.hostname}:{_port(url)}"
