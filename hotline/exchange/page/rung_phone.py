"""The phones that the line rings at the exchange, used from another process over HTTP."""

import json
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from hotline.exchange.delivery.request import LineError
from hotline.exchange.twiml.passage import Passage

_TIMEOUT_SECONDS = 30.0
_LOOK_EVERY_SECONDS = 0.2


class ExchangeClient:
    """Sends requests to the exchange at ``url``. Raises LineError when it cannot be reached."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ringing(self) -> list[dict[str, str]]:
        """Return the calls that the line rings now, oldest first, each with ``sid``, ``to`` and ``from``.

        Calls to the line do not count, even while the line has not answered them.
        """
        _, found = self.ask("GET", "/handset/rung.json")
        return [
            call for call in found["calls"] if call["status"] == "ringing" and call["direction"] != "inbound"
        ]

    def oldest_ringing(
        self, patience_seconds: float, sleep: Callable[[float], object] = time.sleep
    ) -> dict[str, str] | None:
        """Return the call that rings longest, after waiting up to ``patience_seconds`` for one; or None."""
        left = patience_seconds
        while True:
            ringing = self.ringing()
            if ringing or left <= 0:
                return ringing[0] if ringing else None
            sleep(_LOOK_EVERY_SECONDS)
            left -= _LOOK_EVERY_SECONDS

    def ask(
        self, method: str, path: str, given: Mapping[str, str | bool] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send one request. Returns the HTTP status and the JSON that came back."""
        where = urlsplit(self._url)
        connection = HTTPConnection(where.hostname or "", where.port, timeout=_TIMEOUT_SECONDS)
        body = None if given is None else json.dumps(given)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, HTTPException, ValueError):
            raise LineError(f"the exchange does not answer at {self._url}") from None
        finally:
            connection.close()


class RungPhone:
    """One phone that the line rang. Its attributes are as they were at the last request.

    With ``at_tempo`` its words take their time, as fast as the exchange plays calls.
    """

    def __init__(self, exchange: ExchangeClient, sid: str, number: str, *, at_tempo: bool = False) -> None:
        self._exchange, self._sid, self.number, self._at_tempo = exchange, sid, number, at_tempo
        self.is_speaking = False
        self.state = "nothing"
        self.transcript: list[Passage] = []

    def picks_up(self) -> None:
        """Answer it."""
        self._act("answer", at_tempo=self._at_tempo)

    def presses(self, keys: str) -> None:
        """Type ``keys``."""
        self._act("types" if self._at_tempo else "keys", keys=keys)

    def says_nothing(self) -> None:
        """Wait until the line gives up waiting for keys."""
        self._act("silence")

    def hangs_up(self) -> None:
        """Hang up."""
        if self.state != "over":
            self._act("hang-up")

    def looks(self) -> None:
        """Catch up on what has happened on it."""
        self._see(*self._exchange.ask("GET", f"/handset/{self._sid}.json"))

    def _act(self, action: str, **given: str | bool) -> None:
        self._see(*self._exchange.ask("POST", f"/handset/{self._sid}/{action}", given))

    def _see(self, status: int, seen: dict[str, Any]) -> None:
        if status == 409:
            # The call ended, or someone else picked it up, before this request came.
            self.transcript = [*self.transcript, Passage("note", seen["error"])]
            self.state = "over"
            return
        if status != 200:
            raise LineError(f"the exchange answered {status}")
        self.state, self.is_speaking = seen["state"], seen["speaking"]
        self.transcript = [
            Passage(p["kind"], p["text"], p["language"], seconds=p["seconds"], at=p["at"])
            for p in seen["transcript"]
        ]
        if seen["trouble"]:
            raise LineError(seen["trouble"])
