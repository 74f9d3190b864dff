"""Fetches documents as Twilio does: redirects, media types, sizes, and a fallback when that fails."""

from dataclasses import replace
from urllib.parse import urldefrag, urljoin, urlsplit
from xml.sax.saxutils import escape

from hotline.exchange.delivery.delivery import MOST_BYTES, Deliver
from hotline.exchange.delivery.request import LineError, Reply, Request
from hotline.exchange.delivery.session import with_sessions
from hotline.exchange.delivery.xml import NotXmlError, root_element

MOST_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD = frozenset({307, 308})
_TWIML_TYPES = frozenset({"text/xml", "application/xml", "text/html"})
#: Parameters with the caller's answer. They are not sent again to the target of a redirect.
_ANSWERS = ("Digits", "FinishedOnKey", "SpeechResult", "Confidence", "msg")
_TOO_MANY, _BAD_REDIRECT, _REFUSED = 11215, 11216, 11217
_TOO_LONG, _EMPTY, _NOT_XML, _NOT_TWIML, _TYPE = 11750, 11770, 12100, 12102, 12300


def fetching(deliver: Deliver) -> Deliver:
    """Return a delivery that gets a document which a leg can run, without the fallback.

    It raises LineError with Twilio's number for any other reply.
    """
    return documents(with_redirects(with_sessions(deliver)))


def with_redirects(deliver: Deliver) -> Deliver:
    """Follow up to 10 redirects; the reply's ``url`` is the target of the last one.

    A 307 or 308 is followed with the same method, the others with GET. Keys pressed are not sent again.
    """

    def carry(request: Request) -> Reply:
        reply, where = deliver(request), request.url
        for _ in range(MOST_REDIRECTS):
            if reply.status not in _REDIRECTS:
                return reply if reply.url else replace(reply, url=where)
            where = _location(request, reply)
            request = _redirected(request, reply, where)
            reply = deliver(request)
        if reply.status in _REDIRECTS:
            raise LineError("the line redirects in circles", _TOO_MANY)
        return replace(reply, url=where)

    return carry


def documents(deliver: Deliver) -> Deliver:
    """Accept only documents. Plain text becomes a <Say>, and audio a <Play>."""

    def carry(request: Request) -> Reply:
        reply = deliver(request)
        if not 200 <= reply.status < 300:
            raise LineError(f"the line answered {reply.status}", _REFUSED)
        if len(reply.body) > MOST_BYTES:
            raise LineError("the document is over 64 kB", _TOO_LONG)
        kind = reply.content_type.partition(";")[0].strip().lower()
        if kind.startswith("audio/"):
            return _twiml(reply, f"<Play>{escape(request.url)}</Play>")
        if not reply.body.strip():
            raise LineError("the document is empty", _EMPTY)
        if kind == "text/plain" and not _is_twiml(reply.body):
            return _twiml(reply, f"<Say>{escape(reply.body.decode(errors='replace').strip())}</Say>")
        if kind == "text/plain":
            return replace(reply, content_type="text/xml")
        if kind not in _TWIML_TYPES:
            raise LineError(f"the line answered with {kind or 'no type'}, which is no document", _TYPE)
        _must_be_twiml(reply.body)
        return reply

    return carry


def with_fallback(deliver: Deliver, url: str | None, method: str = "POST") -> Deliver:
    """Request ``url``, with ErrorCode and ErrorUrl, when the first request fails.

    Without a ``url``, and when that fails too, LineError is raised and the caller hears an apology.
    """
    if not url:
        return deliver

    def carry(request: Request) -> Reply:
        try:
            return deliver(request)
        except LineError as problem:
            error = (("ErrorCode", str(problem.code)), ("ErrorUrl", request.url))
            known = request.params or _not_in(request.said, url)
            reply = deliver(Request.of(method, url, known + error))
            return reply if reply.url else replace(reply, url=urldefrag(url).url)

    return carry


def _not_in(params: tuple[tuple[str, str], ...], url: str) -> tuple[tuple[str, str], ...]:
    """Return the parameters of a GET except those that ``url`` has already."""
    names = {part.partition("=")[0] for part in urlsplit(url).query.split("&")}
    return tuple((name, value) for name, value in params if name not in names)


def _location(request: Request, reply: Reply) -> str:
    where = next(iter(reply.all_of("Location")), "")
    try:
        url = urlsplit(urljoin(request.url, where.strip()))
        if not where.strip() or url.scheme not in {"http", "https"} or not url.hostname:
            raise LineError("the line redirects to nowhere", _BAD_REDIRECT)
    except ValueError:
        raise LineError("the line redirects to nowhere", _BAD_REDIRECT) from None
    return url.geturl()


def _redirected(request: Request, reply: Reply, where: str) -> Request:
    known = tuple((name, value) for name, value in request.said if name not in _ANSWERS)
    if request.method == "GET":
        # The line's own parameters belong to the URL that redirects, and only to it.
        known = tuple((name, value) for name, value in known if name[:1].isupper())
    method = request.method if reply.status in _KEEP_METHOD else "GET"
    return Request.of(method, where, known)


def _twiml(reply: Reply, verb: str) -> Reply:
    return replace(reply, content_type="text/xml", body=f"<Response>{verb}</Response>".encode())


def _is_twiml(body: bytes) -> bool:
    try:
        _must_be_twiml(body)
    except LineError:
        return False
    return True


def _must_be_twiml(body: bytes) -> None:
    try:
        root = root_element(body)
    except NotXmlError as problem:
        raise LineError(f"the document is not XML ({problem})", _NOT_XML) from None
    if root.tag != "Response":
        raise LineError(f"<{root.tag}> is no root of a document; it is <Response>", _NOT_TWIML)
