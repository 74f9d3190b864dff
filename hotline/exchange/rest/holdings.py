"""The IncomingPhoneNumbers and Applications of the REST API. A change counts from the next call on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, jsonify, request

from hotline.exchange.calls.holdings import Holding
from hotline.exchange.calls.order import PhoneNumber
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.rest.shapes import E164, RestError, absolute, not_found, page, rfc2822
from hotline.exchange.twiml.terms import API_VERSION

#: Parameters with a URL, and those with the method for it; each with the setting that it changes.
_URLS = {
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "fallback_url",
    "StatusCallback": "status_callback",
    "SmsUrl": "sms_url",
}
_METHODS = {
    "VoiceMethod": "voice_method",
    "VoiceFallbackMethod": "fallback_method",
    "StatusCallbackMethod": "status_callback_method",
    "SmsMethod": "sms_method",
}


def add_numbers(rest: Blueprint, board: Switchboard) -> None:
    """Add the routes of the account's phone numbers to ``rest``."""
    holdings = board.holdings

    def document(one: Holding) -> dict[str, Any]:
        return _number(one, board.account_sid)

    @rest.get("/Accounts/<account>/IncomingPhoneNumbers.json")
    @rest.get("/Accounts/<account>/IncomingPhoneNumbers/<any(Local, Mobile, TollFree):kind>.json")
    def list_numbers(kind: str = "Local") -> Response:
        digits, name = request.args.get("PhoneNumber", ""), request.args.get("FriendlyName")
        found = [
            one
            for one in reversed(holdings.numbers())
            if kind == "Local" and digits in (one.phone_number or "") and name in {None, one.name}
        ]
        return page("incoming_phone_numbers", found, document, lambda one: one.sid)

    @rest.post("/Accounts/<account>/IncomingPhoneNumbers.json")
    @rest.post("/Accounts/<account>/IncomingPhoneNumbers/<any(Local, Mobile, TollFree):kind>.json")
    def create_number(kind: str = "") -> tuple[Response, int]:  # noqa: ARG001
        form = request.form
        number = form.get("PhoneNumber", "")
        if not E164.fullmatch(number):
            raise RestError(400, 21421, "PhoneNumber is not a number in E.164")
        settings, named = _changed(PhoneNumber(""), form), _applications(board, form)
        try:
            added = holdings.add_number(number, settings, form.get("FriendlyName", ""))
        except ValueError:
            raise RestError(400, 21422, "The account has this PhoneNumber already") from None
        return jsonify(document(holdings.change(added.sid, **named))), 201

    @rest.get("/Accounts/<account>/IncomingPhoneNumbers/<sid>.json")
    def read_number(sid: str) -> Response:
        return jsonify(document(_find(board, sid, "PN")))

    @rest.post("/Accounts/<account>/IncomingPhoneNumbers/<sid>.json")
    def update_number(sid: str) -> Response:
        one, form = _find(board, sid, "PN"), request.form
        changes = {"name": form.get("FriendlyName", one.name), "settings": _changed(one.settings, form)}
        return jsonify(document(holdings.change(sid, **changes, **_applications(board, form))))

    @rest.delete("/Accounts/<account>/IncomingPhoneNumbers/<sid>.json")
    def delete_number(sid: str) -> tuple[str, int]:
        holdings.remove(_find(board, sid, "PN").sid)
        return "", 204


def add_applications(rest: Blueprint, board: Switchboard) -> None:
    """Add the routes of applications to ``rest``."""
    holdings = board.holdings

    def document(one: Holding) -> dict[str, Any]:
        return _application(one, board.account_sid)

    @rest.get("/Accounts/<account>/Applications.json")
    def list_applications() -> Response:
        name = request.args.get("FriendlyName")
        found = [one for one in reversed(holdings.applications()) if name in {None, one.name}]
        return page("applications", found, document, lambda one: one.sid)

    @rest.post("/Accounts/<account>/Applications.json")
    def create_application() -> tuple[Response, int]:
        form = request.form
        settings = _changed(PhoneNumber(""), form)
        return jsonify(document(holdings.add_application(settings, form.get("FriendlyName", "")))), 201

    @rest.get("/Accounts/<account>/Applications/<sid>.json")
    def read_application(sid: str) -> Response:
        return jsonify(document(_find(board, sid, "AP")))

    @rest.post("/Accounts/<account>/Applications/<sid>.json")
    def update_application(sid: str) -> Response:
        one, form = _find(board, sid, "AP"), request.form
        name, settings = form.get("FriendlyName", one.name), _changed(one.settings, form)
        return jsonify(document(holdings.change(sid, name=name, settings=settings)))

    @rest.delete("/Accounts/<account>/Applications/<sid>.json")
    def delete_application(sid: str) -> tuple[str, int]:
        holdings.remove(_find(board, sid, "AP").sid)
        return "", 204


def _find(board: Switchboard, sid: str, prefix: str) -> Holding:
    try:
        found = board.holdings.find(sid)
    except LookupError:
        raise not_found() from None
    if not sid.startswith(prefix):
        raise not_found()
    return found


def _changed(settings: PhoneNumber, form: Mapping[str, str]) -> PhoneNumber:
    """Return the settings with what ``form`` changes; an empty URL removes one. Raises RestError."""
    changes: dict[str, Any] = {}
    for name, key in _URLS.items():
        if name in form:
            changes[key] = absolute(form[name], 21502, name) if form[name] else None
    for name, key in _METHODS.items():
        if name in form:
            changes[key] = form[name].upper()
            if changes[key] not in {"GET", "POST"}:
                raise RestError(400, 20001, f"{name} must be GET or POST")
    if "voice_url" in changes:
        changes["voice_url"] = changes["voice_url"] or ""
    return replace(settings, **changes)


def _applications(board: Switchboard, form: Mapping[str, str]) -> dict[str, str]:
    """Return the applications that ``form`` names; an empty one names none. Raises RestError."""
    names = {"VoiceApplicationSid": "voice_application_sid", "SmsApplicationSid": "sms_application_sid"}
    known = {"", *(one.sid for one in board.holdings.applications())}
    for name in names:
        if form.get(name, "") not in known:
            raise RestError(400, 21218, f"{name} is not an application of this account")
    return {key: form[name] for name, key in names.items() if name in form}


def _urls(one: Holding) -> dict[str, Any]:
    settings = one.settings
    return {
        "friendly_name": one.name,
        "voice_url": settings.voice_url or None,
        "voice_method": settings.voice_method,
        "voice_fallback_url": settings.fallback_url,
        "voice_fallback_method": settings.fallback_method,
        "voice_caller_id_lookup": False,
        "status_callback": settings.status_callback,
        "status_callback_method": settings.status_callback_method,
        "sms_url": settings.sms_url,
        "sms_method": settings.sms_method,
        "sms_fallback_url": None,
        "sms_fallback_method": "POST",
        "api_version": API_VERSION,
        "date_created": rfc2822(one.created_at),
        "date_updated": rfc2822(one.updated_at or one.created_at),
    }


def _number(one: Holding, account_sid: str) -> dict[str, Any]:
    uri = f"/{API_VERSION}/Accounts/{account_sid}/IncomingPhoneNumbers/{one.sid}"
    return {
        "sid": one.sid,
        "account_sid": account_sid,
        "phone_number": one.phone_number,
        "voice_application_sid": one.voice_application_sid or None,
        "sms_application_sid": one.sms_application_sid or None,
        "voice_receive_mode": "voice",
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "beta": False,
        "origin": "twilio",
        "status": "in-use",
        "type": "local",
        "address_requirements": "none",
        "address_sid": None,
        "bundle_sid": None,
        "identity_sid": None,
        "trunk_sid": None,
        "emergency_status": "Inactive",
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "uri": f"{uri}.json",
        "subresource_uris": {},
        **_urls(one),
    }


def _application(one: Holding, account_sid: str) -> dict[str, Any]:
    return {
        "sid": one.sid,
        "account_sid": account_sid,
        "message_status_callback": None,
        "sms_status_callback": None,
        "public_application_connect_enabled": False,
        "uri": f"/{API_VERSION}/Accounts/{account_sid}/Applications/{one.sid}.json",
        **_urls(one),
    }
