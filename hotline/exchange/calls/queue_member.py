"""A leg in a queue: it waits, hears the document for that, is taken out, talks and goes on.

The two who meet may be driven on different threads. Neither touches the other: each asks the queues to move
the other, and who is moved first looks whether that still holds.
"""

from typing import Unpack

from hotline.exchange.calls.driver import LegDriver, Wiring
from hotline.exchange.calls.queues import Meeting, Place, Queues
from hotline.exchange.delivery.delivery import Deliver
from hotline.exchange.delivery.request import Request
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.terms import new_sid
from hotline.exchange.twiml.waits import Dequeuing, Queued

#: A document for those who wait is asked for again when it ends, but not more often than this.
LEAST_HOLD_SECONDS = 1.0


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
        #: Where it waits, and whom it has met since: never both.
        self._place: Place[QueueMember] | None = None
        self._meeting: Meeting[QueueMember] | None = None
        self._joined = self._hears_music = False
        #: Moments of the leg's clock: when a Dial gives up or its talk ends, and when to hold again.
        self._dial_due: float | None = None
        self._hold_due: float | None = None
        self._held_at = self._met_at = 0.0

    # Waiting.

    def _settles_in_queue(self, waits: Queued | Dequeuing) -> None:
        if self._joined:
            return
        meeting = self._meeting
        if meeting is not None:
            if isinstance(waits, Queued) and not meeting.is_ready:
                # The document that is heard before the talk is over.
                meeting.is_ready = True
                self._queues.moves(meeting.taker, lambda: meeting.taker._meets(meeting))
        elif self._place is None:
            self._comes_in(waits) if isinstance(waits, Queued) else self._wants_one(waits)
        elif isinstance(waits, Queued) and self.leg.timed and waits.wait_url and self._hold_due is None:
            self._hold_due = max(self.leg.now, self._held_at + LEAST_HOLD_SECONDS)

    def _comes_in(self, waits: Queued) -> None:
        place: Place[QueueMember] = Place(self, waits, self.leg.now)
        if not self._queues.join(place, waits.most):
            self.note("14207: the queue is full")
            sid = self._queues.sid(waits.name)
            self._go_on(lambda: self.leg.queue_ends("queue-full", queue_sid=sid, seconds=0))
            return
        self._place, self._hears_music = place, False
        self._asks_a_taker(waits.name)
        if self._place is place:
            self._holds()

    def _asks_a_taker(self, name: str) -> None:
        taker = self._queues.taker(name)
        if taker is not None:
            self._queues.moves(taker, lambda: taker._looks_into(name))

    def _holds(self) -> None:
        """Hear the document for those who wait, once."""
        self._hold_due = None
        waits, place = self.leg.waits_for, self._place
        if not isinstance(waits, Queued) or place is None:
            return
        if waits.wait_url is None and not self._hears_music:
            self._hears_music = True
            self.note("music while you wait")
        if waits.wait_url:
            url, method = waits.wait_url, waits.wait_method
            params = self._queues.params(place, self.leg.now)
            self._held_at = self.leg.now
            self._go_on(lambda: self.leg.starts_hold(url, method, params))

    def _leaves_queue(self, result: str, *, is_over: bool = False) -> None:
        """Leave before anyone came. One that ``is_over`` does not go on, but its action hears of it."""
        place, self._place = self._place, None
        if place is None:
            return
        self._hold_due = None
        self._queues.leave(place)
        waits, seconds = place.waits, round(self.leg.now - place.since)
        if isinstance(waits, Dequeuing):
            return
        if is_over:
            self._tells_its_action(waits, result, seconds)
            return
        sid = self._queues.sid(waits.name)
        self._go_on(lambda: self.leg.queue_ends(result, queue_sid=sid, seconds=seconds))

    def _tells_its_action(self, waits: Queued, result: str, seconds: int) -> None:
        """The action of an Enqueue whose caller hears no answer to it any more."""
        if waits.action is None:
            return
        told = dict(self.leg.standard_params()) | {
            "QueueResult": result,
            "QueueSid": self._queues.sid(waits.name),
            "QueueTime": str(seconds),
        }
        self.leg.asides.append(Request.of(waits.method, waits.action, tuple(told.items())))

    # Taking someone out.

    def _wants_one(self, waits: Dequeuing) -> None:
        self._place = Place(self, waits, self.leg.now)
        self._dial_due = self.leg.now + waits.seconds
        self._takes_one()

    def _looks_into(self, name: str) -> None:
        """Someone came into the queue: take them, or leave them to the next who wants one."""
        if self._place is not None and self._place.waits.name == name:
            self._takes_one()
        else:
            self._asks_a_taker(name)

    def _takes_one(self) -> None:
        place = self._place
        if place is None or not isinstance(place.waits, Dequeuing):
            return
        meeting = self._queues.take(place)
        if meeting is None:
            return
        self._place, self._meeting = None, meeting
        self._dial_due = self.leg.now + place.waits.talk_seconds
        waits, caller = place.waits, meeting.caller
        self._queues.moves(caller, lambda: caller._is_taken(meeting, waits))

    def _gives_up_on_queue(self) -> None:
        """Nobody came into the queue in time."""
        if isinstance(self.leg.waits_for, Dequeuing):
            self._leaves_queue("leave")
            self._parts(goes_on=False)
            sid = new_sid("CA")
            self._go_on(lambda: self.leg.dial_ends("no-answer", call_sid=sid, seconds=0, bridged=False))

    def _is_taken(self, meeting: Meeting["QueueMember"], by: Dequeuing) -> None:
        """This caller is out of the queue, and first hears what the queue's ``url`` has to say."""
        place, taker = meeting.place, meeting.taker
        if self._place is not place:
            # Left or hung up in this very moment, so whoever dialled the queue gets the next one.
            self._queues.moves(taker, lambda: taker._misses(meeting, by))
            return
        self._place, self._hold_due, self._meeting = None, None, meeting
        meeting.seconds = round(self.leg.now - place.since)
        self.leg.stops_hold()
        url = by.url
        if url is None:
            self._settle()
            return
        params = (
            ("QueueSid", self._queues.sid(place.waits.name)),
            ("QueueTime", str(meeting.seconds)),
            ("DequeingCallSid", taker.leg.call_sid),
        )
        self._go_on(lambda: self.leg.starts_hold(url, by.url_method, params))

    def _misses(self, meeting: Meeting["QueueMember"], waits: Dequeuing) -> None:
        if self._meeting is meeting:
            self._meeting = None
            self._wants_one(waits)

    # Talking.

    def _meets(self, meeting: Meeting["QueueMember"]) -> None:
        """The caller is ready to talk with this one, who took them out."""
        if self._meeting is not meeting:
            return
        self._joins_talk("connected to the caller")
        caller = meeting.caller
        self._queues.moves(caller, lambda: caller._is_met(meeting))

    def _is_met(self, meeting: Meeting["QueueMember"]) -> None:
        if self._meeting is meeting:
            self._joins_talk("connected to the person who answered")

    def _joins_talk(self, words: str) -> None:
        self._joined, self._met_at = True, self.leg.now
        self.note(words)

    def _parts(self, *, goes_on: bool = True) -> None:
        """End the talk with whom a queue brought together: the other one goes on, and this one if it may."""
        meeting = self._meeting
        if meeting is None:
            return
        other = meeting.other(self)
        bridged = self._forgets_meeting()
        self._queues.moves(other, lambda: other._is_left(meeting))
        if goes_on and not self.leg.is_over:
            self._goes_on_from_queue(meeting, bridged)
        elif meeting.caller is self and isinstance(meeting.place.waits, Queued):
            if self.leg.is_over:
                result = "bridged" if bridged else "hangup"
            else:
                result = "redirected-from-bridged" if bridged else "redirected"
            self._tells_its_action(meeting.place.waits, result, meeting.seconds)

    def _is_left(self, meeting: Meeting["QueueMember"]) -> None:
        if self._meeting is meeting:
            bridged = self._forgets_meeting()
            if not self.leg.is_over:
                self._goes_on_from_queue(meeting, bridged)

    def _forgets_meeting(self) -> bool:
        """Whether the two had talked."""
        bridged = self._joined
        self._meeting, self._joined, self._dial_due = None, False, None
        return bridged

    def _goes_on_from_queue(self, meeting: Meeting["QueueMember"], bridged: bool) -> None:
        self.leg.stops_hold()
        waits, result = self.leg.waits_for, "bridged" if bridged else "error"
        seconds, sid = meeting.seconds, self._queues.sid(meeting.place.waits.name)
        if isinstance(waits, Queued):
            self._go_on(lambda: self.leg.queue_ends(result, queue_sid=sid, seconds=seconds))
        elif isinstance(waits, Dequeuing):
            talked = round(self.leg.now - self._met_at) if bridged else 0
            call_sid = meeting.other(self).leg.call_sid
            more = (("QueueResult", result), ("QueueSid", sid), ("QueueTime", str(seconds)))
            self._go_on(
                lambda: self.leg.dial_ends(
                    "completed", call_sid=call_sid, seconds=talked, bridged=bridged, more=more
                )
            )
