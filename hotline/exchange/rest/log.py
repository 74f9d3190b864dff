"""The Events of a call and the Notifications of the REST API: what was requested, and what went wrong."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from hotline.exchange.calls.feed import Happening
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.calls.switched_call import SwitchedCall
from hotline.exchange.rest.shapes import is_wanted, not_found, page, rfc2822
from hotline.exchange.twiml.finding import Finding, stops
from hotline.exchange.twiml.reader import read
from hotline.exchange.twiml.terms import API_VERSION

_REFUSED, _EVENT_REFUSED = 11217, 15003
_NUMBERED = re.compile(r"(\d{5}): (.+)")
_ERROR, _WARNING = "0", "1"


class Notification(NamedTuple):
    """One entry of Twilio's debugger. ``log`` is "0" for an error and "1" for a warning."""

    sid: str
    call_sid: str
    code: int
    log: str
    at: datetime
    text: str
    request: Happening | None


def add_log(rest: Blueprint, board: Switchboard) -> None:
    """Add the routes of events and notifications to ``rest``."""

    @rest.get("/Accounts/<account>/Calls/<call_sid>/Events.json")
    def list_events(call_sid: str) -> Response:
        call = find(call_sid)
        found = [one for one in board.feed.since(0) if one.kind == "webhook" and one.call_sid == call.sid]
        return page("events", found, _event, lambda one: str(one.number))

    @rest.get("/Accounts/<account>/Notifications.json")
    @rest.get("/Accounts/<account>/Calls/<call_sid>/Notifications.json")
    def list_notifications(call_sid: str = "") -> Response:
        log = request.args.get("Log")
        found = [
            one for one in known(call_sid) if log in {None, one.log} and is_wanted(one.at, "MessageDate")
        ]
        return page("notifications", found, short, lambda one: one.sid)

    @rest.get("/Accounts/<account>/Notifications/<sid>.json")
    @rest.get("/Accounts/<account>/Calls/<call_sid>/Notifications/<sid>.json")
    def read_notification(sid: str, call_sid: str = "") -> Response:
        found = next((one for one in known(call_sid) if one.sid == sid), None)
        if found is None:
            raise not_found()
        return jsonify(short(found) | _details(found))

    def known(call_sid: str) -> list[Notification]:
        """Return the notifications of one call, or of all, the newest first."""
        calls = [find(call_sid)] if call_sid else board.all()
        sids = {call.sid for call in calls}
        happened = [one for one in board.feed.since(0) if one.call_sid in sids]
        warnings = [*_from_documents(happened), *(one for call in calls for one in _from_order(call))]
        told = {(one.call_sid, one.code) for one in warnings}
        notes = [one for call in calls for one in _from_notes(call) if (call.sid, one.code) not in told]
        found = [*_from_requests(happened), *warnings, *notes]
        return sorted(found, key=lambda one: one.at, reverse=True)

    def find(sid: str) -> SwitchedCall:
        try:
            return board.find(sid)
        except LookupError:
            raise not_found() from None

    def short(one: Notification) -> dict[str, Any]:
        return _short(one, board.account_sid)


def _from_requests(happened: Iterable[Happening]) -> list[Notification]:
    """Return what the requests of calls tell: those that failed, and documents that could not be run."""
    found: list[Notification] = []
    last: dict[str, Happening] = {}
    for one in happened:
        if one.kind == "webhook":
            last[one.call_sid] = one
            status, code = one.facts["status"], one.facts["code"]
            if code is None and status is not None and status >= 400:
                code = _EVENT_REFUSED if one.facts["is_event"] else _REFUSED
            if code is not None:
                text = one.facts["trouble"] or f"the line answered {status}"
                found.append(_notification(one, code, text, one))
        elif one.kind == "trouble" and not any(
            known.request is last.get(one.call_sid) and known.code == one.facts["code"] for known in found
        ):
            found.append(_notification(one, one.facts["code"], one.facts["trouble"], last.get(one.call_sid)))
    return found


def _notification(one: Happening, code: int, text: str, request: Happening | None) -> Notification:
    return Notification(f"NO{one.number:032x}", one.call_sid, code, _ERROR, one.at, text, request)


def _from_documents(happened: Iterable[Happening]) -> Iterator[Notification]:
    """Yield the warnings of documents that came: what Twilio logs and plays over."""
    for one in happened:
        facts = one.facts
        if one.kind != "webhook" or facts["is_event"] or "xml" not in (facts["content_type"] or ""):
            continue
        params = dict(facts["params"])
        if facts["status"] is not None and facts["status"] < 300 and "MessageSid" not in params:
            for found in _warnings(facts["body"], whisper="ParentCallSid" in params):
                yield _warning(one.call_sid, one.number, found, one.at, one)


def _from_order(call: SwitchedCall) -> Iterator[Notification]:
    """Yield the warnings of the document that came with the order of a call."""
    if call.order is not None and call.order.document is not None and call.answered_at is not None:
        for found in _warnings(call.order.document.decode(), inline=True):
            yield _warning(call.sid, 0, found, call.answered_at, None)


@lru_cache(maxsize=512)
def _warnings(document: str, *, whisper: bool = False, inline: bool = False) -> tuple[Finding, ...]:
    """Return the findings that stop no call, at most one of a number on a line."""
    found = read(document, whisper=whisper, inline=inline)
    return tuple({(one.code, one.line): one for one in found if one.severity == "warning"}.values())


def _warning(sid: str, number: int, found: Finding, at: datetime, request: Happening | None) -> Notification:
    name = sha256(f"{sid}/{number}/{found.line}/{found.code}".encode()).hexdigest()[:32]
    return Notification(f"NO{name}", sid, found.code or 0, _WARNING, at, found.message, request)


def _from_notes(call: SwitchedCall) -> list[Notification]:
    """Return what a call's documents gave while they ran."""
    found = []
    for number, passage in enumerate(list(call.live.transcript)):
        told = _NUMBERED.match(passage.text) if passage.kind == "note" else None
        if told is not None:
            sid = f"NO{sha256(f'{call.sid}/{number}'.encode()).hexdigest()[:32]}"
            at = call.updated_at or call.created_at
            log = _ERROR if stops(int(told[1])) else _WARNING
            found.append(Notification(sid, call.sid, int(told[1]), log, at, told[2], None))
    return found


def _event(one: Happening) -> dict[str, Any]:
    facts = one.facts
    return {
        "request": {
            "method": facts["method"],
            "url": facts["url"],
            "parameters": dict(facts["params"]),
        },
        "response": {
            "response_code": facts["status"],
            "content_type": facts["content_type"],
            "response_body": facts["body"],
            "request_duration": facts["milliseconds"],
            "date_created": rfc2822(one.at),
        },
    }


def _short(one: Notification, account: str) -> dict[str, Any]:
    facts = {} if one.request is None else one.request.facts
    return {
        "sid": one.sid,
        "account_sid": account,
        "call_sid": one.call_sid,
        "log": one.log,
        "error_code": str(one.code),
        "more_info": f"https://www.twilio.com/docs/errors/{one.code}",
        "message_text": one.text,
        "message_date": rfc2822(one.at),
        "request_method": facts.get("method"),
        "request_url": facts.get("url"),
        "api_version": API_VERSION,
        "date_created": rfc2822(one.at),
        "date_updated": rfc2822(one.at),
        "uri": f"/{API_VERSION}/Accounts/{account}/Notifications/{one.sid}.json",
    }


def _details(one: Notification) -> dict[str, Any]:
    facts = {} if one.request is None else one.request.facts
    kind = facts.get("content_type")
    return {
        "request_variables": urlencode(facts.get("params", ())),
        "response_headers": f"Content-Type: {kind}" if kind else "",
        "response_body": facts.get("body", ""),
    }
