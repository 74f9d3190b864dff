"""Signs requests as Twilio does, so that the line checks signatures in development too."""

import base64
import hmac
from collections.abc import Iterable
from urllib.parse import urldefrag, urlsplit, urlunsplit

from hotline.exchange.delivery.request import Request


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


def signature(secret: str, url: str, params: Iterable[tuple[str, str]]) -> str:
    """Return the base64 HMAC-SHA1 over ``url`` and the sorted form; repeated pairs count once."""
    text = url + "".join(name + value for name, value in sorted(set(params)))
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha1")).decode()


def signed_headers(auth_token: str, request: Request) -> dict[str, str]:
    """Return the headers that Twilio sends with ``request``."""
    url = url_as_signed(request.url, keeps_port=request.about == "message")
    headers = {
        "X-Twilio-Signature": signature(auth_token, url, request.params),
        "I-Twilio-Idempotency-Token": request.idempotency_token,
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
    }
    if request.method == "POST":
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
    return headers | dict(request.headers)
