"""The queues of one exchange: who waits in which queue, since when, and who takes them out."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from hotline.exchange.calls.leg_driver import LegDriver
from hotline.exchange.delivery.request import LineError, Params
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.terms import new_sid
from hotline.exchange.twiml.waits import Dequeuing, Queued

#: How many callers wait in a queue at most, unless told otherwise.
MOST_WAITING = 1000


class QueueError(Exception):
    """The queue cannot be made, changed or deleted now; the message says why."""


class Member(Protocol):
    """A leg as the other members of a queue see it. They call its methods through ``Queues.moves`` alone."""

    @property
    def leg(self) -> Leg: ...

    @property
    def driver(self) -> LegDriver: ...

    def caller_came(self, name: str) -> None:
        """Take the caller who came into this queue."""

    def leaves_to_meet(self, meeting: "Meeting", by: Dequeuing) -> None:
        """Leave the queue: someone has taken this caller out."""

    def caller_was_gone(self, meeting: "Meeting", waits: Dequeuing) -> None:
        """Wait for another caller: the one of this meeting was gone."""

    def talks_to_caller(self, meeting: "Meeting") -> None:
        """Talk to the caller, who is ready now."""

    def talks_to_taker(self, meeting: "Meeting") -> None:
        """Talk to the taker."""

    def meeting_ended(self, meeting: "Meeting") -> None:
        """Go on: the other leg has ended the meeting."""


@dataclass(frozen=True, eq=False, slots=True)
class Place:
    """The wait of one ``member``, in a queue or for a caller of it, since a moment of the member's clock."""

    member: Member
    waits: Queued | Dequeuing
    since: float
    #: The same moment on the clock of the exchange.
    since_time: datetime

    def seconds(self, now: datetime) -> int:
        """Return how long the member has waited. Only the clock of a timed leg runs by itself."""
        leg = self.member.leg
        return round(leg.now - self.since if leg.timed else (now - self.since_time).total_seconds())


@dataclass(eq=False, slots=True)
class Meeting:
    """A caller who was taken out of a queue, and the member that took them.

    ``seconds`` is how long the caller had waited. It is set once the caller has been told.
    """

    place: Place
    taker: Member
    seconds: int = 0
    #: Whether the caller has heard what came before the talk.
    is_ready: bool = False

    @property
    def caller(self) -> Member:
        """The member that waited in the queue."""
        return self.place.member

    def other(self, member: Member) -> Member:
        """Return the other one of the two."""
        return self.taker if member is self.caller else self.caller


@dataclass(eq=False, slots=True)
class Queue:
    """One queue; at most ``most`` callers wait in it."""

    name: str
    created_at: datetime
    sid: str = field(default_factory=lambda: new_sid("QU"))
    most: int = MOST_WAITING
    updated_at: datetime | None = None
    waiting: list[Place] = field(default_factory=list)
    #: Those who have dialed the queue while nobody was in it, the first one first.
    takers: list[Place] = field(default_factory=list)


class Queues:
    """Queues by name. A queue is created when it is first used. Safe to use from many threads.

    ``move`` runs an action where the call with this sid is driven; without it the action runs at once. It is
    never called with a lock held.
    """

    def __init__(
        self,
        *,
        move: Callable[[str, Callable[[], None]], object] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._move, self._clock = move, clock
        self._queues: dict[str, Queue] = {}
        self._lock = threading.RLock()

    def moves(self, member: Member, action: Callable[[], None]) -> None:
        """Run ``action`` where ``member`` is driven. A failure of the line there is that call's own."""
        with suppress(LineError):
            if self._move is None:
                action()
            else:
                self._move(member.leg.call_sid, action)

    def sid(self, name: str) -> str:
        """Return the identifier of the queue."""
        with self._lock:
            return self._queue(name).sid

    def all(self) -> list[Queue]:
        """Return every queue, oldest first."""
        with self._lock:
            return list(self._queues.values())

    def has(self, name: str) -> bool:
        """Whether there is a queue of this name."""
        with self._lock:
            return name in self._queues

    def find(self, sid: str) -> Queue:
        """Return the queue with this sid. Raises LookupError."""
        with self._lock:
            found = next((one for one in self._queues.values() if one.sid == sid), None)
        if found is None:
            raise LookupError(sid)
        return found

    def create(self, name: str, most: int = MOST_WAITING) -> Queue:
        """Make a queue. Raises QueueError when there is one of this name."""
        with self._lock:
            if name in self._queues:
                raise QueueError("there is a queue of this name")
            queue = self._queue(name)
            queue.most = most
            return queue

    def change(self, queue: Queue, name: str, most: int) -> None:
        """Give a queue another name and size. Raises QueueError for a name that is taken."""
        with self._lock:
            if self._queues.get(name, queue) is not queue:
                raise QueueError("there is a queue of this name")
            if name != queue.name and queue.waiting:
                raise QueueError("callers wait in this queue")
            del self._queues[queue.name]
            queue.name, queue.most, queue.updated_at = name, most, self._clock()
            self._queues[name] = queue

    def remove(self, queue: Queue) -> None:
        """Delete a queue. Raises QueueError while callers wait in it."""
        with self._lock:
            if queue.waiting:
                raise QueueError("callers wait in this queue")
            self._queues.pop(queue.name, None)

    def waiting(self, queue: Queue) -> list[Place]:
        """Return who waits in a queue, the first one first."""
        with self._lock:
            return list(queue.waiting)

    def join(self, place: Place, most: int | None) -> bool:
        """Put a place at the end. Returns False for a full queue; ``most`` changes how many it takes."""
        with self._lock:
            queue = self._queue(place.waits.name)
            queue.most = queue.most if most is None else most
            if len(queue.waiting) >= queue.most:
                return False
            queue.waiting.append(place)
            return True

    def take(self, place: Place) -> Meeting | None:
        """Take out the caller who has waited longest, for the member of this place.

        Returns None when nobody waits; the member is told when someone comes.
        """
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
        """Return the member that has waited longest for a caller, if a caller is there now."""
        with self._lock:
            queue = self._queue(name)
            return queue.takers[0].member if queue.takers and queue.waiting else None

    def leave(self, place: Place) -> None:
        """Give up a place. Does nothing when it was taken meanwhile."""
        with self._lock:
            queue = self._queue(place.waits.name)
            for places in (queue.waiting, queue.takers):
                if place in places:
                    places.remove(place)

    def params(self, place: Place, now: float) -> Params:
        """Return what the hold document is told; ``now`` is a moment of the member's clock."""
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

    def _queue(self, name: str) -> Queue:
        if name not in self._queues:
            self._queues[name] = Queue(name, self._clock())
        return self._queues[name]
