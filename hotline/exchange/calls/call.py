"""A call while it lasts: what its person does, and the legs that it rings, talks to or waits for."""

from contextlib import suppress
from typing import Unpack

from hotline.exchange.calls.conference_member import ConferenceMember
from hotline.exchange.calls.conferences import Conferences
from hotline.exchange.calls.leg_driver import LegDriver, Wiring
from hotline.exchange.calls.queue_member import QueueMember
from hotline.exchange.calls.queues import Queues
from hotline.exchange.delivery.delivery import Deliver
from hotline.exchange.delivery.request import LineError
from hotline.exchange.twiml.dialable import is_caller_id
from hotline.exchange.twiml.documents import TwimlError
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.terms import new_sid
from hotline.exchange.twiml.waits import Conference, Dequeuing, Keys, Number, Queued, Recording, Ringing

#: Twilio ends a call after four hours.
MOST_SECONDS = 14_400.0
# Two clocks that count the same seconds in different steps differ by less than this.
_A_MOMENT = 1e-6


class LiveCall:
    """A call that is driven to its next wait after every action of its person.

    Every action raises LineError when the line answers with anything but a document that runs. The leg is
    over then, as it is for a caller who hears "an application error has occurred".

    On a ``timed`` leg words, timeouts and ringing take their time. ``passes`` lets time go by, and ``due_in``
    tells when something happens next. The legs that this call dialed pass the time with it.
    """

    def __init__(
        self,
        leg: Leg,
        deliver: Deliver,
        *,
        conferences: Conferences | None = None,
        queues: Queues | None = None,
        parent: "LiveCall | None" = None,
        **wiring: Unpack[Wiring],
    ) -> None:
        self.leg = leg
        self.driver = LegDriver(
            leg,
            deliver,
            settle=self._settle,
            survives=self._survives,
            **wiring,
        )
        self.queue_member = QueueMember(self.driver, Queues() if queues is None else queues)
        self.conference_member = ConferenceMember(
            self.driver, Conferences() if conferences is None else conferences
        )
        #: What the line is told of this leg, and everything that its person heard, pressed and noticed.
        self.events, self.transcript = self.driver.events, self.driver.transcript
        #: The leg that answered this leg's Dial, and those that still ring.
        self.child: LiveCall | None = None
        self.ringing: list[LiveCall] = []
        self._parent = parent
        #: When the carrier ends the call; also before this, if it was ordered so.
        self.most_seconds = MOST_SECONDS
        self._number: Number | None = None
        self._numbers_left: list[Number] = []
        self._has_ended = False

    @property
    def state(self) -> str:
        """What the person on this leg can do.

        ``keys``, ``ringing``, ``talking``, ``alone`` (in a conference where nobody else is),
        ``recording``, ``waiting`` (in a queue), ``nothing`` or ``over``.
        """
        if self.leg.is_over:
            return "over"
        if self.is_talking:
            return "alone" if self.conference_member.is_alone else "talking"
        match self.leg.waits_for:
            case Keys():
                return "keys"
            case Recording():
                return "recording"
            case Ringing() | Dequeuing():
                return "ringing"
        return "waiting" if self.queue_member.is_waiting else "nothing"

    @property
    def is_talking(self) -> bool:
        """Whether the leg is joined to another person's, bridged or in a conference."""
        return self.driver.is_joined or (self.child is not None and self.child.driver.is_joined)

    @property
    def rings(self) -> tuple[str, ...]:
        """The phones that this leg's Dial rings now."""
        return tuple(child.leg.to for child in self.ringing)

    def heard_since_last_key(self) -> list[str]:
        """Return the phrases heard since the last thing that was pressed or left unpressed."""
        last = max((at for at, p in enumerate(self.transcript) if p.kind == "pressed"), default=-1)
        return [p.text for p in self.transcript[last + 1 :] if p.kind == "heard"]

    # What the person does.

    def fetches(self, url: str, method: str = "POST") -> None:
        """Ask for the first document."""
        self.driver.go_on(lambda: self.leg.fetch(url, method))

    def runs(self, document: bytes) -> None:
        """Run a document that came through the REST API. The leg leaves its queue or conference first."""
        self._leaves_for_another_document()
        self.driver.go_on(lambda: self.leg.takes(document, inline=True))

    def goes_to(self, url: str, method: str = "POST") -> None:
        """Go on at a ``url`` that came through the REST API. The leg leaves its queue or conference first."""
        self._leaves_for_another_document()
        self.fetches(url, method)

    def presses(self, keys: str) -> None:
        """Type ``keys`` (0-9, * and #), and wait for the answer unless the leg is timed.

        Raises ValueError for any other key.
        """
        self._keys(keys)
        self.driver.go_on(lambda: self.leg.types(keys) if self.leg.timed else self.leg.presses(keys))
        if "*" in keys and getattr(self.leg.waits_behind, "star_ends", False) and self.is_talking:
            self._ends_talk()

    def types(self, keys: str) -> None:
        """Type ``keys`` and do not wait: more may follow before the Gather ends. Raises ValueError."""
        self._keys(keys)
        self.driver.go_on(lambda: self.leg.types(keys))

    def _keys(self, keys: str) -> None:
        """Write down ``keys``. They are lost while neither the line nor another person hears them."""
        self.driver.put("pressed", keys, lost=not (self.leg.hears_keys or self.is_talking))

    def says_nothing(self) -> None:
        """Wait until the line stops waiting for keys, or until the hold document plays again."""
        self.driver.put("pressed", "")
        if isinstance(self.leg.waits_for, Dequeuing) and self.queue_member.is_waiting and not self.leg.timed:
            self.queue_member.gives_up()
        elif self._can_hold and self.leg.hold is None:
            self._holds()
        else:
            self.driver.go_on(self.leg.hears_out)

    def says(self, words: str) -> None:
        """Say ``words``: to a Gather that listens, to the person on the other leg, or into a recording."""
        self.driver.put("said", words)
        for other in self._others():
            other.hears(words)
        self.driver.go_on(lambda: self.leg.speaks(words))
        self.driver.go_on(lambda: self.leg.talks(len(words.split()) * 0.4))

    def hangs_up(self, status: str = "completed") -> None:
        """End the call from this side."""
        if self.leg.is_over:
            return
        self.driver.note("hung up")
        self.leg.ends(status)
        self._settle()

    # The phones that a Dial rings.

    def picks_up(self, phone: str | None = None, deliver: Deliver | None = None) -> "LiveCall":
        """Answer the ``phone`` that this leg's Dial rings (the first one by default), and return its leg.

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
            other._ends_unanswered("canceled")
        parent.child, parent.ringing, parent._numbers_left = self, [], []
        parent.driver.dial_due = parent.leg.now + getattr(waits, "talk_seconds", MOST_SECONDS)
        self.driver.deliver = deliver or self.driver.deliver
        self.leg.call_status = "in-progress"
        self.events.tell("answered", "in-progress")
        if number is not None and number.send_digits:
            self.driver.note(f"the carrier sends the tones {number.send_digits}")
        if number is None or number.url is None:
            self.leg.is_bridged = True
            self._settle()
        else:
            self.fetches(number.url, number.method)

    def declines(self, status: str = "busy") -> None:
        """Do not answer this leg, which a Dial rings; ``status`` is in Twilio's words. Raises LookupError."""
        if self._parent is None or self not in self._parent.ringing:
            raise LookupError("this call rings no phone")
        self._parent._not_answered([self], status)

    def goes_unanswered(self, status: str = "no-answer") -> None:
        """Stop the phones that this leg's Dial rings; ``status`` is in Twilio's words. Raises LookupError."""
        if not self.ringing:
            raise LookupError("this call rings no phone")
        self._not_answered(list(self.ringing), status)

    # Time.

    def due_in(self) -> float | None:
        """Return the seconds until this call, or a leg that it dialed, goes on by itself; None for never."""
        if self.leg.is_over:
            return None
        moments = [
            self.leg.due,
            self.driver.dial_due,
            self.driver.hold_due,
            self.most_seconds if self.leg.timed else None,
        ]
        mine = [max(0.0, moment - self.leg.now) for moment in moments if moment is not None]
        theirs = [due for one in self._family() if (due := one.due_in()) is not None]
        return min(mine + theirs, default=None)

    def passes(self, seconds: float) -> None:
        """Let ``seconds`` go by on this call and on the legs that it dialed."""
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
                # The failure is in that leg's own transcript, and this call goes on.
                one._lets_pass(seconds)
        self.driver.go_on(lambda: self.leg.passes(end - self.leg.now))
        now = self.leg.now + _A_MOMENT
        if self.driver.dial_due is not None and now >= self.driver.dial_due:
            self.driver.dial_due = None
            self._dial_time_is_up()
        if self.driver.hold_due is not None and now >= self.driver.hold_due:
            self._holds()
        if self.leg.timed and now >= self.most_seconds:
            self.is_too_long()

    def is_too_long(self) -> None:
        """End the call: it has lasted as long as it may."""
        if not self.leg.is_over:
            self.driver.note("the call has lasted as long as a call may")
            self.hangs_up()

    def _dial_time_is_up(self) -> None:
        if self.ringing:
            self._not_answered(list(self.ringing), "no-answer")
        elif self.is_talking:
            self.driver.note("the talk has lasted as long as it may")
            self._ends_talk()
        elif self.child is not None:
            self.child.hangs_up()
        else:
            self.queue_member.gives_up()

    def _family(self) -> "list[LiveCall]":
        return [*self.ringing, *([] if self.child is None else [self.child])]

    def _others(self) -> list[LegDriver]:
        """Return the legs on the line with this one, except in a conference."""
        if not self.is_talking:
            return []
        parent = self._parent if self.driver.is_joined else None
        found = [one.driver for one in (self.child, parent) if one is not None]
        met = self.queue_member.other
        return found if met is None else [*found, met]

    @property
    def _can_hold(self) -> bool:
        return self.queue_member.is_waiting or self.conference_member.hears_playback

    def _holds(self) -> None:
        """Hear the hold document once, or what the conference plays."""
        if isinstance(self.leg.waits_for, Conference):
            self.conference_member.holds()
        else:
            self.queue_member.holds()

    # Dialing.

    def _rings(self, waits: Ringing) -> None:
        reachable = [one for one in waits.numbers if one.kind == "Number" and one.phone]
        for number in waits.numbers:
            if number.kind != "Number":
                self.driver.note(f"<{number.kind}> cannot be reached from here: failed")
            elif not number.phone:
                self.driver.note("13224: what is dialed is no phone number: failed")
        if waits.caller_id and not self._may_show(waits.caller_id):
            self.driver.note("13214: the callerId is no number of this account: failed")
            reachable = []
        self._numbers_left = reachable[1:] if waits.in_turn else []
        if not reachable:
            sid = new_sid("CA")
            self.driver.go_on(lambda: self.leg.dial_ends("failed", call_sid=sid, seconds=0, bridged=False))
            return
        self._ring_these(waits, reachable[:1] if waits.in_turn else reachable)

    def _may_show(self, caller_id: str) -> bool:
        """Whether a phone that this call rings may see this: an own number, or that of this call's person."""
        is_own = caller_id in {self.leg.from_, self.leg.to} or self.driver.owns(caller_id)
        return is_own and is_caller_id(caller_id)

    def _ring_these(self, waits: Ringing, numbers: list[Number]) -> None:
        self.ringing = [self._child_of(waits, number) for number in numbers]
        self.driver.dial_due = self.leg.now + waits.seconds

    def _not_answered(self, children: "list[LiveCall]", status: str) -> None:
        waits = self.leg.waits_for
        self.ringing = [one for one in self.ringing if one not in children]
        for child in children:
            child._ends_unanswered(status)
        self.driver.note(f"the phone that was rung: {status}")
        if self.ringing:
            return
        if self._numbers_left and isinstance(waits, Ringing):
            self._ring_these(waits, [self._numbers_left.pop(0)])
            return
        self.driver.dial_due = None
        sid = children[-1].leg.call_sid
        self.driver.go_on(lambda: self.leg.dial_ends(status, call_sid=sid, seconds=0, bridged=False))

    def _ends_unanswered(self, status: str) -> None:
        """End this leg, which rang."""
        self._has_ended = True
        self.leg.ends(status)
        self.events.tell("completed", status)

    def _child_of(self, waits: Ringing, number: Number) -> "LiveCall":
        leg = self.leg.dials(number.phone, waits.caller_id)
        child = LiveCall(
            leg,
            self.driver.deliver,
            events_url=number.status_callback,
            wanted=number.events,
            send=self.driver.send,
            parent=self,
            sleep=self.driver.sleep,
            clock=self.driver.clock,
        )
        child._number = number
        child.events.tell("initiated")
        child.events.tell("ringing")
        return child

    def records_talk(self) -> None:
        """Record the talk with the person who answered, if this leg's Dial says so."""
        waits = self.leg.waits_for
        if isinstance(waits, Ringing) and waits.recording is not None:
            self.leg.starts_recording("DialVerb", waits.recording)
            self.driver.send_asides()

    # Stopping at a wait, and ending.

    def _settle(self) -> None:
        self.driver.send_asides()
        waits = self.leg.waits_for
        if self.leg.left_queue:
            self.leg.left_queue = False
            self.queue_member.leaves("leave")
        elif isinstance(waits, Conference):
            self.conference_member.settles(waits)
        elif isinstance(waits, Ringing) and not self._family():
            self._rings(waits)
        elif isinstance(waits, Queued | Dequeuing):
            self.queue_member.settles(waits)
        if self.leg.is_bridged and self._parent is not None and not self.driver.is_joined:
            self.driver.is_joined = True
            self.driver.note("connected to the caller")
            self._parent.driver.note("connected to the person who answered")
            self._parent.records_talk()
        if self.leg.is_over and not self._has_ended:
            self._has_ended = True
            self._end()

    def _survives(self, problem: TwimlError | LineError) -> bool:
        return self.conference_member.survives(problem)

    def _end(self) -> None:
        self.queue_member.leaves("hangup", is_over=True)
        self.queue_member.parts(goes_on=False)
        self.driver.send_asides()
        self.events.tell("completed", self.leg.call_status)
        self._drops_those_dialled()
        self.conference_member.leaves()
        if self._parent is not None:
            self._parent._dial_is_over(self)

    def _drops_those_dialled(self) -> None:
        self.driver.dial_due = self.driver.hold_due = None
        family, self.child, self.ringing = self._family(), None, []
        for child in family:
            # The dialed leg ends. The action of this leg's Dial is not requested.
            child._parent = None
            if child.leg.call_status == "ringing":
                child._ends_unanswered("canceled")
            else:
                child.hangs_up()

    def _dial_is_over(self, child: "LiveCall") -> None:
        self.child, self.driver.dial_due = None, None
        leg, seconds = child.leg, child.events.seconds()
        self.driver.go_on(
            lambda: self.leg.dial_ends(
                "completed", call_sid=leg.call_sid, seconds=seconds, bridged=leg.is_bridged
            )
        )

    def _ends_talk(self) -> None:
        """End what this leg dialed, and go on: a star was pressed, or the time is up."""
        if self.child is not None:
            self.child.hangs_up()
        elif self.queue_member.has_met:
            self.queue_member.parts()
        elif self.driver.is_joined:
            self.conference_member.leaves()
            self.conference_member.conference_ends()

    def _leaves_for_another_document(self) -> None:
        self._drops_those_dialled()
        self.queue_member.parts(goes_on=False)
        self.conference_member.leaves()
        self.queue_member.leaves("redirected", is_over=True)
