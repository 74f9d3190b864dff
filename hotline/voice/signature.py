"""The entry for Twilio: a request is admitted only if Twilio's signature covers all of it (R39)."""

import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, Protocol
from urllib.parse import quote, unquote_to_bytes, urlsplit

from flask import Flask, current_app, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import BadRequest, Forbidden

SIGNATURE_HEADER = "X-Twilio-Signature"
KEY_HEADER = "X-Twilio-Webhooks-Signature-Settings"
#: The most bytes a request may have; Twilio's own requests are far below it.
BODY_BYTES = 64_000
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

_ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_DEFAULT_PORTS = {"http": 80, "https": 443}
_EXTENSION = "hotline.twilio_door"
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_PATH_SAFE = "/:@!$&'()*+,;=-._~"

Form = ImmutableMultiDict[str, str]


class DoorSettings(Protocol):
    """The settings that the door reads."""

    @property
    def public_url(self) -> str: ...
    @property
    def twilio_auth_tokens(self) -> tuple[str, ...]: ...
    @property
    def twilio_shared_keys(self) -> tuple[tuple[str, bytes], ...]: ...


class Door:
    """Checks requests against the configured public URL, so that no proxy can change what was signed.

    Every auth token in the settings is accepted, which lets a token rotate while the line is open. A request
    that names a shared key is checked only against that key. Raises ValueError for a public URL that cannot
    be part of a signature, or when there is no token.
    """

    def __init__(self, settings: DoorSettings) -> None:
        if not any(settings.twilio_auth_tokens):
            raise ValueError("There is no Twilio auth token, so no request could be checked.")
        self._bases = _bases(settings.public_url)
        # Keyed once and copied for each request: setting up a key costs more than signing with it.
        self._tokens = tuple(hmac.new(t.encode(), digestmod="sha1") for t in settings.twilio_auth_tokens if t)
        self._shared = {
            (name, algorithm): hmac.new(secret, digestmod=digest)
            for name, secret in settings.twilio_shared_keys
            for algorithm, digest in _ALGORITHMS.items()
        }

    def install(self, app: Flask) -> None:
        """Make this the door that ``guard_twilio`` asks in ``app``."""
        app.extensions[_EXTENSION] = self

    def admit(self, method: str, target: bytes, headers: Mapping[str, str], body: bytes) -> Form:
        """Return the parameters that Twilio signed: of the body for a POST, of the query for a GET.

        ``target`` is the path and the query string as they came, ``headers`` are looked up in any case
        (werkzeug's). Raises Forbidden when the signature is missing or wrong, and BadRequest when the body is
        too large, not a form in UTF-8, or JSON without its hash. Raises nothing else, and no message contains
        a parameter.
        """
        signature = headers.get(SIGNATURE_HEADER)
        if not signature:
            raise Forbidden("The request is not signed.")
        if len(body) > BODY_BYTES:
            raise BadRequest("The body is too large.")
        query = target.partition(b"?")[2]
        is_hashed = b"bodySHA256" in query and _is_hashed(query, body)
        form, signed = _parameters(method, query, headers, body, is_hashed)
        if not self._is_signed(target + signed, _ascii(signature), self._keys(headers.get(KEY_HEADER))):
            raise Forbidden("The signature is wrong.")
        return form

    def _is_signed(self, signed: bytes, signature: bytes, keys: "Sequence[hmac.HMAC]") -> bool:
        # Nearly every request matches the first base and the first key, so the others are tried only if
        # needed.
        for base in self._bases:
            for key in keys:
                mac = key.copy()
                mac.update(base + signed)
                if hmac.compare_digest(binascii.b2a_base64(mac.digest(), newline=False), signature):
                    return True
        return False

    def _keys(self, chosen: str | None) -> "Sequence[hmac.HMAC]":
        if not chosen:
            return self._tokens
        named = dict(_name_and_value(part) for part in chosen.split(","))
        algorithm = named.get("algorithm", "HMAC_SHA1").upper()
        if "key" not in named:
            return self._tokens if algorithm == "HMAC_SHA1" else ()
        key = self._shared.get((named["key"], algorithm))
        return () if key is None else (key,)


def guard_twilio(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let only signed requests through to ``view``, which then reads ``request.form``.

    ``request.form`` has exactly what was signed and nothing else: the body's parameters for a POST, the
    query's for a GET. Answers 403 or 400 otherwise, before the view runs. The wrapper carries ``guard =
    "twilio"``, which lets a test check the guard of every route.
    """

    @wraps(view)
    def guarded(*args: Any, **values: Any) -> Any:
        door: Door = current_app.extensions[_EXTENSION]
        if not request.headers.get(SIGNATURE_HEADER):
            raise Forbidden("The request is not signed.")
        path, query = request.path, request.query_string
        target = quote(path, safe=_PATH_SAFE).encode()
        if query:
            target += b"?" + query
        body = _read_body()
        form = door.admit(request.method, target, request.headers, body)  # type: ignore[arg-type]
        # No phone and no carrier sends a NUL, and PostgreSQL cannot store one.
        if "\0" in path or b"%00" in query:
            raise BadRequest("The address holds a NUL.")
        request.form = _without_nul(form) if b"%00" in body or b"\0" in body else form
        request.files = ImmutableMultiDict()
        return view(*args, **values)

    guarded.guard = "twilio"  # type: ignore[attr-defined]
    return guarded


def _without_nul(form: Form) -> Form:
    return ImmutableMultiDict((name, value.replace("\0", "")) for name, value in form.items(multi=True))


def _read_body() -> bytes:
    # The length is checked before the first byte is read, and again while reading a body without a length.
    if (request.content_length or 0) > BODY_BYTES:
        raise BadRequest("The body is too large.")
    source, body = request.environ["wsgi.input"], b""
    # One byte more than is allowed is enough to refuse a body.
    while len(body) <= BODY_BYTES and (part := source.read(BODY_BYTES + 1 - len(body))):
        body += part
    return body


def _parameters(
    method: str, query: bytes, headers: Mapping[str, str], body: bytes, is_hashed: bool
) -> tuple[Form, bytes]:
    """The parameters, and what the signature covers beyond the URL."""
    if method != "POST":
        if body:
            raise BadRequest("Only a POST may have a body.")
        return ImmutableMultiDict(_pairs(query)), b""
    kind, charset = _content_type(headers.get("Content-Type", ""))
    if charset not in {"", "utf-8", "utf8"}:
        raise BadRequest("The body is not in UTF-8.")
    if kind == JSON and is_hashed:
        return ImmutableMultiDict(), b""
    if kind != FORM and body:
        raise BadRequest("The body is not a form.")
    pairs = _pairs(body)
    return ImmutableMultiDict(pairs), _joined(pairs)


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    """Names and values of a form, read strictly: a lenient reader would see other words than were signed."""
    if b"%" in encoded and _BAD_ESCAPE.search(encoded):
        raise BadRequest("A percent escape is broken.")
    try:
        return [_pair(part) for part in encoded.decode().replace("+", " ").split("&") if part]
    except UnicodeDecodeError:
        # Without its cause, which contains the bytes that were sent.
        raise BadRequest("A parameter is not in UTF-8.") from None


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    if "%" in part:
        return unquote_to_bytes(name).decode(), unquote_to_bytes(value).decode()
    return name, value


def _joined(pairs: Iterable[tuple[str, str]]) -> bytes:
    # A set, because Twilio signs a doubled name once for each of its different values.
    return "".join([name + value for name, value in sorted(set(pairs))]).encode()


def _is_hashed(query: bytes, body: bytes) -> bool:
    """Whether the query has a hash of the body. Raises Forbidden if the hash is of other bytes."""
    hashes = {value.lower() for name, value in _pairs(query) if name == "bodySHA256"}
    if not hashes:
        return False
    right = hashlib.sha256(body).hexdigest().encode()
    if not all(hmac.compare_digest(_ascii(given), right) for given in hashes):
        raise Forbidden("The body is not the one that was signed.")
    return True


def _content_type(header: str) -> tuple[str, str]:
    kind, _, options = header.partition(";")
    named = dict(_name_and_value(option) for option in options.split(";"))
    return kind.strip().lower(), named.get("charset", "").strip('"').lower()


def _name_and_value(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name.strip().lower(), value.strip()


def _ascii(text: str) -> bytes:
    # compare_digest raises TypeError for text beyond ASCII, which would be a 500.
    return text.encode("ascii", "replace")


def _bases(public_url: str) -> tuple[bytes, ...]:
    """Scheme, host, port and path prefix in the spellings that Twilio may sign, the configured one first.

    Twilio drops the port of an HTTPS voice URL but keeps others, and some senders add the default one.
    """
    url = urlsplit(public_url)
    host = url.netloc.rpartition("@")[2]
    if url.scheme not in _DEFAULT_PORTS or not url.hostname or url.query:
        raise ValueError("HOTLINE_PUBLIC_URL is not an http or https address without a query.")
    # Reading an invalid port raises ValueError.
    if url.port is None:
        bare = host.removesuffix(":")
        hosts = [bare, f"{bare}:{_DEFAULT_PORTS[url.scheme]}"]
    else:
        hosts = [host, host.rpartition(":")[0]]
    return tuple(f"{url.scheme}://{name}{url.path.rstrip('/')}".encode() for name in hosts)
