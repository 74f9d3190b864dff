"""One request that a carrier sends to the line, and the line's reply."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit
from uuid import uuid4

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """``params`` are the form of a POST; those of a GET are in ``url`` already.

    ``after_seconds`` is the time that a caller waits before it is sent. A request keeps its idempotency
    token, however often it is delivered. ``fragment`` has the connection overrides, which are neither sent
    nor signed. ``headers`` are added to the usual ones and replace those of the same name. ``about``
    distinguishes a voice request from one about a message, whose signature covers the port.
    """

    method: str
    url: str
    params: Params
    after_seconds: float = 0
    idempotency_token: str = field(default_factory=lambda: str(uuid4()))
    fragment: str = ""
    headers: Params = ()
    about: Literal["voice", "message"] = "voice"

    @classmethod
    def of(
        cls,
        method: str,
        url: str,
        params: Params,
        after_seconds: float = 0,
        *,
        about: Literal["voice", "message"] = "voice",
    ) -> "Request":
        """Build a request, with ``params`` in the form or in the query of a GET."""
        url, fragment = urldefrag(url)
        if method.upper() == "GET":
            url, params, method = _joined(url, params), (), "GET"
        else:
            method = "POST"
        return cls(method, url, params, after_seconds, fragment=fragment, about=about)

    @property
    def body(self) -> bytes:
        """The body of a POST; empty for a GET."""
        return urlencode(self.params).encode() if self.method == "POST" else b""

    @property
    def said(self) -> Params:
        """The parameters, from the form or from the query of a GET."""
        if self.method == "POST":
            return self.params
        return tuple(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def param(self, name: str) -> str:
        """Return one parameter; empty when it is missing."""
        return dict(self.said).get(name, "")

    @property
    def is_event(self) -> bool:
        """Whether this only reports something to the line (a call event), so that no document comes back."""
        names = {name for name, _ in self.said}
        return not names.isdisjoint(
            {
                "CallbackSource",
                "StatusCallbackEvent",
                "MessageStatus",
                "MachineDetectionDuration",
                "RecordingStatus",
            }
        )

    def changed(self, new: Mapping[str, str | None]) -> "Request":
        """Return the same request with some parameters set, added, or (with None) removed."""
        known: dict[str, str | None] = dict(self.said)
        params = tuple((name, value) for name, value in (known | dict(new)).items() if value is not None)
        if self.method == "POST":
            return replace(self, params=params)
        return replace(self, url=_joined(self.url.partition("?")[0], params))

    def with_headers(self, *headers: tuple[str, str]) -> "Request":
        """Return the same request with more headers."""
        return replace(self, headers=self.headers + headers)


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply: an HTTP status, a media type, the body and all headers.

    ``url`` is where it came from, if the request was sent elsewhere (after a redirect).
    """

    status: int
    content_type: str
    body: bytes
    headers: Params = ()
    url: str = ""

    def all_of(self, header: str) -> list[str]:
        """Return every value of a header, whose name is in any case."""
        return [value for name, value in self.headers if name.lower() == header.lower()]


class LineError(Exception):
    """The line failed: a caller hears "an application error has occurred". The message says how.

    ``code`` is Twilio's error number.
    """

    def __init__(self, message: str, code: int = 11200) -> None:
        super().__init__(message)
        self.code = code


def _joined(url: str, params: Params) -> str:
    if not params:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
