"""A call to the line."""

from collections.abc import Mapping
from typing import Unpack

from hotline.exchange.call import LiveCall
from hotline.exchange.conference import Conferences
from hotline.exchange.delivery import Deliver
from hotline.exchange.driver import Wiring
from hotline.exchange.handset import Leg
from hotline.exchange.queue_member import QueueMember
from hotline.exchange.queues import Queues


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
        queues: Queues[QueueMember] | None = None,
        timed: bool = False,
        **wiring: Unpack[Wiring],
    ) -> None:
        base = public_url.rstrip("/")
        wiring.setdefault("events_url", f"{base}/voice/call-events")
        super().__init__(
            Leg(account_sid=account_sid, from_=from_, to=to, extra=extra, timed=timed),
            deliver,
            conferences=conferences,
            queues=queues,
            **wiring,
        )
        self._voice_url = f"{base}/voice/inbound"

    def dials(self) -> None:
        """Ring the line, which answers with its first words."""
        self.events.tell("answered")
        self.fetches(self._voice_url)
