"""A call as the exchange keeps it: who called whom, how it was ordered, how far it came."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hotline.exchange.calls.call import LiveCall
from hotline.exchange.calls.order import Answering, Order
from hotline.exchange.calls.real_time import RealTime
from hotline.exchange.delivery.mailbox import Mailbox


@dataclass(eq=False, slots=True)
class SwitchedCall:
    """One leg. ``work`` does what moves it, in order; a leg that another one dialled shares that one's.

    ``order`` is None for a call to the line and for a leg that was dialled. ``queue_seconds`` is how long it
    had to wait before it rang.
    """

    live: LiveCall
    work: Mailbox
    events: Mailbox
    created_at: datetime
    order: Order | None = None
    parent: "SwitchedCall | None" = None
    queue_seconds: float = 0
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    updated_at: datetime | None = None
    answered_by: str | None = None
    trouble: str = ""
    #: The clock of an answered call, which those that it dialled share; ``ticks`` counts what moved it.
    time: RealTime | None = None
    ticks: int = 0
    #: Whether someone listens as it lasts; on other calls all is heard at once.
    follows_tempo: bool = False
    #: Who picked this call up, when that is not who picks up this phone as a rule.
    picked_up_by: Answering | None = None
    #: The handset it was dialled from (its number may be withheld), or 0.
    handset: int = 0
    #: What listeners have been told so far: the call status, the state, and how many passages were heard.
    told_status: str = ""
    told_state: str = ""
    told_passages: int = 0
    #: What the call waited for when it was last looked at, and the phones that its Dial rang then.
    dial_seen: tuple[Any, tuple[str, ...]] | None = None
    #: The request for the first document carries this once.
    first_params: dict[str, str | None] = field(default_factory=dict)

    @property
    def sid(self) -> str:
        """The call's identifier."""
        return self.live.leg.call_sid

    @property
    def root(self) -> "SwitchedCall":
        """The call that dialled this leg, or the one that dialled that, or this call itself."""
        return self if self.parent is None else self.parent.root

    @property
    def status(self) -> str:
        """The call status in Twilio's words."""
        return self.live.leg.call_status

    @property
    def to(self) -> str:
        """Who is called."""
        return self.live.leg.to

    @property
    def from_(self) -> str:
        """Who calls."""
        return self.live.leg.from_

    @property
    def direction(self) -> str:
        """inbound, outbound-api or outbound-dial."""
        return self.live.leg.direction

    def passages(self, since: int = 0) -> list[dict[str, Any]]:
        """The transcript from passage number ``since`` on, as JSON can carry it."""
        return [
            {
                "kind": one.kind,
                "text": one.text,
                "language": one.language,
                "seconds": round(one.seconds, 1),
                "at": round(one.at, 1),
            }
            for one in list(self.live.transcript)[since:]
        ]
