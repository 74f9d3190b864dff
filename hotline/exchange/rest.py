"""The part of Twilio's REST API that places, reads and ends calls, in Twilio's words and errors."""

import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from hotline.exchange.leg_facts import API_VERSION, FINAL
from hotline.exchange.switchboard import Order, OutboundCall, Switchboard, WrongMomentError

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_RING_SECONDS = 60
_LONGEST_RING_SECONDS = 600
_LONGEST_TWIML = 4000
_MOST_ON_A_PAGE = 1000
_SUBRESOURCES = (
    "notifications", "recordings", "payments", "events", "siprec", "streams", "transcriptions",
    "user_defined_messages", "user_defined_message_subscriptions",
)  # fmt: skip
_FILTERS = {"to": "To", "from": "From", "status": "Status", "parent_call_sid": "ParentCallSid"}


class RestError(Exception):
    """A refusal in Twilio's shape."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def twilio_rest(
    switchboard: Switchboard, account_sid: str, credentials: Mapping[str, tuple[str, ...]]
) -> Blueprint:
    """The API of one account. ``credentials`` maps a user name (account or API key) to its passwords."""
    rest = Blueprint("twilio_rest", __name__, url_prefix=f"/{API_VERSION}/Accounts")

    @rest.before_request
    def check_credentials() -> None:
        given = request.authorization
        user, password = (given.username or "", given.password or "") if given else ("", "")
        if not any(hmac.compare_digest(password.encode(), one.encode()) for one in credentials.get(user, ())):
            raise RestError(401, 20003, "Authenticate")
        if (request.view_args or {}).get("account") != account_sid:
            raise not_found()

    @rest.errorhandler(RestError)
    def refuse(problem: RestError) -> tuple[Response, int]:
        return jsonify(
            code=problem.code,
            message=str(problem),
            more_info=f"https://www.twilio.com/docs/errors/{problem.code}",
            status=problem.status,
        ), problem.status

    @rest.post("/<account>/Calls.json")
    def create_call(account: str) -> tuple[Response, int]:
        call = switchboard.place(_order(request.form))
        return jsonify(_document(call, account) | {"status": "queued", "queue_time": "0"}), 201

    @rest.get("/<account>/Calls.json")
    def list_calls(account: str) -> Response:
        wanted = {key: request.args[name] for key, name in _FILTERS.items() if name in request.args}
        found = [_document(call, account) for call in reversed(switchboard.all())]
        return jsonify(_page([d for d in found if all(d[key] == value for key, value in wanted.items())]))

    @rest.get("/<account>/Calls/<sid>.json")
    def read_call(account: str, sid: str) -> Response:
        return jsonify(_document(find(sid), account))

    @rest.post("/<account>/Calls/<sid>.json")
    def update_call(account: str, sid: str) -> Response:
        find(sid)
        try:
            _update(switchboard, sid, request.form)
        except WrongMomentError:
            raise RestError(400, 21220, "Call is not in-progress. Cannot redirect.") from None
        return jsonify(_document(find(sid), account))

    @rest.route("/<account>/<path:resource>", methods=["GET", "POST", "DELETE"])
    def anything_else(**_path: str) -> Response:
        raise not_found()

    def find(sid: str) -> OutboundCall:
        try:
            return switchboard.find(sid)
        except LookupError:
            raise not_found() from None

    def not_found() -> RestError:
        return RestError(404, 20404, f"The requested resource {request.path} was not found")

    return rest


def _order(form: Mapping[str, str]) -> Order:
    for name, code in (("To", 21201), ("From", 21213)):
        if not form.get(name):
            raise RestError(400, code, f"No '{name}' number is specified")
    if not _E164.fullmatch(form["To"]):
        raise RestError(400, 21211, "Invalid 'To' Phone Number")
    if not _E164.fullmatch(form["From"]):
        raise RestError(400, 21212, "Invalid 'From' Phone Number")
    url, twiml = form.get("Url", ""), form.get("Twiml", "")
    if not url and not twiml:
        raise RestError(400, 21205, "Url parameter is required.")
    callback = form.get("StatusCallback") or None
    return Order(
        to=form["To"],
        from_=form["From"],
        ring_seconds=_ring_seconds(form.get("Timeout", "")),
        url=_absolute(url, 21205, "Url") if url else None,
        method=form.get("Method", "POST"),
        document=None if url else _twiml(twiml),
        status_callback=_absolute(callback, 21609, "StatusCallback") if callback else None,
        wanted=frozenset(request.form.getlist("StatusCallbackEvent")) or frozenset({"completed"}),
    )


def _ring_seconds(text: str) -> int:
    if not text:
        return _RING_SECONDS
    if not text.isdecimal():
        raise RestError(400, 20001, "Timeout must be a number of seconds")
    return min(int(text), _LONGEST_RING_SECONDS)


def _absolute(url: str, code: int, name: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise RestError(400, code, f"{name} is not a valid URL")
    return url


def _twiml(text: str) -> bytes:
    if len(text) > _LONGEST_TWIML:
        raise RestError(400, 32018, "Twiml is longer than 4000 characters")
    return text.encode()


def _update(switchboard: Switchboard, sid: str, form: Mapping[str, str]) -> None:
    """Do what an update asks: end the call, or take it to another document."""
    status = form.get("Status", "")
    if status not in {"", "completed", "canceled"}:
        raise RestError(400, 21218, "Status is not one that a call can be updated to")
    if status:
        _end(switchboard, sid, status)
    elif form.get("Twiml"):
        switchboard.redirect(sid, document=_twiml(form["Twiml"]))
    elif form.get("Url"):
        url = _absolute(form["Url"], 21205, "Url")
        switchboard.redirect(sid, url=url, method=form.get("Method", "POST"))


def _end(switchboard: Switchboard, sid: str, status: str) -> None:
    """End a call; "canceled" only stops one that still rings. A call that is over stays as it is."""
    try:
        switchboard.end_unanswered(sid, "canceled")
    except WrongMomentError:
        if status == "completed" and switchboard.find(sid).status not in FINAL:
            switchboard.hang_up(sid)


def _document(call: OutboundCall, account: str) -> dict[str, Any]:
    """A Call resource, with every key of Twilio's."""
    uri = f"/{API_VERSION}/Accounts/{account}/Calls/{call.sid}"
    started = call.answered_at or (call.created_at if call.ended_at else None)
    talked = (call.ended_at - call.answered_at) if call.ended_at and call.answered_at else None
    return {
        "sid": call.sid,
        "account_sid": account,
        "parent_call_sid": None,
        "to": call.order.to,
        "to_formatted": call.order.to,
        "from": call.order.from_,
        "from_formatted": call.order.from_,
        "phone_number_sid": None,
        "status": call.status,
        "direction": "outbound-api",
        "date_created": _date(call.created_at),
        "date_updated": _date(call.ended_at or call.answered_at or call.created_at),
        "start_time": _date(started),
        "end_time": _date(call.ended_at),
        "duration": None if call.ended_at is None else str(round(talked.total_seconds()) if talked else 0),
        "price": None,
        "price_unit": "USD",
        "answered_by": None,
        "api_version": API_VERSION,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": "0",
        "stir_verstat": None,
        "trunk_sid": None,
        "annotation": None,
        "uri": f"{uri}.json",
        "subresource_uris": {name: f"{uri}/{_spelling(name)}.json" for name in _SUBRESOURCES},
    }


def _spelling(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _date(at: datetime | None) -> str | None:
    return None if at is None else format_datetime(at)


def _page(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """One page with the keys that Twilio's clients page by."""
    size = max(1, min(request.args.get("PageSize", 50, type=int), _MOST_ON_A_PAGE))
    page = max(0, request.args.get("Page", 0, type=int))
    start = page * size
    shown = documents[start : start + size]

    def uri(number: int) -> str:
        filters = [(name, request.args[name]) for name in _FILTERS.values() if name in request.args]
        return f"{request.path}?{urlencode([*filters, ('PageSize', size), ('Page', number)])}"

    return {
        "calls": shown,
        "page": page,
        "page_size": size,
        "start": start,
        "end": max(start, start + len(shown) - 1),
        "uri": uri(page),
        "first_page_uri": uri(0),
        "previous_page_uri": uri(page - 1) if page else None,
        "next_page_uri": uri(page + 1) if start + size < len(documents) else None,
    }
