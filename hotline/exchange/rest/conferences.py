"""The Conferences and Participants of the REST API."""

from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from flask import Blueprint, Response, jsonify, request

from hotline.exchange.calls.conference import Conference, Participant
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.calls.switched_call import SwitchedCall
from hotline.exchange.rest.calls import place, read_order
from hotline.exchange.rest.shapes import RestError, absolute, is_wanted, not_found, page, rfc2822, truth
from hotline.exchange.twiml.terms import API_VERSION

#: Optional parameters of an invitation, and the attributes of <Conference> with the same meaning.
_MORE = {
    "Label": "participantLabel",
    "WaitMethod": "waitMethod",
    "MaxParticipants": "maxParticipants",
    "ConferenceStatusCallback": "statusCallback",
    "ConferenceStatusCallbackMethod": "statusCallbackMethod",
}
_BEEPS = frozenset({"true", "false", "onEnter", "onExit"})


def add_conferences(rest: Blueprint, board: Switchboard) -> None:
    """Add the routes of conferences and their participants to ``rest``."""
    conferences = board.conferences

    @rest.get("/Accounts/<account>/Conferences.json")
    def list_conferences() -> Response:
        name, status = request.args.get("FriendlyName"), request.args.get("Status")
        found = [
            conference
            for conference in reversed(conferences.all())
            if name in {None, conference.name}
            and status in {None, conference.status}
            and is_wanted(conference.created_at, "DateCreated")
            and is_wanted(conference.updated_at or conference.created_at, "DateUpdated")
        ]
        return page("conferences", found, _conference, lambda conference: conference.sid)

    @rest.get("/Accounts/<account>/Conferences/<sid>.json")
    def read_conference(sid: str) -> Response:
        return jsonify(_conference(_or_not_found(lambda: conferences.find(sid))))

    @rest.post("/Accounts/<account>/Conferences/<sid>.json")
    def update_conference(sid: str) -> Response:
        conference = _or_not_found(lambda: conferences.find(sid))
        status = request.form.get("Status", "")
        if status not in {"", "completed"}:
            raise RestError(400, 20001, "A conference's Status can only become completed")
        if request.form.get("AnnounceUrl"):
            conferences.announce(conference.sid, *_document("Announce", "POST"))
        if status:
            conferences.end(conference.sid)
        return jsonify(_conference(conference))

    @rest.get("/Accounts/<account>/Conferences/<sid>/Participants.json")
    def list_participants(sid: str) -> Response:
        conference = _or_not_found(lambda: conferences.find(sid))
        filters = {
            name: truth(request.args, name, False)
            for name in ("Muted", "Hold", "Coaching")
            if name in request.args
        }
        found = [
            one
            for one in list(conference.people.values())
            if all(getattr(one, name.lower()) == value for name, value in filters.items())
        ]
        return page(
            "participants", found, lambda one: _participant(conference, one), lambda one: one.call_sid
        )

    @rest.post("/Accounts/<account>/Conferences/<sid>/Participants.json")
    def create_participant(sid: str) -> tuple[Response, int]:
        form = request.form
        try:
            conference = conferences.find(sid)
        except LookupError:
            if sid.startswith("CF"):
                raise not_found() from None
            conference = conferences.reserve(sid)
        call = place(board, read_order(board, form, _joining_document(conference)))
        coached = form.get("CallSidToCoach")
        if coached and truth(form, "Coaching", False):
            conference.coaching_asked[call.sid] = coached
        return jsonify(_invited(conference, call)), 201

    @rest.get("/Accounts/<account>/Conferences/<sid>/Participants/<call_sid>.json")
    def read_participant(sid: str, call_sid: str) -> Response:
        _, one = _or_not_found(lambda: conferences.member(sid, call_sid))
        return jsonify(_participant(conferences.find(sid), one))

    @rest.post("/Accounts/<account>/Conferences/<sid>/Participants/<call_sid>.json")
    def update_participant(sid: str, call_sid: str) -> Response:
        form = request.form
        names = {
            "Muted": "muted",
            "Hold": "hold",
            "Coaching": "coaching",
            "EndConferenceOnExit": "ends_with_me",
        }
        changes: dict[str, object] = {}
        if form.get("HoldUrl"):
            changes["hold_url"], changes["hold_method"] = _document("Hold", "GET")
        if form.get("WaitUrl"):
            changes["wait_url"], changes["wait_method"] = _document("Wait", "POST")
        if form.get("CallSidToCoach"):
            changes["call_sid_to_coach"] = form["CallSidToCoach"]
        changes |= {field: truth(form, name, False) for name, field in names.items() if name in form}
        one = _or_not_found(lambda: conferences.change(sid, call_sid, **changes))
        if form.get("AnnounceUrl"):
            conferences.announce(sid, *_document("Announce", "POST"), one.call_sid)
        return jsonify(_participant(conferences.find(sid), one))

    @rest.delete("/Accounts/<account>/Conferences/<sid>/Participants/<call_sid>.json")
    def delete_participant(sid: str, call_sid: str) -> tuple[str, int]:
        _or_not_found(lambda: conferences.kick(sid, call_sid))
        return "", 204


def _or_not_found(look: Callable[[], Any]) -> Any:
    try:
        return look()
    except LookupError:
        raise not_found() from None


def _document(name: str, method: str) -> tuple[str, str]:
    """Return the URL of the document to play, and its method: the request's, or else ``method``."""
    url, method = request.form[f"{name}Url"], request.form.get(f"{name}Method", method).upper()
    if method not in {"GET", "POST"}:
        raise RestError(400, 20001, f"{name}Method is GET or POST")
    return absolute(url, 21205, f"{name}Url"), method


def _joining_document(conference: Conference) -> bytes:
    """Return the document that joins the answered call to the conference."""
    form = request.form
    beep = form.get("Beep", "true")
    if beep not in _BEEPS:
        raise RestError(400, 20001, "Beep is true, false, onEnter or onExit")
    attributes = {
        "muted": str(truth(form, "Muted", False)).lower(),
        "beep": beep,
        "startConferenceOnEnter": str(truth(form, "StartConferenceOnEnter", True)).lower(),
        "endConferenceOnExit": str(truth(form, "EndConferenceOnExit", False)).lower(),
    }
    attributes |= {attribute: form[name] for name, attribute in _MORE.items() if form.get(name)}
    if "WaitUrl" in form:
        attributes["waitUrl"] = form["WaitUrl"]
    if form.getlist("ConferenceStatusCallbackEvent"):
        attributes["statusCallbackEvent"] = " ".join(form.getlist("ConferenceStatusCallbackEvent"))
    text = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    noun = f"<Conference {text}>{escape(conference.name)}</Conference>"
    return f"<Response><Dial>{noun}</Dial></Response>".encode()


def _conference(conference: Conference) -> dict[str, Any]:
    uri = f"/{API_VERSION}/Accounts/{conference.account_sid}/Conferences/{conference.sid}"
    return {
        "sid": conference.sid,
        "account_sid": conference.account_sid,
        "friendly_name": conference.name,
        "status": conference.status,
        "region": "us1",
        "date_created": rfc2822(conference.created_at),
        "date_updated": rfc2822(conference.updated_at or conference.created_at),
        "api_version": API_VERSION,
        "reason_conference_ended": conference.reason_ended,
        "call_sid_ending_conference": conference.ended_by,
        "uri": f"{uri}.json",
        "subresource_uris": {
            "participants": f"{uri}/Participants.json",
            "recordings": f"{uri}/Recordings.json",
        },
    }


def _participant(conference: Conference, one: Participant) -> dict[str, Any]:
    return _facts(conference, one.call_sid) | {
        "label": one.label,
        "call_sid_to_coach": one.call_sid_to_coach,
        "coaching": one.coaching,
        "muted": one.muted,
        "hold": one.hold,
        "start_conference_on_enter": one.starts_on_enter,
        "end_conference_on_exit": one.ends_with_me,
        "status": "connected",
        "queue_time": None,
        "date_created": rfc2822(one.joined_at),
        "date_updated": rfc2822(conference.updated_at or one.joined_at),
    }


def _invited(conference: Conference, call: SwitchedCall) -> dict[str, Any]:
    """Return a participant whose phone rings."""
    form = request.form
    return _facts(conference, call.sid) | {
        "label": form.get("Label"),
        "call_sid_to_coach": form.get("CallSidToCoach"),
        "coaching": truth(form, "Coaching", False),
        "muted": truth(form, "Muted", False),
        "hold": False,
        "start_conference_on_enter": truth(form, "StartConferenceOnEnter", True),
        "end_conference_on_exit": truth(form, "EndConferenceOnExit", False),
        "status": "queued",
        "queue_time": str(round(call.queue_seconds * 1000)),
        "date_created": rfc2822(call.created_at),
        "date_updated": rfc2822(call.created_at),
    }


def _facts(conference: Conference, call_sid: str) -> dict[str, Any]:
    account = f"/{API_VERSION}/Accounts/{conference.account_sid}"
    uri = f"{account}/Conferences/{conference.sid}/Participants/{call_sid}.json"
    return {
        "account_sid": conference.account_sid,
        "call_sid": call_sid,
        "conference_sid": conference.sid,
        "api_version": API_VERSION,
        "uri": uri,
    }
