"""Faults on the way to the line, drawn from a seed, so that a run can be repeated."""

import base64
import random
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hotline.exchange.delivery.delivery import Deliver
from hotline.exchange.delivery.request import LineError, Reply, Request

#: Every caller ID that Twilio is known to send when the caller withholds the number.
WITHHELD_CALLER_IDS = (
    "anonymous", "unknown", "Restricted", "Unavailable", "", "+266696687", "+7378742833", "+86282452253",
    "+2562533", "+8656696", "1266696687",
)  # fmt: skip
#: Kinds that are drawn for each request for a document.
DOCUMENT_FAULTS = (
    "delay", "drop", "lose_reply", "duplicate", "late", "forge", "tamper", "hang_up", "strange",
)  # fmt: skip
#: Kinds that are drawn for each call event.
EVENT_FAULTS = ("event_delay", "event_drop", "event_duplicate", "event_reorder", "event_tamper")
#: Kinds that are drawn once for each call.
CALL_FAULTS = ("withhold",)
KINDS = (*DOCUMENT_FAULTS, *EVENT_FAULTS, *CALL_FAULTS)

_MOST_CALLS = 10_000
_FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_LOST, _TOTAL_TIMEOUT = 11205, 11203
_HANG_UP = Reply(200, "text/xml", b"<Response><Hangup/></Response>")


@dataclass(slots=True)
class _Troubles:
    """The faults of one call. Documents and events draw separately, since they are sent independently."""

    documents: random.Random
    events: random.Random
    from_: str | None
    counts: "Counter[str]" = field(default_factory=Counter)
    late: "deque[Request]" = field(default_factory=deque)
    held: "deque[Request]" = field(default_factory=deque)


class Faults:
    """Wraps a delivery. Without ``rates`` and ``at`` it changes nothing.

    ``rates`` has the share (0 to 1) of requests, events or calls that each kind hits. ``at`` has the number
    (from 1) of the request or event of every call that a kind hits for certain. The draws depend only on
    ``seed``, on the order in which calls begin and on the order within each call. ``delay_seconds`` is how
    long a delayed request takes. Raises ValueError for an unknown kind, share or number.

    - ``drop``: the request never arrives; ``lose_reply``: it arrives, but its reply is lost.
    - ``duplicate``: it arrives twice; ``late``: it arrives once more after the call's next request.
    - ``forge``: a copy with a wrong signature arrives before it; ``tamper``: its own signature is wrong.
    - ``hang_up``: the caller hangs up before the reply comes; ``strange``: parameters are unknown or missing.
    - ``withhold``: an inbound call has one of WITHHELD_CALLER_IDS instead of its caller ID.
    - ``event_reorder``: an event arrives after the one that follows it.
    """

    def __init__(
        self,
        seed: int = 0,
        rates: Mapping[str, float] | None = None,
        at: Mapping[str, int] | None = None,
        *,
        delay_seconds: float = 1.0,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._sleep, self._lock = sleep, threading.Lock()
        self.begin(seed, rates, at, delay_seconds=delay_seconds)

    def begin(
        self,
        seed: int = 0,
        rates: Mapping[str, float] | None = None,
        at: Mapping[str, int] | None = None,
        *,
        delay_seconds: float = 1.0,
    ) -> None:
        """Start over with other faults, and drop delayed requests. Raises ValueError."""
        rates, at = dict(rates or {}), dict(at or {})
        for kind in (*rates, *at):
            if kind not in KINDS:
                raise ValueError(f"there is no fault of that kind; there are {', '.join(KINDS)}")
        if not all(0 <= rate <= 1 for rate in rates.values()):
            raise ValueError("a rate is a share from 0 to 1")
        if not all(number >= 1 for number in at.values()) or delay_seconds < 0:
            raise ValueError("requests are counted from 1, and no delay is negative")
        with self._lock:
            self._seed, self._rates, self._at, self._delay = seed, rates, at, delay_seconds
            self._calls: OrderedDict[str, _Troubles] = OrderedDict()
            self._begun = 0
            self._injected: Counter[str] = Counter()

    def summary(self) -> dict[str, Any]:
        """Return the settings and how often each kind happened; ``let_in`` counts accepted forgeries."""
        with self._lock:
            return {
                "seed": self._seed,
                "rates": dict(self._rates),
                "at": dict(self._at),
                "delay_seconds": self._delay,
                "injected": dict(self._injected),
            }

    def around(self, deliver: Deliver) -> Deliver:
        """Wrap a delivery with these faults."""

        def carry(request: Request) -> Reply:
            if not self._rates and not self._at:
                return deliver(request)
            troubles = self._troubles(request)
            request = self._withheld(request, troubles)
            if request.is_event:
                return self._tell(request, troubles, deliver)
            return self._ask(request, troubles, deliver)

        return carry

    def _troubles(self, request: Request) -> _Troubles:
        with self._lock:
            sid = request.param("CallSid")
            if sid not in self._calls:
                self._begun += 1
                self._calls[sid] = self._new(request)
                if len(self._calls) > _MOST_CALLS:
                    self._calls.popitem(last=False)
            return self._calls[sid]

    def _new(self, request: Request) -> _Troubles:
        # The seed uses the call's number, because its sid differs in every run.
        name = f"{self._seed}/{self._begun}"
        draw = random.Random(name)  # noqa: S311
        is_withheld = (
            draw.random() < self._rates.get("withhold", 0) or self._at.get("withhold") == self._begun
        )
        from_ = draw.choice(WITHHELD_CALLER_IDS) if is_withheld else None
        if from_ is not None and request.param("Direction") == "inbound":
            self._injected["withhold"] += 1
        return _Troubles(random.Random(f"{name}/d"), random.Random(f"{name}/e"), from_)  # noqa: S311

    def _withheld(self, request: Request, troubles: _Troubles) -> Request:
        if troubles.from_ is None or request.param("Direction") != "inbound":
            return request
        return request.changed({"From": troubles.from_, "Caller": troubles.from_})

    def _drawn(self, kinds: tuple[str, ...], troubles: _Troubles, draw: random.Random) -> set[str]:
        """Return the kinds that hit this request. Every kind draws, so that no rate changes the others."""
        with self._lock:
            name = kinds[0]
            troubles.counts[name] += 1
            count = troubles.counts[name]
            found = {
                kind
                for kind in kinds
                if (draw.random() < self._rates.get(kind, 0)) | (self._at.get(kind) == count)
            }
            self._injected.update(found)
            return found

    def _ask(self, request: Request, troubles: _Troubles, deliver: Deliver) -> Reply:
        found = self._drawn(DOCUMENT_FAULTS, troubles, troubles.documents)
        if "strange" in found:
            request = _strange(request, troubles.documents)
        if "forge" in found:
            self._forge(request, troubles.documents, deliver)
        if "tamper" in found:
            request = _tampered(request, troubles.documents)
        if "delay" in found:
            self._sleep(self._delay)
        if "drop" in found:
            raise LineError("the request was lost on its way", _LOST)
        reply = deliver(request)
        if "duplicate" in found:
            again = deliver(request)
            if again.body != reply.body:
                self._count("answered_differently")
            reply = again
        while troubles.late:
            deliver(troubles.late.popleft())
        if "late" in found:
            troubles.late.append(request)
        if "lose_reply" in found:
            raise LineError("the reply was lost on its way", _TOTAL_TIMEOUT)
        return _HANG_UP if "hang_up" in found else reply

    def _tell(self, request: Request, troubles: _Troubles, deliver: Deliver) -> Reply:
        found = self._drawn(EVENT_FAULTS, troubles, troubles.events)
        if "event_delay" in found:
            self._sleep(self._delay)
        if "event_tamper" in found:
            request = _tampered(request, troubles.events)
        reply = Reply(204, "", b"")
        # The last event of a call is never delayed: no event would follow to release it.
        if "event_reorder" in found and request.param("CallStatus") not in _FINAL:
            troubles.held.append(request)
            return reply
        if "event_drop" not in found:
            reply = deliver(request)
            if "event_duplicate" in found:
                reply = deliver(request)
        while troubles.held:
            deliver(troubles.held.popleft())
        return reply

    def _forge(self, request: Request, draw: random.Random, deliver: Deliver) -> None:
        try:
            refused = deliver(_tampered(request, draw)).status == 403
        except LineError:
            refused = True
        self._count("refused" if refused else "let_in")

    def _count(self, what: str) -> None:
        with self._lock:
            self._injected[what] += 1


def _tampered(request: Request, draw: random.Random) -> Request:
    """Return the same request with a random signature."""
    return request.with_headers(("X-Twilio-Signature", base64.b64encode(draw.randbytes(20)).decode()))


def _strange(request: Request, draw: random.Random) -> Request:
    """Add unknown and blank parameters, and leave some out, as Twilio does without notice."""
    missing = [name for name, _ in request.said if name.endswith(("City", "State", "Zip", "Country"))]
    changes: dict[str, str | None] = dict.fromkeys(draw.sample(missing, len(missing) // 2))
    return request.changed(changes | {f"Unknown{draw.randrange(1000)}": "x", "CallerName": "", "Blank": ""})
