"""The Messages of the REST API."""

from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from hotline.exchange.calls.messages import Message, Messages, StoppedError
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.rest.calls import check_numbers
from hotline.exchange.rest.shapes import RestError, absolute, is_wanted, not_found, page, rfc2822
from hotline.exchange.twiml.terms import API_VERSION

_LONGEST_BODY = 1600


def add_messages(rest: Blueprint, board: Switchboard, messages: Messages) -> None:
    """Add the routes of text messages to ``rest``."""

    @rest.post("/Accounts/<account>/Messages.json")
    def create_message() -> tuple[Response, int]:
        form = request.form
        check_numbers(board, form, 21604, 21603, 21606)
        body = form.get("Body", "")
        if not body:
            also = " The exchange carries no media." if form.get("MediaUrl") else ""
            raise RestError(400, 21602, f"Message body is required.{also}")
        if len(body) > _LONGEST_BODY:
            raise RestError(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        if board.phones.at(form["To"]).kind == "landline":
            raise RestError(400, 21614, "'To' number is not a valid mobile number")
        callback = form.get("StatusCallback") or None
        callback = absolute(callback, 21609, "StatusCallback") if callback else None
        try:
            message = messages.send(form["To"], form["From"], body, callback)
        except StoppedError:
            raise RestError(400, 21610, "Attempt to send to unsubscribed recipient") from None
        return jsonify(_document(message, g.account) | {"status": "queued", "date_sent": None}), 201

    @rest.get("/Accounts/<account>/Messages.json")
    def list_messages() -> Response:
        to, from_ = request.args.get("To"), request.args.get("From")
        found = [
            one
            for one in reversed(messages.all())
            if to in {None, one.to} and from_ in {None, one.from_} and is_wanted(one.sent_at, "DateSent")
        ]
        return page("messages", found, lambda one: _document(one, g.account), lambda one: one.sid)

    @rest.get("/Accounts/<account>/Messages/<sid>.json")
    def read_message(sid: str) -> Response:
        return jsonify(_document(find(sid), g.account))

    @rest.post("/Accounts/<account>/Messages/<sid>.json")
    def update_message(sid: str) -> Response:
        find(sid)
        if request.form.get("Body") != "":
            raise RestError(400, 20001, "Only an empty Body can be set, which redacts the message")
        return jsonify(_document(messages.redact(sid), g.account))

    @rest.delete("/Accounts/<account>/Messages/<sid>.json")
    def delete_message(sid: str) -> tuple[str, int]:
        find(sid)
        messages.forget(sid)
        return "", 204

    @rest.get("/Accounts/<account>/Messages/<sid>/Media.json")
    def list_media(sid: str) -> Response:
        find(sid)
        # Texts alone are carried here.
        return page("media_list", [], lambda _one: {}, lambda _one: "")

    def find(sid: str) -> Message:
        try:
            return messages.find(sid)
        except LookupError:
            raise not_found() from None


def _document(message: Message, account: str) -> dict[str, Any]:
    uri = f"/{API_VERSION}/Accounts/{account}/Messages/{message.sid}"
    return {
        "sid": message.sid,
        "account_sid": account,
        "to": message.to,
        "from": message.from_,
        "body": message.body,
        "status": message.status,
        "direction": message.direction,
        "num_segments": str(message.segments),
        "num_media": "0",
        "messaging_service_sid": None,
        "error_code": message.error_code,
        "error_message": None if message.error_code is None else "Unreachable destination handset",
        "price": None,
        "price_unit": "USD",
        "api_version": API_VERSION,
        "date_created": rfc2822(message.created_at),
        "date_updated": rfc2822(message.updated_at or message.created_at),
        "date_sent": rfc2822(message.sent_at),
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }
