"""Signs requests as Twilio does, so that the line checks signatures in development too."""

import base64
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urldefrag, urlsplit, urlunsplit

from hotline.exchange.delivery.request import Request

_DIGESTS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}


@dataclass(frozen=True, slots=True)
class SharedKey:
    """A key with which a webhook rule signs, instead of the auth token.

    ``algorithm`` is HMAC_SHA1 or HMAC_SHA256. Raises ValueError for any other.
    """

    name: str
    secret: bytes
    algorithm: str = "HMAC_SHA256"

    def __post_init__(self) -> None:
        if self.algorithm not in _DIGESTS:
            raise ValueError("a shared key signs with HMAC_SHA1 or HMAC_SHA256")


def url_as_signed(url: str, *, keeps_port: bool = False) -> str:
    """Return the URL without fragment and user. An https URL also loses its port.

    Twilio does that for voice requests, and keeps the port for requests about messages.
    """
    parts = urlsplit(urldefrag(url).url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme == "https" and not keeps_port:
        name, colon, port = host.rpartition(":")
        if colon and port.isdigit():
            host = name
    return urlunsplit(parts._replace(netloc=host))


def signature(secret: str | bytes, url: str, params: Iterable[tuple[str, str]], digest: str = "sha1") -> str:
    """Return the base64 HMAC over ``url`` and the sorted form; repeated pairs count once."""
    text = url + "".join(name + value for name, value in sorted(set(params)))
    key = secret.encode() if isinstance(secret, str) else secret
    return base64.b64encode(hmac.new(key, text.encode(), digest).digest()).decode()


def signed_headers(auth_token: str, request: Request, shared_key: SharedKey | None = None) -> dict[str, str]:
    """Return the headers that Twilio sends with ``request``, signed with a shared key if there is one."""
    url = url_as_signed(request.url, keeps_port=request.about == "message")
    headers = {
        "I-Twilio-Idempotency-Token": request.idempotency_token,
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
    }
    if shared_key is None:
        headers["X-Twilio-Signature"] = signature(auth_token, url, request.params)
    else:
        digest = _DIGESTS[shared_key.algorithm]
        headers["X-Twilio-Signature"] = signature(shared_key.secret, url, request.params, digest)
        headers["X-Twilio-Webhooks-Signature-Settings"] = (
            f"key={shared_key.name},algorithm={shared_key.algorithm}"
        )
    if request.json is not None:
        headers["Content-Type"] = "application/json"
    elif request.method == "POST":
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
    return headers | dict(request.headers)
