"""The call events (Twilio's status callbacks) of one leg, in order."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from hotline.exchange.delivery.request import LineError, Request
from hotline.exchange.twiml.leg import Leg


class CallEvents:
    """Sends the wanted events of one leg in order. Without a ``url`` it sends nothing."""

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
        self._answered_now = 0.0

    def seconds(self) -> int:
        """Return how many seconds ago the leg was answered; 0 before that."""
        if self._leg.timed and self._answered_at is not None:
            return round(self._leg.now - self._answered_now)
        now = self._clock()
        return round((now - (self._answered_at or now)).total_seconds())

    def tell(self, event: str, status: str | None = None) -> None:
        """Send ``event`` (initiated, ringing, answered, completed) with the call status that goes with it."""
        if event == "answered":
            self._answered_at, self._answered_now = self._clock(), self._leg.now
        if self._url is None or event not in self._wanted:
            return
        told = self._leg.event(
            self._url, status or event, sequence=self._sequence, seconds=self.seconds(), now=self._clock()
        )
        self._sequence += 1
        with suppress(LineError):
            # Nobody on the call hears that an event was lost, and Twilio does not send it again.
            self._send(told)
