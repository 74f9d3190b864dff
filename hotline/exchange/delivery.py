"""Carrying signed requests to the line over HTTP."""

from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from hotline.exchange.request import LineError, Reply, Request
from hotline.exchange.signing import signed_headers

Deliver = Callable[[Request], Reply]

#: Twilio never waits longer than this for a document.
TIMEOUT_SECONDS = 15.0


def over_http(public_url: str, auth_token: str) -> Deliver:
    """A delivery to the host of ``public_url`` and to no other, so that no document can send it elsewhere.

    The delivery raises LineError when the line cannot be reached or does not answer in time. It follows no
    redirect: the line sends none.
    """
    home = urlsplit(public_url)

    def deliver(request: Request) -> Reply:
        url = urlsplit(request.url)
        if (url.scheme, url.netloc) != (home.scheme, home.netloc):
            raise LineError(f"the line pointed at {url.scheme}://{url.netloc}, which is not {public_url}")
        kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
        connection = kind(url.hostname or "", url.port, timeout=TIMEOUT_SECONDS)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        body = request.body if request.method == "POST" else None
        try:
            connection.request(request.method, target, body, signed_headers(auth_token, request))
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers.get_content_type(), answer.read())
        except ConnectionRefusedError:
            raise LineError(f"nothing answers at {public_url}; start the line with `hotline serve`") from None
        except (OSError, HTTPException) as problem:
            raise LineError(f"{public_url}{url.path} did not answer ({type(problem).__name__})") from None
        finally:
            connection.close()

    return deliver
