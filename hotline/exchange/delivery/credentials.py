"""Answers a 401 with the user and password in the URL: Basic, or Digest with qop=auth (RFC 7616)."""

import base64
import hashlib
from collections.abc import Callable
from secrets import token_hex
from urllib.parse import unquote, urlsplit

from werkzeug.datastructures import WWWAuthenticate

from hotline.exchange.delivery.request import Reply, Request

#: Returns the Authorization header of one request.
Credentials = Callable[[Request], str]

_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def credentials_for(
    request: Request, reply: Reply, new_nonce: Callable[[], str] = lambda: token_hex(8)
) -> Credentials | None:
    """Return the credentials that answer a 401, for this request and later ones.

    Returns None when the URL has no user, or when the line wants neither Basic nor such a Digest.
    """
    user, at, _host = urlsplit(request.url).netloc.rpartition("@")
    if reply.status != 401 or not at:
        return None
    name, _, password = (unquote(part) for part in user.partition(":"))
    asked = [WWWAuthenticate.from_header(text) for text in reply.all_of("WWW-Authenticate")]
    for one in asked:
        if one is not None and one.type == "digest" and _is_known(one):
            return _Digest(name, password, one, new_nonce).answers
    if not asked or any(one is not None and one.type == "basic" for one in asked):
        basic = f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"
        return lambda _request: basic
    return None


def _is_known(asked: WWWAuthenticate) -> bool:
    offered = {word.strip() for word in (asked.get("qop") or "").split(",")}
    return (asked.get("algorithm") or "MD5") in _HASHES and "auth" in offered and bool(asked.get("nonce"))


class _Digest:
    """Answers one challenge. It counts its answers, because the line may refuse to accept one twice."""

    def __init__(
        self, name: str, password: str, asked: WWWAuthenticate, new_nonce: Callable[[], str]
    ) -> None:
        self._name, self._password, self._asked, self._new_nonce = name, password, asked, new_nonce
        self._algorithm = asked.get("algorithm") or "MD5"
        self._count = 0

    def answers(self, request: Request) -> str:
        self._count += 1
        realm, nonce = self._asked.get("realm") or "", self._asked.get("nonce") or ""
        count, mine = f"{self._count:08x}", self._new_nonce()
        url = urlsplit(request.url)
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        who = self._hash(f"{self._name}:{realm}:{self._password}")
        what = self._hash(f"{request.method}:{target}")
        quoted = {
            "username": self._name,
            "realm": realm,
            "nonce": nonce,
            "uri": target,
            "response": self._hash(f"{who}:{nonce}:{count}:{mine}:auth:{what}"),
            "cnonce": mine,
        }
        if self._asked.get("opaque"):
            quoted["opaque"] = self._asked.get("opaque") or ""
        words = [f'{key}="{_escaped(value)}"' for key, value in quoted.items()]
        return f"Digest {', '.join([*words, f'algorithm={self._algorithm}', 'qop=auth', f'nc={count}'])}"

    def _hash(self, text: str) -> str:
        return _HASHES[self._algorithm](text.encode()).hexdigest()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
