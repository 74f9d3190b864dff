"""The Calls of the REST API: placed, read, listed, updated and deleted, with Twilio's errors."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.datastructures import MultiDict

from hotline.exchange.calls.answering import WrongMomentError
from hotline.exchange.calls.call import MOST_SECONDS
from hotline.exchange.calls.order import MachineDetection, Order
from hotline.exchange.calls.pace import QueueFullError
from hotline.exchange.calls.switchboard import REST_PATIENCE_SECONDS, Switchboard
from hotline.exchange.calls.switched_call import SwitchedCall
from hotline.exchange.rest.shapes import (
    E164,
    RestError,
    absolute,
    is_wanted,
    not_found,
    page,
    rfc2822,
    truth,
)
from hotline.exchange.twiml.terms import API_VERSION, FINAL
from hotline.exchange.twiml.waits import RecordingOrder

_RING_SECONDS = 60
_LONGEST_RING_SECONDS = 600
_LONGEST_TWIML = 4000
_SECONDS = re.compile("0*[1-9][0-9]{0,5}", re.ASCII)
_DIGITS = re.compile("[0-9A-DWw#*,]*")
_SUBRESOURCES = (
    "notifications", "recordings", "payments", "events", "siprec", "streams", "transcriptions",
    "user_defined_messages", "user_defined_message_subscriptions",
)  # fmt: skip
_FILTERS = {"to": "To", "from": "From", "status": "Status", "parent_call_sid": "ParentCallSid"}
#: What an application decides in place of the request.
_REPLACED = frozenset(
    {
        "ApplicationSid", "Url", "Twiml", "Method", "FallbackUrl", "FallbackMethod", "StatusCallback",
        "StatusCallbackMethod",
    }
)  # fmt: skip
_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
_SHOWN_AS = {"human": "human", "machine_start": "machine"} | dict.fromkeys(
    ("machine_end_beep", "machine_end_silence", "machine_end_other"), "machine"
)


def add_calls(rest: Blueprint, board: Switchboard) -> None:
    """Add the routes of calls to ``rest``."""

    @rest.post("/Accounts/<account>/Calls.json")
    def create_call() -> tuple[Response, int]:
        call = place(board, read_order(board, request.form))
        return jsonify(call_document(call) | {"status": "queued"}), 201

    @rest.get("/Accounts/<account>/Calls.json")
    def list_calls() -> Response:
        wanted = {key: request.args[name] for key, name in _FILTERS.items() if name in request.args}
        found = []
        for call in reversed(board.all()):
            shown = call_document(call)
            if (
                all(shown[key] == value for key, value in wanted.items())
                and is_wanted(call.started_at, "StartTime")
                and is_wanted(call.ended_at, "EndTime")
            ):
                found.append(call)
        return page("calls", found, call_document, lambda call: call.sid)

    @rest.get("/Accounts/<account>/Calls/<sid>.json")
    def read_call(sid: str) -> Response:
        return jsonify(call_document(find(sid)))

    @rest.post("/Accounts/<account>/Calls/<sid>.json")
    def update_call(sid: str) -> Response:
        find(sid)
        try:
            _update(board, sid, request.form)
        except WrongMomentError:
            raise RestError(400, 21220, "Call is not in-progress. Cannot redirect.") from None
        return jsonify(call_document(find(sid)))

    @rest.delete("/Accounts/<account>/Calls/<sid>.json")
    def delete_call(sid: str) -> tuple[str, int]:
        find(sid)
        try:
            board.forget(sid)
        except WrongMomentError:
            raise RestError(409, 20409, "A call that is not over cannot be deleted") from None
        return "", 204

    def find(sid: str) -> SwitchedCall:
        try:
            return board.find(sid)
        except LookupError:
            raise not_found() from None


def place(board: Switchboard, order: Order) -> SwitchedCall:
    """Place a call. Raises RestError when too many calls wait."""
    try:
        return board.place(order)
    except QueueFullError:
        raise RestError(429, 22005, "Call queue is full") from None


def read_order(board: Switchboard, form: "MultiDict[str, str]", document: bytes | None = None) -> Order:
    """Return the order in a request; ``document`` replaces its Url or Twiml. Raises RestError."""
    check_numbers(board, form)
    if document is None and form.get("ApplicationSid"):
        return _order_of_application(board, form)
    url, twiml = form.get("Url", ""), form.get("Twiml", "")
    if document is None and not url and not twiml:
        if form.get("FallbackUrl"):
            raise RestError(400, 21405, "FallbackUrl needs a Url")
        raise RestError(400, 21205, "Url parameter is required.")
    callback, fallback = form.get("StatusCallback") or None, form.get("FallbackUrl") or None
    wanted = frozenset(form.getlist("StatusCallbackEvent"))
    if not wanted <= _EVENTS:
        raise RestError(400, 21626, "StatusCallbackEvent is not one of a call's events")
    if document is None and not url:
        document = _twiml(twiml)
    if not _DIGITS.fullmatch(form.get("SendDigits", "")):
        raise RestError(400, 21206, "SendDigits holds what no phone sends")
    return Order(
        to=form["To"],
        from_=form["From"],
        ring_seconds=_ring_seconds(form.get("Timeout", "")),
        url=absolute(url, 21205, "Url") if url else None,
        method=_method(form, "Method", 21209),
        document=document,
        fallback_url=absolute(fallback, 21205, "FallbackUrl") if fallback else None,
        fallback_method=_method(form, "FallbackMethod"),
        status_callback=absolute(callback, 21609, "StatusCallback") if callback else None,
        status_callback_method=_method(form, "StatusCallbackMethod"),
        wanted=wanted or frozenset({"completed"}),
        detection=_detection(form),
        recording=_recording(form),
        most_seconds=_time_limit(form.get("TimeLimit", "")),
    )


def _order_of_application(board: Switchboard, form: "MultiDict[str, str]") -> Order:
    """Return the order whose URLs are an application's; those in the request are ignored, as at Twilio."""
    try:
        settings = board.holdings.find(form["ApplicationSid"]).settings
    except LookupError:
        raise RestError(400, 21218, "ApplicationSid is not an application of this account") from None
    own = MultiDict(
        [pair for pair in form.items(multi=True) if pair[0] not in _REPLACED]
        + [
            ("Url", settings.voice_url),
            ("Method", settings.voice_method),
            ("FallbackUrl", settings.fallback_url or ""),
            ("FallbackMethod", settings.fallback_method),
            ("StatusCallback", settings.status_callback or ""),
            ("StatusCallbackMethod", settings.status_callback_method),
        ]
    )
    return read_order(board, own)


def _recording(form: Mapping[str, str]) -> RecordingOrder | None:
    if not truth(form, "Record", False):
        return None
    return recording_order(form)


def recording_order(form: Mapping[str, str]) -> RecordingOrder:
    """Return how a request wants a call recorded. Raises RestError."""
    callback = form.get("RecordingStatusCallback") or None
    channels = form.get("RecordingChannels", "mono")
    if channels not in {"mono", "dual"}:
        raise RestError(400, 20001, "RecordingChannels is mono or dual")
    return RecordingOrder(
        callback=absolute(callback, 21609, "RecordingStatusCallback") if callback else None,
        method=_method(form, "RecordingStatusCallbackMethod"),
        events=frozenset(form.get("RecordingStatusCallbackEvent", "completed").split()),
        channels=2 if channels == "dual" else 1,
    )


def check_numbers(
    board: Switchboard,
    form: Mapping[str, str],
    to_code: int = 21201,
    from_code: int = 21213,
    owner_code: int = 21210,
) -> None:
    """Check the numbers To and From. Raises RestError with Twilio's code, which each use has its own for:
    a To or From that is missing, and a From that the account does not have.
    """
    for name, code in (("To", to_code), ("From", from_code)):
        if not form.get(name):
            raise RestError(400, code, f"No '{name}' number is specified")
    if form["To"].startswith(("client:", "sip:", "sips:")):
        raise RestError(
            400, 21211, "The exchange calls phone numbers alone: client: and sip: are not simulated"
        )
    if not E164.fullmatch(form["To"]):
        raise RestError(400, 21211, "Invalid 'To' Phone Number")
    if not E164.fullmatch(form["From"]):
        raise RestError(400, 21212, "Invalid 'From' Phone Number")
    if not board.owns(form["From"]):
        raise RestError(400, owner_code, "'From' phone number not verified")
    kind = board.phones.at(form["To"]).kind
    if kind == "blocked":
        raise RestError(400, 21216, "'To' is a number that this account may not call")
    if kind == "unroutable":
        raise RestError(400, 21214, "'To' phone number cannot be reached")


def _detection(form: Mapping[str, str]) -> MachineDetection | None:
    mode = form.get("MachineDetection", "none")
    if mode not in {"none", "Enable", "DetectMessageEnd"}:
        raise RestError(400, 20001, "MachineDetection is Enable or DetectMessageEnd")
    # With digits to send after the answer, Twilio does not run detection.
    if mode == "none" or form.get("SendDigits"):
        return None
    callback = form.get("AsyncAmdStatusCallback") or None
    return MachineDetection(
        mode,
        truth(form, "AsyncAmd", False),
        absolute(callback, 21609, "AsyncAmdStatusCallback") if callback else None,
        _method(form, "AsyncAmdStatusCallbackMethod"),
    )


def _method(form: Mapping[str, str], name: str, code: int = 20001) -> str:
    method = form.get(name, "POST").upper()
    if method not in {"GET", "POST"}:
        raise RestError(400, code, f"{name} must be GET or POST")
    return method


def _ring_seconds(text: str) -> int:
    if not text:
        return _RING_SECONDS
    if not _SECONDS.fullmatch(text):
        raise RestError(400, 21208, "Timeout must be a number of seconds, from 1")
    return min(int(text), _LONGEST_RING_SECONDS)


def _time_limit(text: str) -> int | None:
    if not text:
        return None
    if not _SECONDS.fullmatch(text):
        raise RestError(400, 20001, "TimeLimit must be a number of seconds, from 1")
    return min(int(text), int(MOST_SECONDS))


def _twiml(text: str) -> bytes:
    if len(text) > _LONGEST_TWIML:
        raise RestError(400, 32018, "Twiml is longer than 4000 characters")
    return text.encode()


def _update(board: Switchboard, sid: str, form: Mapping[str, str]) -> None:
    """Update a call: end it, or let it go on at another document."""
    status = form.get("Status", "")
    if status not in {"", "completed", "canceled"}:
        raise RestError(400, 20001, "Status is not one that a call can be updated to")
    if status:
        _end(board, sid, status)
    elif form.get("Twiml"):
        board.redirect(sid, document=_twiml(form["Twiml"]))
    elif form.get("Url"):
        url = absolute(form["Url"], 21205, "Url")
        board.redirect(sid, url=url, method=_method(form, "Method"))


def _end(board: Switchboard, sid: str, status: str) -> None:
    """End a call; "canceled" only stops one that still rings. A call that is over does not change."""
    try:
        board.end_unanswered(sid, "canceled")
    except WrongMomentError:
        if status == "completed" and board.find(sid).status not in FINAL:
            board.hang_up(sid, REST_PATIENCE_SECONDS)


def call_document(call: SwitchedCall) -> dict[str, Any]:
    """Return a Call resource with all of Twilio's keys."""
    account = call.live.leg.account_sid
    uri = f"/{API_VERSION}/Accounts/{account}/Calls/{call.sid}"
    talked = (call.ended_at - call.answered_at) if call.ended_at and call.answered_at else None
    return {
        "sid": call.sid,
        "account_sid": account,
        "parent_call_sid": None if call.parent is None else call.parent.sid,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.from_,
        "from_formatted": call.from_,
        "phone_number_sid": None,
        "status": call.status,
        "direction": call.direction,
        "date_created": rfc2822(call.created_at),
        "date_updated": rfc2822(call.updated_at or call.created_at),
        "start_time": rfc2822(call.answered_at or (call.started_at if call.ended_at else None)),
        "end_time": rfc2822(call.ended_at),
        "duration": None if call.ended_at is None else str(round(talked.total_seconds()) if talked else 0),
        "price": None,
        "price_unit": "USD",
        "answered_by": _SHOWN_AS.get(call.answered_by or ""),
        "api_version": API_VERSION,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": str(round(call.queue_seconds * 1000)),
        "stir_verstat": None,
        "trunk_sid": None,
        "annotation": None,
        "uri": f"{uri}.json",
        "subresource_uris": {name: f"{uri}/{_spelling(name)}.json" for name in _SUBRESOURCES},
    }


def _spelling(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
