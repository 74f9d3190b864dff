"""What a try at a PIN must know, as parts of the one statement that reads a call (R04-R06, R38)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    String,
    and_,
    bindparam,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    true,
)

from models.base import table_of
from models.call import CALLS
from models.case import Case
from models.pin import ATTESTED, UNATTESTED, KnownPhone, PinTry
from models.registrant import Phone

KNOWN_PHONE_LIFE = timedelta(days=180)
TOTAL_LIFE = timedelta(days=30)
SPRAY_WINDOW = timedelta(hours=24)
HEARD_WITHIN = timedelta(minutes=2)
#: Counting stops here: every limit is at or below it, and an attacker must not make the count slow.
COUNTED_AT_MOST = 101

_CASES = table_of(Case)
_KNOWN = table_of(KnownPhone)
_PHONES = table_of(Phone)
_TRIES = table_of(PinTry)

#: The counter of the call's phone, should the case know that phone.
OWN_COUNTER = (
    case((CALLS.c.caller_id_attested == true(), literal(ATTESTED, String)), else_=literal(UNATTESTED, String))
    + CALLS.c.phone_key
)


def is_known() -> Any:
    """Whether the case knows the call's phone: confirmed in it, or right lately, and not marked unsafe."""
    of_case = and_(
        _PHONES.c.registrant_id == _CASES.c.registrant_id, _PHONES.c.number_key == CALLS.c.phone_key
    )

    def has(condition: Any) -> Any:
        # No EXISTS: PostgreSQL may answer one by a hash of the whole table instead of by the index.
        found = select(_PHONES.c.id).where(of_case, condition).limit(1).correlate(CALLS, _CASES)
        return found.scalar_subquery().is_not(None)

    return and_(
        or_(_KNOWN.c.phone_key.is_not(None), has(_PHONES.c.confirmed_at.is_not(None))),
        _KNOWN.c.unsafe_at.is_(None),
        not_(has(_PHONES.c.unsafe_since.is_not(None))),
    )


def failures_of(counter: Any, name: Any) -> Any:
    """Failures at the number within 30 days that no supervisor lifted, counted as far as limits need."""
    few = (
        select(_TRIES.c.at)
        .where(
            _TRIES.c.number_key == CALLS.c.number_key,
            _TRIES.c.counter == name,
            _TRIES.c.at >= bindparam("total_since"),
            not_(_TRIES.c.opened),
            or_(counter.c.lifted_at.is_(None), _TRIES.c.at > counter.c.lifted_at),
        )
        .limit(COUNTED_AT_MOST)
        .correlate(CALLS, counter)
        .subquery()
    )
    return select(func.count()).select_from(few).scalar_subquery()


def failures_since_verified() -> Any:
    """Wrong tries at the number since it was last opened, else since the case began (R04).

    Those of this call apart.
    """
    few = (
        select(_TRIES.c.at)
        .where(
            _TRIES.c.number_key == CALLS.c.number_key,
            _TRIES.c.at > func.coalesce(_CASES.c.last_verified_at, _CASES.c.opened_at),
            _TRIES.c.call_id != CALLS.c.id,
            not_(_TRIES.c.opened),
        )
        .limit(COUNTED_AT_MOST)
        .correlate(CALLS, _CASES)
        .subquery()
    )
    return select(func.count()).select_from(few).scalar_subquery()


def earlier_open_calls() -> Any:
    """Open calls of the same phone that began before this one (R38).

    A call under a caller id that the carrier found to be faked takes no room from the phone itself. A call
    of which nothing was heard for two minutes is not counted: the event of its end may have been lost.
    """
    other = CALLS.alias("other_calls")
    few = (
        select(other.c.id)
        .where(
            other.c.phone_key == CALLS.c.phone_key,
            text("other_calls.direction = 'inbound' AND other_calls.ended_at IS NULL"),
            other.c.id < CALLS.c.id,
            other.c.caller_id_doubted == CALLS.c.caller_id_doubted,
            func.coalesce(other.c.progress_at, other.c.started_at) > bindparam("open_since"),
        )
        .limit(COUNTED_AT_MOST)
        .correlate(CALLS)
        .subquery()
    )
    return select(func.count()).select_from(few).scalar_subquery()


def of_phone(what: Callable[[Any], Any]) -> Any:
    """Something of the latest tries from the call's phone."""
    return _of_latest(what, _TRIES.c.phone_key == CALLS.c.phone_key)


def failures_at_number() -> Any:
    """How many of the latest tries at the number keyed failed."""
    return _of_latest(
        lambda _tries: func.count(), _TRIES.c.number_key == CALLS.c.number_key, not_(_TRIES.c.opened)
    )


def _of_latest(what: Callable[[Any], Any], *conditions: Any) -> Any:
    """Something of the latest tries within the window, of no more of them than any limit needs."""
    latest = (
        select(_TRIES.c.number_key, _TRIES.c.opened)
        .where(*conditions, _TRIES.c.at >= bindparam("spray_since"))
        .order_by(_TRIES.c.at.desc())
        .limit(COUNTED_AT_MOST)
        .correlate(CALLS)
        .subquery()
    )
    return select(what(latest)).select_from(latest).scalar_subquery()
