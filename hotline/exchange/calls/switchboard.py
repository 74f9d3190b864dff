"""Every call at the exchange, to the line and from it: it rings, is answered, and ends."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWorkingError
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from hotline.exchange.calls.answering import Unattended, WrongMomentError
from hotline.exchange.calls.call import LiveCall
from hotline.exchange.calls.clocks import Clocks
from hotline.exchange.calls.conferences import Conferences
from hotline.exchange.calls.feed import Feed
from hotline.exchange.calls.holdings import Holdings
from hotline.exchange.calls.order import Answering, Order, PhoneNumber, Phones
from hotline.exchange.calls.pace import Pace
from hotline.exchange.calls.queues import Queues
from hotline.exchange.calls.register import Register
from hotline.exchange.calls.switched_call import SwitchedCall
from hotline.exchange.calls.tempo import Tempo
from hotline.exchange.calls.timers import Timers
from hotline.exchange.calls.watched import watched
from hotline.exchange.delivery.delivery import Deliver
from hotline.exchange.delivery.fetching import fetching, with_fallback
from hotline.exchange.delivery.mailbox import Mailbox
from hotline.exchange.delivery.request import LineError, Reply, Request
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.recorder import Recorded
from hotline.exchange.twiml.terms import API_URL, FINAL
from hotline.exchange.twiml.waits import RecordingOrder

#: How many calls and events use the line at once; more wait for a thread.
MOST_AT_ONCE = 256
#: How long a key press waits for its result, and how long a REST update does. Twilio's updates do not wait
#: for the line; a short wait shows tests and people the result of a quick one.
HANDSET_PATIENCE_SECONDS, REST_PATIENCE_SECONDS = 60.0, 2.0
_BEFORE_ANSWER = frozenset({"queued", "ringing"})


class Switchboard:
    """Keeps every call, in memory. Safe to use from many threads.

    Everything that moves a call may wait for the line, and so runs in the mailbox of that call, one action
    at a time. Reading calls and placing one never waits. ``feed`` publishes what happens. ``numbers`` are
    the line's own, by E.164; ``any_number`` has the settings for every other number that is called.
    ``find``, ``all`` and ``forget`` are the register's. ``api_url`` is where recordings can be fetched.
    """

    def __init__(
        self,
        account_sid: str,
        deliver: Deliver,
        *,
        numbers: Mapping[str, PhoneNumber] | None = None,
        any_number: PhoneNumber | None = None,
        api_url: str = API_URL,
        calls_per_second: float | None = None,
        tempo: Tempo | None = None,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.account_sid = account_sid
        self.feed = Feed(clock)
        self.phones = Phones()
        self.pace = Pace(calls_per_second, monotonic)
        self.tempo = tempo or Tempo()
        self.clock = clock
        self.timers = Timers(monotonic)
        self._clocks = Clocks(self.tempo, self.timers, self.post, monotonic)
        self._sleep = sleep
        self.api_url, self._any_number = api_url, any_number
        self.holdings = Holdings(clock, numbers or {})
        self._register = Register(self.feed, clock)
        self.find, self.all, self.forget = self._register.find, self._register.all, self._register.forget
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="exchange")
        self._lock = threading.RLock()
        self.deliver = watched(deliver, self.feed)
        self._fetch = fetching(self.deliver)
        self._unattended = Unattended(self, sleep)
        events = self.new_mailbox()
        self.conferences = Conferences(
            account_sid=account_sid,
            send=lambda request: events.post(lambda: self.deliver_event(request)),
            move=self._moves,
            clock=clock,
            api_url=api_url,
        )
        self.queues = Queues(move=self._moves, clock=clock)

    # Calls begin.

    def place(self, order: Order) -> SwitchedCall:
        """Call ``order.to`` as soon as the pace allows. Raises QueueFullError."""
        wait = self.pace.wait_seconds()
        leg = Leg(
            account_sid=self.account_sid,
            from_=order.from_,
            to=order.to,
            direction="outbound-api",
            api_url=self.api_url,
        )
        call = self._new(
            leg,
            order.status_callback,
            order.wanted,
            order.fallback_url,
            order.fallback_method,
            order=order,
            events_method=order.status_callback_method,
        )
        call.queue_seconds = wait
        self._register.keep(call)
        if wait:
            self.timers.after(wait, lambda: call.work.post(lambda: self._rings(call)))
        else:
            self._rings(call)
        return call

    def dial(
        self,
        from_: str,
        to: str,
        extra: Mapping[str, str] | None = None,
        *,
        handset: int = 0,
        at_tempo: bool = False,
    ) -> SwitchedCall:
        """Call ``to``, a number of the line; ``extra`` goes into every request. Raises LookupError.

        A person who dials on a ``handset`` of the page, or ``at_tempo``, listens in real time.
        """
        number = self.number(to)
        if not number.voice_url:
            raise LookupError("this number takes no calls: it has no voice URL")
        leg = Leg(account_sid=self.account_sid, from_=from_, to=to, extra=extra, api_url=self.api_url)
        call = self._new(
            leg,
            number.status_callback,
            frozenset({"completed"}),
            number.fallback_url,
            number.fallback_method,
            events_method=number.status_callback_method,
        )
        call.started_at = call.answered_at = call.created_at
        call.handset, call.follows_tempo = handset, at_tempo or bool(handset)
        self._register.keep(call)

        def begins() -> None:
            self._clocks.starts(call)
            call.live.events.tell("answered")
            call.live.fetches(number.voice_url, number.voice_method)

        self.post(call, begins)
        return call

    def number(self, to: str) -> PhoneNumber:
        """Return the settings of a number of the line. Raises LookupError for any other number."""
        number = self.holdings.settings_of(to) or self._any_number
        if number is None:
            raise LookupError("that is no number of the line's")
        return number

    def owns(self, number: str) -> bool:
        """Whether the account may call from this number. Without ``numbers`` it may call from any."""
        return not self.holdings.is_limited or self.holdings.settings_of(number) is not None

    # What people do with their phones.

    def answer(self, sid: str, *, at_tempo: bool = False) -> SwitchedCall:
        """Pick up: the call's document is fetched and runs. Raises WrongMomentError.

        With ``at_tempo`` a person listens in real time.
        """
        call = self.find(sid)
        future = (
            self.begin_answer(call, at_tempo=at_tempo) if call.parent is None else self._answers_dial(call)
        )
        return self._waits_for(call, future)

    def answer_by_machine(self, sid: str) -> SwitchedCall:
        """Let voicemail pick up this call, even at the phone of a person. Raises WrongMomentError."""
        call = self.find(sid)
        call.picked_up_by = Answering("machine")
        self.answer(sid)
        self.post(call, lambda: self._unattended.machine_listens(call))
        return call

    def pick_up(self, sid: str, phone: str | None = None) -> SwitchedCall:
        """Answer a ``phone`` that this call's Dial rings (the first by default), and return its leg.

        Raises LookupError when it does not ring, or when the line fails to give the document for its leg.
        """
        call = self.find(sid)
        future = self.post(call, lambda: self.answer_dialled(call, phone))
        child: SwitchedCall | None = future.result(HANDSET_PATIENCE_SECONDS)
        if child is None:
            raise LookupError("the line failed when this phone was answered")
        return child

    def decline_dialed(self, sid: str) -> SwitchedCall:
        """Decline the phones that this call's Dial rings. Raises LookupError when none rings."""
        return self._do(sid, lambda live: live.goes_unanswered("busy"))

    def end_unanswered(self, sid: str, status: str) -> SwitchedCall:
        """Stop a call that rings, with ``status`` busy, no-answer, failed or canceled.

        Raises WrongMomentError.
        """
        call = self.find(sid)
        if call.parent is not None:
            return self._waits_for(call, self.post(call, lambda: self._declines_dial(call, status)))
        with self._lock:
            if call.status not in _BEFORE_ANSWER or call.direction != "outbound-api":
                raise WrongMomentError(f"the call is {call.status}")
            call.live.hangs_up(status)
        self._register.tell_changes()
        return call

    def press(self, sid: str, keys: str) -> SwitchedCall:
        """Press keys on an answered call, and wait for the result.

        Raises WrongMomentError, and ValueError for anything but keys.
        """
        return self._do(sid, lambda live: live.presses(keys))

    def type(self, sid: str, keys: str) -> SwitchedCall:
        """Type keys on an answered call; more may follow. Raises as ``press`` does."""
        return self._do(sid, lambda live: live.types(keys))

    def say_nothing(self, sid: str) -> SwitchedCall:
        """Press no key on an answered call. Raises WrongMomentError."""
        return self._do(sid, LiveCall.says_nothing)

    def speak(self, sid: str, words: str) -> SwitchedCall:
        """Say something to the other person, or to the line. Raises WrongMomentError if neither listens."""

        def says(live: LiveCall) -> None:
            listens = live.state in {"talking", "recording"} or getattr(
                live.leg.waits_for, "takes_speech", False
            )
            if not listens:
                raise WrongMomentError("nobody is on the other side")
            self.conferences.speaks(live.conference_member, words)
            live.says(words)

        return self._do(sid, says)

    def hang_up(self, sid: str, patience: float = HANDSET_PATIENCE_SECONDS) -> SwitchedCall:
        """Hang up an answered call. Raises WrongMomentError."""
        return self._do(sid, LiveCall.hangs_up, patience)

    def redirect(
        self, sid: str, *, url: str = "", method: str = "POST", document: bytes = b""
    ) -> SwitchedCall:
        """Let an answered call go on at another ``url`` or ``document``. Raises WrongMomentError."""
        if document:
            return self._do(sid, lambda live: live.runs(document), REST_PATIENCE_SECONDS)
        return self._do(sid, lambda live: live.goes_to(url, method), REST_PATIENCE_SECONDS)

    def starts_recording(self, sid: str, order: RecordingOrder) -> Recorded:
        """Record an answered call from now on. Raises WrongMomentError."""
        begun: list[Recorded] = []

        def starts(live: LiveCall) -> None:
            begun.append(live.leg.starts_recording("StartCallRecordingAPI", order))
            live.driver.send_asides()

        self._do(sid, starts, REST_PATIENCE_SECONDS)
        if not begun:
            raise WrongMomentError("the call is busy")
        return begun[0]

    def stops_recording(self, sid: str, recorded: Recorded) -> None:
        """End a recording of a call. One that is over stays as it is."""

        def stops(live: LiveCall) -> None:
            live.leg.stops_recording(recorded)
            live.driver.send_asides()

        with suppress(WrongMomentError):
            self._do(sid, stops, REST_PATIENCE_SECONDS)

    # Machinery.

    def set_speed(self, speed: float | None) -> None:
        """Set the tempo of this exchange, also for current calls. Raises ValueError."""
        self.tempo.speed = speed
        self.feed.tell("tempo", "", speed=speed)
        for call in self.all():
            if call.parent is None and call.ended_at is None:
                self.post(call, partial(self._clocks.follows, call))

    def new_mailbox(self) -> Mailbox:
        """Return a mailbox that shares this exchange's threads."""
        return Mailbox(self._pool)

    def run(self, action: Callable[[], object]) -> None:
        """Start ``action`` on a thread of the exchange, and do not wait for it."""
        self._pool.submit(action)

    def _new(
        self,
        leg: Leg,
        events_url: str | None,
        wanted: frozenset[str],
        fallback_url: str | None,
        fallback_method: str,
        *,
        order: Order | None = None,
        events_method: str = "POST",
    ) -> SwitchedCall:
        events = self.new_mailbox()
        fetch = with_fallback(self._fetch, fallback_url, fallback_method)
        by_get = events_method == "GET"

        def with_method(request: Request) -> Request:
            return Request.of("GET", request.url, request.params) if by_get else request

        live = LiveCall(
            leg,
            lambda request: self._fetches(call, fetch, request),
            events_url=events_url,
            wanted=wanted,
            send=lambda request: events.post(lambda: self.deliver_event(with_method(request))),
            conferences=self.conferences,
            queues=self.queues,
            sleep=self._pauses,
            clock=self.clock,
            owns=self.owns,
        )
        call = SwitchedCall(live, self.new_mailbox(), events, self.clock(), order=order)
        return call

    def _rings(self, call: SwitchedCall) -> None:
        order = call.order
        with self._lock:
            if order is None or call.status != "queued":
                return
            call.live.leg.call_status = "ringing"
            call.started_at = self.clock()
            call.live.events.tell("initiated")
            call.live.events.tell("ringing")
        self._register.tell_changes()
        self._unattended.rings(call, order)

    def begin_answer(self, call: SwitchedCall, *, at_tempo: bool = False) -> Any:
        """Answer a placed call. Returns a future that is done when its document ran.

        Raises WrongMomentError.
        """
        order = call.order
        with self._lock:
            if call.status != "ringing" or order is None:
                raise WrongMomentError(f"the call is {call.status}")
            call.live.leg.call_status = "in-progress"
            call.answered_at = self.clock()
            call.follows_tempo = at_tempo
            self._clocks.starts(call)
            call.live.events.tell("answered", "in-progress")
            if order.most_seconds is not None:
                call.live.most_seconds = order.most_seconds
        if order.most_seconds is not None and not call.live.leg.timed:
            # No time passes on this call's own clock, so that of the exchange counts.
            self.timers.after(order.most_seconds, lambda: self.post(call, call.live.is_too_long))
        self._register.tell_changes()
        return self.post(call, lambda: self._goes_to_its_document(call, order))

    def _goes_to_its_document(self, call: SwitchedCall, order: Order) -> None:
        self._unattended.detects(call, order)
        if order.recording is not None:
            call.live.leg.starts_recording("OutboundAPI", order.recording)
        if order.document is not None:
            call.live.runs(order.document)
        else:
            call.live.fetches(order.url or "", order.method)

    def answer_dialled(self, parent: SwitchedCall, phone: str | None) -> SwitchedCall:
        """Answer a phone that the Dial of ``parent`` rings; runs in its mailbox. Raises LookupError."""
        self._register.keep_dialled_legs(parent)
        live = next((one for one in parent.live.ringing if phone in {None, one.leg.to}), None)
        if live is None:
            raise LookupError("this call rings no such phone")
        live.answers()
        return self.find(live.leg.call_sid)

    def _answers_dial(self, call: SwitchedCall) -> Any:
        def answers() -> None:
            try:
                call.live.answers()
            except LookupError:
                raise WrongMomentError(f"the call is {call.status}") from None

        return self.post(call, answers)

    def _declines_dial(self, call: SwitchedCall, status: str) -> None:
        try:
            call.live.declines(status)
        except LookupError:
            raise WrongMomentError(f"the call is {call.status}") from None

    def _do(
        self, sid: str, action: Callable[[LiveCall], object], patience: float = HANDSET_PATIENCE_SECONDS
    ) -> SwitchedCall:
        call = self.find(sid)

        def act() -> None:
            if call.status != "in-progress" and not (
                call.direction == "inbound" and call.status == "ringing"
            ):
                raise WrongMomentError(f"the call is {call.status}")
            action(call.live)

        if call.status in FINAL or (call.status in _BEFORE_ANSWER and call.direction != "inbound"):
            raise WrongMomentError(f"the call is {call.status}")
        return self._waits_for(call, self.post(call, act), patience)

    def post(self, call: SwitchedCall, action: Callable[[], object]) -> Any:
        """Run ``action`` in the mailbox of a call. A failure of the line becomes the call's ``trouble``."""

        def act() -> Any:
            try:
                with self._clocks.now(call):
                    return action()
            except LineError as problem:
                call.trouble = str(problem)
                self.feed.tell("trouble", call.sid, trouble=call.trouble, code=problem.code)
            finally:
                self._register.keep_dialled_legs(call.root)
                self._unattended.dials(call.root)
                self._register.tell_changes()
                self._clocks.arms(call)

        return call.work.post(act)

    def _waits_for(
        self, call: SwitchedCall, future: Any, patience: float = HANDSET_PATIENCE_SECONDS
    ) -> SwitchedCall:
        with suppress(StillWorkingError):
            future.result(patience)
        return call

    def _moves(self, sid: str, action: Callable[[], None]) -> None:
        """Run ``action`` of a conference or queue where this call is driven, if the call still exists."""
        with suppress(LookupError):
            self.post(self.find(sid), action)

    def _fetches(self, call: SwitchedCall, fetch: Deliver, request: Request) -> Reply:
        first, call.first_params = call.first_params, {}
        return fetch(request.changed(first) if first else request)

    def deliver_event(self, request: Request) -> None:
        """Deliver an event. A lost event is not sent again, and nobody on the call notices."""
        with suppress(LineError):
            self.deliver(request)

    def _pauses(self, seconds: float) -> None:
        self._register.tell_changes()
        self._sleep(seconds)
