"""A leg in a queue: it waits, hears the document for that, is taken out, talks and goes on."""

from contextlib import suppress
from typing import Unpack

from hotline.exchange.delivery import Deliver
from hotline.exchange.driver import LegDriver, Wiring
from hotline.exchange.handset import Leg
from hotline.exchange.leg_facts import new_sid
from hotline.exchange.queues import Queues
from hotline.exchange.request import LineError, Request
from hotline.exchange.waits import Dequeuing, Queued

#: A document for those who wait is asked for again when it ends, but not more often than this.
_LEAST_HOLD_SECONDS = 1.0


class QueueMember(LegDriver):
    """A leg that may wait in a queue, or for someone to come into one."""

    def __init__(
        self,
        leg: Leg,
        deliver: Deliver,
        *,
        queues: "Queues[QueueMember] | None" = None,
        **wiring: Unpack[Wiring],
    ) -> None:
        super().__init__(leg, deliver, **wiring)
        self._queues: Queues[QueueMember] = Queues() if queues is None else queues
        #: Who took this caller out of a queue, or whom this one took out.
        self._partner: QueueMember | None = None
        self._is_waiting = self._joined = self._hears_music = False
        #: Moments of the leg's clock: when a Dial gives up or its talk ends, and when to hold again.
        self._dial_due: float | None = None
        self._hold_due: float | None = None
        self._queued_at = self._held_at = self._met_at = 0.0
        self._queue_seconds = 0

    def _settles_in_queue(self, waits: Queued | Dequeuing) -> None:
        if self._joined:
            return
        if isinstance(waits, Dequeuing):
            if self._partner is None and not self._is_waiting:
                self._takes_one(waits)
        elif self._partner is not None:
            # The document that is heard before the talk is over.
            self._partner._meets(self)
        elif not self._is_waiting:
            self._comes_in(waits)
        elif self.leg.timed and waits.wait_url and self._hold_due is None:
            self._hold_due = max(self.leg.now, self._held_at + _LEAST_HOLD_SECONDS)

    def _comes_in(self, waits: Queued) -> None:
        if not self._queues.join(waits.name, self, now=self.leg.now, most=waits.most):
            self.note("14207: the queue is full")
            sid = self._queues.sid(waits.name)
            self._go_on(lambda: self.leg.queue_ends("queue-full", queue_sid=sid, seconds=0))
            return
        self._is_waiting, self._hears_music, self._queued_at = True, False, self.leg.now
        taker = self._queues.taker(waits.name)
        if taker is None:
            self._holds()
        else:
            taker._takes(self)

    def _holds(self) -> None:
        """Hear the document for those who wait, once."""
        self._hold_due = None
        waits = self.leg.waits_for
        if not isinstance(waits, Queued) or not self._is_waiting:
            return
        if waits.wait_url is None and not self._hears_music:
            self._hears_music = True
            self.note("music while you wait")
        if waits.wait_url:
            url, method = waits.wait_url, waits.wait_method
            params = self._queues.params(waits.name, self, now=self.leg.now)
            self._held_at = self.leg.now
            self._go_on(lambda: self.leg.starts_hold(url, method, params))

    def _takes_one(self, waits: Dequeuing) -> None:
        first = self._queues.first(waits.name)
        if first is not None:
            self._takes(first)
            return
        self._is_waiting = True
        self._dial_due = self.leg.now + waits.seconds
        self._queues.wants_one(waits.name, self)

    def _gives_up_on_queue(self) -> None:
        """Nobody came into the queue in time."""
        if isinstance(self.leg.waits_for, Dequeuing):
            self._leaves_queue("leave")
            sid = new_sid("CA")
            self._go_on(lambda: self.leg.dial_ends("no-answer", call_sid=sid, seconds=0, bridged=False))

    def _takes(self, caller: "QueueMember") -> None:
        """Take ``caller`` out of the queue, who first hears what the queue's ``url`` has to say."""
        waits = self.leg.waits_for
        if not isinstance(waits, Dequeuing):
            return
        self._queues.leave(waits.name, caller)
        self._partner, caller._partner = caller, self
        seconds = round(caller.leg.now - caller._queued_at)
        for one in (self, caller):
            one._is_waiting, one._hold_due, one._queue_seconds = False, None, seconds
        self._dial_due = self.leg.now + waits.talk_seconds
        caller.leg.stops_hold()
        with suppress(LineError):
            # A caller whom the line fails leaves, and this leg goes on then.
            if waits.url is None:
                caller._settle()
            else:
                url, method = waits.url, waits.url_method
                params = (
                    ("QueueSid", self._queues.sid(waits.name)),
                    ("QueueTime", str(seconds)),
                    ("DequeingCallSid", self.leg.call_sid),
                )
                caller._go_on(lambda: caller.leg.starts_hold(url, method, params))

    def _meets(self, caller: "QueueMember") -> None:
        self._joined = caller._joined = True
        self._met_at, caller._met_at = self.leg.now, caller.leg.now
        self.note("connected to the caller")
        caller.note("connected to the person who answered")

    def _parts(self, *, goes_on: bool = True) -> None:
        """End the talk with whom a queue brought together: the other one goes on, and this one if it may."""
        partner, self._partner = self._partner, None
        if partner is None:
            return
        partner._partner = None
        bridged = self._joined
        pair = (self, partner) if goes_on else (partner,)
        for one in (self, partner):
            one._joined, one._dial_due = False, None
        for one in pair:
            if not one.leg.is_over:
                with suppress(LineError):
                    one._goes_on_from_queue(partner if one is self else self, bridged)

    def _goes_on_from_queue(self, other: "QueueMember", bridged: bool) -> None:
        self.leg.stops_hold()
        waits, result = self.leg.waits_for, "bridged" if bridged else "error"
        seconds = self._queue_seconds
        if isinstance(waits, Queued):
            sid = self._queues.sid(waits.name)
            self._go_on(lambda: self.leg.queue_ends(result, queue_sid=sid, seconds=seconds))
        elif isinstance(waits, Dequeuing):
            sid = self._queues.sid(waits.name)
            talked = round(self.leg.now - self._met_at) if bridged else 0
            more = (("QueueResult", result), ("QueueSid", sid), ("QueueTime", str(seconds)))
            self._go_on(
                lambda: self.leg.dial_ends(
                    "completed", call_sid=other.leg.call_sid, seconds=talked, bridged=bridged, more=more
                )
            )

    def _leaves_queue(self, result: str, *, is_over: bool = False) -> None:
        """Leave before anyone came. One that ``is_over`` does not go on, but its action hears of it."""
        waits = self.leg.waits_for if self.leg.hold is None else self.leg.hold.waits_for
        if not self._is_waiting or not isinstance(waits, Queued | Dequeuing):
            return
        self._is_waiting, self._hold_due = False, None
        sid, seconds = self._queues.sid(waits.name), round(self.leg.now - self._queued_at)
        self._queues.leave(waits.name, self)
        if isinstance(waits, Dequeuing):
            return
        if not is_over:
            self._go_on(lambda: self.leg.queue_ends(result, queue_sid=sid, seconds=seconds))
        elif waits.action is not None:
            told = dict(self.leg.standard_params()) | {
                "QueueResult": result,
                "QueueSid": sid,
                "QueueTime": str(seconds),
            }
            if result == "hangup":
                told["CallStatus"] = "completed"
            self.leg.asides.append(Request.of(waits.method, waits.action, tuple(told.items())))
