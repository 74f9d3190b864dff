"""What staff do with callbacks of the list."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from models import Callback, Staff
from models.callbacks.appointment import reschedule
from models.callbacks.claim import claim
from models.talks.own_call import call_now
from tests.call_center import CallCenter


class Console:
    """What staff do, each in a transaction of its own; the jobs go to the call_center's queue."""

    def __init__(self, call_center: CallCenter) -> None:
        self.call_center = call_center

    def does(self, what: Callable[..., Any], *words: Any) -> Any:
        with self.call_center.database.transaction() as session:
            found = what(session, *words)
        self.call_center.take(found if isinstance(found, list) else [])
        return found

    def claims(self, callback: Callback, who: Staff) -> None:
        self.does(claim, callback.id, who.id, self.call_center.now, self.call_center.policies)

    def calls_now(self, callback: Callback, who: Staff) -> None:
        policy = self.call_center.policy
        self.does(call_now, callback.id, who.id, self.call_center.now, policy)

    def reschedules(self, callback: Callback, who: Staff, at: datetime) -> None:
        policy = self.call_center.policy
        self.does(reschedule, callback.id, who, at, self.call_center.now, policy)


def left(call_center: CallCenter, callback: Callback, outcome: str = "unknown") -> None:
    with call_center.database.transaction() as session:
        found = session.get_one(Callback, callback.id)
        found.state, found.outcome, found.closed_at = "left_for_staff", outcome, call_center.now
