"""The carrier of a storm: an exchange in this process that loses answers and events, and keeps a ledger."""

import threading
from collections import Counter
from datetime import UTC, datetime
from random import Random

from flask import Response, request
from werkzeug.serving import make_server

from config.settings import EXCHANGE_ACCOUNT
from hotline.exchange.app import create_exchange
from hotline.exchange.calls.feed import Happening
from hotline.exchange.calls.inbound import line_number
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.delivery.delivery import over_http
from hotline.exchange.delivery.faults import Faults
from hotline.exchange.server import QuietHandler

#: Shares of all call events; the last event of a call may be lost as well.
EVENT_FAULTS = {"event_duplicate": 0.15, "event_delay": 0.15, "event_reorder": 0.1, "event_drop": 0.05}
#: The share of calls that are placed although the answer that says so is lost.
LOST_ANSWERS = 0.03
#: Twilio's error code for a caller ID that the account does not own.
_NOT_OUR_NUMBER = 21210


class ChaosCarrier:
    """Serves REST on ``port`` and calls the line at ``public_url``.

    The ledger has every placed call, whatever the line was told of it: ``placed`` counts them by the leg they
    were placed for, ``rung`` by the number that rang; ``placed_at`` has the last time for each leg. While
    ``is_refusing`` it places none and counts ``refusals``; ``refused`` are the spans in which it did.
    """

    def __init__(self, public_url: str, port: int, token: str, seed: int) -> None:
        self.is_refusing = False
        self.refusals = 0
        self.refused: list[tuple[datetime, datetime]] = []
        self.faults = Faults(seed, EVENT_FAULTS)
        deliver = self.faults.around(over_http(public_url, token))
        self.board = Switchboard(EXCHANGE_ACCOUNT, deliver, any_number=line_number(public_url))
        self.placed: Counter[str] = Counter()
        self.rung: Counter[str] = Counter()
        self.placed_at: dict[str, datetime] = {}
        self.answers_lost = 0
        self._chance, self._lock = Random(f"{seed}/answers"), threading.Lock()
        app = create_exchange(
            self.board,
            account_sid=EXCHANGE_ACCOUNT,
            credentials={EXCHANGE_ACCOUNT: (token,)},
            faults=self.faults,
        )
        app.before_request(self._may_refuse)
        app.after_request(self._may_lose)
        self._server = make_server("127.0.0.1", port, app, threaded=True, request_handler=QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.board.feed.subscribe(self._writes_down)
        self._thread.start()

    def _writes_down(self, happening: Happening) -> None:
        if happening.kind != "placed" or happening.facts["direction"] != "outbound-api":
            return
        order = self.board.find(happening.call_sid).order
        assert order is not None
        with self._lock:
            leg = (order.url or "").rpartition("/")[2]
            self.placed[leg] += 1
            self.placed_at[leg] = datetime.now(UTC)
            self.rung[order.to] += 1

    def refuses(self) -> None:
        """Refuse the account from now on."""
        self.is_refusing = True
        self.refused.append((datetime.now(UTC), datetime.max.replace(tzinfo=UTC)))

    def relents(self) -> None:
        """Take calls again."""
        self.is_refusing = False
        begin, _ = self.refused.pop()
        self.refused.append((begin, datetime.now(UTC)))

    def _may_refuse(self) -> tuple[dict[str, object], int] | None:
        """While it refuses the account, every call is answered as for a number that the account lost."""
        if not self.is_refusing or request.method != "POST" or not request.path.endswith("/Calls.json"):
            return None
        with self._lock:
            self.refusals += 1
        return {"code": _NOT_OUR_NUMBER, "message": "The number is not yours.", "status": 400}, 400

    def _may_lose(self, answer: Response) -> Response:
        if request.method != "POST" or not request.path.endswith("/Calls.json") or answer.status_code != 201:
            return answer
        with self._lock:
            if self._chance.random() >= LOST_ANSWERS:
                return answer
            self.answers_lost += 1
        return Response("the answer is lost", 502)

    def closes(self) -> None:
        """Stop listening; calls that go on no longer matter."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
