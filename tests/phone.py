"""A telephone for the suite: it plays whole calls against the app, by Twilio's rules."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urljoin
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hotline.exchange.calls.call import LiveCall
from hotline.exchange.calls.conferences import Conferences
from hotline.exchange.calls.inbound import InboundCall
from hotline.exchange.calls.queues import Queues
from hotline.exchange.delivery.faults import Faults
from hotline.exchange.delivery.request import LineError, Reply, Request
from hotline.exchange.delivery.signing import signed_headers
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.waits import Keys
from ivr_flows.engine.flow import MOMENT_SECONDS

CALLER = "+12025550123"
_ALL_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})


class Check(Protocol):
    """Returns the faults of a TwiML document, none when it is right."""

    def __call__(self, document: bytes, *, whisper: bool) -> list[str]: ...


@dataclass(eq=False)
class PlacedCall:
    """A call that a worker placed. ``status`` is in Twilio's words; ``phone`` is who answered.

    ``line``: the number that was shown, None for the main one. ``ended_at`` is its end as the carrier reports
    it.
    """

    to: str
    leg_id: str
    ring_seconds: int
    call_sid: str = field(default_factory=lambda: f"CA{uuid4().hex}")
    status: str = "ringing"
    phone: "Phone | None" = None
    line: str | None = None
    ended_at: datetime | None = None


def _time_of_day() -> datetime:
    return datetime.now(UTC)


class Phone:
    """One telephone: it dials in, or answers what the line rings, then hears, presses keys and hangs up.

    One that is ``timed`` hears words as long as they last, and ``waits`` lets the time pass; on any other the
    caller always hears everything out. That includes words after which the line takes a key for a moment and
    then says more: a caller who presses nothing hears all of it as one. One who no longer ``hears_out`` such
    words has their next key fall into them.
    """

    def __init__(
        self,
        client: FlaskClient,
        *,
        public_url: str,
        auth_token: str,
        account_sid: str,
        line: str,
        check: Check | None = None,
        conferences: Conferences | None = None,
        queues: Queues | None = None,
        timed: bool = False,
        faults: Faults | None = None,
        when_dialled: "Callable[[Phone], None] | None" = None,
        clock: Callable[[], datetime] = _time_of_day,
    ) -> None:
        """``when_dialled`` hears of each call that came in, which a carrier could move.

        ``clock`` is what the carrier dates its events by.
        """
        self._faults, self._when_dialled, self._clock = faults, when_dialled, clock
        self._client, self._public_url, self._auth_token = client, public_url, auth_token
        self._account_sid, self._line, self._check = account_sid, line, check
        self._conferences = Conferences() if conferences is None else conferences
        self._queues = Queues() if queues is None else queues
        self._timed = timed
        self._call: LiveCall | None = None
        self.hears_out = True
        self.last_request: Request | None = None
        self.last_response: TestResponse | None = None

    # What a person does.

    def dials_in(self, from_: str = CALLER, to: str | None = None, **extra: str) -> None:
        """Call the line (its main number unless ``to``); ``extra`` goes into every request of the call."""
        call = InboundCall(
            self._deliver,
            public_url=self._public_url,
            account_sid=self._account_sid,
            from_=from_,
            to=self._line if to is None else to,
            extra=extra,
            conferences=self._conferences,
            queues=self._queues,
            timed=self._timed,
            sleep=_no_time_passes,
            clock=self._clock,
        )
        self._call = call
        if self._when_dialled is not None:
            self._when_dialled(self)
        self._do(call.dials)

    def presses(self, keys: str) -> None:
        """Type ``keys`` and wait for the line's answer to them."""
        self._do(lambda: self.call.presses(keys))

    def says_nothing(self) -> None:
        """Wait until the line gives up waiting for keys."""
        self._do(self.call.says_nothing)

    def says(self, words: str) -> None:
        """Say ``words`` to the person, or the machine, on the line."""
        self._do(lambda: self.call.says(words))

    def waits(self, seconds: float) -> None:
        """Let ``seconds`` of the call pass."""
        self._do(lambda: self.call.passes(seconds))

    def hangs_up(self) -> None:
        """End the call, which tells the line of it; a call that is over already stays over."""
        self._do(self.call.hangs_up)

    def answers(self, placed: PlacedCall | None = None, **extra: str) -> "Phone":
        """The phone that answers ``placed``, or, without it, the one that this call's Dial rings.

        ``extra`` goes into the first request of a placed call, such as AnsweredBy.
        """
        other = self.another()
        if placed is None:
            self._do(lambda: other._holds(self.call.picks_up(deliver=other._deliver)))
            return other
        assert placed.status == "ringing", f"that call does not ring: it is {placed.status}"
        first = f"{self._public_url}/voice/legs/{placed.leg_id}"

        def deliver(request: Request) -> Reply:
            return other._deliver(request.changed(extra) if request.url == first else request)

        leg_call = self._rings(placed, deliver)
        other._holds(leg_call)
        placed.status, placed.phone = "in-progress", other
        leg_call.leg.call_status = "in-progress"
        leg_call.events.tell("answered", "in-progress")
        other._do(lambda: leg_call.fetches(f"{self._public_url}/voice/legs/{placed.leg_id}"))
        return other

    def declines(self, placed: PlacedCall | None = None, status: str = "busy") -> None:
        """Nobody talks at the phone that is rung; ``status`` is the carrier's word for it."""
        if placed is None:
            self._do(lambda: self.call.goes_unanswered(status))
            return
        assert placed.status == "ringing", f"that call does not ring: it is {placed.status}"
        leg_call = self._rings(placed, self._deliver)
        self._do(lambda: leg_call.hangs_up(status))

    def lets_ring(self, placed: PlacedCall | None = None) -> None:
        """Nobody picks up the phone that is rung."""
        self.declines(placed, "no-answer")

    def another(self) -> "Phone":
        """A second telephone in the same world, with no call on it."""
        return Phone(
            self._client,
            public_url=self._public_url,
            auth_token=self._auth_token,
            account_sid=self._account_sid,
            line=self._line,
            check=self._check,
            conferences=self._conferences,
            queues=self._queues,
            timed=self._timed,
            faults=self._faults,
            when_dialled=self._when_dialled,
            clock=self._clock,
        )

    def suffers(self, faults: Faults) -> None:
        """From now on, requests of this phone and of phones made from it go through ``faults``."""
        self._faults = faults

    def is_sent_to(self, path: str) -> None:
        """The carrier moves this call, out of any conference, to another document of the line."""
        self._do(lambda: self.call.goes_to(f"{self._public_url}{path}"))

    def is_told(self, conference: str, path: str) -> None:
        """The carrier plays a document of the line to this participant of a conference alone."""
        conferences = [one for one in self._conferences.all() if one.name == conference]
        (conference,) = [one for one in conferences if one.status == "in-progress"]
        url = f"{self._public_url}{path}"
        self._do(lambda: self._conferences.announce(conference.sid, url, "POST", self.call_sid))

    # What can be said of the call.

    @property
    def call(self) -> LiveCall:
        """The call on this phone."""
        assert self._call is not None, "this phone has no call: dials_in() first"
        return self._call

    @property
    def call_sid(self) -> str:
        """The call's identifier."""
        return self.call.leg.call_sid

    @property
    def is_over(self) -> bool:
        """Whether the call has ended."""
        return self.call.state == "over"

    @property
    def is_talking(self) -> bool:
        """Whether the call is joined to another person's, bridged or in a conference."""
        return self.call.is_talking

    @property
    def rings(self) -> tuple[str, ...]:
        """The phones that this call's Dial rings now."""
        return self.call.rings

    def is_rung(self, number: str) -> bool:
        """Whether this call's Dial rings ``number`` now. Fails with the transcript."""
        if number not in self.rings:
            pytest.fail(f"that phone does not ring; {len(self.rings)} others do\n{self.transcript}")
        return True

    @property
    def heard(self) -> str:
        """Everything heard since the last key, on one line."""
        return " ".join(self.call.heard_since_last_key())

    @property
    def heard_so_far(self) -> str:
        """Everything heard in the whole call, on one line."""
        return " ".join(passage.text for passage in self.call.transcript if passage.kind == "heard")

    @property
    def transcript(self) -> str:
        """The whole call, a line for each phrase, key and event."""
        if self._call is None:
            return ""
        marks = {"heard": "  ", "pressed": "> ", "note": "* ", "said": "> ", "talk": "< "}
        return "\n".join(
            marks[p.kind] + (p.text if p.text or p.kind != "pressed" else "(nothing)")
            for p in self.call.transcript
        )

    def hears(self, *words: str) -> bool:
        """Whether all ``words`` were heard since the last key, in any case. Fails with the transcript."""
        missing = [word for word in words if _plain(word) not in _plain(self.heard)]
        if missing:
            pytest.fail(f"not heard since the last key: {', '.join(missing)}\n{self.transcript}")
        return True

    def does_not_hear(self, *words: str) -> bool:
        """Whether none of ``words`` was heard since the last key. Fails with the transcript."""
        heard = [word for word in words if _plain(word) in _plain(self.heard)]
        if heard:
            pytest.fail(f"heard since the last key: {', '.join(heard)}\n{self.transcript}")
        return True

    # What only a carrier, or someone who pretends to be one, does.

    def redelivers_last(self) -> TestResponse:
        """Send the last webhook again, token and all; the call does not move."""
        assert self.last_request is not None
        return self._open(self.last_request)

    def posts(
        self,
        path: str,
        *,
        method: str = "POST",
        headers: dict[str, str] | None = None,
        **params: str,
    ) -> TestResponse:
        """Send a signed request about this call with ``params`` on top of the usual; the call does not move.

        ``headers`` replace the usual ones, so that a wrong signature can be sent.
        """
        known = dict(self.call.leg.standard_params()) if self._call is not None else {}
        url = urljoin(self._public_url + "/", path)
        return self._open(Request.of(method, url, tuple((known | params).items())), headers)

    def raw(self, response: TestResponse) -> str:
        """The document in ``response``, which must be a right one."""
        assert response.status_code == 200, f"the line answered {response.status_code}"
        self._check_document(response.data)
        return response.get_data(as_text=True)

    def _rings(self, placed: PlacedCall, deliver: Callable[[Request], Reply]) -> LiveCall:
        leg = Leg(
            account_sid=self._account_sid,
            from_=self._line,
            to=placed.to,
            direction="outbound-api",
            call_sid=placed.call_sid,
            timed=self._timed,
        )

        def carry(request: Request) -> Reply:
            reply = deliver(request)
            if leg.is_over:
                placed.status = leg.call_status
            return reply

        call = LiveCall(
            leg,
            carry,
            events_url=f"{self._public_url}/voice/call-events",
            wanted=_ALL_EVENTS,
            conferences=self._conferences,
            queues=self._queues,
            sleep=_no_time_passes,
            clock=self._clock,
        )
        call.events.tell("initiated")
        call.events.tell("ringing")
        return call

    def _holds(self, call: LiveCall) -> None:
        self._call = call

    def _do(self, action: Callable[[], Any]) -> None:
        try:
            action()
            while self.hears_out and not self._timed and waits_a_moment(self._call):
                self.call.driver.go_on(self.call.leg.hears_out)
        except LineError as problem:
            pytest.fail(f"{problem}\n{self.transcript}")

    def _deliver(self, request: Request) -> Reply:
        carry = self._carry if self._faults is None else self._faults.around(self._carry)
        reply = carry(request)
        if reply.status == 200:
            self._check_document(reply.body, whisper="ParentCallSid" in dict(request.params))
        elif reply.status != 204:
            pytest.fail(f"the line answered {reply.status} to {request.url}\n{self.transcript}")
        return reply

    def _carry(self, request: Request) -> Reply:
        response = self._open(request)
        self.last_request, self.last_response = request, response
        return Reply(response.status_code, response.content_type or "", response.data)

    def _open(self, request: Request, headers: dict[str, str] | None = None) -> TestResponse:
        assert request.url.startswith(self._public_url + "/"), f"not a URL of the line: {request.url}"
        sent = signed_headers(self._auth_token, request) | (headers or {})
        body = request.body if request.method == "POST" else None
        return self._client.open(request.url, method=request.method, data=body, headers=sent)

    def _check_document(self, document: bytes, *, whisper: bool = False) -> None:
        faults = self._check(document, whisper=whisper) if self._check is not None else []
        if faults:
            pytest.fail("TwiML that Twilio would refuse: " + "; ".join(faults) + f"\n{document.decode()}")


def waits_a_moment(call: LiveCall | None) -> bool:
    """Whether the line takes a key for just a moment before it says more: who listens presses nothing."""
    waits = None if call is None else call.leg.waits_for
    return isinstance(waits, Keys) and waits.seconds <= MOMENT_SECONDS


def _plain(text: str) -> str:
    return " ".join(text.replace("…", " ").casefold().split())


def _no_time_passes(_seconds: float) -> None:
    """The suite does not wait for pauses."""
