"""A load generator: sends requests that were signed beforehand over a few connections that stay open.

One process waits on all its sockets at once, which takes so little time that the servers keep the cores.
"""

import random
import selectors
import socket
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from urllib.parse import urlencode
from zlib import crc32

from hotline.exchange.delivery.signing import signature

TOKEN = "the-token-of-the-bench"
ACCOUNT_SID = "AC" + "0" * 32
CALLER, LINE = "+12025550123", "+12025550100"
#: How long an answer may take before the run is given up.
PATIENCE_SECONDS = 20.0
#: What Twilio sends with each request beside the call's own fields.
_USUAL = {
    "AccountSid": ACCOUNT_SID, "ApiVersion": "2010-04-01", "CallStatus": "ringing", "Direction": "inbound",
    "From": CALLER, "Caller": CALLER, "To": LINE, "Called": LINE,
    "FromCity": "WASHINGTON", "FromState": "DC", "FromZip": "", "FromCountry": "US",
    "CallerCity": "WASHINGTON", "CallerState": "DC", "CallerZip": "", "CallerCountry": "US",
    "ToCity": "WASHINGTON", "ToState": "DC", "ToZip": "", "ToCountry": "US",
    "CalledCity": "WASHINGTON", "CalledState": "DC", "CalledZip": "", "CalledCountry": "US",
    "StirVerstat": "TN-Validation-Passed-A",
}  # fmt: skip


class BadAnswerError(RuntimeError):
    """A server did not answer with a document; the message has its first bytes."""


@dataclass(frozen=True)
class Measured:
    """The result of a run: the seconds of each answer, all of them together, and the last answer of each
    lane.
    """

    times: list[float]
    seconds: float
    last: list[bytes]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.times) / self.seconds


@dataclass(eq=False)
class _Lane:
    """One connection and the requests that go over it, one after another."""

    requests: Iterator[bytes]
    connection: socket.socket
    started: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    last: bytes = b""

    def send_next(self) -> bool:
        """Send the next request; False when there is none."""
        request = next(self.requests, None)
        if request is None:
            return False
        self.received.clear()
        self.started = perf_counter()
        self.connection.sendall(request)
        return True

    def is_answered(self) -> bool:
        """Read the next bytes; whether the answer is whole."""
        part = self.connection.recv(65536)
        self.received += part
        head, end, body = bytes(self.received).partition(b"\r\n\r\n")
        if part and not end:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise BadAnswerError(repr(bytes(self.received[:300])))
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if part and len(body) < length:
            return False
        if not body.endswith(b"</Response>"):
            raise BadAnswerError(repr(bytes(self.received[:300])))
        self.last = body
        return True


def prepared(port: int, path: str, call_sid: str, params: Mapping[str, str] | None = None) -> bytes:
    """One signed POST, ready to be sent to this machine."""
    # Each call is of a phone of its own: the line lets in only a few at once of one phone (R38).
    number = f"+1{200 + crc32(call_sid.encode()) % 790}55501{crc32(call_sid[::-1].encode()) % 100:02d}"
    fields = {**_USUAL, "From": number, "Caller": number, "CallSid": call_sid, **(params or {})}
    body = urlencode(fields).encode()
    signed = signature(TOKEN, f"http://127.0.0.1:{port}{path}", fields.items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
        f"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
        f"X-Twilio-Signature: {signed}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def run(port: int, lanes: Sequence[Iterator[bytes]], seconds: float) -> Measured:
    """Keep every lane busy for ``seconds``, or until the requests are used up.

    Lanes may share one iterator. Raises BadAnswerError for any answer that is no document.
    """
    open_lanes = [_Lane(requests, socket.create_connection(("127.0.0.1", port))) for requests in lanes]
    times: list[float] = []
    with selectors.DefaultSelector() as selector:
        started = ended = perf_counter()
        for lane in open_lanes:
            lane.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if lane.send_next():
                selector.register(lane.connection, selectors.EVENT_READ, lane)
        while selector.get_map():
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise BadAnswerError("No answer came.")
            for key, _ in ready:
                lane = key.data
                if not lane.is_answered():
                    continue
                ended = perf_counter()
                times.append(ended - lane.started)
                if ended - started >= seconds or not lane.send_next():
                    selector.unregister(lane.connection)
    for lane in open_lanes:
        lane.connection.close()
    return Measured(times, ended - started, [lane.last for lane in open_lanes])


def paced(port: int, requests: Iterator[bytes], a_second: float, seconds: float, lanes: int) -> Measured:
    """Send ``a_second`` requests a second at random moments, as callers come, over so many connections.

    A request's time begins when it is due, also while every connection still waits for an answer.
    Raises BadAnswerError for any answer that is no document.
    """
    every = [_Lane(requests, socket.create_connection(("127.0.0.1", port))) for _ in range(lanes)]
    # The one that has rested longest is next: a server closes a connection that rests for long.
    idle, times, arrivals = deque(every), list[float](), random.Random(1)
    with selectors.DefaultSelector() as selector:
        for lane in every:
            lane.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        started = due = perf_counter()
        while due < started + seconds or len(idle) < lanes:
            wait = due - perf_counter()
            if due < started + seconds and idle and wait <= 0:
                lane = idle.popleft()
                lane.send_next()
                lane.started = due
                selector.register(lane.connection, selectors.EVENT_READ, lane)
                due += arrivals.expovariate(a_second)
                continue
            for key, _ in selector.select(wait if wait > 0 and idle else PATIENCE_SECONDS):
                if key.data.is_answered():
                    times.append(perf_counter() - key.data.started)
                    selector.unregister(key.data.connection)
                    idle.append(key.data)
    for lane in every:
        lane.connection.close()
    return Measured(times, perf_counter() - started, [lane.last for lane in every])
