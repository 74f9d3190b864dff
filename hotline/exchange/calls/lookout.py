"""Publishes changes of calls since the last check."""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from hotline.exchange.calls.feed import Feed
from hotline.exchange.calls.switched_call import SwitchedCall


class Lookout:
    """Compares calls with the last check and tells ``feed`` each new passage, call status and state."""

    def __init__(self, feed: Feed, clock: Callable[[], datetime]) -> None:
        self._feed, self._clock, self._lock = feed, clock, threading.Lock()

    def tell_changes(self, calls: Iterable[SwitchedCall]) -> None:
        """Publish what is new on these calls. Calls whose end was published are skipped."""
        told: list[tuple[str, SwitchedCall, dict[str, Any]]] = []
        with self._lock:
            for call in calls:
                if call.ended_at is None:
                    told += [(kind, call, facts) for kind, facts in self._news(call)]
        for kind, call, facts in told:
            self._feed.tell(kind, call.sid, **facts)

    def _news(self, call: SwitchedCall) -> list[tuple[str, dict[str, Any]]]:
        news: list[tuple[str, dict[str, Any]]] = []
        # Read the end first: anything said after this check belongs to the next one.
        is_over, status, state = call.live.leg.is_over, call.status, call.live.state
        passages = call.passages(call.told_passages)
        if passages:
            news.append(("transcript", {"at": call.told_passages, "passages": passages}))
            call.told_passages += len(passages)
        if status != call.told_status:
            call.told_status, call.updated_at = status, self._clock()
            if status == "in-progress" and call.answered_at is None:
                call.answered_at = call.updated_at
            news.append(("status", {"status": status}))
        if state != call.told_state:
            call.told_state = state
            news.append(("state", {"state": state}))
        if is_over:
            call.ended_at = call.updated_at or self._clock()
        return news
