"""A leg's side of a queue: it waits, hears the hold document, is taken out, talks and goes on.

The two legs that meet may be driven on different threads. Neither changes the other: each asks the queues to
run a method where the other is driven, and that method checks first whether its meeting still holds.
"""

from hotline.exchange.calls.leg_driver import LegDriver
from hotline.exchange.calls.queues import Meeting, Place, Queues
from hotline.exchange.delivery.request import Request
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.terms import new_sid
from hotline.exchange.twiml.waits import Dequeuing, Queued


class QueueMember:
    """Lets a leg wait in a queue (Enqueue), or wait for a caller of one (Dial with a Queue)."""

    def __init__(self, driver: LegDriver, queues: Queues) -> None:
        self.driver, self._queues = driver, queues
        #: Where the leg waits, and whom it has met since: at most one of the two is set.
        self._place: Place | None = None
        self._meeting: Meeting | None = None
        self._hears_music = False
        self._met_at = 0.0

    @property
    def leg(self) -> Leg:
        """The leg itself."""
        return self.driver.leg

    @property
    def is_waiting(self) -> bool:
        """Whether the leg waits in a queue or for a caller of one."""
        return self._place is not None

    @property
    def has_met(self) -> bool:
        """Whether a queue has brought the leg together with another."""
        return self._meeting is not None

    @property
    def other(self) -> LegDriver | None:
        """The leg that this one met, if any."""
        return None if self._meeting is None else self._meeting.other(self).driver

    # Waiting.

    def settles(self, waits: Queued | Dequeuing) -> None:
        """Decide what follows now that the leg is at rest in this wait."""
        if self.driver.is_joined:
            return
        meeting = self._meeting
        if meeting is not None:
            if isinstance(waits, Queued) and not meeting.is_ready:
                # The document that is heard before the talk is over.
                meeting.is_ready = True
                self._queues.moves(meeting.taker, lambda: meeting.taker.talks_to_caller(meeting))
        elif self._place is None:
            self._joins(waits) if isinstance(waits, Queued) else self._wants_one(waits)
        elif isinstance(waits, Queued) and waits.wait_url:
            self.driver.hold_again_later()

    def holds(self) -> None:
        """Hear the hold document once."""
        self.driver.hold_due = None
        waits, place = self.leg.waits_for, self._place
        if not isinstance(waits, Queued) or place is None:
            return
        if waits.wait_url is None and not self._hears_music:
            self._hears_music = True
            self.driver.note("music while you wait")
        if waits.wait_url:
            self.driver.hold(waits.wait_url, waits.wait_method, self._queues.params(place, self.leg.now))

    def leaves(self, result: str, *, is_over: bool = False) -> None:
        """Leave before anyone came. A leg that ``is_over`` does not go on, but its action is requested."""
        place, self._place = self._place, None
        if place is None:
            return
        self.driver.hold_due = None
        self._queues.leave(place)
        waits, seconds = place.waits, round(self.leg.now - place.since)
        if isinstance(waits, Dequeuing):
            return
        if is_over:
            self._tells_its_action(waits, result, seconds)
            return
        sid = self._queues.sid(waits.name)
        self.driver.go_on(lambda: self.leg.queue_ends(result, queue_sid=sid, seconds=seconds))

    def _joins(self, waits: Queued) -> None:
        place = Place(self, waits, self.leg.now, self.driver.clock())
        if not self._queues.join(place, waits.most):
            self.driver.note("14207: the queue is full")
            sid = self._queues.sid(waits.name)
            self.driver.go_on(lambda: self.leg.queue_ends("queue-full", queue_sid=sid, seconds=0))
            return
        self._place, self._hears_music = place, False
        self._asks_a_taker(waits.name)
        if self._place is place:
            self.holds()

    def _asks_a_taker(self, name: str) -> None:
        taker = self._queues.taker(name)
        if taker is not None:
            self._queues.moves(taker, lambda: taker.caller_came(name))

    def _tells_its_action(self, waits: Queued, result: str, seconds: int) -> None:
        """Request the action of an Enqueue although nobody hears the answer any more."""
        if waits.action is None:
            return
        told = dict(self.leg.standard_params()) | {
            "QueueResult": result,
            "QueueSid": self._queues.sid(waits.name),
            "QueueTime": str(seconds),
        }
        self.leg.asides.append(Request.of(waits.method, waits.action, tuple(told.items())))

    # Taking a caller out.

    def caller_came(self, name: str) -> None:
        """Take the caller who came into the queue, or leave them to the next leg that wants one."""
        if self._place is not None and self._place.waits.name == name:
            self._takes_one()
        else:
            self._asks_a_taker(name)

    def gives_up(self) -> None:
        """Stop waiting for a caller of a queue: none came in time."""
        if isinstance(self.leg.waits_for, Dequeuing):
            self.leaves("leave")
            self.parts(goes_on=False)
            sid = new_sid("CA")
            self.driver.go_on(lambda: self.leg.dial_ends("no-answer", call_sid=sid, seconds=0, bridged=False))

    def leaves_to_meet(self, meeting: Meeting, by: Dequeuing) -> None:
        """Leave the queue for this meeting. The caller hears the document at the ``url`` of ``by`` first."""
        place, taker = meeting.place, meeting.taker
        if self._place is not place:
            # This caller left or hung up at this very moment, so the taker gets the next one.
            self._queues.moves(taker, lambda: taker.caller_was_gone(meeting, by))
            return
        self._place, self.driver.hold_due, self._meeting = None, None, meeting
        meeting.seconds = round(self.leg.now - place.since)
        self.leg.stops_hold()
        url = by.url
        if url is None:
            self.driver.settle()
            return
        params = (
            ("QueueSid", self._queues.sid(place.waits.name)),
            ("QueueTime", str(meeting.seconds)),
            ("DequeingCallSid", taker.leg.call_sid),
        )
        self.driver.go_on(lambda: self.leg.starts_hold(url, by.url_method, params))

    def caller_was_gone(self, meeting: Meeting, waits: Dequeuing) -> None:
        """Wait for another caller: the one of this meeting was gone."""
        if self._meeting is meeting:
            self._meeting = None
            self._wants_one(waits)

    def _wants_one(self, waits: Dequeuing) -> None:
        if not self._queues.has(waits.name):
            self.driver.note("there is no queue of this name: failed")
            sid = new_sid("CA")
            self.driver.go_on(lambda: self.leg.dial_ends("failed", call_sid=sid, seconds=0, bridged=False))
            return
        self._place = Place(self, waits, self.leg.now, self.driver.clock())
        self.driver.dial_due = self.leg.now + waits.seconds
        self._takes_one()

    def _takes_one(self) -> None:
        place = self._place
        if place is None or not isinstance(place.waits, Dequeuing):
            return
        meeting = self._queues.take(place)
        if meeting is None:
            return
        self._place, self._meeting = None, meeting
        self.driver.dial_due = self.leg.now + place.waits.talk_seconds
        waits, caller = place.waits, meeting.caller
        self._queues.moves(caller, lambda: caller.leaves_to_meet(meeting, waits))

    # Talking.

    def talks_to_caller(self, meeting: Meeting) -> None:
        """Talk to the caller, who is ready now."""
        if self._meeting is not meeting:
            return
        self._begins_to_talk("connected to the caller")
        caller = meeting.caller
        self._queues.moves(caller, lambda: caller.talks_to_taker(meeting))

    def talks_to_taker(self, meeting: Meeting) -> None:
        """Talk to the taker."""
        if self._meeting is meeting:
            self._begins_to_talk("connected to the person who answered")

    def parts(self, *, goes_on: bool = True) -> None:
        """End the meeting. The other leg goes on, and this one too unless told otherwise."""
        meeting = self._meeting
        if meeting is None:
            return
        other = meeting.other(self)
        bridged = self._forgets_meeting()
        self._queues.moves(other, lambda: other.meeting_ended(meeting))
        if goes_on and not self.leg.is_over:
            self._goes_on_after(meeting, bridged)
        elif meeting.caller is self and isinstance(meeting.place.waits, Queued):
            if self.leg.is_over:
                result = "bridged" if bridged else "hangup"
            else:
                result = "redirected-from-bridged" if bridged else "redirected"
            self._tells_its_action(meeting.place.waits, result, meeting.seconds)

    def meeting_ended(self, meeting: Meeting) -> None:
        """Go on: the other leg has ended the meeting."""
        if self._meeting is meeting:
            bridged = self._forgets_meeting()
            if not self.leg.is_over:
                self._goes_on_after(meeting, bridged)

    def _begins_to_talk(self, words: str) -> None:
        self.driver.is_joined, self._met_at = True, self.leg.now
        self.driver.note(words)

    def _forgets_meeting(self) -> bool:
        """Return whether the two had talked."""
        bridged = self.driver.is_joined
        self._meeting, self.driver.is_joined, self.driver.dial_due = None, False, None
        return bridged

    def _goes_on_after(self, meeting: Meeting, bridged: bool) -> None:
        self.leg.stops_hold()
        waits, result = self.leg.waits_for, "bridged" if bridged else "error"
        seconds, sid = meeting.seconds, self._queues.sid(meeting.place.waits.name)
        if isinstance(waits, Queued):
            self.driver.go_on(lambda: self.leg.queue_ends(result, queue_sid=sid, seconds=seconds))
        elif isinstance(waits, Dequeuing):
            talked = round(self.leg.now - self._met_at) if bridged else 0
            call_sid = meeting.other(self).leg.call_sid
            more = (("QueueResult", result), ("QueueSid", sid), ("QueueTime", str(seconds)))
            self.driver.go_on(
                lambda: self.leg.dial_ends(
                    "completed", call_sid=call_sid, seconds=talked, bridged=bridged, more=more
                )
            )
