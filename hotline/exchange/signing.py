"""Signing a request the way Twilio does, so that the door is the same in development."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urldefrag, urlsplit, urlunsplit

from hotline.exchange.request import Request


def url_as_signed(url: str) -> str:
    """The URL without fragment and user; https also loses its port, because Twilio's voice requests do."""
    parts = urlsplit(urldefrag(url).url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme == "https":
        name, colon, port = host.rpartition(":")
        if colon and port.isdigit():
            host = name
    return urlunsplit(parts._replace(netloc=host))


def signature(auth_token: str, url: str, params: Iterable[tuple[str, str]]) -> str:
    """The base64 HMAC-SHA1 over ``url`` and the sorted form; a name's doubled values count once."""
    text = url + "".join(name + value for name, value in sorted(set(params)))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def signed_headers(auth_token: str, request: Request) -> dict[str, str]:
    """The headers of ``request`` as Twilio would send them."""
    headers = {
        "X-Twilio-Signature": signature(auth_token, url_as_signed(request.url), request.params),
        "I-Twilio-Idempotency-Token": request.idempotency_token,
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
    }
    if request.method == "POST":
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
    return headers
