"""Which phones a terminal can pick up: those that the line rings, and no call that comes in to it."""

from collections.abc import Mapping
from typing import Any

from hotline.exchange.page.rung_phone import ExchangeClient


class Answered(ExchangeClient):
    """An exchange that tells of two calls which ring: one to the line, and one by it."""

    def ask(
        self,
        method: str,  # noqa: ARG002
        path: str,  # noqa: ARG002
        given: Mapping[str, str | bool] | None = None,  # noqa: ARG002
    ) -> tuple[int, dict[str, Any]]:
        calls = [
            {"sid": "CA1", "to": "+12025550100", "status": "ringing", "direction": "inbound"},
            {"sid": "CA2", "to": "+12025550170", "status": "ringing", "direction": "outbound-api"},
            {"sid": "CA3", "to": "+12025550171", "status": "in-progress", "direction": "outbound-api"},
        ]
        return 200, {"calls": calls}


def test_another_callers_call_that_the_line_is_slow_to_answer_is_no_phone_that_rings() -> None:
    exchange = Answered("http://127.0.0.1:1")

    assert [call["sid"] for call in exchange.ringing()] == ["CA2"]
    assert exchange.oldest_ringing(0) == exchange.ringing()[0]
