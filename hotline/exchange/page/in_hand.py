"""A phone in the hand of someone at a terminal, whose words are heard all at once or as the call lasts."""

from typing import Protocol

from hotline.exchange.calls.call import LiveCall
from hotline.exchange.calls.real_time import RealTime
from hotline.exchange.twiml.passage import Passage


class InHand(Protocol):
    """A phone that can be pressed and heard. What the line does wrong is a LineError from any of it."""

    @property
    def state(self) -> str: ...

    @property
    def transcript(self) -> list[Passage]: ...

    @property
    def is_speaking(self) -> bool:
        """Whether words are being said on it at this moment."""

    def looks(self) -> None:
        """See what has happened on it since."""

    def presses(self, keys: str) -> None: ...

    def says_nothing(self) -> None: ...

    def hangs_up(self) -> None: ...


class CallInHand:
    """A call that is driven here. With a ``clock`` its time passes, and it moves when it is looked at."""

    def __init__(self, call: LiveCall, clock: RealTime | None = None) -> None:
        self.call, self._clock = call, clock

    @property
    def state(self) -> str:
        """What the person on it can do."""
        return self.call.state

    @property
    def transcript(self) -> list[Passage]:
        """What was heard and pressed so far."""
        return self.call.transcript

    @property
    def is_speaking(self) -> bool:
        """Whether words are being said on it at this moment."""
        return self.call.leg.is_speaking

    def looks(self) -> None:
        """Let the time go by that has gone by."""
        if self._clock is not None:
            self._clock.tick()

    def presses(self, keys: str) -> None:
        """Type ``keys``; without a clock, wait for what comes of it."""
        if self._clock is None:
            self.call.presses(keys)
            return
        with self._clock.now():
            self.call.types(keys)

    def says_nothing(self) -> None:
        """Wait until the line gives up; with a clock, that takes its time."""
        if self._clock is None:
            self.call.says_nothing()

    def hangs_up(self) -> None:
        """Put it down."""
        self.call.hangs_up()
