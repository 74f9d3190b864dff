"""The Recordings of the REST API, of the account, of a call and of a conference, and their sound."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask import Blueprint, Response, jsonify, request

from hotline.exchange.calls.answering import WrongMomentError
from hotline.exchange.calls.conference import Conference
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.calls.switched_call import SwitchedCall
from hotline.exchange.rest.audio import mp3_file, wave_bytes, wave_file
from hotline.exchange.rest.calls import recording_order
from hotline.exchange.rest.shapes import RestError, is_wanted, not_found, page, rfc2822
from hotline.exchange.twiml.recorder import Recorded
from hotline.exchange.twiml.terms import API_VERSION

#: The endpoint that serves the sound; it needs no password.
MEDIA = "fetch_recording"
_CURRENT = "Twilio.CURRENT"


class _One(NamedTuple):
    """A recording of a call, or else of a conference."""

    recorded: Recorded
    begun_at: datetime
    updated_at: datetime
    call_sid: str | None = None
    conference_sid: str | None = None


def add_recordings(rest: Blueprint, board: Switchboard) -> None:
    """Add the routes of recordings to ``rest``. A recording that was deleted is in no list."""
    deleted: set[str] = set()

    def kept(found: list[_One]) -> list[_One]:
        return [one for one in found if one.recorded.sid not in deleted]

    def everything() -> list[_One]:
        """Return every recording, the newest first."""
        found = [one for call in board.all() for one in _of_call(call)]
        found += [one for conference in board.conferences.all() for one in _of_conference(conference)]
        return sorted(kept(found), key=lambda one: one.begun_at, reverse=True)

    def find(sid: str) -> _One:
        """Return a recording, of the request's call if it names one; the current one has its own name."""
        is_of_call = "call_sid" in (request.view_args or {})
        for one in kept(_of_call(of_call())) if is_of_call else everything():
            if one.recorded.sid == sid or (is_of_call and sid == _CURRENT and not one.recorded.is_over):
                return one
        raise not_found()

    def of_call() -> SwitchedCall:
        try:
            return board.find((request.view_args or {})["call_sid"])
        except LookupError:
            raise not_found() from None

    def listed(found: list[_One]) -> Response:
        wanted = [one for one in kept(found) if is_wanted(one.begun_at, "DateCreated")]
        return page("recordings", wanted, document, lambda one: one.recorded.sid)

    def document(one: _One) -> dict[str, Any]:
        return _document(one, board.account_sid, board.api_url)

    @rest.get("/Accounts/<account>/Recordings.json")
    def list_recordings() -> Response:
        call_sid, conference = request.args.get("CallSid"), request.args.get("ConferenceSid")
        return listed(
            [
                one
                for one in everything()
                if call_sid in {None, one.call_sid} and conference in {None, one.conference_sid}
            ]
        )

    @rest.get("/Accounts/<account>/Recordings/<sid>.json")
    @rest.get("/Accounts/<account>/Calls/<call_sid>/Recordings/<sid>.json")
    @rest.get("/Accounts/<account>/Conferences/<conference_sid>/Recordings/<sid>.json")
    def read_recording(sid: str, **_of: str) -> Response:
        return jsonify(document(find(sid)))

    @rest.delete("/Accounts/<account>/Recordings/<sid>.json")
    @rest.delete("/Accounts/<account>/Calls/<call_sid>/Recordings/<sid>.json")
    @rest.delete("/Accounts/<account>/Conferences/<conference_sid>/Recordings/<sid>.json")
    def delete_recording(sid: str, **_of: str) -> tuple[str, int]:
        one = find(sid)
        if not one.recorded.is_over:
            raise RestError(400, 20001, "A recording that is not over cannot be deleted")
        deleted.add(one.recorded.sid)
        return "", 204

    @rest.get("/Accounts/<account>/Recordings/<sid>", endpoint=MEDIA)
    def fetch_recording(sid: str) -> Response:
        bare, dot, kind = sid.partition(".")
        if dot and kind not in {"wav", "mp3"}:
            raise RestError(404, 20404, "The exchange has recordings as .wav and .mp3")
        one = find(bare)
        if one.recorded.seconds is None:
            raise not_found()
        seconds, channels = one.recorded.seconds, one.recorded.order.channels
        if kind == "mp3":
            return Response(mp3_file(seconds), mimetype="audio/mpeg")
        headers = {"Content-Length": str(wave_bytes(seconds, channels))}
        return Response(wave_file(seconds, channels), mimetype="audio/x-wav", headers=headers)

    @rest.get("/Accounts/<account>/Calls/<call_sid>/Recordings.json")
    def list_of_call(call_sid: str) -> Response:  # noqa: ARG001
        return listed(_of_call(of_call())[::-1])

    @rest.post("/Accounts/<account>/Calls/<call_sid>/Recordings.json")
    def start_recording(call_sid: str) -> tuple[Response, int]:
        call, order = of_call(), recording_order(request.form)
        try:
            recorded = board.starts_recording(call_sid, order)
        except WrongMomentError:
            raise RestError(400, 21220, "Call is not in-progress. Cannot record.") from None
        return jsonify(document(next(one for one in _of_call(call) if one.recorded is recorded))), 201

    @rest.post("/Accounts/<account>/Calls/<call_sid>/Recordings/<sid>.json")
    def update_recording(call_sid: str, sid: str) -> Response:
        one = find(sid)
        status = request.form.get("Status", "")
        if status not in {"in-progress", "paused", "stopped"}:
            raise RestError(400, 20001, "Status is in-progress, paused or stopped")
        if one.recorded.is_over:
            raise RestError(400, 21220, "The recording is over")
        if status == "stopped":
            board.stops_recording(call_sid, one.recorded)
        else:
            one.recorded.status = status
        return jsonify(document(one))

    @rest.get("/Accounts/<account>/Conferences/<sid>/Recordings.json")
    def list_of_conference(sid: str) -> Response:
        try:
            return listed(_of_conference(board.conferences.find(sid)))
        except LookupError:
            raise not_found() from None


def _of_call(call: SwitchedCall) -> list[_One]:
    begun = call.answered_at or call.created_at
    return [
        _One(one, begun + timedelta(seconds=one.began), call.updated_at or begun, call_sid=call.sid)
        for one in list(call.live.leg.recordings)
    ]


def _of_conference(conference: Conference) -> list[_One]:
    begun, updated = conference.started_at, conference.updated_at
    if conference.recorder is None or begun is None or updated is None:
        return []
    return [_One(one, begun, updated, conference_sid=conference.sid) for one in conference.recorder.all]


def _document(one: _One, account: str, api_url: str) -> dict[str, Any]:
    recorded = one.recorded
    uri = f"/{API_VERSION}/Accounts/{account}/Recordings/{recorded.sid}"
    begun = rfc2822(one.begun_at)
    return {
        "sid": recorded.sid,
        "account_sid": account,
        "call_sid": one.call_sid,
        "conference_sid": one.conference_sid,
        "status": recorded.status,
        "source": recorded.source,
        "channels": recorded.order.channels,
        "duration": None if recorded.seconds is None else str(recorded.seconds),
        "start_time": begun,
        "date_created": begun,
        "date_updated": rfc2822(one.updated_at),
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "encryption_details": None,
        "track": "both",
        "api_version": API_VERSION,
        "media_url": f"{api_url}{uri}",
        "uri": f"{uri}.json",
        "subresource_uris": {},
    }
