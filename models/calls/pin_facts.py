"""What a PIN try must know, as parts of the one statement that reads a call (R04-R06, R38)."""

from datetime import timedelta
from typing import Any

from sqlalchemy import (
    String,
    and_,
    bindparam,
    case,
    distinct,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    true,
)

from models.calls.call import CALLS
from models.cases.case import Case
from models.cases.pin import ATTESTED, UNATTESTED, KnownPhone, PinTry
from models.cases.registrant import Phone
from models.store.base import table_of

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

#: The counter of the call's phone, if the case knows that phone.
OWN_COUNTER = (
    case((CALLS.c.caller_id_attested == true(), literal(ATTESTED, String)), else_=literal(UNATTESTED, String))
    + CALLS.c.phone_key
)


def is_known() -> Any:
    """Whether the case knows the call's phone: confirmed or lately verified, and not marked unsafe."""
    of_case = and_(
        _PHONES.c.registrant_id == _CASES.c.registrant_id, _PHONES.c.phone_key == CALLS.c.phone_key
    )

    def has(condition: Any) -> Any:
        # Not EXISTS, because PostgreSQL may hash the whole table for it instead of using the index.
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
            _TRIES.c.number_key == CALLS.c.tried_key,
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


def failures_untold() -> Any:
    """Wrong tries at the number since a caller was last told of any, or else since the case began (R04).

    The tries of this call are excluded. A caller who entered the duress PIN is not told of slips in calls
    that then opened the case itself: those show when its owner called (R10).
    """
    tried_in = CALLS.alias("told_of")
    few = (
        select(_TRIES.c.at)
        .outerjoin(tried_in, tried_in.c.id == _TRIES.c.call_id)
        .where(
            or_(
                _CASES.c.duress_of.is_(None),
                tried_in.c.case_id.is_(None),
                tried_in.c.case_id != _CASES.c.duress_of,
            ),
            _TRIES.c.number_key == CALLS.c.tried_key,
            _TRIES.c.at > func.coalesce(_CASES.c.tries_told_at, _CASES.c.opened_at),
            _TRIES.c.call_id != CALLS.c.id,
            not_(_TRIES.c.opened),
        )
        .limit(COUNTED_AT_MOST)
        .correlate(CALLS, _CASES)
        .subquery()
    )
    return select(func.count()).select_from(few).scalar_subquery()


def earlier_open_calls() -> Any:
    """Open calls of the same phone that began before this one and entered no right PIN (R38).

    Calls whose caller ID the carrier judges differently are not counted, so a faked number cannot use up the
    phone's own limit. A call that opened its case is not counted either: a stranger with that number would
    hear that somebody is on it. A call without news for two minutes is not counted: its end event may have
    been lost.
    """
    other = CALLS.alias("other_calls")
    since: Any = bindparam("open_since")
    few = (
        select(other.c.id)
        .where(
            other.c.phone_key == CALLS.c.phone_key,
            text("other_calls.direction = 'inbound' AND other_calls.ended_at IS NULL"),
            other.c.id < CALLS.c.id,
            other.c.verified_at.is_(None),
            *_judged_alike(other),
            # A key that leads nowhere is no progress, but somebody is there all the same.
            or_(*(heard > since for heard in (other.c.last_key_at, other.c.progress_at, other.c.started_at))),
        )
        .limit(COUNTED_AT_MOST)
        .correlate(CALLS)
        .subquery()
    )
    return select(func.count()).select_from(few).scalar_subquery()


def numbers_unopened() -> Any:
    """At how many numbers calls from this phone recently tried and opened nothing (R06).

    Only the call that opened a number excludes it: otherwise a stranger who tries some numbers would hear
    whether somebody opens a case from this phone. Tries under a caller ID that the carrier judges differently
    do not count as this phone's.
    """
    latest, tried_in = _latest(_TRIES.c.phone_key == CALLS.c.phone_key), CALLS.alias("tried_in")
    unopened = (
        select(latest.c.number_key)
        .select_from(latest)
        .join(tried_in, tried_in.c.id == latest.c.call_id)
        .where(*_judged_alike(tried_in))
        .group_by(latest.c.call_id, latest.c.number_key)
        .having(func.count(case((latest.c.opened, 1))) == 0)
        .correlate(CALLS)
        .subquery()
    )
    return select(func.count(distinct(unopened.c.number_key))).select_from(unopened).scalar_subquery()


def failures_at_number() -> Any:
    """How many of the latest tries at the entered number failed."""
    latest = _latest(_TRIES.c.number_key == CALLS.c.tried_key, not_(_TRIES.c.opened))
    return select(func.count()).select_from(latest).scalar_subquery()


def _latest(*conditions: Any) -> Any:
    """The latest tries within the window, no more of them than any limit needs."""
    return (
        select(_TRIES.c.call_id, _TRIES.c.number_key, _TRIES.c.opened)
        .where(*conditions, _TRIES.c.at >= bindparam("spray_since"))
        .order_by(_TRIES.c.at.desc())
        .limit(COUNTED_AT_MOST)
        .correlate(CALLS)
        .subquery()
    )


def _judged_alike(other: Any) -> tuple[Any, Any]:
    """Whether the carrier judges another call's caller ID the same way as this call's (R07)."""
    return (
        other.c.caller_id_doubted == CALLS.c.caller_id_doubted,
        other.c.caller_id_attested == CALLS.c.caller_id_attested,
    )
