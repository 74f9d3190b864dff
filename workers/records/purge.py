"""The purge: deletes old rows, then the carrier's records of their calls and texts (R41).

`hotline purge` runs it to its end. The sweeper runs it each night in slices of half a second between its
passes; it takes no job of the queue, so it needs neither Redis nor a worker.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config.office import Office
from models.calls.call import CALLS
from models.calls.role import CALLER
from models.retention.carrier_record import (
    CALL,
    MESSAGE,
    KeptRecord,
    RecordKind,
    count_records,
    may_delete,
    next_record,
    note_records,
    record_gone,
    record_refused,
    refuse_deletions,
)
from models.retention.holding import held_phones
from models.retention.legal_hold import is_everything_held
from models.retention.month_figures import LONGEST, Counts
from models.retention.purge import EverythingHeldError, delete_rows, start
from models.retention.purge_run import AT_CARRIER, count_deleted, end_run, is_clock_doubted, is_run_due
from models.staff.alert import PURGE_WAITS, tell_supervisors
from models.staff.paging import take_page
from models.store.database import Database
from workers.carrier import CarrierRefused, CarrierUnknown, ListedRecord
from workers.office_rules import policies_of

log = logging.getLogger(__name__)

#: Between two requests to the carrier, whose API also places our calls.
PAUSE_SECONDS = 0.2
#: How long one slice of the sweeper's lasts, and how often it checks whether a purge is due.
SLICE_SECONDS = 0.5
LOOK_EVERY = timedelta(minutes=1)
#: How long the sweeper waits after an error before it goes on.
AFTER_ERROR = timedelta(minutes=10)
#: How many minutes apart people are told that the purge waits for somebody to look at the clock.
TOLD_EVERY = 24 * 60


class RecordCarrier(Protocol):
    """The part of ``workers.carrier.Carrier`` that a purge needs."""

    def delete_record(self, kind: RecordKind, sid: str) -> None: ...
    def records_before(
        self, kind: RecordKind, line: str, before: datetime
    ) -> Iterator[list[ListedRecord]]: ...


class NotAskedError(Exception):
    """The breaker is open, so the carrier is left alone."""


class Purge:
    """One run. ``parts`` does it step by step; ``deleted`` and ``stopped`` tell of it afterwards."""

    def __init__(
        self,
        database: Database,
        carrier: RecordCarrier,
        office: Office,
        *,
        actor: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._database, self._carrier, self._actor = database, carrier, actor
        self._clock, self._wait, self._zone = clock, wait, office.zone
        #: For how long the office keeps rows.
        self.days = policies_of(office).purge_days
        self._lines: Sequence[str] = [*office.lines, *filter(None, (office.staff_line,))]
        #: How many rows went, by table, once it has ended.
        self.deleted: dict[str, int] = {}
        #: The moment before which rows go, once it has begun.
        self.before: datetime | None = None
        #: Why the carrier was not asked any further, in one sentence.
        self.stopped: str | None = None

    def parts(self) -> Iterator[int]:
        """Do everything, and yield after each small part how many rows or records went.

        Raises EverythingHeldError, and what was done before stays done.
        """
        now = self._clock()
        run_id, before = start(self._database, self.days, now, self._actor)
        self.before = before
        yield 0
        yield from delete_rows(self._database, run_id, before, self._zone, now, self._actor, count_steps)
        try:
            yield from self._delete_records(run_id, since=now)
            yield from self._list_records(before)
            yield from self._delete_records(run_id, since=now)
        except NotAskedError:
            self.stopped = (
                "The carrier refused us, or was not reached, a moment ago: it was not asked. Try later."
            )
        except (CarrierRefused, CarrierUnknown) as refused:
            self.stopped = str(refused)
            # Not in the sentence: the log takes runs of digits out of it, as they could be a phone.
            log.warning("The purge stopped asking the carrier.", extra={"carrier_code": _code_of(refused)})
            with self._database.transaction() as session:
                refuse_deletions(session, _code_of(refused), self._clock())
        with self._database.transaction() as session:
            remaining = count_records(session)
            self.deleted = end_run(session, run_id, remaining, self._actor, self._clock())

    def _check_carrier(self) -> None:
        """Before each request: raise if everything is held meanwhile, or the breaker is open."""
        with self._database.reading() as session:
            if is_everything_held(session):
                raise EverythingHeldError
            if not may_delete(session, self._clock()):
                raise NotAskedError

    def _delete_records(self, run_id: int, since: datetime) -> Iterator[int]:
        while True:
            with self._database.reading() as session:
                record = next_record(session, since)
            if record is None:
                return
            self._check_carrier()
            yield self._delete_record(run_id, record)
            self._wait(PAUSE_SECONDS)

    def _delete_record(self, run_id: int, record: KeptRecord) -> int:
        try:
            self._carrier.delete_record(record.kind, record.sid)
        except (CarrierRefused, CarrierUnknown) as refused:
            # A carrier that cannot be reached, or is overloaded, says nothing about the record. Any other
            # record goes first next time, so that one without an answer does not hold up the rest.
            if not (isinstance(refused, CarrierRefused) and refused.is_for_now):
                with self._database.transaction() as session:
                    record_refused(session, record.sid, _code_of(refused), self._clock())
            if isinstance(refused, CarrierRefused) and refused.about == "record":
                return 0
            raise
        with self._database.transaction() as session:
            record_gone(session, record.sid, self._clock())
            count_deleted(session, run_id, AT_CARRIER, 1)
        return 1

    def _list_records(self, before: datetime) -> Iterator[int]:
        """Find records that no row names, such as texts and legs of a transfer."""
        for line in self._lines:
            for kind in (CALL, MESSAGE):
                self._check_carrier()
                for page in self._carrier.records_before(kind, line, before):
                    self._note(kind, page)
                    yield 0
                    self._wait(PAUSE_SECONDS)
                    self._check_carrier()

    def _note(self, kind: RecordKind, page: Sequence[ListedRecord]) -> None:
        if not page:
            return
        index = self._database.keyring.index
        with self._database.transaction() as session:
            # A call that still has its row is kept by something, such as a legal hold.
            sids = {one.sid for one in page}
            sids -= set(session.scalars(select(CALLS.c.call_sid).where(CALLS.c.call_sid.in_(sids))))
            phones = {one.sid: index("phone", one.phone) for one in page if one.phone}
            held = held_phones(session, set(phones.values()))
            note_records(session, kind, {sid for sid in sids if phones.get(sid) not in held})


class NightlyPurge:
    """The sweeper's part: begins the purge of a day when it is due, and does it in slices."""

    def __init__(
        self,
        database: Database,
        carrier: RecordCarrier,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._database, self._carrier, self._clock, self._wait = database, carrier, clock, wait
        self._parts: Iterator[int] | None = None
        self._days: int | None = None
        self._next_look: datetime | None = None

    def work(self, office: Office, now: datetime) -> None:
        """Do one slice, if there is something to do. An error ends it for some minutes."""
        try:
            if self._parts is not None and self._days != policies_of(office).purge_days:
                # The office has changed how long it keeps rows: the run is taken up with that.
                self._parts = None
            if self._parts is None and self._is_due(office, now):
                purge = Purge(
                    self._database, self._carrier, office, actor="sweeper", clock=self._clock, wait=self._wait
                )
                self._parts, self._days = purge.parts(), purge.days
            if self._parts is not None:
                self._do_slice(self._parts)
        except EverythingHeldError:
            self._stop(now)
        except SQLAlchemyError:
            log.exception("The purge failed; it goes on later.")
            self._stop(now)

    def _is_due(self, office: Office, now: datetime) -> bool:
        # A clock that was set back since ends the wait.
        if self._next_look is not None and now < self._next_look <= now + AFTER_ERROR:
            return False
        self._next_look = now + LOOK_EVERY
        with self._database.reading() as session:
            is_due = is_run_due(session, now, office.zone) and not is_everything_held(session)
            is_doubted = is_due and is_clock_doubted(session, now)
        if is_doubted:
            with self._database.transaction() as session:
                if take_page(session, PURGE_WAITS, now, TOLD_EVERY):
                    log.error("The purge waits: the last one was long ago. Check the clock, then run it.")
                    tell_supervisors(session, PURGE_WAITS, 1, now, office.is_open(now))
        return is_due and not is_doubted

    def _do_slice(self, parts: Iterator[int]) -> None:
        until = time.monotonic() + SLICE_SECONDS
        while time.monotonic() < until:
            if next(parts, None) is None:
                self._parts = None
                return

    def _stop(self, now: datetime) -> None:
        self._parts, self._next_look = None, now + AFTER_ERROR


def count_steps(session: Session, start: datetime, end: datetime) -> Counts:
    """How many calls to the line passed each step, by language; a report tells from it who heard a status."""
    rows = session.execute(
        select(CALLS.c.language, CALLS.c.trail)
        .where(CALLS.c.started_at >= start, CALLS.c.started_at < end, CALLS.c.role == CALLER)
        .execution_options(yield_per=1000)
    )
    return Counter(
        ("calls_step", language, step[:LONGEST]) for language, trail in rows for step in set(trail.split())
    )


def _code_of(refused: CarrierRefused | CarrierUnknown) -> int | None:
    return getattr(refused, "code", None)
