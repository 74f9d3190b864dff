"""The REST API of the exchange: who may use it, how much at once, and its routes."""

import hmac
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, g, request

from hotline.exchange.calls.messages import Messages
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.rest.accounts import add_accounts
from hotline.exchange.rest.calls import add_calls
from hotline.exchange.rest.conferences import add_conferences
from hotline.exchange.rest.holdings import add_applications, add_numbers
from hotline.exchange.rest.log import add_log
from hotline.exchange.rest.messages import add_messages
from hotline.exchange.rest.queues import add_queues
from hotline.exchange.rest.recordings import MEDIA, add_recordings
from hotline.exchange.rest.shapes import RestError, not_found, refuse
from hotline.exchange.twiml.terms import API_VERSION


class RestLimit:
    """Admits at most ``per_second`` requests in any second and ``at_once`` at a time; None for no limit.

    A request over a limit is refused (429, 20429) and changes nothing.
    """

    def __init__(
        self, clock: Callable[[], float], per_second: int | None = None, at_once: int | None = None
    ) -> None:
        self.per_second, self.at_once = per_second, at_once
        self._clock, self._lock = clock, threading.Lock()
        self._recent: deque[float] = deque()
        self._now = 0

    def enter(self) -> bool:
        """Admit one more request if possible. A request that was admitted must ``leave``."""
        with self._lock:
            now = self._clock()
            while self._recent and self._recent[0] <= now - 1:
                self._recent.popleft()
            is_fast = self.per_second is not None and len(self._recent) >= self.per_second
            if is_fast or (self.at_once is not None and self._now >= self.at_once):
                return False
            self._recent.append(now)
            self._now += 1
            return True

    def leave(self) -> None:
        """End a request that was admitted."""
        with self._lock:
            self._now -= 1


def twilio_rest(
    board: Switchboard,
    messages: Messages,
    account_sid: str,
    credentials: Mapping[str, tuple[str, ...]],
    limit: RestLimit,
) -> Blueprint:
    """Build the API of one account. ``credentials`` maps an account or API key to its passwords."""
    rest = Blueprint("twilio_rest", __name__, url_prefix=f"/{API_VERSION}")

    @rest.url_value_preprocessor
    def take_account(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        g.account = (values or {}).pop("account", "")

    @rest.before_request
    def check() -> None:
        if request.endpoint == f"{rest.name}.{MEDIA}":
            # As at Twilio, who knows the address of a recording can listen to it.
            return
        given = request.authorization
        user, password = (given.username or "", given.password or "") if given else ("", "")
        if not any(hmac.compare_digest(password.encode(), one.encode()) for one in credentials.get(user, ())):
            raise RestError(401, 20003, "Authenticate")
        if not limit.enter():
            raise RestError(429, 20429, "Too Many Requests")
        g.has_entered = True
        if g.account not in {"", account_sid}:
            raise not_found()

    @rest.teardown_request
    def leave(_problem: BaseException | None) -> None:
        if g.pop("has_entered", False):
            limit.leave()

    rest.register_error_handler(RestError, refuse)
    add_accounts(rest, board, credentials[account_sid][0])
    add_applications(rest, board)
    add_calls(rest, board)
    add_conferences(rest, board)
    add_log(rest, board)
    add_messages(rest, board, messages)
    add_numbers(rest, board)
    add_queues(rest, board)
    add_recordings(rest, board)

    @rest.route("/<path:resource>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def anything_else(**_path: str) -> Response:
        raise not_found()

    return rest
