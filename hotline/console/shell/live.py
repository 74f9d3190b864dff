"""A part of a page that asks for itself every two seconds, and is told in few bytes that nothing changed."""

import hashlib
from collections.abc import Callable

from flask import Response, make_response, request

#: How often such a part asks, as htmx spells it.
EVERY = "every 2s"


def tag_of(*facts: object) -> str:
    """The ETag of whatever follows from ``facts`` alone."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


def live_part(tag: str, render: Callable[[], str]) -> Response:
    """The part with its ETag, or 304 when the page has it; ``render`` is not asked then."""
    known = request.if_none_match.contains(tag)
    response = Response(status=304) if known else make_response(render())
    response.set_etag(tag)
    return response
