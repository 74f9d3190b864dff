"""One request that a carrier sends to the line, and the line's reply to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Literal
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit
from uuid import uuid4

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """``params`` are the form of a POST; those of a GET already stand in ``url``.

    ``after_seconds`` is the time a caller would wait before it is sent. One idempotency token stands for
    one request, however often it is delivered. ``fragment`` holds the connection overrides, which are never
    sent nor signed. ``headers`` go along with the usual ones and replace those of the same name. ``json``
    takes the place of a form. ``about`` tells a voice request from one about a message, whose signature
    covers the port.
    """

    method: str
    url: str
    params: Params
    after_seconds: float = 0
    idempotency_token: str = field(default_factory=lambda: str(uuid4()))
    fragment: str = ""
    headers: Params = ()
    json: bytes | None = None
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
        """Put ``params`` where ``method`` carries them. A URL's fragment is never sent (nor signed)."""
        url, fragment = urldefrag(url)
        if method.upper() == "GET":
            url, params, method = _joined(url, params), (), "GET"
        else:
            method = "POST"
        return cls(method, url, params, after_seconds, fragment=fragment, about=about)

    @classmethod
    def of_json(cls, url: str, document: bytes) -> "Request":
        """A POST of JSON, whose hash stands in the query (``bodySHA256``), where the signature covers it."""
        url, fragment = urldefrag(url)
        url = _joined(url, (("bodySHA256", sha256(document).hexdigest()),))
        return cls("POST", url, (), fragment=fragment, json=document)

    @property
    def body(self) -> bytes:
        """What a POST carries over the wire; nothing for a GET."""
        if self.json is not None:
            return self.json
        return urlencode(self.params).encode() if self.method == "POST" else b""

    @property
    def said(self) -> Params:
        """The parameters wherever they stand: in the form, or in the query of a GET."""
        if self.method == "POST":
            return self.params
        return tuple(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    def param(self, name: str) -> str:
        """One parameter; empty when it is not there."""
        return dict(self.said).get(name, "")

    @property
    def is_event(self) -> bool:
        """Whether this only tells the line of something (a call event), so that no document comes back."""
        names = {name for name, _ in self.said}
        return not names.isdisjoint(
            {"CallbackSource", "StatusCallbackEvent", "MessageStatus", "MachineDetectionDuration"}
        )

    def changed(self, new: Mapping[str, str | None]) -> "Request":
        """The same request with some parameters set, added, or (with None) taken out."""
        known: dict[str, str | None] = dict(self.said)
        params = tuple((name, value) for name, value in (known | dict(new)).items() if value is not None)
        if self.method == "POST":
            return replace(self, params=params)
        return replace(self, url=_joined(self.url.partition("?")[0], params))

    def with_headers(self, *headers: tuple[str, str]) -> "Request":
        """The same request with more headers."""
        return replace(self, headers=self.headers + headers)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: an HTTP status, a media type, the body and the other headers.

    ``url`` is where it came from when that is not where the request was sent (after a redirect).
    """

    status: int
    content_type: str
    body: bytes
    headers: Params = ()
    url: str = ""

    def all_of(self, header: str) -> list[str]:
        """Every value of a header, in any case."""
        return [value for name, value in self.headers if name.lower() == header.lower()]


class LineError(Exception):
    """The line did what would play "an application error has occurred" to a caller; the message says what.

    ``code`` is Twilio's number for it.
    """

    def __init__(self, message: str, code: int = 11200) -> None:
        super().__init__(message)
        self.code = code


def _joined(url: str, params: Params) -> str:
    if not params:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
