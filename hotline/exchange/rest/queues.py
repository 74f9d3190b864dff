"""The Queues of the REST API, and the callers who wait in them."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from hotline.exchange.calls.answering import WrongMomentError
from hotline.exchange.calls.queues import MOST_WAITING, Place, Queue, QueueError
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.rest.shapes import RestError, absolute, not_found, page, rfc2822
from hotline.exchange.twiml.terms import API_VERSION

_LONGEST_NAME = 64
_LARGEST = 5000


def add_queues(rest: Blueprint, board: Switchboard) -> None:
    """Add the routes of queues and their members to ``rest``."""
    queues = board.queues

    def document(queue: Queue) -> dict[str, Any]:
        waited = [place.seconds(board.clock()) for place in queues.waiting(queue)]
        uri = f"/{API_VERSION}/Accounts/{board.account_sid}/Queues/{queue.sid}"
        return {
            "sid": queue.sid,
            "account_sid": board.account_sid,
            "friendly_name": queue.name,
            "current_size": len(waited),
            "max_size": queue.most,
            "average_wait_time": round(sum(waited) / len(waited)) if waited else 0,
            "date_created": rfc2822(queue.created_at),
            "date_updated": rfc2822(queue.updated_at or queue.created_at),
            "uri": f"{uri}.json",
            "subresource_uris": {"members": f"{uri}/Members.json"},
        }

    def member(queue: Queue, place: Place, position: int) -> dict[str, Any]:
        sid = place.member.leg.call_sid
        path = f"/{API_VERSION}/Accounts/{board.account_sid}/Queues/{queue.sid}/Members/{sid}.json"
        return {
            "call_sid": sid,
            "queue_sid": queue.sid,
            "date_enqueued": rfc2822(place.since_time),
            "position": position,
            "wait_time": place.seconds(board.clock()),
            "uri": path,
        }

    @rest.get("/Accounts/<account>/Queues.json")
    def list_queues() -> Response:
        return page("queues", queues.all()[::-1], document, lambda queue: queue.sid)

    @rest.post("/Accounts/<account>/Queues.json")
    def create_queue() -> tuple[Response, int]:
        name = _name(request.form.get("FriendlyName", ""))
        try:
            queue = queues.create(name, _size(MOST_WAITING))
        except QueueError:
            raise RestError(400, 22003, "A queue with this FriendlyName exists already") from None
        return jsonify(document(queue)), 201

    @rest.get("/Accounts/<account>/Queues/<sid>.json")
    def read_queue(sid: str) -> Response:
        return jsonify(document(find(sid)))

    @rest.post("/Accounts/<account>/Queues/<sid>.json")
    def update_queue(sid: str) -> Response:
        queue = find(sid)
        name = _name(request.form.get("FriendlyName", queue.name))
        try:
            queues.change(queue, name, _size(queue.most))
        except QueueError as problem:
            raise RestError(400, 22003, f"FriendlyName cannot change: {problem}") from None
        return jsonify(document(queue))

    @rest.delete("/Accounts/<account>/Queues/<sid>.json")
    def delete_queue(sid: str) -> tuple[str, int]:
        try:
            queues.remove(find(sid))
        except QueueError:
            raise RestError(400, 22002, "A queue that callers wait in cannot be deleted") from None
        return "", 204

    @rest.get("/Accounts/<account>/Queues/<sid>/Members.json")
    def list_members(sid: str) -> Response:
        queue = find(sid)
        found = list(enumerate(queues.waiting(queue), start=1))
        return page(
            "queue_members",
            found,
            lambda one: member(queue, one[1], one[0]),
            lambda one: one[1].member.leg.call_sid,
        )

    @rest.get("/Accounts/<account>/Queues/<sid>/Members/<call_sid>.json")
    def read_member(sid: str, call_sid: str) -> Response:
        queue = find(sid)
        position, place = waiting(queue, call_sid)
        return jsonify(member(queue, place, position))

    @rest.post("/Accounts/<account>/Queues/<sid>/Members/<call_sid>.json")
    def dequeue(sid: str, call_sid: str) -> Response:
        queue = find(sid)
        position, place = waiting(queue, call_sid)
        url = absolute(request.form.get("Url", ""), 21205, "Url")
        method = request.form.get("Method", "POST").upper()
        if method not in {"GET", "POST"}:
            raise RestError(400, 20001, "Method must be GET or POST")
        shown = member(queue, place, position)
        try:
            board.redirect(place.member.leg.call_sid, url=url, method=method)
        except WrongMomentError:
            raise not_found() from None
        return jsonify(shown)

    def find(sid: str) -> Queue:
        try:
            return queues.find(sid)
        except LookupError:
            raise not_found() from None

    def waiting(queue: Queue, call_sid: str) -> tuple[int, Place]:
        """Return one who waits and their position, from 1; ``Front`` is the first."""
        for position, place in enumerate(queues.waiting(queue), start=1):
            if call_sid in {"Front", place.member.leg.call_sid}:
                return position, place
        raise not_found()


def _name(name: str) -> str:
    if not name or len(name) > _LONGEST_NAME:
        raise RestError(400, 22001, f"FriendlyName has 1 to {_LONGEST_NAME} characters")
    return name


def _size(default: int) -> int:
    size = request.form.get("MaxSize", default, type=int)
    if not 0 < size <= _LARGEST or not request.form.get("MaxSize", "1").isdecimal():
        raise RestError(400, 22004, f"MaxSize is a number from 1 to {_LARGEST}")
    return size
