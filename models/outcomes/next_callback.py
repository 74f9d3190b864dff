"""The callback that a staff member is shown next: the first that they may claim and call now (R36)."""

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice

from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.callbacks.callback_list import IN_ORDER, ON_LIST
from models.callbacks.callback_policy import CallbackPolicy
from models.calls.offer import last_offers
from models.calls.two_lists import RANKS, interleave
from models.store.refusal import RefusedError
from models.talks.own_call import may_ring_now

#: How many are looked at. Where none of these may be called now, the list is shown instead.
_LOOKS = 25


def next_to_claim(
    session: Session, languages: Collection[str], now: datetime, policy: CallbackPolicy
) -> int | None:
    """The id of the first callback in one of these languages that may be claimed and called now, or None.

    It changes nothing, so a colleague may be faster. What was left for staff is not offered by itself:
    somebody has to read why before they call.
    """
    for callback in _in_order(session, languages, now, policy):
        try:
            may_ring_now(session, callback, now, policy)
        except RefusedError:
            continue
        return callback.id
    return None


def _in_order(
    session: Session, languages: Collection[str], now: datetime, policy: CallbackPolicy
) -> Iterator[Callback]:
    """The heads of both lists in the order of offers."""
    heads = [
        select(Callback.id, Callback.rank, Callback.due_at, Callback.requested_at)
        .where(ON_LIST, Callback.rank == rank, Callback.language.in_(languages))
        .order_by(*IN_ORDER)
        .limit(_LOOKS)
        .subquery()
        for rank in RANKS
    ]
    rows = session.execute(union_all(*(select(head) for head in heads))).all()
    turns = interleave(rows, last_offers(session, now), now + policy.due_soon)
    ids = [row.id for row in islice(turns, _LOOKS)]
    found = {row.id: row for row in session.scalars(select(Callback).where(Callback.id.in_(ids)))}
    yield from (found[one] for one in ids if one in found)
