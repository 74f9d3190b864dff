"""The other side of the exchange: what the people see and do whose phones the line rings."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from hotline.exchange.switchboard import OutboundCall, Switchboard, WrongMomentError


def phones(switchboard: Switchboard) -> Blueprint:
    """Phones that ring, as JSON. Changes take JSON alone, which no page of another site can send unasked."""
    blueprint = Blueprint("phones", __name__, url_prefix="/handset")

    @blueprint.get("/rung.json")
    def rung() -> Response:
        calls = [call for call in switchboard.all() if call.ended_at is None]
        return jsonify(calls=[_summary(call) for call in calls])

    @blueprint.get("/<sid>.json")
    def look(sid: str) -> Response:
        return _answer(switchboard.find(sid))

    @blueprint.post("/<sid>/<action>")
    def act(sid: str, action: str) -> Response:
        given = request.get_json()
        keys = str(given.get("keys", "")) if isinstance(given, dict) else ""
        actions: dict[str, Callable[[], OutboundCall]] = {
            "answer": lambda: switchboard.answer(sid),
            "decline": lambda: switchboard.end_unanswered(sid, "busy"),
            "keys": lambda: switchboard.press(sid, keys),
            "silence": lambda: switchboard.say_nothing(sid),
            "hang-up": lambda: switchboard.hang_up(sid),
        }
        return _answer(actions[action]())

    @blueprint.errorhandler(LookupError)
    def unknown(_problem: LookupError) -> tuple[Response, int]:
        return jsonify(error="there is no such call or action"), 404

    @blueprint.errorhandler(WrongMomentError)
    def wrong_moment(problem: WrongMomentError) -> tuple[Response, int]:
        return jsonify(error=str(problem)), 409

    @blueprint.errorhandler(ValueError)
    def no_key(problem: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(problem)), 400

    return blueprint


def _summary(call: OutboundCall) -> dict[str, Any]:
    return {"sid": call.sid, "to": call.order.to, "from": call.order.from_, "status": call.status}


def _answer(call: OutboundCall) -> Response:
    """What the person on this call can see: where it stands and everything heard so far."""
    passages = [{"kind": passage.kind, "text": passage.text} for passage in list(call.live.transcript)]
    return jsonify(
        _summary(call) | {"state": call.live.state, "trouble": call.trouble, "transcript": passages}
    )
