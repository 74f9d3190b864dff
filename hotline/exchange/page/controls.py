"""Settings of a running exchange, as JSON: faults on the way to the line, and limits of the REST API."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.delivery.faults import Faults
from hotline.exchange.rest.rest import RestLimit

#: The limit for seeds, counts and waits. NaN is not below it either.
MOST = 1e9


def controls(board: Switchboard, faults: Faults, limit: RestLimit) -> Blueprint:
    """Build ``/exchange/faults`` and ``/exchange/limits``. Changes take only JSON, as the phones do."""
    blueprint = Blueprint("controls", __name__, url_prefix="/exchange")

    @blueprint.get("/faults")
    def read_faults() -> Response:
        return jsonify(faults.summary())

    @blueprint.post("/faults")
    def begin_faults() -> Response:
        given = _given({"seed", "rates", "at", "delay_seconds"})
        faults.begin(
            int(_number(given, "seed", 0)),
            _numbers(given, "rates"),
            {kind: int(number) for kind, number in _numbers(given, "at").items()},
            delay_seconds=_number(given, "delay_seconds", 1.0),
        )
        return jsonify(faults.summary())

    @blueprint.delete("/faults")
    def end_faults() -> Response:
        summary = faults.summary()
        faults.begin()
        return jsonify(summary)

    @blueprint.get("/limits")
    def read_limits() -> Response:
        return jsonify(
            calls_per_second=board.pace.per_second,
            requests_per_second=limit.per_second,
            requests_at_once=limit.at_once,
        )

    @blueprint.post("/limits")
    def set_limits() -> Response:
        given = _given({"calls_per_second", "requests_per_second", "requests_at_once"})
        numbers = {name: _number(given, name, 1.0) for name, value in given.items() if value is not None}
        if not all(number > 0 for number in numbers.values()):
            raise ValueError("a limit is a number above 0, or null for none")
        whole = {name: max(1, int(number)) for name, number in numbers.items()}
        if "calls_per_second" in given:
            board.pace.per_second = numbers.get("calls_per_second")
        if "requests_per_second" in given:
            limit.per_second = whole.get("requests_per_second")
        if "requests_at_once" in given:
            limit.at_once = whole.get("requests_at_once")
        return read_limits()

    @blueprint.errorhandler(ValueError)
    def wrong(problem: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(problem)), 400

    return blueprint


def _given(known: set[str]) -> dict[str, Any]:
    given = request.get_json()
    if not isinstance(given, dict) or not set(given) <= known:
        raise ValueError(f"an object with {', '.join(sorted(known))} is wanted")
    return given


def _number(given: dict[str, Any], name: str, default: float) -> float:
    value = given.get(name, default)
    if type(value) not in {int, float} or not abs(value) < MOST:
        raise ValueError(f"{name} is not a number below {MOST:,.0f}")
    return float(value)


def _numbers(given: dict[str, Any], name: str) -> dict[str, float]:
    values = given.get(name, {})
    if not isinstance(values, dict):
        raise ValueError(f"{name} is not an object")  # noqa: TRY004  (answered with 400, like every wrong value)
    return {key: _number(values, key, 0) for key in values}
