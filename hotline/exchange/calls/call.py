"""A call while it lasts: what the person on a leg does, and the legs that it rings, talks to or waits for."""

from contextlib import suppress
from typing import Unpack

from hotline.exchange.calls.conference import Conferences
from hotline.exchange.calls.conference_member import ConferenceMember
from hotline.exchange.calls.driver import LegDriver, Wiring
from hotline.exchange.calls.queue_member import QueueMember
from hotline.exchange.calls.queues import Queues
from hotline.exchange.delivery.delivery import Deliver
from hotline.exchange.delivery.request import LineError
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.terms import new_sid
from hotline.exchange.twiml.waits import Conference, Dequeuing, Keys, Number, Queued, Recording, Ringing

#: Twilio ends a call after four hours.
MOST_SECONDS = 14_400.0
# Two clocks that count the same seconds in other steps differ by less than this.
_A_MOMENT = 1e-6


class LiveCall(ConferenceMember):
    """A leg that is driven to its next wait after every action.

    Every action raises LineError when the line answers with something else than a document that runs; the
    leg is over then, as it is for a caller who hears "an application error has occurred".

    With a leg that is ``timed``, words, timeouts and ringing take their time, and ``passes`` lets it go by:
    ``due_in`` is when something happens next. Those that this call dialled pass the time with it.
    """

    def __init__(
        self,
        leg: Leg,
        deliver: Deliver,
        *,
        conferences: Conferences | None = None,
        queues: "Queues[QueueMember] | None" = None,
        parent: "LiveCall | None" = None,
        **wiring: Unpack[Wiring],
    ) -> None:
        super().__init__(leg, deliver, conferences=conferences, queues=queues, **wiring)
        #: The leg that answered this leg's Dial, and those that still ring.
        self.child: LiveCall | None = None
        self.ringing: list[LiveCall] = []
        self._parent = parent
        self._number: Number | None = None
        self._numbers_left: list[Number] = []
        self._ended = False

    @property
    def state(self) -> str:
        """What the person on this leg can do.

        ``keys``, ``ringing``, ``talking``, ``alone`` (in a conference where nobody else is),
        ``recording``, ``waiting`` (in a queue), ``nothing`` or ``over``.
        """
        if self.leg.is_over:
            return "over"
        if self.is_talking:
            return "alone" if self.is_alone else "talking"
        match self.leg.waits_for:
            case Keys():
                return "keys"
            case Recording():
                return "recording"
            case Ringing() | Dequeuing():
                return "ringing"
        return "nothing" if self._place is None else "waiting"

    @property
    def is_talking(self) -> bool:
        """Whether the leg is joined to another person's, bridged or in a conference."""
        return self._joined or (self.child is not None and self.child._joined)

    @property
    def rings(self) -> tuple[str, ...]:
        """The phones that this leg's Dial rings now."""
        return tuple(child.leg.to for child in self.ringing)

    # What the person does.

    def fetches(self, url: str, method: str = "POST") -> None:
        """Ask for the first document."""
        self._go_on(lambda: self.leg.fetch(url, method))

    def runs(self, document: bytes) -> None:
        """Run a document that was handed in through the REST side; the leg leaves its conference for it."""
        self._leaves_for_another_document()
        self._go_on(lambda: self.leg.takes(document, inline=True))

    def goes_to(self, url: str, method: str = "POST") -> None:
        """Go on at ``url``, asked for through the REST side; the leg leaves its conference for it."""
        self._leaves_for_another_document()
        self.fetches(url, method)

    def presses(self, keys: str) -> None:
        """Type ``keys`` (0-9, * and #), and wait for what comes of it unless the leg is timed.

        Raises ValueError for any other.
        """
        self._put("pressed", keys)
        self._go_on(lambda: self.leg.types(keys) if self.leg.timed else self.leg.presses(keys))
        if "*" in keys and getattr(self.leg.waits_behind, "star_ends", False) and self.is_talking:
            self._ends_talk()

    def types(self, keys: str) -> None:
        """Type ``keys`` at this moment: more may follow before the Gather ends. Raises ValueError."""
        self._put("pressed", keys)
        self._go_on(lambda: self.leg.types(keys))

    def says_nothing(self) -> None:
        """Wait until the line gives up waiting for keys, or until the next round of what is heard on hold."""
        self._put("pressed", "")
        if isinstance(self.leg.waits_for, Dequeuing) and self._place is not None and not self.leg.timed:
            self._gives_up_on_queue()
        elif (self._place or self._playback) is not None and self.leg.hold is None:
            self._holds()
        else:
            self._go_on(self.leg.hears_out)

    def says(self, words: str) -> None:
        """Say ``words``: to a Gather that listens, to whoever is on the line, or into a recording."""
        self._put("said", words)
        for other in self._others():
            other._put("talk", words)
        self._go_on(lambda: self.leg.speaks(words))
        self._go_on(lambda: self.leg.talks(len(words.split()) * 0.4))

    def hangs_up(self, status: str = "completed") -> None:
        """End the call from this side."""
        if self.leg.is_over:
            return
        self.note("hung up")
        self.leg.ends(status)
        self._settle()

    # Those who are rung.

    def picks_up(self, phone: str | None = None, deliver: Deliver | None = None) -> "LiveCall":
        """Someone answers the ``phone`` that this leg's Dial rings (the first one by default): their leg.

        Its requests go through ``deliver``, or as this leg's do. Raises LookupError when it does not ring.
        """
        if not self.ringing:
            raise LookupError("this call rings no phone")
        child = next((one for one in self.ringing if phone in {None, one.leg.to}), None)
        if child is None:
            raise LookupError("this call rings another phone")
        child.answers(deliver)
        return child

    def answers(self, deliver: Deliver | None = None) -> None:
        """Pick up this leg, which a Dial rings. Raises LookupError when it does not ring."""
        parent = self._parent
        if parent is None or self not in parent.ringing:
            raise LookupError("this call rings no phone")
        waits = parent.leg.waits_for
        number = self._number
        parent.ringing.remove(self)
        for other in parent.ringing:
            other._gone("canceled")
        parent.child, parent.ringing, parent._numbers_left = self, [], []
        parent._dial_due = parent.leg.now + getattr(waits, "talk_seconds", MOST_SECONDS)
        self._deliver = deliver or self._deliver
        self.leg.call_status = "in-progress"
        self.events.tell("answered", "in-progress")
        if number is not None and number.send_digits:
            self.note(f"the carrier sends the tones {number.send_digits}")
        if number is None or number.url is None:
            self.leg.is_bridged = True
            self._settle()
        else:
            self.fetches(number.url, number.method)

    def declines(self, status: str = "busy") -> None:
        """This leg, which a Dial rings, is not answered; ``status`` is how the carrier words it."""
        if self._parent is None or self not in self._parent.ringing:
            raise LookupError("this call rings no phone")
        self._parent._not_answered([self], status)

    def is_not_answered(self, status: str = "no-answer") -> None:
        """Nobody answers the phones that this leg's Dial rings; ``status`` in Twilio's words for that."""
        if not self.ringing:
            raise LookupError("this call rings no phone")
        self._not_answered(list(self.ringing), status)

    # Time.

    def due_in(self) -> float | None:
        """Seconds until this call, or one that it dialled, goes on by itself; None when nothing is due."""
        if self.leg.is_over:
            return None
        moments = [self.leg.due, self._dial_due, self._hold_due, MOST_SECONDS if self.leg.timed else None]
        mine = [max(0.0, moment - self.leg.now) for moment in moments if moment is not None]
        theirs = [due for one in self._family() if (due := one.due_in()) is not None]
        return min(mine + theirs, default=None)

    def passes(self, seconds: float) -> None:
        """Let ``seconds`` go by on this call and on those that it dialled."""
        left = seconds
        while not self.leg.is_over:
            due = self.due_in()
            step = left if due is None or due > left else due
            self._lets_pass(step)
            left -= step
            if left <= 0 and (due is None or due > step):
                return

    def _lets_pass(self, seconds: float) -> None:
        end = self.leg.now + seconds
        for one in self._family():
            with suppress(LineError):
                # Their own transcript tells it; this call is not over for it.
                one._lets_pass(seconds)
        self._go_on(lambda: self.leg.passes(end - self.leg.now))
        now = self.leg.now + _A_MOMENT
        if self._dial_due is not None and now >= self._dial_due:
            self._dial_due = None
            self._dial_time_is_up()
        if self._hold_due is not None and now >= self._hold_due:
            self._holds()
        if self.leg.timed and now >= MOST_SECONDS and not self.leg.is_over:
            self.note("the call has lasted as long as a call may")
            self.hangs_up()

    def _dial_time_is_up(self) -> None:
        if self.ringing:
            self._not_answered(list(self.ringing), "no-answer")
        elif self.is_talking:
            self.note("the talk has lasted as long as it may")
            self._ends_talk()
        elif self.child is not None:
            self.child.hangs_up()
        else:
            self._gives_up_on_queue()

    def _family(self) -> "list[LiveCall]":
        return [*self.ringing, *([] if self.child is None else [self.child])]

    def _others(self) -> list[LegDriver]:
        """Who is on the line with this leg, save in a conference."""
        if not self.is_talking:
            return []
        found: tuple[LegDriver | None, ...]
        met = None if self._meeting is None else self._meeting.other(self)
        found = (self.child, self._parent if self._joined else None, met)
        return [one for one in found if one is not None]

    # Dialling.

    def _rings(self, waits: Ringing) -> None:
        reachable = [number for number in waits.numbers if number.kind == "Number"]
        for number in waits.numbers:
            if number.kind != "Number":
                self.note(f"<{number.kind}> cannot be reached from here: failed")
        self._numbers_left = reachable[1:] if waits.in_turn else []
        if not reachable:
            sid = new_sid("CA")
            self._go_on(lambda: self.leg.dial_ends("failed", call_sid=sid, seconds=0, bridged=False))
            return
        self._ring_these(waits, reachable[:1] if waits.in_turn else reachable)

    def _ring_these(self, waits: Ringing, numbers: list[Number]) -> None:
        self.ringing = [self._child_of(waits, number) for number in numbers]
        self._dial_due = self.leg.now + waits.seconds

    def _not_answered(self, children: "list[LiveCall]", status: str) -> None:
        waits = self.leg.waits_for
        self.ringing = [one for one in self.ringing if one not in children]
        for child in children:
            child._gone(status)
        self.note(f"the phone that was rung: {status}")
        if self.ringing:
            return
        if self._numbers_left and isinstance(waits, Ringing):
            self._ring_these(waits, [self._numbers_left.pop(0)])
            return
        self._dial_due = None
        sid = children[-1].leg.call_sid
        self._go_on(lambda: self.leg.dial_ends(status, call_sid=sid, seconds=0, bridged=False))

    def _gone(self, status: str) -> None:
        """This leg rang and was not answered."""
        self._ended = True
        self.leg.ends(status)
        self.events.tell("completed", status)

    def _child_of(self, waits: Ringing, number: Number) -> "LiveCall":
        leg = self.leg.dials(number.phone, waits.caller_id)
        child = LiveCall(
            leg,
            self._deliver,
            events_url=number.status_callback,
            wanted=number.events,
            send=self._send,
            parent=self,
            sleep=self._sleep,
            clock=self._clock,
        )
        child._number = number
        child.events.tell("initiated")
        child.events.tell("ringing")
        return child

    # Coming to rest, and going.

    def _settle(self) -> None:
        self._send_asides()
        waits = self.leg.waits_for
        if self.leg.left_queue:
            self.leg.left_queue = False
            self._leaves_queue("leave")
        elif isinstance(waits, Conference):
            self._settles_in_conference() if self._joined else self._joins(waits)
        elif isinstance(waits, Ringing) and not self._family():
            self._rings(waits)
        elif isinstance(waits, Queued | Dequeuing):
            self._settles_in_queue(waits)
        if self.leg.is_bridged and self._parent is not None and not self._joined:
            self._joined = True
            self.note("connected to the caller")
            self._parent.note("connected to the person who answered")
        if self.leg.is_over and not self._ended:
            self._ended = True
            self._end()

    def _end(self) -> None:
        self._leaves_queue("hangup", is_over=True)
        self._parts(goes_on=False)
        self._send_asides()
        self.events.tell("completed", self.leg.call_status)
        self._drops_those_dialled()
        self._leave_conference()
        if self._parent is not None:
            self._parent._dial_is_over(self)

    def _drops_those_dialled(self) -> None:
        self._dial_due = self._hold_due = None
        family, self.child, self.ringing = self._family(), None, []
        for child in family:
            # The one who was dialled hears the line go dead; this leg's Dial is not asked for its action.
            child._parent = None
            if child.leg.call_status == "ringing":
                child._gone("canceled")
            else:
                child.hangs_up()

    def _dial_is_over(self, child: "LiveCall") -> None:
        self.child, self._dial_due = None, None
        leg, seconds = child.leg, child.events.seconds()
        self._go_on(
            lambda: self.leg.dial_ends(
                "completed", call_sid=leg.call_sid, seconds=seconds, bridged=leg.is_bridged
            )
        )

    def _ends_talk(self) -> None:
        """End what this leg dialled, and go on: a star was pressed, or the time is up."""
        if self.child is not None:
            self.child.hangs_up()
        elif self._meeting is not None:
            self._parts()
        elif self._joined:
            self._leave_conference()
            self.conference_ends()

    def _leaves_for_another_document(self) -> None:
        self._drops_those_dialled()
        self._parts(goes_on=False)
        self._leave_conference()
        self._leaves_queue("redirected", is_over=True)
