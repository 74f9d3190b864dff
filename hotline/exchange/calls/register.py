"""Every call that an exchange remembers. It publishes new calls and what changes on them."""

import threading
from collections.abc import Callable
from datetime import datetime

from hotline.exchange.calls.answering import WrongMomentError
from hotline.exchange.calls.feed import Feed
from hotline.exchange.calls.lookout import Lookout
from hotline.exchange.calls.switched_call import SwitchedCall
from hotline.exchange.twiml.terms import FINAL

#: Ended calls beyond this number are forgotten, oldest first.
MOST_REMEMBERED = 1000


class Register:
    """Keeps calls by sid, oldest first. Safe to use from many threads."""

    def __init__(self, feed: Feed, clock: Callable[[], datetime]) -> None:
        self._feed, self._clock = feed, clock
        self._lookout = Lookout(feed, clock)
        self._calls: dict[str, SwitchedCall] = {}
        self._lock = threading.Lock()

    def find(self, sid: str) -> SwitchedCall:
        """Return the call with this sid. Raises LookupError."""
        with self._lock:
            return self._calls[sid]

    def all(self) -> list[SwitchedCall]:
        """Return every call that is remembered, oldest first."""
        with self._lock:
            return list(self._calls.values())

    def forget(self, sid: str) -> None:
        """Remove a call that is over. Raises LookupError and WrongMomentError."""
        with self._lock:
            call = self._calls[sid]
            if call.status not in FINAL:
                raise WrongMomentError(f"the call is {call.status}")
            del self._calls[sid]

    def keep(self, call: SwitchedCall) -> None:
        """Remember a call that begins, and publish it."""
        with self._lock:
            ended = [sid for sid, one in self._calls.items() if one.ended_at is not None]
            for sid in ended[: max(0, len(self._calls) - MOST_REMEMBERED)]:
                del self._calls[sid]
            self._calls[call.sid] = call
        parties = {"to": call.to, "from": call.from_, "direction": call.direction}
        parent = None if call.parent is None else call.parent.sid
        self._feed.tell("placed", call.sid, **parties, parent=parent, handset=call.handset)
        self.tell_changes()

    def keep_dialled_legs(self, call: SwitchedCall) -> None:
        """Remember the legs that ring for a call's Dial; runs in its mailbox."""
        for live in list(call.live.ringing):
            with self._lock:
                is_known = live.leg.call_sid in self._calls
            if not is_known:
                child = SwitchedCall(live, call.work, call.events, self._clock(), parent=call)
                child.started_at = child.created_at
                self.keep(child)

    def tell_changes(self) -> None:
        """Publish what has changed on any call since the last time."""
        self._lookout.tell_changes(self.all())
