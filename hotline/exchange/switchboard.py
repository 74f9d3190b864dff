"""Every call at the exchange, to the line and from it: they ring, are answered, and end."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWorkingError
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hotline.exchange.answering import Unattended, WrongMomentError
from hotline.exchange.call import LiveCall
from hotline.exchange.conference import Conferences, Member
from hotline.exchange.delivery import Deliver
from hotline.exchange.feed import Feed
from hotline.exchange.fetching import fetching, with_fallback
from hotline.exchange.handset import FINAL, Leg
from hotline.exchange.mailbox import Mailbox
from hotline.exchange.order import Order, PhoneNumber, Phones
from hotline.exchange.pace import Pace
from hotline.exchange.request import LineError, Reply, Request
from hotline.exchange.switched_call import SwitchedCall
from hotline.exchange.timers import Timers
from hotline.exchange.watched import watched

#: Ended calls beyond this number are forgotten, oldest first.
MOST_REMEMBERED = 1000
#: So many calls and events talk to the line at once; more wait for a thread.
MOST_AT_ONCE = 256
#: How long whoever pressed a key waits to see what came of it, and how long a REST update does.
HANDSET_PATIENCE_SECONDS, REST_PATIENCE_SECONDS = 60.0, 2.0
_BEFORE_ANSWER = frozenset({"queued", "ringing"})


class Switchboard:
    """Holds every call. All of it is safe to use from many threads, and all of it is in memory.

    Whatever moves a call, and so may wait for the line, is done in the mailbox of that call, one thing at a
    time; looking at calls and placing one never waits. ``feed`` tells what happens. ``numbers`` are the
    line's own, by E.164, and ``any_number`` stands for all others that are called.
    """

    def __init__(
        self,
        account_sid: str,
        deliver: Deliver,
        *,
        numbers: Mapping[str, PhoneNumber] | None = None,
        any_number: PhoneNumber | None = None,
        calls_per_second: float | None = None,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.account_sid = account_sid
        self.feed = Feed(clock)
        self.phones = Phones()
        self.pace = Pace(calls_per_second, monotonic)
        self.timers = Timers(monotonic)
        self._numbers, self._any_number = dict(numbers or {}), any_number
        self._sleep, self.clock = sleep, clock
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="exchange")
        self._calls: dict[str, SwitchedCall] = {}
        self._lock = threading.RLock()
        self.deliver = watched(deliver, self.feed)
        self._fetch = fetching(self.deliver)
        self._unattended = Unattended(self, sleep)
        events = self.new_mailbox()
        self.conferences = Conferences(
            account_sid=account_sid,
            send=lambda request: events.post(lambda: self.tells(request)),
            move=self._moves,
            clock=clock,
        )

    # Calls begin.

    def place(self, order: Order) -> SwitchedCall:
        """Ring ``order.to`` as soon as the pace allows. Raises QueueFullError."""
        wait = self.pace.wait_seconds()
        leg = Leg(account_sid=self.account_sid, from_=order.from_, to=order.to, direction="outbound-api")
        call = self._new(
            leg, order.status_callback, order.wanted, order.fallback_url, order.fallback_method, order=order
        )
        call.queue_seconds = wait
        self._keep(call)
        if wait:
            self.timers.after(wait, lambda: call.work.post(lambda: self._rings(call)))
        else:
            self._rings(call)
        return call

    def dial(self, from_: str, to: str, extra: Mapping[str, str] | None = None) -> SwitchedCall:
        """Someone calls ``to``, a number of the line; ``extra`` goes into requests. Raises LookupError."""
        number = self.number(to)
        leg = Leg(account_sid=self.account_sid, from_=from_, to=to, extra=extra)
        call = self._new(
            leg, number.status_callback, frozenset({"completed"}), number.fallback_url, number.fallback_method
        )
        call.started_at = call.answered_at = call.created_at
        self._keep(call)

        def begins() -> None:
            call.live.events.tell("answered")
            call.live.fetches(number.voice_url, number.voice_method)

        self.post(call, begins)
        return call

    def number(self, to: str) -> PhoneNumber:
        """How a number of the line is set up. Raises LookupError for one that is none of the line's."""
        number = self._numbers.get(to, self._any_number)
        if number is None:
            raise LookupError("that is no number of the line's")
        return number

    def owns(self, number: str) -> bool:
        """Whether the line may call from there: from anywhere, unless it was told which numbers it has."""
        return not self._numbers or self._any_number is not None or number in self._numbers

    # Calls are looked at.

    def find(self, sid: str) -> SwitchedCall:
        """The call with that sid. Raises LookupError."""
        with self._lock:
            return self._calls[sid]

    def all(self) -> list[SwitchedCall]:
        """Every call remembered, oldest first."""
        with self._lock:
            return list(self._calls.values())

    def forget(self, sid: str) -> None:
        """Remove a call that is over. Raises LookupError and WrongMomentError."""
        with self._lock:
            call = self.find(sid)
            if call.status not in FINAL:
                raise WrongMomentError(f"the call is {call.status}")
            del self._calls[sid]

    # What people do with their phones.

    def answer(self, sid: str) -> SwitchedCall:
        """Someone picks up: the call's document is fetched and runs. Raises WrongMomentError."""
        call = self.find(sid)
        return self._waits_for(call, self.picks_up(call))

    def pick_up(self, sid: str, phone: str | None = None) -> SwitchedCall:
        """Someone answers a ``phone`` that this call's Dial rings (the first by default): their leg.

        Raises LookupError when it does not ring.
        """
        call = self.find(sid)
        future = call.work.post(lambda: self.joins(call, phone))
        child: SwitchedCall = future.result(HANDSET_PATIENCE_SECONDS)
        return child

    def let_ring(self, sid: str, status: str = "no-answer") -> SwitchedCall:
        """Nobody answers the phones that this call's Dial rings. Raises LookupError when none does."""
        return self._do(sid, lambda live: live.is_not_answered(status))

    def end_unanswered(self, sid: str, status: str) -> SwitchedCall:
        """The call stops ringing with ``status``: busy, no-answer, failed or canceled.

        Raises WrongMomentError.
        """
        call = self.find(sid)
        with self._lock:
            if call.status not in _BEFORE_ANSWER or call.direction != "outbound-api":
                raise WrongMomentError(f"the call is {call.status}")
            call.live.hangs_up(status)
        self._look()
        return call

    def press(self, sid: str, keys: str) -> SwitchedCall:
        """Keys on a call that was answered. Raises WrongMomentError, and ValueError for what is no key."""
        return self._do(sid, lambda live: live.presses(keys))

    def say_nothing(self, sid: str) -> SwitchedCall:
        """No key on a call that was answered. Raises WrongMomentError."""
        return self._do(sid, LiveCall.says_nothing)

    def speak(self, sid: str, words: str) -> SwitchedCall:
        """Say something to whoever is on the other side. Raises WrongMomentError when nobody is."""
        call = self.find(sid)
        if not self.conferences.speaks(call.live, words):
            others = [
                other for other in self.all() if other.status not in FINAL and call in {other.parent, other}
            ]
            heard = [o for o in [*others, call.parent] if o is not None and o is not call]
            if call.live.state != "talking" or not heard:
                raise WrongMomentError("nobody is on the other side")
            for other in heard:
                other.live.note(f"said: {words}")
        self._look()
        return call

    def hang_up(self, sid: str, patience: float = HANDSET_PATIENCE_SECONDS) -> SwitchedCall:
        """End a call that was answered. Raises WrongMomentError."""
        return self._do(sid, LiveCall.hangs_up, patience)

    def redirect(
        self, sid: str, *, url: str = "", method: str = "POST", document: bytes = b""
    ) -> SwitchedCall:
        """Take an answered call to another ``url`` or ``document``. Raises WrongMomentError."""
        if document:
            return self._do(sid, lambda live: live.runs(document), REST_PATIENCE_SECONDS)
        return self._do(sid, lambda live: live.goes_to(url, method), REST_PATIENCE_SECONDS)

    # Machinery.

    def new_mailbox(self) -> Mailbox:
        """A mailbox that shares this exchange's threads."""
        return Mailbox(self._pool)

    def run(self, action: Callable[[], object]) -> None:
        """Do something on a thread of the exchange's, now, without waiting for it."""
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
    ) -> SwitchedCall:
        events = self.new_mailbox()
        fetch = with_fallback(self._fetch, fallback_url, fallback_method)
        by_get = order is not None and order.status_callback_method == "GET"

        def told(request: Request) -> Request:
            return Request.of("GET", request.url, request.params) if by_get else request

        live = LiveCall(
            leg,
            lambda request: self._fetches(call, fetch, request),
            events_url=events_url,
            wanted=wanted,
            send=lambda request: events.post(lambda: self.tells(told(request))),
            conferences=self.conferences,
            sleep=self._pauses,
            clock=self.clock,
        )
        call = SwitchedCall(live, self.new_mailbox(), events, self.clock(), order=order)
        return call

    def _keep(self, call: SwitchedCall) -> None:
        with self._lock:
            ended = [sid for sid, one in self._calls.items() if one.ended_at is not None]
            for sid in ended[: max(0, len(self._calls) - MOST_REMEMBERED)]:
                del self._calls[sid]
            self._calls[call.sid] = call
        parent = None if call.parent is None else call.parent.sid
        self.feed.tell(
            "placed", call.sid, to=call.to, **{"from": call.from_}, direction=call.direction, parent=parent
        )
        self._look()

    def _rings(self, call: SwitchedCall) -> None:
        order = call.order
        with self._lock:
            if order is None or call.status != "queued":
                return
            call.live.leg.call_status = "ringing"
            call.started_at = self.clock()
            call.live.events.tell("initiated")
            call.live.events.tell("ringing")
        self._look()
        self._unattended.rings(call, order)

    def picks_up(self, call: SwitchedCall) -> Any:
        """Answer a call that was placed; gives a future of when its document ran. Raises WrongMomentError."""
        order = call.order
        with self._lock:
            if call.status != "ringing" or order is None:
                raise WrongMomentError(f"the call is {call.status}")
            call.live.leg.call_status = "in-progress"
            call.answered_at = self.clock()
            call.live.events.tell("answered", "in-progress")
        self._look()
        return self.post(call, lambda: self._goes_to_its_document(call, order))

    def _goes_to_its_document(self, call: SwitchedCall, order: Order) -> None:
        self._unattended.detects(call, order)
        if order.document is not None:
            call.live.runs(order.document)
        else:
            call.live.fetches(order.url or "", order.method)

    def joins(self, parent: SwitchedCall, phone: str | None) -> SwitchedCall:
        """Put the one who answers a phone that ``parent`` rings on a leg; done in the parent's mailbox."""
        live = parent.live.picks_up(phone)
        child = SwitchedCall(live, parent.work, parent.events, self.clock(), parent=parent)
        child.started_at = child.answered_at = child.created_at
        self._keep(child)
        return child

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
        """Move a call in its mailbox. What the line does wrong is the call's trouble, and told."""

        def act() -> None:
            try:
                action()
            except LineError as problem:
                call.trouble = str(problem)
                self.feed.tell("trouble", call.sid, trouble=call.trouble, code=problem.code)
            finally:
                self._unattended.dials(call)
                self._look()

        return call.work.post(act)

    def _waits_for(
        self, call: SwitchedCall, future: Any, patience: float = HANDSET_PATIENCE_SECONDS
    ) -> SwitchedCall:
        with suppress(StillWorkingError):
            future.result(patience)
        return call

    def _moves(self, member: Member, action: Callable[[], None]) -> None:
        """Let a member go on after a conference where its own call is driven."""
        call = self.find(member.leg.call_sid)
        self.post(call, action)

    def _fetches(self, call: SwitchedCall, fetch: Deliver, request: Request) -> Reply:
        first, call.first_params = call.first_params, {}
        return fetch(request.changed(first) if first else request)

    def tells(self, request: Request) -> None:
        """Deliver an event. Nobody on the call hears that one was lost, and it is not told again."""
        with suppress(LineError):
            self.deliver(request)

    def _pauses(self, seconds: float) -> None:
        self._look()
        self._sleep(seconds)

    def _look(self) -> None:
        """Tell the feed what changed on any call since it was last looked at."""
        told: list[tuple[str, SwitchedCall, Any]] = []
        with self._lock:
            for call in self._calls.values():
                if call.ended_at is not None:
                    continue
                passages = call.passages(call.told_passages)
                if passages:
                    told.append(("transcript", call, {"at": call.told_passages, "passages": passages}))
                    call.told_passages += len(passages)
                if call.status != call.told_status:
                    call.told_status, call.updated_at = call.status, self.clock()
                    told.append(("status", call, {"status": call.status}))
                if call.live.leg.is_over:
                    call.ended_at = call.updated_at
        for kind, call, facts in told:
            self.feed.tell(kind, call.sid, **facts)
