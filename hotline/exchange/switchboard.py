"""The calls that the line places through the exchange: they ring, are answered or not, and end."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hotline.exchange.call import LiveCall
from hotline.exchange.conference import Conferences
from hotline.exchange.delivery import Deliver
from hotline.exchange.handset import Leg
from hotline.exchange.request import LineError, Request

#: Ended calls beyond this number are forgotten, oldest first.
MOST_REMEMBERED = 1000


class WrongMomentError(Exception):
    """The call is not in a state for that; the message says which it is in."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the line asked for when it placed a call. Either ``url`` or ``document`` says what it does."""

    to: str
    from_: str
    ring_seconds: float
    url: str | None = None
    method: str = "POST"
    document: bytes | None = None
    status_callback: str | None = None
    wanted: frozenset[str] = frozenset({"completed"})


@dataclass(eq=False, slots=True)
class OutboundCall:
    """A call placed. ``errands`` are the call events still to be told, in order; None ends them."""

    order: Order
    live: LiveCall
    errands: "queue.SimpleQueue[Request | None]"
    created_at: datetime
    rings_until: float
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    trouble: str = field(default="")

    @property
    def sid(self) -> str:
        """The call's identifier."""
        return self.live.leg.call_sid

    @property
    def status(self) -> str:
        """The call status in Twilio's words."""
        return self.live.leg.call_status


class Switchboard:
    """Holds every call placed. Placing one and looking at them never waits for the line to answer.

    Two locks keep that so: ``_ringing`` guards who answers first and is held for no delivery, while
    ``_talking`` lets one leg at a time talk to the line, since a leg that leaves a conference moves others.
    """

    def __init__(
        self,
        account_sid: str,
        deliver: Deliver,
        *,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._account_sid, self._deliver, self._sleep, self._clock = account_sid, deliver, sleep, clock
        self._calls: dict[str, OutboundCall] = {}
        self._conferences = Conferences()
        self._ringing, self._talking = threading.Lock(), threading.RLock()

    def place(self, order: Order) -> OutboundCall:
        """Ring ``order.to``. Its call events are told from a thread of the call's own."""
        leg = Leg(account_sid=self._account_sid, from_=order.from_, to=order.to, direction="outbound-api")
        errands: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        live = LiveCall(
            leg,
            self._deliver,
            events_url=order.status_callback,
            wanted=order.wanted,
            send=errands.put,
            conferences=self._conferences,
            sleep=self._sleep,
            clock=self._clock,
        )
        call = OutboundCall(order, live, errands, self._clock(), time.monotonic() + order.ring_seconds)
        leg.call_status = "ringing"
        live.events.tell("initiated")
        live.events.tell("ringing")
        with self._ringing:
            self._forget_old()
            self._calls[call.sid] = call
        threading.Thread(target=self._tend, args=(call,), daemon=True, name=f"call {call.sid}").start()
        return call

    def find(self, sid: str) -> OutboundCall:
        """The call with that sid. Raises LookupError."""
        with self._ringing:
            return self._calls[sid]

    def all(self) -> list[OutboundCall]:
        """Every call remembered, oldest first."""
        with self._ringing:
            return list(self._calls.values())

    def answer(self, sid: str) -> OutboundCall:
        """Someone picks up: the call's document is fetched and runs. Raises WrongMomentError."""
        call = self.find(sid)
        with self._talking:
            with self._ringing:
                self._must_ring(call)
                call.live.leg.call_status = "in-progress"
            call.answered_at = self._clock()
            call.live.events.tell("answered", "in-progress")
            document, url = call.order.document, call.order.url or ""
            if document is not None:
                self._act(call, lambda: call.live.runs(document))
            else:
                self._act(call, lambda: call.live.fetches(url, call.order.method))
        return call

    def end_unanswered(self, sid: str, status: str) -> OutboundCall:
        """The call stops ringing with ``status``: busy, no-answer or canceled. Raises WrongMomentError."""
        call = self.find(sid)
        with self._ringing:
            self._must_ring(call)
            call.live.hangs_up(status)
            self._close_if_over(call)
        return call

    def press(self, sid: str, keys: str) -> OutboundCall:
        """Keys on a call that was answered. Raises WrongMomentError, and ValueError for what is no key."""
        return self._on_the_line(sid, lambda live: live.presses(keys))

    def say_nothing(self, sid: str) -> OutboundCall:
        """No key on a call that was answered. Raises WrongMomentError."""
        return self._on_the_line(sid, LiveCall.says_nothing)

    def hang_up(self, sid: str) -> OutboundCall:
        """End a call that was answered. Raises WrongMomentError."""
        return self._on_the_line(sid, LiveCall.hangs_up)

    def redirect(
        self, sid: str, *, url: str = "", method: str = "POST", document: bytes = b""
    ) -> OutboundCall:
        """Take an answered call to another ``url`` or ``document``. Raises WrongMomentError."""
        if document:
            return self._on_the_line(sid, lambda live: live.runs(document))
        return self._on_the_line(sid, lambda live: live.goes_to(url, method))

    def _on_the_line(self, sid: str, action: Callable[[LiveCall], None]) -> OutboundCall:
        call = self.find(sid)
        with self._talking:
            if call.status != "in-progress":
                raise WrongMomentError(f"the call is {call.status}")
            self._act(call, lambda: action(call.live))
        return call

    def _act(self, call: OutboundCall, action: Callable[[], None]) -> None:
        try:
            action()
        except LineError as problem:
            call.trouble = str(problem)
        for one in self.all():
            self._close_if_over(one)

    def _close_if_over(self, call: OutboundCall) -> None:
        if call.live.leg.is_over and call.ended_at is None:
            call.ended_at = self._clock()
            call.errands.put(None)

    def _must_ring(self, call: OutboundCall) -> None:
        if call.status != "ringing":
            raise WrongMomentError(f"the call is {call.status}")

    def _tend(self, call: OutboundCall) -> None:
        """Tell the call's events one after the other, and give up when it has rung long enough."""
        while True:
            left = max(0.0, call.rings_until - time.monotonic()) if call.status == "ringing" else None
            try:
                errand = call.errands.get(timeout=left)
            except queue.Empty:
                self._give_up(call)
                continue
            if errand is None:
                return
            try:
                self._deliver(errand)
            except LineError as problem:
                call.trouble = str(problem)

    def _give_up(self, call: OutboundCall) -> None:
        try:
            self.end_unanswered(call.sid, "no-answer")
        except WrongMomentError:
            # Someone picked up in the last moment: then there is nothing to give up.
            return

    def _forget_old(self) -> None:
        ended = [sid for sid, call in self._calls.items() if call.ended_at is not None]
        for sid in ended[: max(0, len(self._calls) - MOST_REMEMBERED)]:
            del self._calls[sid]
