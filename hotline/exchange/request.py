"""One request that a carrier sends to the line, and the line's reply to it."""

from dataclasses import dataclass, field
from urllib.parse import urldefrag, urlencode
from uuid import uuid4

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """``params`` are the form of a POST; those of a GET already stand in ``url``.

    ``after_seconds`` is the time a caller would wait before it is sent. One idempotency token stands for
    one request, however often it is delivered.
    """

    method: str
    url: str
    params: Params
    after_seconds: float = 0
    idempotency_token: str = field(default_factory=lambda: str(uuid4()))

    @classmethod
    def of(cls, method: str, url: str, params: Params, after_seconds: float = 0) -> "Request":
        """Put ``params`` where ``method`` carries them. A URL's fragment is never sent (nor signed)."""
        url = urldefrag(url).url
        if method.upper() == "GET":
            joint = "&" if "?" in url else "?"
            return cls("GET", f"{url}{joint}{urlencode(params)}", (), after_seconds)
        return cls("POST", url, params, after_seconds)

    @property
    def body(self) -> bytes:
        """The form of a POST, as it goes over the wire."""
        return urlencode(self.params).encode()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: an HTTP status, a media type and the body."""

    status: int
    content_type: str
    body: bytes


class LineError(Exception):
    """The line did what would play "an application error has occurred" to a caller; the message says what."""
