"""The clocks of answered calls: time passes on them as fast as the exchange's tempo says."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from hotline.exchange.calls.real_time import RealTime
from hotline.exchange.calls.switched_call import SwitchedCall
from hotline.exchange.calls.tempo import Tempo
from hotline.exchange.calls.timers import Timers

#: The shortest and the longest time until a call is checked again.
_MOST_SECONDS, _LEAST_SECONDS = 30.0, 0.005


class Clocks:
    """Keeps one clock for each answered call; the legs that it dials share it.

    ``post`` runs an action in the mailbox of a call. The time of the call passes there too.
    """

    def __init__(
        self,
        tempo: Tempo,
        timers: Timers,
        post: Callable[[SwitchedCall, Callable[[], object]], object],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tempo, self._timers, self._post, self._monotonic = tempo, timers, post, monotonic

    def starts(self, call: SwitchedCall) -> None:
        """Start the clock of ``call``. Time passes on it only if the call follows the tempo."""
        speed = self._tempo.speed if call.follows_tempo else None
        call.live.leg.timed = speed is not None
        call.time = RealTime(call.live, monotonic=self._monotonic, speed=speed or 0.0)

    def now(self, call: SwitchedCall) -> AbstractContextManager[Any]:
        """Bring the call up to this moment. Time does not pass on a call that was not answered."""
        clock = call.root.time
        return nullcontext() if clock is None else clock.now()

    def arms(self, call: SwitchedCall) -> None:
        """Set a timer for the next thing that is due on the call. Any earlier move replaces it."""
        root = call.root
        due = None if root.time is None else root.time.due_in()
        if due is None:
            return
        root.ticks += 1
        tick = root.ticks

        def comes_back() -> None:
            if root.ticks == tick:
                self._post(root, lambda: None)

        self._timers.after(min(max(due, _LEAST_SECONDS), _MOST_SECONDS), comes_back)

    def follows(self, call: SwitchedCall) -> None:
        """Apply the current tempo to the call; runs in its mailbox.

        When the tempo takes time out of the call, the phrase that is being said ends at once.
        """
        if call.time is None or not call.follows_tempo:
            return
        is_timed = self._tempo.speed is not None
        for leg in (call.live, *call.live.ringing, *([call.live.child] if call.live.child else [])):
            leg.leg.timed = is_timed
            if not is_timed and leg.leg.is_speaking and leg.leg.due is not None:
                leg.passes(max(0.0, leg.leg.due - leg.leg.now))
        call.time.speed = self._tempo.speed or 0.0
