"""Phones without a person: they ring out, or a machine picks up and answering-machine detection runs."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from hotline.exchange.calls.order import Answering, Order, Phones
from hotline.exchange.calls.switched_call import SwitchedCall
from hotline.exchange.calls.timers import Timers
from hotline.exchange.delivery.request import Reply, Request
from hotline.exchange.twiml.terms import FINAL

#: How long detection listens before it reports.
DETECTION_SECONDS = 4.0
_MOST_SILENCES = 20


class WrongMomentError(Exception):
    """The call is in the wrong state for that; the message names the state."""


class Board(Protocol):
    """The part of the switchboard that phones without a person need."""

    phones: Phones
    timers: Timers

    def post(self, call: SwitchedCall, action: Callable[[], object]) -> Any: ...
    def begin_answer(self, call: SwitchedCall) -> Any: ...
    def answer_dialled(self, parent: SwitchedCall, phone: str | None) -> SwitchedCall: ...
    def end_unanswered(self, sid: str, status: str) -> SwitchedCall: ...
    def deliver_event(self, request: Request) -> Reply | None: ...
    def run(self, action: Callable[[], object]) -> None: ...


class Unattended:
    """Starts the timers of a phone that rings; ``sleep`` takes the seconds that detection listens."""

    def __init__(self, board: Board, sleep: Callable[[float], object]) -> None:
        self._board, self._sleep = board, sleep

    def rings(self, call: SwitchedCall, order: Order) -> None:
        """Start the timers of a placed call that rings now. It rings out unless something picks up."""
        after = self._board.timers.after
        after(order.ring_seconds, lambda: self._gives_up(call, "no-answer"))
        who = self._board.phones.at(order.to)
        if who.picks_up:
            after(who.after_seconds, lambda: self._machine_picks_up(call))
        elif who.kind in {"busy", "unreachable"}:
            status = "busy" if who.kind == "busy" else "failed"
            after(who.after_seconds, lambda: self._gives_up(call, status))

    def dials(self, call: SwitchedCall) -> None:
        """Start the timers of the phones that this call's Dial has begun to ring."""
        waits, rings = call.live.leg.waits_for, call.live.rings
        seen = call.dial_seen
        call.dial_seen = (waits, rings)
        known = seen[1] if seen is not None and seen[0] is waits else ()
        new = tuple(phone for phone in rings if phone not in known)
        if not new:
            return

        def after(seconds: float, phone: str, act: Callable[[], object]) -> None:
            def now() -> None:
                if call.live.leg.waits_for is waits and phone in call.live.rings:
                    act()

            self._board.timers.after(seconds, lambda: self._board.post(call, now))

        if not call.live.leg.timed:
            # A timed call gives up by itself.
            after(getattr(waits, "seconds", 30), new[0], lambda: call.live.goes_unanswered("no-answer"))
        for phone in new:
            who = self._board.phones.at(phone)
            if who.picks_up:
                after(who.after_seconds, phone, partial(self._machine_joins, call, phone))
            elif who.kind in {"busy", "unreachable"} and len(rings) == 1:
                status = "busy" if who.kind == "busy" else "failed"
                after(who.after_seconds, phone, partial(call.live.goes_unanswered, status))

    def _machine_joins(self, call: SwitchedCall, phone: str) -> None:
        self.machine_listens(self._board.answer_dialled(call, phone))

    def detects(self, call: SwitchedCall, order: Order) -> None:
        """Detect who picked up. Without AsyncAmd the call waits, and its first request has the result."""
        found = self._who(call).found_by(order.detection)
        if order.detection is None or found is None:
            return
        if order.detection.is_async:
            self._board.run(lambda: self._detects_later(call, order, found))
            return
        self._sleep(DETECTION_SECONDS)
        call.answered_by, call.first_params = found, {"AnsweredBy": found}

    def _detects_later(self, call: SwitchedCall, order: Order, found: str) -> None:
        self._sleep(DETECTION_SECONDS)
        call.answered_by = found
        if order.detection is None or order.detection.callback is None:
            return
        params = {
            "CallSid": call.sid,
            "AccountSid": call.live.leg.account_sid,
            "AnsweredBy": found,
            "MachineDetectionDuration": str(int(DETECTION_SECONDS * 1000)),
        }
        url, method = order.detection.callback, order.detection.callback_method
        self._board.deliver_event(Request.of(method, url, tuple(params.items())))

    def _gives_up(self, call: SwitchedCall, status: str) -> None:
        # Someone picked up at the last moment, or the call is over and was deleted.
        with suppress(WrongMomentError, LookupError):
            self._board.end_unanswered(call.sid, status)

    def _machine_picks_up(self, call: SwitchedCall) -> None:
        with suppress(WrongMomentError):
            self._board.begin_answer(call)
            self._board.post(call, lambda: self.machine_listens(call))

    def machine_listens(self, call: SwitchedCall) -> None:
        """Let a machine listen: it presses nothing and hangs up some time later."""
        for _ in range(0 if call.live.leg.timed else _MOST_SILENCES):
            if call.live.state != "keys":
                break
            call.live.says_nothing()
        if call.status not in FINAL:
            stays = self._who(call).stays_seconds
            self._board.timers.after(stays, lambda: self._board.post(call, call.live.hangs_up))

    def _who(self, call: SwitchedCall) -> Answering:
        return call.picked_up_by or self._board.phones.at(call.to)
