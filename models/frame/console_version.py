"""Whether anything changed that open consoles show: one statement, whoever reads them and however many."""

from typing import Any

from sqlalchemy import FromClause, Select, func, select, text, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.audit.audit import AuditEntry
from models.callbacks.callback import Callback
from models.callbacks.callback_list import ON_LIST
from models.callouts.callout import IS_ON as CALLOUT_IS_ON
from models.callouts.callout import Callout
from models.calls.call import Call
from models.staff.staff import Staff
from models.talks.call_queue import QueuedCall
from models.talks.talk import IS_ON as TALK_IS_ON
from models.talks.talk import Talk


def _now(which: Any, *moments: InstrumentedAttribute[Any]) -> FromClause:
    """One row about these rows: their number and newest id; of each moment, how many have it and the last."""
    kind = moments[0].class_
    facts = [func.count(), func.max(kind.id)]
    for moment in moments:
        facts += [func.count(moment), func.max(moment)]
    named = (fact.label(f"fact_{number}") for number, fact in enumerate(facts))
    return select(*named).select_from(kind).where(which).subquery()


#: The exact words of the partial indexes: with bound parameters the databases would not use them.
_PARTS = (
    # Most changes leave an audit entry.
    select(func.max(AuditEntry.id).label("entry")).subquery(),
    select(func.count().label("listed")).select_from(Callback).where(ON_LIST).subquery(),
    # Phones of staff that ring, and staff in calls; then everyone else who is called for a talk.
    _now(text("calls.ended_at IS NULL AND calls.staff_id IS NOT NULL"), Call.accepted_at),
    _now(text("calls.ended_at IS NULL AND calls.parent_call_id IS NOT NULL"), Call.accepted_at),
    _now(text("calls.ended_at IS NULL AND calls.callback_id IS NOT NULL"), Call.accepted_at),
    _now(text("queued_calls.ended_at IS NULL"), QueuedCall.since),
    _now(TALK_IS_ON, Talk.held_at, Talk.announced_at),
    _now(CALLOUT_IS_ON, Callout.dialled_at),
    _now(true(), Staff.busy_since, Staff.shift_changed_at, Staff.resting_until, Staff.wrap_up_until),
    # A missed offer leaves no entry until it sets somebody away.
    select(func.sum(Staff.missed_offers).label("missed")).subquery(),
)


def _joined() -> Select[Any]:
    first, *others = _PARTS
    found: Any = first
    for other in others:
        # One row each.
        found = found.join(other, true())
    return select(*(column for part in _PARTS for column in part.c)).select_from(found)


_VERSION = _joined()


def console_version(session: Session) -> tuple[object, ...]:
    """Facts of which at least one differs after any change that an open console shows.

    The clock changes consoles too: lateness is computed once per minute. They are counts, ids and moments:
    no part of them may leave the process as it is.
    """
    return tuple(session.execute(_VERSION).one())
