"""Everything one turn needs to know: the call, and what belongs to it once the turn asks for that."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    and_,
    bindparam,
    func,
    lambda_stmt,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from models.callbacks.callback import CALLBACKS, IS_OWED_TO_CALLER
from models.calls.call import CALLS
from models.calls.call_state import NAMES, CallState
from models.calls.pin_facts import (
    HEARD_WITHIN,
    KNOWN_PHONE_LIFE,
    OWN_COUNTER,
    SPRAY_WINDOW,
    TOTAL_LIFE,
    earlier_open_calls,
    failures_at_number,
    failures_of,
    failures_untold,
    is_known,
    numbers_unopened,
)
from models.cases.case import Case
from models.cases.duress import KEY_PREFIX
from models.cases.pin import KnownPhone, Match, PinCounter
from models.cases.registrant import Phone, Registrant
from models.cases.subject import Subject
from models.custody.custody import CustodyRecord
from models.custody.directory import Court, Facility
from models.custody.imports.record import silencing_import
from models.notices.notice import IS_OPEN, NOTICES
from models.notices.registration import IS_END_UNTOLD, IS_KEPT, REGISTRATIONS
from models.staff.staff import Staff
from models.store.base import table_of
from models.store.database import send
from models.store.guard import Guard
from models.store.unit import Unit

# Tables instead of classes: a row of plain columns costs a turn far less than loading ORM objects.
_CASES = table_of(Case)
_REGISTRANTS = table_of(Registrant)
_PHONES = table_of(Phone)
_SUBJECTS = table_of(Subject)
_RECORDS = table_of(CustodyRecord)
_FACILITIES = table_of(Facility)
_COURTS = table_of(Court)
_STAFF = table_of(Staff)
_KNOWN = table_of(KnownPhone)
_COUNTERS = table_of(PinCounter)
_GUARDS = table_of(Guard)


def load_by_sid(
    session: Session, call_sid: str, now: datetime, *, for_pin: bool = False, opening: Match = ""
) -> CallState | None:
    """The call with this CallSid, locked until the transaction ends, or None. One statement.

    ``for_pin`` is for the step that reserves a try: of the case with the entered number it reads what a try
    needs and nothing that could be told, so that a number without a case takes no less work (R05).
    ``opening`` is for the transaction after the hash, for a try that may open a case, and says which PIN it
    was: it reads all of the case, or of its duress case, and no counts, since the try was judged when it was
    reserved.
    """
    reading = _OPENING_BY_SID if opening else _PIN_BY_SID if for_pin else _BY_SID
    asked = {"sid": call_sid, **_moments(now, for_pin=for_pin or bool(opening))}
    if opening:
        asked["opened_prefix"] = KEY_PREFIX if opening == "duress" else ""
    return reading.state(send(session, reading.statement, asked).first())


def glance(unit: Unit, call_sid: str, *, with_case: bool = False) -> CallState | None:
    """The call with this CallSid as it is now, or None: one statement, and no lock (``saving_turn``).

    What belongs to the call is read when the turn first asks for it. ``with_case`` reads the case at once,
    for a turn that will surely ask.
    """
    reading = _CALL_AND_CASE if with_case else _CALL
    state = reading.state(unit.read(reading.statement, {"sid": call_sid}))
    if state is not None:
        unit.expect_version(_TURN_OF, {"id": state.id}, state.turn)
        state.later = partial(_read_later, unit, state.case_id, state.phone_key)
    return state


def _read_later(unit: Unit, case_id: int | None, phone_key: str | None, name: str) -> dict[str, Any]:
    """Read the fact of this name, and with it all facts of the case, of its callback, or of the staff.

    The values are as committed: without what this turn has written itself.
    """
    if name in _STAFF_NOW.names:
        return _STAFF_NOW.values(unit.read(_STAFF_NOW.statement, {}))
    if case_id is None:
        return {}
    if name in _CALLBACK.names:
        # A case without one has these facts too, so that none of them is read a second time.
        found = _CALLBACK.values(unit.read(_CALLBACK.statement, {"case": case_id}))
        return dict.fromkeys(_CALLBACK.names) | found
    return _CASE.values(unit.read(_CASE.statement, {"case": case_id, "phone": phone_key}))


def load_by_leg(session: Session, leg_id: str, now: datetime) -> CallState | None:
    """The outbound call with this leg id, locked until the transaction ends, or None. One statement."""
    asked = {"leg": leg_id, **_moments(now, for_pin=False)}
    return _BY_LEG.state(send(session, _BY_LEG.statement, asked).first())


def _moments(now: datetime, *, for_pin: bool) -> dict[str, datetime]:
    if not for_pin:
        return {}
    return {
        "known_since": now - KNOWN_PHONE_LIFE,
        "total_since": now - TOTAL_LIFE,
        "spray_since": now - SPRAY_WINDOW,
        "open_since": now - HEARD_WITHIN,
    }


def _select(*, for_pin: bool = False, opening: bool = False) -> Select[Any]:
    by_number = for_pin or opening
    told = {} if for_pin else _told_facts(CALLS.c.phone_key) | _CALLBACK_FACTS
    columns = _CALL_COLUMNS | _CASE_FACTS | told | _STAFF_FACTS
    own, stranger, person = _COUNTERS.alias(), _COUNTERS.alias(), _STAFF.alias()
    duress = _CASES.alias("duress_cases")
    if for_pin:
        columns |= {"duress_case_id": duress.c.id, "duress_pin_hash": duress.c.pin_hash}
    if by_number:
        columns |= (
            _named(
                "", _CASES.c.pin_hash, _CASES.c.pin_expires_at, _CASES.c.letter_uses,
                _CASES.c.last_verified_at,
            )
            | _named("found_staff_", person.c.id)
            | _named("staff_", person.c.pin_hash)
            | _named("own_", own.c.wait_until, own.c.locked_at)
            | _named("stranger_", stranger.c.wait_until, stranger.c.locked_at)
            | {"phone_is_known": is_known(), "phone_opened_lately": _KNOWN.c.phone_key.is_not(None)}
            | ({"wrong_untold": failures_untold()} if opening else {
                # Only a try that is being reserved is counted and judged.
                "own_total": failures_of(own, OWN_COUNTER),
                "stranger_total": failures_of(stranger, literal_column("''")),
                "phone_numbers_unopened": numbers_unopened(),
                "number_has_failures": failures_at_number(),
                "spraying_until": select(_GUARDS.c.raised_until)
                    .where(_GUARDS.c.name == "spraying").scalar_subquery(),
                "earlier_open_calls": earlier_open_calls(),
            })
        )  # fmt: skip
    statement = _selecting(columns).select_from(CALLS)
    if opening:
        opened_key = bindparam("opened_prefix", type_=String) + CALLS.c.tried_key
        statement = statement.outerjoin(_CASES, _CASES.c.number_key == opened_key)
    else:
        case_is_it = _CASES.c.number_key == CALLS.c.tried_key if for_pin else _CASE_IS_OPENED
        statement = statement.outerjoin(_CASES, case_is_it)
    if for_pin:
        # Looked for whether or not the number has a case, and found by the same kind of key (R05).
        key = literal_column(f"'{KEY_PREFIX}'", String) + CALLS.c.tried_key
        statement = statement.outerjoin(duress, duress.c.number_key == key)
    if not for_pin:
        is_its = and_(CALLBACKS.c.case_id == _CASES.c.id, IS_OWED_TO_CALLER)
        statement = _joining_told(statement).outerjoin(CALLBACKS, is_its)
    if by_number:
        statement = (
            statement.outerjoin(
                _KNOWN,
                and_(
                    _KNOWN.c.number_key == CALLS.c.tried_key,
                    _KNOWN.c.phone_key == CALLS.c.phone_key,
                    _KNOWN.c.last_verified_at >= bindparam("known_since"),
                ),
            )
            .outerjoin(person, person.c.number_key == CALLS.c.tried_key)
            .outerjoin(own, and_(own.c.number_key == CALLS.c.tried_key, own.c.counter == OWN_COUNTER))
            .outerjoin(
                stranger,
                and_(stranger.c.number_key == CALLS.c.tried_key, stranger.c.counter == literal_column("''")),
            )
        )
    return statement


def _selecting(columns: dict[str, Any]) -> Select[Any]:
    """A SELECT of columns with the names of the fields of a state. Raises TypeError for any other name."""
    if unknown := columns.keys() - NAMES:
        raise TypeError(f"A call's state has no {', '.join(sorted(unknown))}.")
    return select(*(column.label(name) for name, column in columns.items()))


def _joining_told(statement: Select[Any]) -> Select[Any]:
    """Add the tables of what may be said about a case."""
    return (
        statement.outerjoin(_REGISTRANTS, _REGISTRANTS.c.id == _CASES.c.registrant_id)
        .outerjoin(_SUBJECTS, and_(_SUBJECTS.c.id == _CASES.c.subject_id, _CASES.c.named_by.is_(None)))
        .outerjoin(_RECORDS, _RECORDS.c.id == _SUBJECTS.c.record_id)
        .outerjoin(_FACILITIES, _FACILITIES.c.name_key == _RECORDS.c.facility_key)
        .outerjoin(_COURTS, _COURTS.c.name_key == _RECORDS.c.court_key)
    )


def _named(prefix: str, *columns: ColumnElement[Any]) -> dict[str, ColumnElement[Any]]:
    """Columns of a table by their own names with a prefix."""
    return {f"{prefix}{column.key}": column for column in columns}


def _locking(statement: Select[Any]) -> Select[Any]:
    # This lock does not block inserts that only reference the call, such as a promise requested in it. A
    # stronger lock could deadlock with them, because the writer of such a row may have locked a row that this
    # turn needs next.
    return statement.with_for_update(of=CALLS, key_share=True)


class _Reading:
    """A SELECT whose columns have the names of the fields of a state."""

    def __init__(self, make: Callable[[], Select[Any]]) -> None:
        # SQLAlchemy finds the compiled statement by the code of ``make`` (each reading has its own lambda),
        # and not by its eighty columns, one by one.
        self.statement = lambda_stmt(make, enable_tracking=False)
        # Done once, at import: reading the names from each row takes longer than creating the state.
        self.names = tuple(make().selected_columns.keys())

    def values(self, row: Row[*tuple[Any, ...]] | None) -> dict[str, Any]:
        """Each value of a row by its name; nothing without a row."""
        return {} if row is None else dict(zip(self.names, row, strict=True))

    def state(self, row: Row[*tuple[Any, ...]] | None) -> CallState | None:
        """The state of a row of ``calls``, with what was read beside it."""
        return None if row is None else CallState.read(self.values(row))


# Each column has the name of its field in a state: its own name, or its own name with a prefix.
_CALL_COLUMNS: dict[str, Any] = _named("", *CALLS.c)
_CASE_FACTS: dict[str, Any] = (
    _named("found_case_", _CASES.c.id)
    | _named("case_", _CASES.c.closed_at)
    # When the current PIN came into force. A caller who waits may have entered the previous one.
    | _named("", _CASES.c.pin_issued_at)
)
_TOLD_FACTS: dict[str, Any] = (
    _named("", _CASES.c.pin_kind, _CASES.c.changes_held_until)
    | _named("registrant_", _REGISTRANTS.c.id, _REGISTRANTS.c.pace, _REGISTRANTS.c.time_zone)
    | _named("subject_", _SUBJECTS.c.as_of)
    | _named("", _SUBJECTS.c.absent_since)
    | {"held_import_id": silencing_import(_SUBJECTS.c.held_import_id, _RECORDS.c.import_id)}
    | _named("record_", _RECORDS.c.id)
    | _named("custody_", _RECORDS.c.status)
    | _named(
        "", _RECORDS.c.status_at, _RECORDS.c.releasable, _RECORDS.c.removal_stage,
        _RECORDS.c.expected_release_at, _RECORDS.c.next_hearing_at,
    )
    | {"next_hearing_place": _COURTS.c.name, "hearing_zone": _COURTS.c.time_zone}
    | _named("facility_", _FACILITIES.c.name, _FACILITIES.c.phone)
    | {
        "open_notices": select(func.count()).select_from(NOTICES)
            .where(NOTICES.c.case_id == _CASES.c.id, IS_OPEN).correlate(_CASES).scalar_subquery(),
        "consent_ends_at": select(REGISTRATIONS.c.lapses_at)
            .where(REGISTRATIONS.c.case_id == _CASES.c.id, IS_KEPT).correlate(_CASES).scalar_subquery(),
        "calls_stopped_at": select(func.max(REGISTRATIONS.c.ended_at))
            .where(REGISTRATIONS.c.case_id == _CASES.c.id, IS_END_UNTOLD).correlate(_CASES).scalar_subquery(),
    }
)  # fmt: skip


# Few turns behind the PIN are about a callback.
_CALLBACK_FACTS: dict[str, Any] = _named(
    "open_callback_", CALLBACKS.c.id, CALLBACKS.c.due_at, CALLBACKS.c.urgency,
    CALLBACKS.c.window_starts, CALLBACKS.c.window_ends,
)  # fmt: skip


def _told_facts(phone_key: ColumnElement[Any]) -> dict[str, Any]:
    """What may be told about a case, for a call from this phone."""
    stopped = select(func.count()).select_from(_PHONES).where(
        _PHONES.c.registrant_id == _REGISTRANTS.c.id, _PHONES.c.stopped_at.is_not(None),
        _PHONES.c.stop_told_at.is_(None), _PHONES.c.unsafe_since.is_(None),
        # After the duress PIN only the phone in the caller's hand is spoken of (R10).
        or_(_CASES.c.duress_of.is_(None), _PHONES.c.phone_key == phone_key),
    )  # fmt: skip
    return _TOLD_FACTS | {"stops_untold": stopped.correlate(_REGISTRANTS, _CASES, CALLS).scalar_subquery()}


_STAFF_FACTS: dict[str, Any] = {
    "free_liaisons": select(func.count()).select_from(_STAFF).where(
        _STAFF.c.on_shift == true(), _STAFF.c.busy_call_id.is_(None),
        _STAFF.c.resting_until.is_(None), _STAFF.c.wrap_up_until.is_(None),
        _STAFF.c.on_staff_line_until.is_(None), _STAFF.c.spared_until.is_(None),
    ).scalar_subquery(),
    "liaisons_on_shift": select(func.count()).select_from(_STAFF)
        .where(_STAFF.c.on_shift == true()).scalar_subquery(),
}  # fmt: skip
_CASE_IS_OPENED = _CASES.c.id == CALLS.c.case_id
_IS_IT = CALLS.c.call_sid == bindparam("sid")

_CALL = _Reading(lambda: _selecting(_CALL_COLUMNS).where(_IS_IT))
_CALL_AND_CASE = _Reading(
    lambda: _joining_told(
        _selecting(_CALL_COLUMNS | _CASE_FACTS | _told_facts(CALLS.c.phone_key))
        .select_from(CALLS)
        .outerjoin(_CASES, _CASE_IS_OPENED)
    ).where(_IS_IT)
)
_CASE = _Reading(
    lambda: _joining_told(
        _selecting(_CASE_FACTS | _told_facts(bindparam("phone", type_=String))).select_from(_CASES)
    ).where(_CASES.c.id == bindparam("case"))
)
_CALLBACK = _Reading(
    lambda: _selecting(_CALLBACK_FACTS).where(CALLBACKS.c.case_id == bindparam("case"), IS_OWED_TO_CALLER)
)
_STAFF_NOW = _Reading(lambda: _selecting(_STAFF_FACTS))
_TURN_OF = select(CALLS.c.turn).where(CALLS.c.id == bindparam("id")).with_for_update(key_share=True)
_BY_SID = _Reading(lambda: _locking(_select().where(_IS_IT)))
_BY_LEG = _Reading(lambda: _locking(_select().where(CALLS.c.leg_id == bindparam("leg"))))
_PIN_BY_SID = _Reading(lambda: _locking(_select(for_pin=True).where(_IS_IT)))
_OPENING_BY_SID = _Reading(lambda: _locking(_select(opening=True).where(_IS_IT)))
