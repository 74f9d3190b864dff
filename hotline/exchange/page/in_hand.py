"""The phone of a person at a terminal. Its words are heard all at once, or in real time."""

from typing import Protocol

from hotline.exchange.calls.call import LiveCall
from hotline.exchange.calls.real_time import RealTime
from hotline.exchange.twiml.passage import Passage


class InHand(Protocol):
    """A phone that a person presses and hears. Every method raises LineError when the line fails."""

    @property
    def state(self) -> str: ...

    @property
    def transcript(self) -> list[Passage]: ...

    @property
    def is_speaking(self) -> bool:
        """Whether words are being said on it at this moment."""

    def looks(self) -> None:
        """Catch up on what has happened on it."""

    def presses(self, keys: str) -> None: ...

    def says_nothing(self) -> None: ...

    def hangs_up(self) -> None: ...


class CallInHand:
    """A call that is driven here. With a ``clock`` it has time, which passes when it ``looks``."""

    def __init__(self, call: LiveCall, clock: RealTime | None = None) -> None:
        self.call, self._clock = call, clock

    @property
    def state(self) -> str:
        """What the person on it can do."""
        return self.call.state

    @property
    def transcript(self) -> list[Passage]:
        """Everything heard and pressed so far."""
        return self.call.transcript

    @property
    def is_speaking(self) -> bool:
        """Whether words are being said on it at this moment."""
        return self.call.leg.is_speaking

    def looks(self) -> None:
        """Let the time go by that went by in reality."""
        if self._clock is not None:
            self._clock.tick()

    def presses(self, keys: str) -> None:
        """Type ``keys``; without a clock, wait for the answer."""
        if self._clock is None:
            self.call.presses(keys)
            return
        with self._clock.now():
            self.call.types(keys)

    def says_nothing(self) -> None:
        """Wait until the line gives up. With a clock this does nothing, as time passes by itself."""
        if self._clock is None:
            self.call.says_nothing()

    def hangs_up(self) -> None:
        """Hang up."""
        self.call.hangs_up()
