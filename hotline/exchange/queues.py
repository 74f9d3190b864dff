"""The queues of one exchange: who waits in which, in which place and for how long, and who takes them out."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from hotline.exchange.leg_facts import new_sid
from hotline.exchange.request import Params

Member = TypeVar("Member")


@dataclass(slots=True)
class _Queue(Generic[Member]):
    sid: str = field(default_factory=lambda: new_sid("QU"))
    most: int = 1000
    #: Who waits, with the moment of the member's own clock at which it joined.
    waiting: dict[Member, float] = field(default_factory=dict)
    #: Who has dialled the queue while nobody was in it, the first first.
    takers: list[Member] = field(default_factory=list)


class Queues(Generic[Member]):
    """Queues by name; one that nobody asked for before is made when it is."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue[Member]] = {}

    def sid(self, name: str) -> str:
        """The identifier of the queue."""
        return self._queue(name).sid

    def join(self, name: str, member: Member, *, now: float, most: int) -> bool:
        """Put ``member`` at the end at its moment ``now``; False when the queue is full."""
        queue = self._queue(name)
        queue.most = most
        if len(queue.waiting) >= most:
            return False
        queue.waiting[member] = now
        return True

    def first(self, name: str) -> Member | None:
        """Who has waited longest."""
        return next(iter(self._queue(name).waiting), None)

    def taker(self, name: str) -> Member | None:
        """Who waits for someone to come into the empty queue; they wait no longer."""
        takers = self._queue(name).takers
        return takers.pop(0) if takers else None

    def wants_one(self, name: str, taker: Member) -> None:
        """``taker`` waits for the next one who comes."""
        self._queue(name).takers.append(taker)

    def leave(self, name: str, member: Member) -> None:
        """Take ``member`` out, whether it waits in the queue or for someone of it."""
        queue = self._queue(name)
        queue.waiting.pop(member, None)
        if member in queue.takers:
            queue.takers.remove(member)

    def params(self, name: str, member: Member, *, now: float) -> Params:
        """What the document for those who wait is told; ``now`` is the moment of the member's clock."""
        queue = self._queue(name)
        seconds = round(now - queue.waiting.get(member, now))
        return (
            ("QueuePosition", str(list(queue.waiting).index(member) + 1 if member in queue.waiting else 0)),
            ("QueueSid", queue.sid),
            ("QueueTime", str(seconds)),
            # The only wait whose length is known to this member's clock is its own.
            ("AvgQueueTime", str(seconds)),
            ("CurrentQueueSize", str(len(queue.waiting))),
            ("MaxQueueSize", str(queue.most)),
        )

    def _queue(self, name: str) -> _Queue[Member]:
        return self._queues.setdefault(name, _Queue())
