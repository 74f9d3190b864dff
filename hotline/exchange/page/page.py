"""The page of handsets: its files, its first state, its changes, and the stream that follows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, request

from hotline.exchange.calls.answering import WrongMomentError
from hotline.exchange.calls.order import KINDS, Answering
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.calls.switched_call import SwitchedCall
from hotline.exchange.delivery.faults import WITHHELD_CALLER_IDS
from hotline.exchange.page.busy import is_in_call
from hotline.exchange.page.handsets import Handset, HandsetError, Handsets
from hotline.exchange.page.stage import Stage
from hotline.exchange.page.streams import Streams, TooManyStreamsError, document_of

#: How many ended calls, and how many rungs of their ladders, the page shows at first.
MOST_ENDED, MOST_LOGGED = 50, 400
LONGEST_CALLER_ID = 256
_PAGE = Path(__file__).with_name("static") / "index.html"
_LOGGED = frozenset({"placed", "status", "webhook", "message", "trouble"})


def page(
    board: Switchboard, handsets: Handsets, streams: Streams, lines: Sequence[str], stage: Stage
) -> Blueprint:
    """Build the routes under ``/exchange/``. ``lines`` are the numbers that a handset can dial."""
    blueprint = Blueprint(
        "page", __name__, url_prefix="/exchange", static_folder="static", static_url_path="/static"
    )

    def is_busy(handset: Handset) -> bool:
        return is_in_call(board, handset.number, handset.id)

    @blueprint.get("/")
    def shows() -> Response:
        return Response(_PAGE.read_text(encoding="utf-8"))

    @blueprint.get("/state.json")
    def state() -> Response:
        # Read the id first. What happens meanwhile is sent once more, which changes nothing.
        last = streams.now()
        calls = board.all()
        ended = [call for call in calls if call.ended_at is not None]
        shown = set(ended[-MOST_ENDED:])
        logged = [one for one in board.feed.since(0) if one.kind in _LOGGED]
        return jsonify(
            id=last,
            speed=board.tempo.speed,
            lines=list(lines),
            withheld=[one for one in WITHHELD_CALLER_IDS if one],
            kinds=list(KINDS),
            stage=stage.document(),
            first=[one.id for one in handsets.first],
            handsets=[one.document() for one in handsets.all()],
            phones={number: one.kind for number, one in list(board.phones.known.items())},
            calls=[_call(call) for call in calls if call.ended_at is None or call in shown],
            log=[document_of(one, style=streams.style) for one in logged[-MOST_LOGGED:]],
        )

    @blueprint.get("/events")
    def events() -> Response:
        last = request.headers.get("Last-Event-ID") or request.args.get("after", "")
        try:
            lines_, release = streams.open(last)
        except TooManyStreamsError:
            return Response("So many pages follow the exchange already.\n", 503, {"Retry-After": "5"})
        response = Response(lines_, mimetype="text/event-stream", headers={"Cache-Control": "no-store"})
        response.call_on_close(release)
        return response

    @blueprint.post("/handsets")
    def add() -> Response:
        given = _given()
        return jsonify(handsets.add(str(given.get("name", "")), str(given.get("number", ""))).document())

    @blueprint.delete("/handsets/<int:id_>")
    def remove(id_: int) -> Response:
        handset = handsets.find(id_)
        if is_busy(handset):
            raise WrongMomentError("this phone is in a call")
        handsets.remove(id_)
        return jsonify(id=id_)

    @blueprint.post("/handsets/<int:id_>/dial")
    def dial(id_: int) -> Response:
        given, handset = _given(), handsets.find(id_)
        from_, to = given.get("from") or handset.number, given.get("to", "")
        if not isinstance(from_, str) or not isinstance(to, str) or len(from_) > LONGEST_CALLER_ID:
            raise ValueError("from and to are numbers, as text")
        if is_busy(handset):
            raise WrongMomentError("this phone is in a call")
        return jsonify(_call(board.dial(from_, to, handset=handset.id)))

    @blueprint.post("/handsets/put-back")
    def put_back() -> Response:
        changed = [one.number for one in handsets.all() if board.phones.at(one.number) != Answering()]
        stay = handsets.put_back(is_busy)
        for number in changed:
            board.phones.set(number, Answering())
            board.feed.tell("phone", "", number=number, answering="person")
        return jsonify(stay=[one.document() for one in stay])

    @blueprint.post("/tempo")
    def tempo() -> Response:
        speed = _given().get("speed")
        if speed is not None and type(speed) not in {int, float}:
            raise ValueError("speed is a number, or null for no time at all")
        board.set_speed(speed)
        return jsonify(speed=board.tempo.speed)

    @blueprint.errorhandler(WrongMomentError)
    def wrong_moment(problem: WrongMomentError) -> tuple[Response, int]:
        return jsonify(error=str(problem)), 409

    @blueprint.errorhandler(LookupError)
    def unknown(_problem: LookupError) -> tuple[Response, int]:
        return jsonify(error="there is no such phone or number"), 404

    @blueprint.errorhandler(ValueError)
    @blueprint.errorhandler(HandsetError)
    def wrong(problem: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(problem)), 400

    @blueprint.after_request
    def keep_nothing(response: Response) -> Response:
        # A page from an earlier run must not talk to this exchange.
        response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint


def _given() -> dict[str, Any]:
    given = request.get_json()
    if not isinstance(given, dict):
        raise ValueError("an object is wanted")  # noqa: TRY004  (answered with 400, like every wrong value)
    return given


def _call(call: SwitchedCall) -> dict[str, Any]:
    return {
        "sid": call.sid,
        "from": call.from_,
        "to": call.to,
        "direction": call.direction,
        "parent": None if call.parent is None else call.parent.sid,
        "handset": call.handset,
        "status": call.status,
        "state": call.live.state,
        "placed_at": call.created_at.isoformat(),
        "answered_at": None if call.answered_at is None else call.answered_at.isoformat(),
        "ended_at": None if call.ended_at is None else call.ended_at.isoformat(),
        "trouble": call.trouble,
        "transcript": call.passages(),
    }
