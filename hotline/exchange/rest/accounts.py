"""The Account of the REST API. There is one, and it has no subaccounts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.rest.shapes import RestError, page, rfc2822
from hotline.exchange.twiml.terms import API_VERSION

_SUBRESOURCES = {
    "applications": "Applications",
    "calls": "Calls",
    "conferences": "Conferences",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "messages": "Messages",
    "notifications": "Notifications",
    "queues": "Queues",
    "recordings": "Recordings",
}


@dataclass(slots=True)
class _Account:
    sid: str
    auth_token: str
    created_at: datetime
    name: str = "The exchange"
    updated_at: datetime | None = None


def add_accounts(rest: Blueprint, board: Switchboard, auth_token: str) -> None:
    """Add the routes of the account to ``rest``."""
    account = _Account(board.account_sid, auth_token, board.clock())

    @rest.get("/Accounts.json")
    def list_accounts() -> Response:
        name, status = request.args.get("FriendlyName"), request.args.get("Status")
        found = [account] if name in {None, account.name} and status in {None, "active"} else []
        return page("accounts", found, _document, lambda one: one.sid)

    @rest.post("/Accounts.json")
    def create_account() -> Response:
        raise RestError(400, 20001, "The exchange has one account, without subaccounts")

    @rest.get("/Accounts/<account>.json")
    def read_account() -> Response:
        return jsonify(_document(account))

    @rest.post("/Accounts/<account>.json")
    def update_account() -> Response:
        if request.form.get("Status", "active") != "active":
            raise RestError(400, 20001, "The account of the exchange stays active")
        account.name = request.form.get("FriendlyName", account.name)
        account.updated_at = board.clock()
        return jsonify(_document(account))


def _document(account: _Account) -> dict[str, Any]:
    uri = f"/{API_VERSION}/Accounts/{account.sid}"
    return {
        "sid": account.sid,
        "owner_account_sid": account.sid,
        "friendly_name": account.name,
        "auth_token": account.auth_token,
        "status": "active",
        "type": "Full",
        "date_created": rfc2822(account.created_at),
        "date_updated": rfc2822(account.updated_at or account.created_at),
        "uri": f"{uri}.json",
        "subresource_uris": {name: f"{uri}/{path}.json" for name, path in _SUBRESOURCES.items()},
    }
