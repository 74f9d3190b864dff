"""What staff do with callbacks of the list."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from models import Callback, Staff
from models.callbacks.appointment import reschedule
from models.callbacks.claim import claim
from models.talks.own_call import call_now
from tests.callback_desk import CallbackDesk


class Console:
    """What staff do, each in a transaction of its own; the jobs go to the desk's queue."""

    def __init__(self, desk: CallbackDesk) -> None:
        self.desk = desk

    def does(self, what: Callable[..., Any], *words: Any) -> Any:
        with self.desk.database.transaction() as session:
            found = what(session, *words)
        self.desk.take(found if isinstance(found, list) else [])
        return found

    def claims(self, callback: Callback, who: Staff) -> None:
        self.does(claim, callback.id, who.id, self.desk.now, self.desk.policies)

    def calls_now(self, callback: Callback, who: Staff) -> None:
        policy = self.desk.policy
        self.does(call_now, callback.id, who.id, self.desk.now, policy)

    def reschedules(self, callback: Callback, who: Staff, at: datetime) -> None:
        policy = self.desk.policy
        self.does(reschedule, callback.id, who, at, self.desk.now, policy)


def left(desk: CallbackDesk, callback: Callback, outcome: str = "unknown") -> None:
    with desk.database.transaction() as session:
        found = session.get_one(Callback, callback.id)
        found.state, found.outcome, found.closed_at = "left_for_staff", outcome, desk.now
