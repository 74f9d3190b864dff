"""Urgent work that nobody has: how much, and which callbacks a page has not reported yet (R36)."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, func, select, text, union_all
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.callbacks.callback_list import IN_ORDER, LISTED
from models.calls.two_lists import RANKS, UNVERIFIED_OTHER, VERIFIED, place_of

#: How many ids a page gets: a flood of requests must not make every page long.
MOST_NAMED = 50
_OTHER = (VERIFIED[1], *UNVERIFIED_OTHER)
#: The line is calling a liaison about it. After a claim a person has it.
_OFFERED = text("callbacks.state IN ('claimed','ringing_liaison') AND callbacks.claimed_at IS NULL")
#: The exact words of the partial index, so that both databases use it.
_IN_HAND = text("callbacks.state IN ('claimed','ringing_liaison','ringing_caller','talking')")


def _pressing(rank: int) -> ColumnElement[bool]:
    is_there = and_(LISTED, Callback.rank == rank)
    return and_(is_there, Callback.due_at <= bindparam("soon")) if rank in _OTHER else is_there


# Built once: every open console page asks every few seconds, and building a union of all ranks takes longer
# than running it.
_HEADS = union_all(
    *(
        select(
            select(Callback.id, Callback.rank, Callback.due_at, Callback.requested_at)
            .where(_pressing(rank))
            .order_by(*IN_ORDER)
            .limit(MOST_NAMED)
            .subquery()
        )
        for rank in RANKS
    )
)
_COUNTS = union_all(
    *(
        select(func.count(), func.count().filter(Callback.due_at < bindparam("now"))).where(_pressing(rank))
        for rank in RANKS
    )
)
_BEING_OFFERED = select(Callback.id).where(_IN_HAND, _OFFERED).order_by(Callback.id)


@dataclass(frozen=True, slots=True)
class Untaken:
    """``count`` callbacks wait for somebody; ``first`` are at most MOST_NAMED ids.

    Urgent ones are first in it, before those that are only due soon; of each the verified ones.

    ``offered`` are the ids about which the line is calling a liaison right now. A page that has reported one
    of them does not report it again when the liaison does not answer. ``overdue`` are at most MOST_NAMED
    ids of the ``overdue_count`` whose promised time is over.
    """

    count: int
    first: tuple[int, ...]
    offered: tuple[int, ...]
    overdue: tuple[int, ...]
    overdue_count: int


def untaken(session: Session, now: datetime, soon: datetime) -> Untaken:
    """Urgent callbacks that nobody has, and those promised for ``soon`` at the latest."""
    rows = session.execute(_HEADS, {"soon": soon}).all()
    named = sorted(rows, key=lambda row: (row.rank in _OTHER, row.rank, *place_of(row)))[:MOST_NAMED]
    of_ranks = Counter(row.rank for row in rows)
    # All of a rank were read unless it has as many as may be read.
    is_whole = max(of_ranks.values(), default=0) < MOST_NAMED
    late = sorted(row.id for row in rows if row.due_at < now)
    count, overdue = len(rows), len(late)
    if not is_whole:
        found = session.execute(_COUNTS, {"soon": soon, "now": now}).all()
        count, overdue = (sum(one) for one in zip(*found, strict=True))
    offered = tuple(session.scalars(_BEING_OFFERED))
    return Untaken(count, tuple(row.id for row in named), offered, tuple(late[:MOST_NAMED]), overdue)
