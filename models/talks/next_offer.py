"""The next offers: the callbacks that a free liaison may be offered now, in their order (R36)."""

from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, literal, or_
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.callbacks.callback_list import heads_of_list
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.liaison import Pool, count_free, unverified_may_take
from models.calls import pacing
from models.calls.offer import last_offers
from models.calls.two_lists import RANKS, UNVERIFIED, VERIFIED, Owed, interleave, is_verified, owed_to
from models.talks.call_queue import kept_for_queue


def first_on_list(
    session: Session, now: datetime, policy: CallbackPolicy, limit: int, *where: ColumnElement[bool]
) -> list[int]:
    """The first callbacks that somebody is free for now, at most ``limit`` and no more than are free.

    ``where`` excludes some of them.
    """
    is_open = policy.is_open(now)
    free = count_free(session, is_open=is_open)
    if not any(free.values()):
        return []
    urgent = Callback.urgency == "urgent"
    passed_over = Callback.liaison_tries >= policy.numbers.liaison_tries
    whose = {
        Pool.LIAISONS: ~urgent,
        Pool.URGENT: and_(urgent, ~passed_over),
        Pool.EVERYONE: and_(urgent, passed_over),
    }
    # Availability goes in as a value: one SQL text in all cases, compiled once.
    only = or_(*(and_(literal(free[pool] > 0, Boolean), whose[pool]) for pool in Pool))
    at_most = min(limit, max(free.values()))
    ranks = RANKS if unverified_may_take(session, now) else VERIFIED
    found = heads_of_list(session, now, at_most, (only, *where), ranks)
    last = last_offers(session, now)
    kept = _KeptForQueue(session, now, owed_to(last))
    left = [row for row in found if free[pool_for(row, policy)] > kept.from_row(row)]
    turns = interleave(left, last, now + policy.due_soon)
    return [row.id for row in islice(turns, at_most)]


def owed_callback(session: Session, now: datetime) -> int | None:
    """A callback without a PIN that is owed the next offer, so that callers at 0 leave it a liaison (R36).

    None while the carrier refuses our calls: then only callers on the phone can be connected to anybody.
    """
    if owed_to(last_offers(session, now)) is not Owed.UNVERIFIED or pacing.is_refused(session):
        return None
    return next((row.id for row in heads_of_list(session, now, 1, (), UNVERIFIED)), None)


class _KeptForQueue:
    """How many free liaisons a callback leaves to callers in the call queue; computed once per kind."""

    def __init__(self, session: Session, now: datetime, owed: Owed | None) -> None:
        self._session, self._now, self._owed = session, now, owed
        self._known: dict[tuple[bool, bool], int] = {}

    def from_row(self, row: Any) -> int:
        kind = is_verified(row), row.due_at <= self._now
        if kind not in self._known:
            self._known[kind] = kept_for_queue(
                self._session, self._now, verified=kind[0], due_at=row.due_at, owed=self._owed
            )
        return self._known[kind]


def pool_for(callback: Any, policy: CallbackPolicy) -> Pool:
    """Whom the line calls for this callback next; a row with its urgency and ``liaison_tries`` is enough."""
    if callback.urgency != "urgent":
        return Pool.LIAISONS
    return Pool.EVERYONE if policy.is_untaken(callback) else Pool.URGENT
