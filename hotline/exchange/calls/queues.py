"""The queues of one exchange: who waits in which, in which place and for how long, and who takes them out."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from hotline.exchange.delivery.request import LineError, Params
from hotline.exchange.twiml.terms import new_sid
from hotline.exchange.twiml.waits import Dequeuing, Queued

Member = TypeVar("Member")


@dataclass(frozen=True, eq=False, slots=True)
class Place(Generic[Member]):
    """One wait of one ``member``, in a queue or for someone of it, since a moment of the member's clock."""

    member: Member
    waits: Queued | Dequeuing
    since: float


@dataclass(eq=False, slots=True)
class Meeting(Generic[Member]):
    """A caller who was taken out of a place, and who took it.

    ``seconds`` is how long the caller had waited, known as soon as the caller has been told.
    """

    place: Place[Member]
    taker: Member
    seconds: int = 0
    #: Whether the caller has heard what came before the talk.
    is_ready: bool = False

    @property
    def caller(self) -> Member:
        """Who waited."""
        return self.place.member

    def other(self, member: Member) -> Member:
        """Whom ``member`` meets."""
        return self.taker if member is self.caller else self.caller


@dataclass(slots=True)
class _Queue(Generic[Member]):
    sid: str = field(default_factory=lambda: new_sid("QU"))
    most: int = 1000
    waiting: list[Place[Member]] = field(default_factory=list)
    #: Who has dialled the queue while nobody was in it, the first first.
    takers: list[Place[Member]] = field(default_factory=list)


class Queues(Generic[Member]):
    """Queues by name; one that nobody asked for before is made when it is. Safe to use from many threads.

    ``move`` does what concerns another member where that member's call is driven; without one it is done at
    once. It is not called with a lock held.
    """

    def __init__(self, *, move: Callable[[Member, Callable[[], None]], object] | None = None) -> None:
        self._move = move
        self._queues: dict[str, _Queue[Member]] = {}
        self._lock = threading.RLock()

    def moves(self, member: Member, action: Callable[[], None]) -> None:
        """Do ``action`` where ``member`` is driven. What the line does wrong there is that one's trouble."""
        with suppress(LineError):
            if self._move is None:
                action()
            else:
                self._move(member, action)

    def sid(self, name: str) -> str:
        """The identifier of the queue."""
        with self._lock:
            return self._queue(name).sid

    def join(self, place: Place[Member], most: int) -> bool:
        """Put who has this ``place`` at the end; False when the queue holds ``most`` already."""
        with self._lock:
            queue = self._queue(place.waits.name)
            queue.most = most
            if len(queue.waiting) >= most:
                return False
            queue.waiting.append(place)
            return True

    def take(self, place: Place[Member]) -> Meeting[Member] | None:
        """Take out who has waited longest, for who has this ``place``; with nobody there that one waits."""
        with self._lock:
            queue = self._queue(place.waits.name)
            if queue.waiting:
                if place in queue.takers:
                    queue.takers.remove(place)
                return Meeting(queue.waiting.pop(0), place.member)
            if place not in queue.takers:
                queue.takers.append(place)
            return None

    def taker(self, name: str) -> Member | None:
        """Who waits longest for someone to come, if someone is there now."""
        with self._lock:
            queue = self._queue(name)
            return queue.takers[0].member if queue.takers and queue.waiting else None

    def leave(self, place: Place[Member]) -> None:
        """Give up a place, in the queue or for someone of it; nothing, when it was taken meanwhile."""
        with self._lock:
            queue = self._queue(place.waits.name)
            for places in (queue.waiting, queue.takers):
                if place in places:
                    places.remove(place)

    def params(self, place: Place[Member], now: float) -> Params:
        """What the document for those who wait is told; ``now`` is the moment of the member's clock."""
        with self._lock:
            queue = self._queue(place.waits.name)
            at = queue.waiting.index(place) + 1 if place in queue.waiting else 0
            size, most, sid = len(queue.waiting), queue.most, queue.sid
        seconds = round(now - place.since)
        return (
            ("QueuePosition", str(at)),
            ("QueueSid", sid),
            ("QueueTime", str(seconds)),
            # The only wait whose length is known to this member's clock is its own.
            ("AvgQueueTime", str(seconds)),
            ("CurrentQueueSize", str(size)),
            ("MaxQueueSize", str(most)),
        )

    def _queue(self, name: str) -> _Queue[Member]:
        return self._queues.setdefault(name, _Queue())
