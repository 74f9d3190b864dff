"""An exchange in front of the small line, used over real HTTP by Twilio's own client."""

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from werkzeug.serving import make_server

from hotline.exchange.app import create_exchange
from hotline.exchange.calls.order import PhoneNumber
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.delivery.faults import Faults
from hotline.exchange.delivery.request import Reply, Request
from hotline.exchange.delivery.signing import signed_headers
from hotline.exchange.page.stage import Card, Key, Link, NamedPhone, Stage, Step
from hotline.exchange.rest.rest import RestLimit
from tests.exchange.small_line import ACCOUNT, PUBLIC_URL, TOKEN, SmallLine

LIAISON, LINE, CALLER = "+12025550142", "+12025550100", "+12025550123"
#: What whoever starts the exchange says about the small line.
STAGE = Stage(
    title="Small line",
    links=(Link("Console", "http://127.0.0.1:1/console/"),),
    steps=(
        Step("Hear a greeting", "Dial and press a key.", dials=True),
        Step("Hear a change", "Run this:", command="line tell --everybody"),
    ),
    card_keys=(Key("Wish", ("press 1",)), Key("Code", ("your code",))),
    cards=(Card("says goodbye", ("2", "99")), Card("dice adiós", ("9", "77"), "es")),
    phones=(
        NamedPhone("Victim", "+12025550144"),
        NamedPhone("Liaison", "+12025550170"),
        NamedPhone("Second liaison", "+12025550171"),
    ),
)
EVENTS = ["initiated", "ringing", "answered", "completed"]


class Exchange:
    """``told`` are the call events as the line got them, in order, and ``requests`` all that it got."""

    def __init__(self, stage: Stage = STAGE, **board: Any) -> None:
        self.line = SmallLine()
        self.told: SimpleQueue[str] = SimpleQueue()
        self.requests: list[Request] = []
        self.now = 0.0
        self.faults = Faults(sleep=lambda _seconds: None)
        number = PhoneNumber(
            f"{PUBLIC_URL}/voice/inbound",
            status_callback=f"{PUBLIC_URL}/voice/call-events",
            sms_url=f"{PUBLIC_URL}/voice/sms",
        )
        self.board = Switchboard(
            ACCOUNT,
            self.faults.around(self._deliver),
            sleep=lambda _seconds: None,
            **{"numbers": {LINE: number}} | board,
        )
        self.limit = RestLimit(lambda: self.now)
        app = create_exchange(
            self.board,
            account_sid=ACCOUNT,
            lines=[LINE],
            credentials={ACCOUNT: (TOKEN, "second"), "SK1": ("secret",)},
            faults=self.faults,
            limit=self.limit,
            stage=stage,
        )
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        self.web = app.test_client()
        self.twilio = self.client(ACCOUNT, TOKEN)

    def client(self, user: str, password: str) -> Client:
        """Twilio's own client, pointed at this exchange."""
        return Client(user, password, ACCOUNT, http_client=_Here(self.url), environment={"": ""})

    def _deliver(self, request: Request) -> Reply:
        answer = self.line.app.test_client().open(
            request.url,
            method=request.method,
            data=request.body or None,
            headers=signed_headers(TOKEN, request),
        )
        self.requests.append(request)
        if request.url.endswith("/call-events"):
            params = dict(request.said)
            self.told.put(
                params.get("CallStatus")
                or params.get("StatusCallbackEvent")
                or params.get("MessageStatus")
                or params["AnsweredBy"]
            )
        return Reply(answer.status_code, answer.content_type or "", answer.data)

    def hears_events(self, count: int) -> list[str]:
        """The next events that the line is told of."""
        return [self.told.get(timeout=10) for _ in range(count)]

    def act(self, sid: str, action: str, **given: str) -> Any:
        """Do something with the phone on a call."""
        return self.web.post(f"/handset/{sid}/{action}", json=given).json

    def waits_until(self, fact: Callable[[], object]) -> bool:
        """Whether ``fact`` comes true; it is checked whenever something happens at the exchange."""
        return wait_until(self.board, fact)

    def closes(self) -> None:
        """Hang up everywhere, and stop."""
        for call in self.twilio.calls.list():
            # One that ends by itself meanwhile cannot be ended.
            with suppress(TwilioRestException):
                call.update(status="completed")
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def wait_until(board: Switchboard, fact: Callable[[], object]) -> bool:
    """Whether ``fact`` comes true; it is checked whenever something happens at the exchange."""
    happened = threading.Event()
    unsubscribe = board.feed.subscribe(lambda _happening: happened.set())
    try:
        for _ in range(200):
            if fact():
                return True
            happened.wait(0.05)
            happened.clear()
    finally:
        unsubscribe()
    return False


class _Here(TwilioHttpClient):
    """Sends the client's requests for Twilio to the exchange, as TWILIO_API_BASE_URL makes the workers do."""

    def __init__(self, base_url: str) -> None:
        super().__init__(pool_connections=False, timeout=10)
        self._base = urlsplit(base_url)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        here = urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc)
        return super().request(method, urlunsplit(here), *args, **kwargs)


def raw(
    exchange: Exchange, method: str, path: str, auth: tuple[str, str] = (ACCOUNT, TOKEN), **more: Any
) -> Any:
    """A request to the REST side that Twilio's client would not send."""
    return requests.request(
        method, f"{exchange.url}/2010-04-01/Accounts/{path}", auth=auth, timeout=10, **more
    )


def place(exchange: Exchange, **changes: Any) -> Any:
    """Make the line call the liaison."""
    wanted = {
        "to": LIAISON,
        "from_": LINE,
        "url": f"{PUBLIC_URL}/voice/legs/liaison",
        "status_callback": f"{PUBLIC_URL}/voice/call-events",
        "status_callback_event": EVENTS,
        "timeout": 20,
    }
    return exchange.twilio.calls.create(**wanted | changes)
