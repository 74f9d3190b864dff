"""Whether anything changed that open consoles show: one statement, whoever reads them and however many."""

from typing import Any

from sqlalchemy import Select, func, select, text, true
from sqlalchemy.orm import Session

from models.audit.audit import AuditEntry
from models.callbacks.callback import Callback
from models.callbacks.callback_list import ON_LIST
from models.calls.call import Call
from models.staff.staff import Staff
from models.talks.call_queue import QueuedCall
from models.talks.talk import IS_ON, Talk

#: The exact words of the partial indexes: with bound parameters the databases would not use them.
_LEGS_OF_STAFF = text("calls.ended_at IS NULL AND calls.staff_id IS NOT NULL")
_WAITS = text("queued_calls.ended_at IS NULL")

#: Most changes leave an audit entry.
_ENTRIES = select(func.max(AuditEntry.id).label("entry")).subquery()
_LISTED = select(func.count().label("listed")).select_from(Callback).where(ON_LIST).subquery()
#: Phones of staff that ring, and staff in calls.
_LEGS = (
    select(
        func.count().label("legs"),
        func.max(Call.id).label("leg"),
        func.count(Call.accepted_at).label("taken"),
    )
    .where(_LEGS_OF_STAFF)
    .subquery()
)
_WAITING = (
    select(func.count().label("waiting"), func.max(QueuedCall.since).label("last_wait"))
    .where(_WAITS)
    .subquery()
)
_TALKS = (
    select(
        func.count().label("talks"),
        func.max(Talk.id).label("talk"),
        func.count(Talk.held_at).label("held"),
        func.max(Talk.announced_at).label("announced"),
    )
    .where(IS_ON)
    .subquery()
)
#: What a person's own state leaves no entry of: a missed offer, a wrap-up, a rest that is over.
_PEOPLE = select(
    func.count(Staff.busy_call_id).label("busy"),
    func.sum(Staff.missed_offers).label("missed"),
    func.count(Staff.resting_until).label("resting"),
    func.count(Staff.wrap_up_until).label("wrapping_up"),
    func.max(Staff.wrap_up_until).label("last_wrap_up"),
).subquery()


def _joined() -> Select[Any]:
    parts = (_ENTRIES, _LISTED, _LEGS, _WAITING, _TALKS, _PEOPLE)
    first, *others = parts
    found: Any = first
    for other in others:
        # One row each.
        found = found.join(other, true())
    return select(*(column for part in parts for column in part.c)).select_from(found)


_VERSION = _joined()


def console_version(session: Session) -> tuple[object, ...]:
    """Facts of which at least one differs after any change that an open console shows.

    The clock changes consoles too: lateness is computed once per minute. They are counts, ids and moments:
    no part of them may leave the process as it is.
    """
    return tuple(session.execute(_VERSION).one())
