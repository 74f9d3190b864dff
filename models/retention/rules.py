"""What a purge deletes: a rule for each table, in the order in which rows lose what refers to them (R41).

docs/operators/retention.md says why. A row goes as a whole: a callback without its number, or a call without
its times, would serve nobody. What a report needs of them is counted before
(models/retention/month_figures.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, exists, false, func, not_, or_, select, true

from models.callbacks.callback_state import TAKEN_UP_AGAIN
from models.callbacks.follow_up import ANEW
from models.callouts.callout import Callout
from models.calls.call_status import LONGEST_CALL
from models.calls.pin_facts import KNOWN_PHONE_LIFE
from models.cases.pin import KnownPhone, PinTry
from models.notices.notice import NOTICES, OPEN_STATES
from models.overview.case_opening import CaseOpening
from models.retention.holding import (
    CALLBACKS,
    CALLS,
    TALKS,
    call_held,
    callback_held,
    case_held,
    number_held,
    phone_held,
    talk_held,
)
from models.staff.alert import Alert
from models.staff.audit_export import AuditExport
from models.staff.lost_pin_report import LostPinReport
from models.staff.sign_in_counter import SignInCounter
from models.staff.staff import Staff
from models.staff.staff_session import StaffSession
from models.store.base import table_of
from models.talks.call_event import CallEvent
from models.talks.call_queue import QueuedCall

_ALERTS, _CALLOUTS, _EVENTS, _EXPORTS = map(table_of, (Alert, Callout, CallEvent, AuditExport))
_KNOWN, _OPENINGS, _QUEUED, _REPORTS = map(table_of, (KnownPhone, CaseOpening, QueuedCall, LostPinReport))
_COUNTERS, _SESSIONS, _STAFF, _TRIES = map(table_of, (SignInCounter, StaffSession, Staff, PinTry))
#: The columns of other tables that name a call.
_CALLS_OF_CALLBACKS = ("requested_in_call_id", "liaison_call_id", "caller_call_id")
_CALLS_OF_TALKS = ("caller_call_id", "leader_call_id")


@dataclass(frozen=True, slots=True)
class Rule:
    """Which rows of a table go. Batches go through the values of ``key`` in their order.

    A row goes when ``is_over`` (its own time is over, and no hold keeps it) and ``is_free`` (no row refers to
    it). ``would_go`` is for counting ahead: it leaves out only rows to which a row refers that stays.
    """

    table: Table
    key: "Column[Any]"
    is_over: ColumnElement[bool]
    is_free: ColumnElement[bool] = field(default_factory=true)
    would_go: Callable[[], ColumnElement[bool]] | None = None

    @property
    def goes(self) -> ColumnElement[bool]:
        """Whether a purge that runs to its end would delete the row."""
        return self.is_over if self.would_go is None else self.would_go()


@lru_cache(maxsize=8)
def rules(before: datetime, now: datetime, *, any_held: bool) -> Sequence[Rule]:
    """The rules, in order, for rows from before a moment. ``any_held``: a hold on a case is in force."""

    def unless(held: ColumnElement[bool]) -> ColumnElement[bool]:
        # Without a hold, no row is compared with any.
        return not_(held) if any_held else true()

    def talk_over(row: Any) -> ColumnElement[bool]:
        return and_(_older(row.closed_at, before), unless(talk_held(row)))

    def callback_over(row: Any) -> ColumnElement[bool]:
        # One that was left for staff is still owed, until somebody closes it, or another one is kept instead.
        is_owed = and_(row.state == TAKEN_UP_AGAIN, func.coalesce(row.outcome, "") != ANEW)
        return and_(_older(row.closed_at, before), not_(is_owed), unless(callback_held(row)))

    def callback_goes(row: Any) -> ColumnElement[bool]:
        return and_(callback_over(row), _unnamed(row, TALKS, "callback_id", talk_over))

    def call_over(row: Any) -> ColumnElement[bool]:
        has_ended = or_(row.ended_at.is_not(None), row.started_at < before - LONGEST_CALL)
        notice = NOTICES.alias()
        is_open = and_(notice.c.call_id == row.id, notice.c.state.in_(OPEN_STATES))
        no_notice = ~exists(select(notice.c.id).where(is_open))
        return and_(row.started_at < before, has_ended, no_notice, unless(call_held(row)))

    def callout_over(row: Any) -> ColumnElement[bool]:
        return and_(_older(row.closed_at, before), unless(case_held(row.case_id)))

    def queued_over(row: Any) -> ColumnElement[bool]:
        call = CALLS.alias()
        of_held = exists(select(call.c.id).where(call.c.id == row.call_id, call_held(call.c)))
        return and_(_older(row.ended_at, before), unless(of_held))

    def report_over(row: Any) -> ColumnElement[bool]:
        settled = and_(row.reported_at < before, row.state.not_in(("new", "waiting")))
        return and_(settled, unless(or_(number_held(row.number_key), phone_held(row.phone_key))))

    def alert_over(row: Any) -> ColumnElement[bool]:
        return and_(row.made_at < before, row.state.not_in(("made", "sending")))

    def call_goes(row: Any) -> ColumnElement[bool]:
        return and_(
            call_over(row),
            *(_unnamed(row, CALLBACKS, name, callback_goes) for name in _CALLS_OF_CALLBACKS),
            *(_unnamed(row, TALKS, name, talk_over) for name in _CALLS_OF_TALKS),
            _unnamed(row, _CALLOUTS, "call_id", callout_over),
            _unnamed(row, _QUEUED, "call_id", queued_over),
            _unnamed(row, _REPORTS, "call_id", report_over),
            _unnamed(row, _ALERTS, "call_id", alert_over),
            _unnamed(row, _STAFF, "busy_call_id"),
        )

    def no_call_stays(name: str, mine: "Column[Any]") -> ColumnElement[bool]:
        call = CALLS.alias()
        return ~exists(select(call.c.id).where(call.c[name] == mine, not_(call_goes(call.c))))

    call_is_free = and_(
        *(_free(CALLS, CALLBACKS, name) for name in _CALLS_OF_CALLBACKS),
        *(_free(CALLS, TALKS, name) for name in _CALLS_OF_TALKS),
        *(_free(CALLS, table, "call_id") for table in (_CALLOUTS, _QUEUED, _REPORTS, _ALERTS)),
        _free(CALLS, _STAFF, "busy_call_id"),
    )
    event_over = _EVENTS.c.received_at < before
    try_held = or_(number_held(_TRIES.c.number_key), phone_held(_TRIES.c.phone_key))
    try_over = and_(_TRIES.c.at < before, unless(try_held))
    opening_over = and_(_OPENINGS.c.until < before, unless(case_held(_OPENINGS.c.case_id)))
    known_over = and_(
        _KNOWN.c.last_verified_at < now - KNOWN_PHONE_LIFE,
        _KNOWN.c.unsafe_at.is_(None),
        unless(number_held(_KNOWN.c.number_key)),
    )
    counter_over = and_(_COUNTERS.c.failed_at < before, _COUNTERS.c.locked_at.is_(None))
    return (
        Rule(_REPORTS, _REPORTS.c.id, report_over(_REPORTS.c)),
        Rule(_ALERTS, _ALERTS.c.id, alert_over(_ALERTS.c)),
        Rule(_CALLOUTS, _CALLOUTS.c.id, callout_over(_CALLOUTS.c)),
        Rule(_QUEUED, _QUEUED.c.id, queued_over(_QUEUED.c)),
        Rule(TALKS, TALKS.c.id, talk_over(TALKS.c)),
        Rule(
            CALLBACKS,
            CALLBACKS.c.id,
            callback_over(CALLBACKS.c),
            _free(CALLBACKS, TALKS, "callback_id"),
            lambda: callback_goes(CALLBACKS.c),
        ),
        Rule(CALLS, CALLS.c.id, call_over(CALLS.c), call_is_free, lambda: call_goes(CALLS.c)),
        Rule(
            _EVENTS,
            _EVENTS.c.id,
            event_over,
            ~exists(select(CALLS.c.id).where(CALLS.c.call_sid == _EVENTS.c.call_sid)),
            lambda: and_(event_over, no_call_stays("call_sid", _EVENTS.c.call_sid)),
        ),
        Rule(
            _TRIES,
            _TRIES.c.call_id,
            try_over,
            ~exists(select(CALLS.c.id).where(CALLS.c.id == _TRIES.c.call_id)),
            lambda: and_(try_over, no_call_stays("id", _TRIES.c.call_id)),
        ),
        Rule(_OPENINGS, _OPENINGS.c.id, opening_over),
        Rule(_KNOWN, _KNOWN.c.phone_key, known_over),
        Rule(_EXPORTS, _EXPORTS.c.id, _EXPORTS.c.requested_at < before),
        Rule(_SESSIONS, _SESSIONS.c.id, _SESSIONS.c.ends_at < before),
        Rule(_COUNTERS, _COUNTERS.c.key, counter_over),
    )


def _older(moment: "Column[Any]", before: datetime) -> ColumnElement[bool]:
    """Whether it is over since before then; false, not NULL, for a row that is not over."""
    return and_(moment.is_not(None), moment < before)


def _unnamed(row: Any, table: Table, name: str, goes: Any = lambda _row: false()) -> ColumnElement[bool]:
    """Whether no row that stays names this call."""
    other = table.alias()
    return ~exists(select(other.c.id).where(other.c[name] == row.id, not_(goes(other.c))))


def _free(table: Table, other: Table, name: str) -> ColumnElement[bool]:
    return ~exists(select(other.c.id).where(other.c[name] == table.c.id))
