"""The writes of a PIN try, each one statement that updates its row from the row's current values (R04)."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Table,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy import true as sql_true
from sqlalchemy.dialects.postgresql import Insert, insert

from models.cases.case import Case
from models.cases.pin import KnownPhone, PinCounter, PinTry

#: After this many doublings the wait has its maximum; the statement has one bind name for each.
DOUBLINGS = 12

_CASES: Table = Case.__table__  # type: ignore[assignment]
_COUNTERS: Table = PinCounter.__table__  # type: ignore[assignment]
_KNOWN: Table = KnownPhone.__table__  # type: ignore[assignment]
_TRIES: Table = PinTry.__table__  # type: ignore[assignment]


def _bind(name: str, column: Any) -> Any:
    return bindparam(name, type_=column.type)


def _counting() -> Insert:
    c = _COUNTERS.c
    spent = _bind("counted_spent", c.spent_at)
    already = exists().where(
        _TRIES.c.call_id == _bind("counted_call_id", _TRIES.c.call_id),
        _TRIES.c.turn == _bind("counted_turn", _TRIES.c.turn),
    )
    first = select(
        _bind("counted_key", c.number_key),
        _bind("counted_counter", c.counter),
        literal_column("1"),
        _bind("counted_first_wait", c.wait_until),
        _bind("counted_first_lock", c.locked_at),
        spent,
        literal_column("true"),
    ).where(not_(already))
    now = _bind("counted_now", c.wait_until)
    is_free = and_(c.locked_at.is_(None), or_(c.wait_until.is_(None), c.wait_until <= now))
    counts = or_(_bind("counted_allowed", c.told), is_free)
    failures = c.consecutive + 1
    doublings = failures - _bind("counted_wait_from", c.consecutive)
    waits: Iterable[Any] = (
        (doublings == n, _bind(f"counted_wait_{n}", c.wait_until)) for n in range(DOUBLINGS)
    )
    wait = case((doublings < 0, None), *waits, else_=_bind(f"counted_wait_{DOUBLINGS}", c.wait_until))
    locks = and_(counts, c.locked_at.is_(None), failures >= _bind("counted_lock_from", c.consecutive))
    return (
        insert(_COUNTERS)
        .from_select(
            ["number_key", "counter", "consecutive", "wait_until", "locked_at", "spent_at", "told"], first
        )
        .on_conflict_do_update(
            index_elements=[c.number_key, c.counter],
            set_={
                "consecutive": case((counts, failures), else_=c.consecutive),
                "wait_until": case((counts, wait), else_=c.wait_until),
                "locked_at": case((locks, now), else_=c.locked_at),
                # A total can fall below its limit again as time passes, so each try sets anew whether it is
                # spent.
                "spent_at": case((spent.is_(None), None), else_=func.coalesce(c.spent_at, spent)),
                "told": and_(c.told, not_(or_(locks, and_(c.spent_at.is_(None), spent.is_not(None))))),
            },
        )
    )


def _trying() -> Insert:
    c = _TRIES.c
    return (
        insert(_TRIES)
        .values(
            call_id=_bind("tried_call_id", c.call_id),
            turn=_bind("tried_turn", c.turn),
            number_key=_bind("tried_key", c.number_key),
            counter=_bind("tried_counter", c.counter),
            phone_key=_bind("tried_phone", c.phone_key),
            at=_bind("tried_at", c.at),
            opened=_bind("tried_opened", c.opened),
        )
        .on_conflict_do_nothing(index_elements=[c.call_id, c.turn])
    )


def _knowing() -> Insert:
    c = _KNOWN.c
    now = _bind("known_now", c.last_verified_at)
    key, phone = _bind("known_key", c.number_key), _bind("known_phone", c.phone_key)
    # A phone that was marked unsafe stays unsafe, whatever it opens.
    return (
        insert(_KNOWN)
        .values(number_key=key, phone_key=phone, last_verified_at=now, unsafe_at=None)
        .on_conflict_do_update(index_elements=[c.number_key, c.phone_key], set_={"last_verified_at": now})
    )


COUNTING, TRYING, KNOWING = _counting(), _trying(), _knowing()
OPENING = (
    update(_TRIES)
    .where(_TRIES.c.call_id == bindparam("opened_call_id"), _TRIES.c.turn == bindparam("opened_turn"))
    .values(opened=sql_true())
)
_SINCE = _bind("cleared_since", _COUNTERS.c.locked_at)
_STAYS_LOCKED, _STAYS_SPENT = _COUNTERS.c.locked_at < _SINCE, _COUNTERS.c.spent_at < _SINCE
# This also clears a lock that this try made, or that others made on top of it while it counted as a failure,
# and a total that it spent: nobody is told of either.
CLEARING = (
    update(_COUNTERS)
    .where(
        _COUNTERS.c.number_key == bindparam("cleared_key"),
        _COUNTERS.c.counter == _bind("cleared_counter", _COUNTERS.c.counter),
    )
    .values(
        consecutive=0,
        wait_until=None,
        locked_at=case((_STAYS_LOCKED, _COUNTERS.c.locked_at), else_=None),
        spent_at=case((_STAYS_SPENT, _COUNTERS.c.spent_at), else_=None),
        told=case((or_(_STAYS_LOCKED, _STAYS_SPENT), _COUNTERS.c.told), else_=sql_true()),
    )
)
# Set only when there is nothing to tell; otherwise it waits until the caller has heard about the tries.
_TOLD_IF_NONE = func.coalesce(_bind("verified_told", _CASES.c.tries_told_at), _CASES.c.tries_told_at)
# A mailed PIN tells nothing about the case, so it does not count as a verification of it.
USING_LETTER = (
    update(_CASES)
    .where(_CASES.c.id == bindparam("verified_case_id"))
    .values(letter_uses=_CASES.c.letter_uses + 1, tries_told_at=_TOLD_IF_NONE)
)
VERIFYING = (
    update(_CASES)
    .where(_CASES.c.id == bindparam("verified_case_id"))
    .values(
        last_verified_at=_bind("verified_now", _CASES.c.last_verified_at),
        tries_told_at=_TOLD_IF_NONE,
    )
)
_TOLD = _bind("told_at", _CASES.c.tries_told_at)
TELLING = (
    update(_CASES)
    .where(
        _CASES.c.id == bindparam("told_case_id"),
        or_(_CASES.c.tries_told_at.is_(None), _CASES.c.tries_told_at < _TOLD),
    )
    .values(tries_told_at=_TOLD)
)
