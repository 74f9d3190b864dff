"""The phones that the line rings, as JSON routes: what their people see and do."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from hotline.exchange.calls.answering import WrongMomentError
from hotline.exchange.calls.messages import Messages
from hotline.exchange.calls.order import KINDS, Answering
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.calls.switched_call import SwitchedCall
from hotline.exchange.page.busy import is_in_call
from hotline.exchange.page.handsets import Handsets
from hotline.exchange.twiml.verbs import KEYS

#: The most characters that a person can say at once.
LONGEST_WORDS = 2000


def phones(board: Switchboard, messages: Messages, handsets: Handsets) -> Blueprint:
    """Build the routes. Changes take only JSON, which a page of another site cannot send without asking."""
    blueprint = Blueprint("phones", __name__, url_prefix="/handset")

    @blueprint.get("/rung.json")
    def rung() -> Response:
        calls = [call for call in board.all() if call.ended_at is None]
        return jsonify(calls=[_summary(call) for call in calls])

    @blueprint.post("/dial")
    def dial() -> Response | tuple[Response, int]:
        given = _given()
        from_, to, at_tempo = _text(given, "from"), _text(given, "to"), bool(given.get("at_tempo"))
        try:
            return _answer(board.dial(from_, to, at_tempo=at_tempo))
        except LookupError as problem:
            return jsonify(error=str(problem)), 404

    @blueprint.post("/text")
    def text() -> Response:
        given = _given()
        received = messages.receive(_text(given, "from"), _text(given, "to"), _text(given, "body"))
        return jsonify(messages.document(received))

    @blueprint.post("/set")
    def set_phone() -> Response:
        given = _given()
        kind = given.get("kind", "person")
        seconds = [given.get("after_seconds", 0), given.get("stays_seconds", 30)]
        if kind not in KINDS or not all(type(one) in {int, float} and one >= 0 for one in seconds):
            raise ValueError(f"kind is one of {', '.join(KINDS)}, and seconds are not negative")
        board.phones.set(_text(given, "number"), Answering(kind, *seconds))
        board.feed.tell("phone", "", number=given["number"], answering=kind)
        return jsonify(number=given["number"], kind=kind)

    @blueprint.get("/<sid>.json")
    def look(sid: str) -> Response:
        return _answer(board.find(sid))

    @blueprint.post("/<sid>/<action>")
    def act(sid: str, action: str) -> Response:
        given = _given()
        keys, words = str(given.get("keys", "")), str(given.get("words", ""))
        phone = given.get("phone") or None
        actions: dict[str, Callable[[], SwitchedCall]] = {
            # A person at a handset of the page hears the call in real time; a script hears all at once.
            "answer": lambda: board.answer(sid, at_tempo=bool(given.get("at_tempo"))),
            "voicemail": lambda: board.answer_by_machine(sid),
            "decline": lambda: board.end_unanswered(sid, "busy"),
            "keys": lambda: board.press(sid, keys),
            "types": lambda: board.type(sid, keys),
            "silence": lambda: board.say_nothing(sid),
            "words": lambda: board.speak(sid, words),
            "hang-up": lambda: board.hang_up(sid),
            # What happens to the phones that this call's Dial rings.
            "pick-up": lambda: board.pick_up(sid, phone),
            "decline-dialled": lambda: board.decline_dialed(sid),
        }
        if action in {"answer", "pick-up"}:
            number = phone or board.find(sid).to
            handset = handsets.at(number)
            if is_in_call(board, number, handset.id if handset else 0, but=sid):
                raise WrongMomentError("that phone is in a call already")
        # Refuse it before it gets into the transcript: anything but a key was never pressed.
        if action in {"keys", "types"} and not (keys and set(keys) <= KEYS):
            raise ValueError("keys are some of 0 to 9, * and #")
        if len(words) > LONGEST_WORDS:
            raise ValueError(f"words are at most {LONGEST_WORDS} characters")
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


def _given() -> dict[str, Any]:
    given = request.get_json()
    return given if isinstance(given, dict) else {}


def _text(given: dict[str, Any], name: str) -> str:
    if not isinstance(given.get(name), str):
        raise ValueError(f"{name} is missing")  # noqa: TRY004  (answered with 400, like every wrong value)
    return str(given[name])


def _summary(call: SwitchedCall) -> dict[str, Any]:
    """Return a call in short. ``rings`` are the phones that its own Dial rings."""
    return {
        "sid": call.sid,
        "to": call.to,
        "from": call.from_,
        "status": call.status,
        "direction": call.direction,
        "rings": list(call.live.rings),
    }


def _answer(call: SwitchedCall) -> Response:
    """Answer with what the person on this call sees: its state and everything heard so far."""
    seen = {
        "state": call.live.state,
        "speaking": call.live.leg.is_speaking,
        "trouble": call.trouble,
        "transcript": call.passages(),
    }
    return jsonify(_summary(call) | seen)
