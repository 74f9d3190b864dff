"""The order of the callback list: two lists, verified and unverified, that alternate (R36). Pure.

The callbacks of a rank differ only in the moment promised and, of equal moments, in when their callers
began to wait. So an index finds the head of each rank. A list is merged from the heads of its ranks, and the
next offer is chosen from both lists.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol, TypeVar

from sqlalchemy import ColumnElement, case

from models.calls.offer import LOOKED_AT

#: The ranks of verified callers: urgent, and others.
VERIFIED = (0, 1)
#: Those of unverified callers, urgent and others: a case's undoubted phone, any other, a doubted caller ID.
UNVERIFIED_URGENT, UNVERIFIED_OTHER = (2, 3, 4), (5, 6, 7)
UNVERIFIED = UNVERIFIED_URGENT + UNVERIFIED_OTHER
RANKS = VERIFIED + UNVERIFIED
CONFIRMED_PHONE, ANY_PHONE, DOUBTED = range(3)
#: Of any four offers in a row, at most this many go to unverified callers while a verified one waits.
_MOST_UNVERIFIED = 2


class Placed(Protocol):
    """The fields of a callback that give its place among equals; both a row and a model have them."""

    @property
    def id(self) -> int: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def requested_at(self) -> datetime: ...


class Waiting(Placed, Protocol):
    """The fields that give its position in the lists."""

    @property
    def rank(self) -> int | None: ...


Row = TypeVar("Row", bound=Waiting)


def rank_of(*, verified: bool, urgent: bool, trust: int = ANY_PHONE) -> int:
    """The rank of a callback; ``trust`` is how far an unverified caller's phone is believed."""
    if verified:
        return VERIFIED[0 if urgent else 1]
    return (UNVERIFIED_URGENT if urgent else UNVERIFIED_OTHER)[trust]


def rank_in_sql(verified: ColumnElement[bool], urgency: ColumnElement[str]) -> ColumnElement[int]:
    """The same for a row whose phone was not checked."""
    return case(
        (verified, case((urgency == "urgent", VERIFIED[0]), else_=VERIFIED[1])),
        (urgency == "urgent", UNVERIFIED_URGENT[ANY_PHONE]),
        else_=UNVERIFIED_OTHER[ANY_PHONE],
    )


def place_of(row: Placed) -> tuple[datetime, datetime, int]:
    """Its place in its rank: of equal promised moments the one who began to wait first is first (R36)."""
    return row.due_at, row.requested_at, row.id


def is_verified(row: Waiting) -> bool:
    """Which of the two lists a callback is in."""
    return row.rank in VERIFIED


def is_pressing(row: Waiting, soon: datetime) -> bool:
    """Whether it counts as urgent: it is urgent, or its promise is due by ``soon``."""
    return row.rank in (VERIFIED[0], *UNVERIFIED_URGENT) or row.due_at <= soon


def interleave(rows: Iterable[Row], last: Sequence[bool], soon: datetime) -> Iterator[Row]:
    """The callbacks of both lists in the order in which they are offered; see R36.

    ``last`` says for each earlier offer whether it went to a verified caller, the newest last. If a rank's
    head is among ``rows``, as many of that rank as are wanted must be there too.
    """
    ordered = sorted(rows, key=lambda row: (not is_pressing(row, soon), _trust(row), *place_of(row)))
    verified = [row for row in ordered if is_verified(row)]
    unverified = [row for row in ordered if not is_verified(row)]
    turns = list(last)
    first, second = 0, 0
    while first < len(verified) or second < len(unverified):
        if first == len(verified):
            takes_verified = False
        elif second == len(unverified):
            takes_verified = True
        else:
            takes_verified = _is_turn_of_verified(turns, verified[first], unverified[second], soon)
        turns.append(takes_verified)
        if takes_verified:
            yield verified[first]
            first += 1
        else:
            yield unverified[second]
            second += 1


class Owed(Enum):
    """Which list the next offer goes to while one of that list waits; see ``owed_to``."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"


def owed_to(last: Sequence[bool]) -> Owed | None:
    """Which list the next offer goes to after the earlier ones; None if the more urgent head may have it."""
    if len(last) >= LOOKED_AT and all(last[-LOOKED_AT:]):
        return Owed.UNVERIFIED
    if sum(not one for one in last[-LOOKED_AT:]) >= _MOST_UNVERIFIED:
        return Owed.VERIFIED
    return None


def before_next(of_verified: int, of_unverified: int, *, verified: bool) -> int:
    """At most how many of the waiting are offered before a new caller of the same urgency."""
    if verified:
        # Two of any four: two before the first verified one, and one more with each.
        return of_verified + min(of_unverified, of_verified + _MOST_UNVERIFIED)
    return of_unverified + min(of_verified, LOOKED_AT * (of_unverified + 1))


def _is_turn_of_verified(
    last: Sequence[bool], verified: Waiting, unverified: Waiting, soon: datetime
) -> bool:
    owed = owed_to(last)
    if owed is not None:
        return owed is Owed.VERIFIED
    return _urgency(verified, soon) <= _urgency(unverified, soon)


def _urgency(row: Waiting, soon: datetime) -> tuple[bool, datetime]:
    return not is_pressing(row, soon), row.due_at


def _trust(row: Waiting) -> int:
    for ranks in (UNVERIFIED_URGENT, UNVERIFIED_OTHER):
        if row.rank in ranks:
            return ranks.index(row.rank)
    return 0
