"""Text messages that the line sends and gets, and the phones that asked it to stop."""

import re
import threading
import xml.etree.ElementTree as ET
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.delivery.fetching import fetching
from hotline.exchange.delivery.mailbox import Mailbox
from hotline.exchange.delivery.request import LineError, Request
from hotline.exchange.twiml.terms import API_VERSION, new_sid

#: Messages beyond this number are forgotten, oldest first.
MOST_REMEMBERED = 1000
_SEGMENT = 153
_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_START = frozenset({"START", "YES", "UNSTOP"})
_HELP = frozenset({"HELP", "INFO"})
_LETTERS = re.compile(r"[^A-Z]")
_UNREACHABLE = 30003


class StoppedError(Exception):
    """The phone has asked for no more messages from that number."""


@dataclass(eq=False, slots=True)
class Message:
    """One text message. ``status`` is in Twilio's words."""

    to: str
    from_: str
    body: str
    direction: str
    created_at: datetime
    status_callback: str | None = None
    sid: str = field(default_factory=lambda: new_sid("SM"))
    status: str = "queued"
    sent_at: datetime | None = None
    updated_at: datetime | None = None
    error_code: int | None = None

    @property
    def segments(self) -> int:
        """The number of parts into which the carrier cuts it."""
        return 1 if len(self.body) <= 160 else -(-len(self.body) // _SEGMENT)


class Messages:
    """All text messages of one exchange. Their events are sent in order; no method waits for the line."""

    def __init__(self, board: Switchboard) -> None:
        self._board, self._clock = board, board.clock
        self._known: dict[str, Message] = {}
        self._stopped: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._work: Mailbox = board.new_mailbox()
        self._fetch = fetching(board.deliver)

    def send(self, to: str, from_: str, body: str, status_callback: str | None = None) -> Message:
        """Send a message from the line. Raises StoppedError."""
        with self._lock:
            if (from_, to) in self._stopped:
                raise StoppedError
        message = Message(to, from_, body, "outbound-api", self._clock(), status_callback)
        self._keep(message)
        self._work.post(lambda: self._goes_out(message))
        return message

    def receive(self, from_: str, to: str, body: str) -> Message:
        """Receive a text to the line, and request its answer. Raises LookupError for an unknown number."""
        number = self._board.number(to)
        message = Message(to, from_, body, "inbound", self._clock(), status="received")
        message.sent_at = message.created_at
        word = _LETTERS.sub("", body.upper())
        kind = next(
            (k for k, words in (("STOP", _STOP), ("START", _START), ("HELP", _HELP)) if word in words), ""
        )
        with self._lock:
            if kind == "STOP":
                self._stopped.add((to, from_))
            elif kind == "START":
                self._stopped.discard((to, from_))
        self._keep(message)
        if number.sms_url:
            url, method = number.sms_url, number.sms_method
            self._work.post(lambda: self._comes_in(message, url, method, kind))
        return message

    def find(self, sid: str) -> Message:
        """Return the message with this sid. Raises LookupError."""
        with self._lock:
            return self._known[sid]

    def all(self) -> list[Message]:
        """Return every message that is remembered, oldest first."""
        with self._lock:
            return list(self._known.values())

    def redact(self, sid: str) -> Message:
        """Delete the words of a message. Raises LookupError."""
        message = self.find(sid)
        message.body, message.updated_at = "", self._clock()
        return message

    def forget(self, sid: str) -> None:
        """Remove a message. Raises LookupError."""
        with self._lock:
            del self._known[sid]

    def document(self, message: Message) -> dict[str, Any]:
        """Return a message as the feed tells it."""
        return {
            "sid": message.sid,
            "to": message.to,
            "from": message.from_,
            "body": message.body,
            "status": message.status,
            "direction": message.direction,
        }

    def _keep(self, message: Message) -> None:
        with self._lock:
            self._known[message.sid] = message
            for sid in list(self._known)[: max(0, len(self._known) - MOST_REMEMBERED)]:
                del self._known[sid]
        self._board.feed.tell("message", "", **self.document(message))

    def _goes_out(self, message: Message) -> None:
        is_lost = self._board.phones.at(message.to).kind == "unreachable"
        for status in ("queued", "sent", "undelivered" if is_lost else "delivered"):
            message.status, message.updated_at = status, self._clock()
            if status == "sent":
                message.sent_at = message.updated_at
            if status == "undelivered":
                message.error_code = _UNREACHABLE
            self._board.feed.tell("message", "", **self.document(message))
            if message.status_callback:
                params = self._params(message) | {"MessageStatus": status, "SmsStatus": status}
                if message.error_code:
                    params["ErrorCode"] = str(message.error_code)
                told = Request.of("POST", message.status_callback, tuple(params.items()), about="message")
                self._board.deliver_event(told)

    def _comes_in(self, message: Message, url: str, method: str, kind: str) -> None:
        params = self._params(message) | {"Body": message.body, "NumMedia": "0", "SmsStatus": "received"}
        params["NumSegments"] = str(message.segments)
        if kind:
            params["OptOutType"] = kind
        asked = Request.of(method, url, tuple(params.items()), about="message")
        # Nobody notices that the line had no answer to a text.
        with suppress(LineError):
            root = ET.fromstring(self._fetch(asked).body)  # noqa: S314  # fetching has parsed it before.
            for reply in root.iter("Message"):
                words = "".join(reply.itertext()).strip()
                with suppress(StoppedError):
                    self.send(message.from_, message.to, words)

    def _params(self, message: Message) -> dict[str, str]:
        return {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsMessageSid": message.sid,
            "AccountSid": self._board.account_sid,
            "ApiVersion": API_VERSION,
            "From": message.from_,
            "To": message.to,
        }
