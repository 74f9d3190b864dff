"""A call to the line, and the settings of the number that it dials."""

from collections.abc import Mapping
from typing import Unpack

from hotline.exchange.calls.call import LiveCall
from hotline.exchange.calls.conferences import Conferences
from hotline.exchange.calls.leg_driver import Wiring
from hotline.exchange.calls.order import PhoneNumber
from hotline.exchange.calls.queues import Queues
from hotline.exchange.delivery.delivery import Deliver
from hotline.exchange.twiml.leg import Leg


def line_number(public_url: str, *, discreet: bool = False) -> PhoneNumber:
    """Return the carrier's settings of a number of this line; docs/operators has them for a real one.

    A ``discreet`` number has its own fallback, which does not name the line.
    """
    base = public_url.rstrip("/")
    fallback = "fallback-discreet.xml" if discreet else "fallback.xml"
    return PhoneNumber(
        voice_url=f"{base}/voice/inbound",
        fallback_url=f"{base}/voice/{fallback}",
        status_callback=f"{base}/voice/call-events",
        sms_url=f"{base}/sms/inbound",
    )


class InboundCall(LiveCall):
    """A call to the line. ``dials`` fetches the number's voice URL; hanging up sends the only call event."""

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
        queues: Queues | None = None,
        timed: bool = False,
        **wiring: Unpack[Wiring],
    ) -> None:
        number = line_number(public_url)
        wiring.setdefault("events_url", number.status_callback)
        super().__init__(
            Leg(account_sid=account_sid, from_=from_, to=to, extra=extra, timed=timed),
            deliver,
            conferences=conferences,
            queues=queues,
            **wiring,
        )
        self._voice_url = number.voice_url

    def dials(self) -> None:
        """Call the line, which answers with its first words."""
        self.events.tell("answered")
        self.fetches(self._voice_url)
