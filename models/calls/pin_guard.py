"""The guard against spraying: raised while many more tries than usual fail on the whole line (R06)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import BigInteger, bindparam, cast, extract, func, not_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.cases.pin import PinTry
from models.store.base import table_of
from models.store.guard import Guard
from models.store.policies import Policies

SPRAYING = "spraying"
#: The hours before the last one that give the usual rate: seven days.
USUAL_HOURS = 7 * 24
#: How long a guard stays up after the last measure that raised it, so that it does not flicker.
RAISED_FOR = timedelta(hours=1)
_AGE = (
    (bindparam("seconds", type_=BigInteger) - cast(extract("epoch", PinTry.at), BigInteger)) // 3600
).label("age")
_FAILURES = (
    select(_AGE, func.count())
    .where(PinTry.at > bindparam("since"), PinTry.at <= bindparam("now"), not_(PinTry.opened))
    .group_by(_AGE)
)

_made = insert(table_of(Guard)).values(
    name=SPRAYING, raised_until=bindparam("until"), measured_at=bindparam("now")
)
_MEASURING = _made.on_conflict_do_update(
    index_elements=[Guard.name],
    set_={
        "raised_until": func.coalesce(_made.excluded.raised_until, Guard.raised_until),
        "measured_at": _made.excluded.measured_at,
    },
)


def measure_global_failures(session: Session, now: datetime, policies: Policies) -> bool:
    """Compare the last hour's failures with the week before; raise the guard if there are too many.

    There are too many above ``global_failures_factor`` times the median hour of the seven days before and
    above ``global_failures_floor``; hours without a failure count as 0. Returns whether this measure found
    too many; a guard raised earlier stays up until its time has run out.
    """
    hours = _failures_by_age(session, now)
    usual = median(hours.get(age, 0) for age in range(1, USUAL_HOURS + 1))
    last = hours.get(0, 0)
    too_many = last > policies.global_failures_floor and last > policies.global_failures_factor * usual
    raised_until = now + RAISED_FOR if too_many else None
    session.execute(_MEASURING, {"until": raised_until, "now": now})
    return too_many


def _failures_by_age(session: Session, now: datetime) -> Mapping[int, int]:
    """How many tries failed, by their age in whole hours."""
    asked = {"seconds": int(now.timestamp()), "since": now - timedelta(hours=USUAL_HOURS + 1), "now": now}
    rows = session.execute(_FAILURES, asked)
    return {int(hour): failures for hour, failures in rows}
