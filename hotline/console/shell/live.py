"""A part of a page that polls every two seconds, and gets a few bytes if nothing changed."""

import hashlib
from collections.abc import Callable

from flask import Response, make_response, request

#: How often such a part polls, in htmx's notation.
EVERY = "every 2s"


def tag_of(*facts: object) -> str:
    """The ETag of content that depends only on ``facts``."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


def live_part(tag: str, render: Callable[[], str]) -> Response:
    """The part with its ETag, or 304 when the page has it already; ``render`` is not called then."""
    known = request.if_none_match.contains(tag)
    response = Response(status=304) if known else make_response(render())
    response.set_etag(tag)
    return response
