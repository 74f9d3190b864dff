"""The cookies and credentials that a carrier keeps for one call at one host."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from http.cookies import CookieError, Morsel, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from hotline.exchange.delivery.credentials import Credentials, credentials_for
from hotline.exchange.delivery.delivery import Deliver
from hotline.exchange.delivery.request import LineError, Reply, Request

#: Calls over this number are forgotten, the least recently used first.
MOST_REMEMBERED = 10_000
_PROTOCOL = 11206


@dataclass(slots=True)
class _Session:
    cookies: "dict[str, Morsel[Any]]" = field(default_factory=dict)
    credentials: Credentials | None = None


def with_sessions(deliver: Deliver) -> Deliver:
    """Keep cookies for each call, and send a URL's credentials after a 401.

    Raises LineError (11206) for a cookie that cannot be read.
    """
    sessions: OrderedDict[tuple[str, str], _Session] = OrderedDict()
    lock = threading.Lock()

    def session_of(request: Request) -> _Session:
        key = (request.param("CallSid"), urlsplit(request.url).netloc.rpartition("@")[2])
        with lock:
            session = sessions.setdefault(key, _Session())
            sessions.move_to_end(key)
            if len(sessions) > MOST_REMEMBERED:
                sessions.popitem(last=False)
        return session

    def carry(request: Request) -> Reply:
        session = session_of(request)
        reply = deliver(_with_session(request, session))
        _keep_cookies(session, reply)
        credentials = credentials_for(request, reply)
        if credentials is not None and (session.credentials is None or _is_stale(reply)):
            session.credentials = credentials
            reply = deliver(_with_session(request, session))
            _keep_cookies(session, reply)
        return reply

    return carry


def _with_session(request: Request, session: _Session) -> Request:
    headers = []
    is_safe = request.url.startswith("https:")
    cookies = [
        f"{name}={cookie.coded_value}"
        for name, cookie in list(session.cookies.items())
        if is_safe or not cookie["secure"]
    ]
    if cookies:
        headers.append(("Cookie", "; ".join(cookies)))
    if session.credentials is not None:
        headers.append(("Authorization", session.credentials(request)))
    return request.with_headers(*headers) if headers else request


def _is_stale(reply: Reply) -> bool:
    """Whether the line only wants a new Digest."""
    return any("stale=true" in text.lower().replace('"', "") for text in reply.all_of("WWW-Authenticate"))


def _keep_cookies(session: _Session, reply: Reply) -> None:
    for text in reply.all_of("Set-Cookie"):
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(text)
        except CookieError:
            raise LineError("the line set a cookie that cannot be read", _PROTOCOL) from None
        if not cookies:
            raise LineError("the line set a cookie that cannot be read", _PROTOCOL)
        for name, cookie in cookies.items():
            if cookie["max-age"] == "0":
                session.cookies.pop(name, None)
            else:
                session.cookies[name] = cookie
