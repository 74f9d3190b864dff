"""Refusals, pages and dates in Twilio's format, for every part of the REST API."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

E164 = re.compile(r"\+[1-9]\d{6,14}")
_MOST_ON_A_PAGE = 1000
_PAGE_KEYS = frozenset({"PageSize", "Page", "PageToken"})

#: Twilio's codes for an HTTP status of its API.
_CODES = {401: 20003, 403: 20003, 405: 20004, 429: 20429, 500: 20500}

_T = TypeVar("_T")


class RestError(Exception):
    """A refusal: the HTTP status, Twilio's code and its message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def not_found() -> RestError:
    """Return the refusal for a resource that does not exist."""
    return RestError(404, 20404, f"The requested resource {request.path} was not found")


def refuse(problem: RestError) -> tuple[Response, int]:
    """Answer with a refusal as JSON."""
    answer = jsonify(
        code=problem.code,
        message=str(problem),
        more_info=f"https://www.twilio.com/docs/errors/{problem.code}",
        status=problem.status,
    )
    if problem.status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    return answer, problem.status


def answer_in_twilios_shape(app: Flask) -> None:
    """Answer with JSON for every path that there is not, and for every fault, as Twilio's hosts do."""

    def refused(problem: HTTPException) -> tuple[Response, int]:
        status = problem.code or 500
        if status == 404:
            return refuse(not_found())
        return refuse(RestError(status, _CODES.get(status, 20001), problem.description or problem.name))

    app.register_error_handler(HTTPException, refused)


def absolute(url: str, code: int, name: str) -> str:
    """Return ``url`` if it is absolute. Raises RestError with ``code``."""
    if not url.startswith(("http://", "https://")):
        raise RestError(400, code, f"{name} is not a valid URL")
    return url


def truth(form: Mapping[str, str], name: str, default: bool) -> bool:
    """Return a boolean parameter. Raises RestError."""
    value = form.get(name, str(default)).lower()
    if value not in {"true", "false"}:
        raise RestError(400, 20001, f"{name} must be true or false")
    return value == "true"


def rfc2822(at: datetime | None) -> str | None:
    """Format a moment as Twilio does (RFC 2822)."""
    return None if at is None else format_datetime(at)


def is_wanted(at: datetime | None, name: str) -> bool:
    """Whether a moment passes this request's filters ``name`` (on that day), ``name<`` and ``name>``."""
    for key in (name, f"{name}<", f"{name}>"):
        if not request.args.get(key):
            continue
        moment = _moment(request.args[key], name)
        if at is None:
            return False
        is_right = {
            name: at.astimezone(UTC).date() == moment.date(),
            f"{name}<": at <= moment,
            f"{name}>": at >= moment,
        }
        if not is_right[key]:
            return False
    return True


def page(
    key: str, found: Sequence[_T], show: Callable[[_T], dict[str, Any]], sid: Callable[[_T], str]
) -> Response:
    """Answer with one page of ``found`` (newest first) and the keys that Twilio's clients use for paging.

    The next page begins after the last entry of this one, so that new entries shift nothing.
    """
    size = max(1, min(request.args.get("PageSize", 50, type=int), _MOST_ON_A_PAGE))
    number = max(0, request.args.get("Page", 0, type=int))
    start = number * size
    token = request.args.get("PageToken", "").removeprefix("PA")
    if token:
        start = next((place + 1 for place, one in enumerate(found) if sid(one) == token), start)
    shown = found[start : start + size]

    def uri(number: int, after: str = "") -> str:
        filters = [(name, value) for name, value in request.args.items() if name not in _PAGE_KEYS]
        paging = [("PageSize", str(size)), ("Page", str(number))]
        return f"{request.path}?{urlencode([*filters, *paging, *([('PageToken', after)] if after else [])])}"

    has_more = start + size < len(found)
    return jsonify(
        {
            key: [show(one) for one in shown],
            "page": number,
            "page_size": size,
            "start": start,
            "end": max(start, start + len(shown) - 1),
            "uri": uri(number),
            "first_page_uri": uri(0),
            "previous_page_uri": uri(number - 1) if number else None,
            "next_page_uri": uri(number + 1, f"PA{sid(shown[-1])}") if has_more and shown else None,
        }
    )


def _moment(text: str, name: str) -> datetime:
    """Return a moment, or the midnight at which a day begins, in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RestError(400, 20001, f"{name} must be a date or a moment") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
