"""A purge in small transactions: counts the months, deletes rows, empties audit entries (R41).

Each batch is one transaction of about 10 ms, so no caller waits for it, and it counts what it deleted.
A run may be killed at any moment: what a batch did not delete, the next run finds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.orm import Session

from models.audit.audit import count_to_purge, next_to_purge, purge_facts
from models.notices.notice import NOTICES
from models.notices.registration import REGISTRATIONS
from models.retention.carrier_record import CALL, count_records, note_records
from models.retention.holding import CALLBACKS, CALLS, held_targets
from models.retention.legal_hold import is_any_case_held, is_everything_held
from models.retention.month_figures import Counts, bounds_of, count_month, keep_month, months_to_count
from models.retention.purge_run import AUDIT_FACTS, begin_run, count_deleted
from models.retention.rules import Rule, rules
from models.store.database import Database

#: Rows in one transaction.
BATCH = 100
#: Counts of the calls from one moment until another.
CountMore = Callable[[Session, datetime, datetime], Counts]


class EverythingHeldError(Exception):
    """A hold on everything is in force: nothing goes."""


@dataclass(frozen=True, slots=True)
class WouldGo:
    """What a purge would delete now: rows by table, months to count before, and records at the carrier.

    ``carrier_records`` leaves out records of which only the carrier knows.
    """

    before: datetime
    months: list[str]
    rows: dict[str, int]
    carrier_records: int


def would_go(database: Database, days: int, zone: ZoneInfo, now: datetime) -> WouldGo:
    """Count what a purge would delete, and change nothing. Raises EverythingHeldError."""
    before = now - timedelta(days=days)
    with database.reading() as session:
        if is_everything_held(session):
            raise EverythingHeldError
        rows, at_carrier = dict[str, int](), count_records(session)
        for rule in rules(before, now, any_held=is_any_case_held(session)):
            goes = rule.goes
            rows[rule.table.name] = session.scalar(select(func.count(rule.key)).where(goes)) or 0
            if rule.table is CALLS:
                at_carrier += session.scalar(select(func.count(CALLS.c.call_sid)).where(goes)) or 0
        rows[AUDIT_FACTS] = count_to_purge(session, before)
        rows = {name: count for name, count in rows.items() if count}
        return WouldGo(before, months_to_count(session, before, zone), rows, at_carrier)


def start(database: Database, days: int, now: datetime, actor: str) -> tuple[int, datetime]:
    """Begin a run, or take up the one that was killed: its id, and the moment before which rows go.

    Raises EverythingHeldError.
    """
    with database.transaction() as session:
        if is_everything_held(session):
            raise EverythingHeldError
        run = begin_run(session, now, now - timedelta(days=days), actor, count_records(session))
        return run.id, run.before


def delete_rows(
    database: Database,
    run_id: int,
    before: datetime,
    zone: ZoneInfo,
    now: datetime,
    actor: str,
    count_more: CountMore,
) -> Iterator[int]:
    """Delete everything from before that moment; yields how many rows went after each transaction.

    ``count_more`` adds to the counts of a month what the models do not know. Raises EverythingHeldError when
    such a hold is set meanwhile.
    """
    yield from _count_months(database, before, zone, count_more)
    for rule in rules(before, now, any_held=False):
        yield from _delete_of_table(database, rule.table.name, run_id, before, now)
    yield from _empty_audit(database, run_id, before, now, actor)


def _count_months(
    database: Database, before: datetime, zone: ZoneInfo, count_more: CountMore
) -> Iterator[int]:
    with database.reading() as session:
        months = months_to_count(session, before, zone)
    for month in months:
        with database.reading() as session:
            counts = count_month(session, month, zone) + count_more(session, *bounds_of(month, zone))
        with database.transaction() as session:
            keep_month(session, month, counts)
        yield 0


def _delete_of_table(
    database: Database, name: str, run_id: int, before: datetime, now: datetime
) -> Iterator[int]:
    after: Any = None
    while True:
        # Found by a reader, which makes no writer wait; the writer checks each row again.
        with database.reading() as session:
            keys = _next_keys(session, _rule(session, name, before, now), after)
        if not keys:
            return
        after = keys[-1]
        with database.transaction() as session:
            _refuse_if_held(session)
            count = _delete(session, _rule(session, name, before, now), keys)
            count_deleted(session, run_id, name, count)
        yield count


def _rule(session: Session, name: str, before: datetime, now: datetime) -> Rule:
    every = rules(before, now, any_held=is_any_case_held(session))
    return next(rule for rule in every if rule.table.name == name)


def _next_keys(session: Session, rule: Rule, after: Any) -> list[Any]:
    wanted = select(rule.key).where(rule.is_over, rule.is_free).distinct().order_by(rule.key).limit(BATCH)
    if after is not None:
        wanted = wanted.where(rule.key > after)
    return list(session.scalars(wanted))


def _delete(session: Session, rule: Rule, keys: list[Any]) -> int:
    theirs = and_(rule.key.in_(keys), rule.is_over, rule.is_free)
    if rule.table is CALLS:
        # The rows are locked first: what is noted of them must be what goes.
        locked = select(CALLS.c.id, CALLS.c.call_sid).where(theirs).with_for_update()
        found = session.execute(locked).all()
        note_records(session, CALL, [row.call_sid for row in found if row.call_sid])
        ids = [row.id for row in found]
        session.execute(update(CALLS).where(CALLS.c.parent_call_id.in_(ids)).values(parent_call_id=None))
        # A notice or a registration stays, and says no more in which call it was heard or made.
        for table in (NOTICES, REGISTRATIONS):
            session.execute(update(table).where(table.c.call_id.in_(ids)).values(call_id=None))
        theirs = CALLS.c.id.in_(ids)
    elif rule.table is CALLBACKS:
        ids = list(session.scalars(select(CALLBACKS.c.id).where(theirs).with_for_update()))
        session.execute(update(CALLS).where(CALLS.c.callback_id.in_(ids)).values(callback_id=None))
        theirs = CALLBACKS.c.id.in_(ids)
    return len(session.execute(delete(rule.table).where(theirs).returning(rule.key)).all())


def _empty_audit(
    database: Database, run_id: int, before: datetime, now: datetime, actor: str
) -> Iterator[int]:
    after = 0
    while True:
        with database.reading() as session:
            first = next_to_purge(session, before, after)
        if first is None:
            return
        with database.transaction() as session:
            _refuse_if_held(session)
            emptied = purge_facts(session, before, first - 1, BATCH, now, actor=actor, held=held_targets)
            if emptied is None:
                return
            count_deleted(session, run_id, AUDIT_FACTS, emptied.count)
        after = emptied.last_id
        yield emptied.count


def _refuse_if_held(session: Session) -> None:
    if is_everything_held(session):
        raise EverythingHeldError
