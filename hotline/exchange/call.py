"""A call while it lasts: one leg, the delivery that carries its requests, and what was heard and pressed."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from hotline.exchange.conference import Conferences
from hotline.exchange.delivery import Deliver
from hotline.exchange.documents import TwimlError
from hotline.exchange.handset import Leg
from hotline.exchange.request import LineError, Request
from hotline.exchange.waits import Conference, Keys, Number, Ringing

_DOCUMENT_TYPES = frozenset({"text/xml", "application/xml", "text/html"})


@dataclass(frozen=True, slots=True)
class Passage:
    """One line of a transcript: ``kind`` is ``heard``, ``pressed`` or ``note``."""

    kind: str
    text: str


class CallEvents:
    """Tells the events of one leg in order, the wanted ones only. Without a ``url`` it tells nothing."""

    def __init__(
        self,
        leg: Leg,
        url: str | None,
        wanted: frozenset[str],
        send: Callable[[Request], object],
        clock: Callable[[], datetime],
    ) -> None:
        self._leg, self._url, self._wanted, self._send, self._clock = leg, url, wanted, send, clock
        self._sequence = 0
        self._answered_at: datetime | None = None

    def seconds(self) -> int:
        """How long the leg has been talking to someone or something."""
        now = self._clock()
        return round((now - (self._answered_at or now)).total_seconds())

    def tell(self, event: str, status: str | None = None) -> None:
        """Tell ``event`` (initiated, ringing, answered, completed) with the call status that goes with it."""
        if event == "answered":
            self._answered_at = self._clock()
        if self._url is None or event not in self._wanted:
            return
        told = self._leg.event(
            self._url, status or event, sequence=self._sequence, seconds=self.seconds(), now=self._clock()
        )
        self._sequence += 1
        with suppress(LineError):
            # Nobody on the call hears that an event was lost, and it is not told again.
            self._send(told)


class LiveCall:
    """A leg that is driven to its next wait after every action.

    Every action raises LineError when the line answers with something else than a document that runs; the
    leg is over then, as it is for a caller who hears "an application error has occurred".
    """

    def __init__(
        self,
        leg: Leg,
        deliver: Deliver,
        *,
        events_url: str | None = None,
        wanted: frozenset[str] = frozenset({"completed"}),
        send: Callable[[Request], object] | None = None,
        conferences: Conferences | None = None,
        parent: "LiveCall | None" = None,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.leg = leg
        self.transcript: list[Passage] = []
        self.child: LiveCall | None = None
        self._deliver, self._sleep, self._clock = deliver, sleep, clock
        self._send = send or deliver
        self.events = CallEvents(leg, events_url, wanted, self._send, clock)
        self._conferences = Conferences() if conferences is None else conferences
        self._parent = parent
        self._phrases_noted = 0
        self._ended = self._joined = False

    @property
    def state(self) -> str:
        """What the person on this leg can do: ``keys``, ``ringing``, ``talking``, ``nothing`` or ``over``."""
        if self.leg.is_over:
            return "over"
        if self._joined or (self.child is not None and self.child._joined):
            return "talking"
        if isinstance(self.leg.waits_for, Keys):
            return "keys"
        return "ringing" if isinstance(self.leg.waits_for, Ringing) else "nothing"

    @property
    def rings(self) -> tuple[str, ...]:
        """The phones that this leg's Dial rings now."""
        waits = self.leg.waits_for
        if not isinstance(waits, Ringing) or self.child is not None:
            return ()
        return tuple(number.phone for number in waits.numbers)

    def heard_since_last_key(self) -> list[str]:
        """The phrases heard after the last thing that was pressed or left unpressed."""
        last = max((at for at, p in enumerate(self.transcript) if p.kind == "pressed"), default=-1)
        return [p.text for p in self.transcript[last + 1 :] if p.kind == "heard"]

    def note(self, words: str) -> None:
        """Put into the transcript what the person notices without being told by the line."""
        self.transcript.append(Passage("note", words))

    def fetches(self, url: str, method: str = "POST") -> None:
        """Ask for the first document."""
        self._go_on(lambda: self.leg.fetch(url, method))

    def runs(self, document: bytes) -> None:
        """Run a document that was handed in through the REST side; the leg leaves its conference for it."""
        self._leave_conference()
        self._go_on(lambda: self.leg.takes(document, inline=True))

    def goes_to(self, url: str, method: str = "POST") -> None:
        """Go on at ``url``, asked for through the REST side; the leg leaves its conference for it."""
        self._leave_conference()
        self.fetches(url, method)

    def presses(self, keys: str) -> None:
        """Type ``keys`` (0-9, * and #). Raises ValueError for any other."""
        self.transcript.append(Passage("pressed", keys))
        self._go_on(lambda: self.leg.presses(keys))

    def says_nothing(self) -> None:
        """Wait until the line gives up waiting for keys."""
        self.transcript.append(Passage("pressed", ""))
        self._go_on(self.leg.hears_out)

    def hangs_up(self, status: str = "completed") -> None:
        """End the call from this side."""
        if self.leg.is_over:
            return
        self.note("hung up")
        self.leg.ends(status)
        self._settle()

    def picks_up(self, phone: str | None = None, deliver: Deliver | None = None) -> "LiveCall":
        """Someone answers the ``phone`` that this leg's Dial rings (the first one by default): their leg.

        Its requests go through ``deliver``, or as this leg's do. Raises LookupError when it does not ring.
        """
        waits = self.leg.waits_for
        if not isinstance(waits, Ringing) or self.child is not None:
            raise LookupError("this call rings no phone")
        number = next((n for n in waits.numbers if phone in {None, n.phone}), None)
        if number is None:
            raise LookupError("this call rings another phone")
        child = self._child_of(waits, number, deliver)
        self.child = child
        child.leg.call_status = "in-progress"
        child.events.tell("answered", "in-progress")
        if number.url is None:
            child.leg.is_bridged = True
            child._settle()
        else:
            child.fetches(number.url, number.method)
        return child

    def is_not_answered(self, status: str = "no-answer") -> None:
        """Nobody answers the phones that this leg's Dial rings; ``status`` in Twilio's words for that."""
        waits = self.leg.waits_for
        if not isinstance(waits, Ringing) or self.child is not None:
            raise LookupError("this call rings no phone")
        last = [self._child_of(waits, number) for number in waits.numbers][-1]
        self.note(f"the phone that was rung: {status}")
        last.leg.ends(status)
        last.events.tell("completed", status)
        self._go_on(lambda: self.leg.dial_ends(status, call_sid=last.leg.call_sid, seconds=0, bridged=False))

    def conference_ends(self) -> None:
        """Go on after the conference that this leg was in."""
        self._joined = False
        self.note("the conference is over")
        self._go_on(self.leg.conference_ends)

    def _child_of(self, waits: Ringing, number: Number, deliver: Deliver | None = None) -> "LiveCall":
        leg = Leg(
            account_sid=self.leg.account_sid,
            from_=waits.caller_id or self.leg.from_,
            to=number.phone,
            direction="outbound-dial",
            parent_call_sid=self.leg.call_sid,
        )
        child = LiveCall(
            leg,
            deliver or self._deliver,
            events_url=number.status_callback,
            wanted=number.events,
            send=self._send,
            parent=self,
            sleep=self._sleep,
            clock=self._clock,
        )
        child.events.tell("initiated")
        child.events.tell("ringing")
        return child

    def _go_on(self, step: Callable[[], Request | None]) -> None:
        """Take one step of the leg, then deliver and run documents until the leg waits or is over."""
        try:
            request = step()
            self._take_down()
            while request is not None:
                request = self._ask(request)
        except (TwimlError, LineError) as problem:
            self.note("an application error has occurred")
            self.leg.ends("completed")
            self._settle()
            raise LineError(str(problem)) from None
        self._settle()

    def _ask(self, request: Request) -> Request | None:
        if request.after_seconds:
            self._sleep(request.after_seconds)
        reply = self._deliver(request)
        if reply.status != 200:
            raise LineError(f"the line answered {reply.status}")
        if reply.content_type.partition(";")[0].strip() not in _DOCUMENT_TYPES:
            raise LineError(f"the line answered with {reply.content_type or 'no type'}, which is no document")
        try:
            return self.leg.takes(reply.body)
        finally:
            self._take_down()

    def _take_down(self) -> None:
        new = self.leg.heard[self._phrases_noted :]
        self._phrases_noted += len(new)
        self.transcript += [Passage("heard", words) for words in new]

    def _settle(self) -> None:
        """Do what follows from where the leg has come to rest."""
        waits = self.leg.waits_for
        if isinstance(waits, Conference) and not self._joined:
            self._joined = True
            self._conferences.join(waits.name, self, ends_with_me=waits.ends_with_me)
        if self.leg.is_bridged and self._parent is not None and not self._joined:
            self._joined = True
            self.note("connected to the caller")
            self._parent.note("connected to the person who answered")
        if self.leg.is_over and not self._ended:
            self._ended = True
            self._end()

    def _end(self) -> None:
        self.events.tell("completed", self.leg.call_status)
        self._leave_conference()
        child, self.child = self.child, None
        if child is not None:
            # The one who was dialled hears the line go dead; this leg's Dial is not asked for its action.
            child._parent = None
            child.hangs_up()
        if self._parent is not None:
            self._parent._dial_is_over(self)

    def _dial_is_over(self, child: "LiveCall") -> None:
        self.child = None
        leg, seconds = child.leg, child.events.seconds()
        self._go_on(
            lambda: self.leg.dial_ends(
                "completed", call_sid=leg.call_sid, seconds=seconds, bridged=leg.is_bridged
            )
        )

    def _leave_conference(self) -> None:
        if self._joined:
            self._joined = False
            self._conferences.leave(self)


class InboundCall(LiveCall):
    """A call to the line: ``dials`` fetches the number's voice URL, hanging up sends its one call event."""

    def __init__(
        self,
        deliver: Deliver,
        *,
        public_url: str,
        account_sid: str,
        from_: str,
        to: str,
        extra: Mapping[str, str] | None = None,
        conferences: Conferences | None = None,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        leg = Leg(account_sid=account_sid, from_=from_, to=to, extra=extra)
        base = public_url.rstrip("/")
        super().__init__(
            leg,
            deliver,
            events_url=f"{base}/voice/call-events",
            conferences=conferences,
            sleep=sleep,
            clock=clock,
        )
        self._voice_url = f"{base}/voice/inbound"

    def dials(self) -> None:
        """Ring the line, which answers with its first words."""
        self.events.tell("answered")
        self.fetches(self._voice_url)
