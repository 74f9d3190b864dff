"""A call as the exchange keeps it: who called whom, what was ordered, and what happened when."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hotline.exchange.calls.call import LiveCall
from hotline.exchange.calls.order import Answering, Order
from hotline.exchange.calls.real_time import RealTime
from hotline.exchange.delivery.mailbox import Mailbox


@dataclass(eq=False, slots=True)
class SwitchedCall:
    """One leg. ``work`` runs everything that moves it, in order. A dialed leg shares its parent's ``work``.

    ``order`` is None for a call to the line and for a dialed leg. ``queue_seconds`` is how long the call
    waited for its turn before it rang.
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
    #: The clock of an answered call, which its dialed legs share; ``ticks`` counts its timers.
    time: RealTime | None = None
    ticks: int = 0
    #: Whether a person listens in real time; on other calls everything is heard at once.
    follows_tempo: bool = False
    #: Who picked this call up, if not the one who usually picks up this phone.
    picked_up_by: Answering | None = None
    #: The handset that dialed it (its number may be withheld), or 0.
    handset: int = 0
    #: What was published so far: the call status, the state, and the number of passages.
    told_status: str = ""
    told_state: str = ""
    told_passages: int = 0
    #: What the call waited for at the last check, and the phones that its Dial rang then.
    dial_seen: tuple[Any, tuple[str, ...]] | None = None
    #: Parameters that the request for the first document has besides.
    first_params: dict[str, str | None] = field(default_factory=dict)

    @property
    def sid(self) -> str:
        """The call's identifier."""
        return self.live.leg.call_sid

    @property
    def root(self) -> "SwitchedCall":
        """The call at the top: this call, or the one that dialed it, or the one that dialed that."""
        return self if self.parent is None else self.parent.root

    @property
    def status(self) -> str:
        """The call status in Twilio's words."""
        return self.live.leg.call_status

    @property
    def to(self) -> str:
        """The number that is called."""
        return self.live.leg.to

    @property
    def from_(self) -> str:
        """The number that calls."""
        return self.live.leg.from_

    @property
    def direction(self) -> str:
        """inbound, outbound-api or outbound-dial."""
        return self.live.leg.direction

    def passages(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the transcript from passage number ``since`` on, ready for JSON."""
        return [
            {
                "kind": one.kind,
                "text": one.text,
                "language": one.language,
                "seconds": round(one.seconds, 1),
                "at": round(one.at, 1),
                "lost": one.lost,
            }
            for one in list(self.live.transcript)[since:]
        ]
