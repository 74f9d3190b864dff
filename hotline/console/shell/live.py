"""A part of a page that looks again when something changed, and gets a few bytes if it is as it was."""

import hashlib
from collections.abc import Callable

from flask import Response, make_response, request

#: When such a part looks again, in htmx's notation: desk.js says so on the body.
EVERY = "desk:changed from:body, desk:parts from:body"


def tag_of(*facts: object) -> str:
    """The ETag of content that depends only on ``facts``."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


def live_part(tag: str, render: Callable[[], str]) -> Response:
    """The part with its ETag, or 304 when the page has it already; ``render`` is not called then."""
    known = request.if_none_match.contains(tag)
    response = Response(status=304) if known else make_response(render())
    response.set_etag(tag)
    return response
