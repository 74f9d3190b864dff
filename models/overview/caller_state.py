"""Everything one turn needs to know, read in one statement: the call and what hangs on it."""

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import Session

from models.callbacks.callback import CALLBACKS, IS_OWED
from models.calls.call import CALLS
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
from models.calls.role import CALLER, STAFF_LINE
from models.cases.case import Case
from models.cases.pin import ATTESTED, STRANGERS, UNATTESTED, KnownPhone, PinCounter, PinTry
from models.cases.registrant import Phone, Registrant
from models.cases.subject import Subject
from models.custody.custody import CustodyRecord
from models.custody.directory import Court, Facility
from models.staff.staff import Staff
from models.store.base import table_of
from models.store.database import send
from models.store.guard import Guard
from models.store.unit import Unit

#: Until the office's own number is set on the state (R11).
VERIFICATION_MINUTES = 10.0

# The tables rather than their classes: a row of plain columns costs a turn far less than the ORM's reading.
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
_TRIES = table_of(PinTry)
_GUARDS = table_of(Guard)


@dataclass(slots=True)
class CallState:
    """One call as a turn sees it. The first block mirrors Call; the turn may change TURN_COLUMNS of it."""

    id: int
    call_sid: str | None
    leg_id: str | None
    direction: str
    flow: str
    line: str
    phone_sealed: str | None
    phone_key: str | None
    call_status: str | None
    started_at: datetime
    ended_at: datetime | None
    language: str
    pace: str
    step: str
    turn: int
    heard_from: str
    misses: int
    silences: int
    tries: int
    pending_since: datetime | None
    last_key_at: datetime | None
    progress_at: datetime | None
    said: str
    topic: str | None
    trail: str
    number_key: str | None
    case_id: int | None
    verified_at: datetime | None
    callback_id: int | None
    staff_id: int | None
    parent_call_id: int | None
    accepted_at: datetime | None
    role: str = CALLER
    silent: bool = False
    time_zone: str | None = None
    wrong_tries: int = 0
    last_call_at: datetime | None = None
    new_pin_hash: str | None = None
    caller_id_doubted: bool = False
    by_machine: bool = False
    caller_id_attested: bool = False
    wishes: str | None = None
    letter_at: datetime | None = None
    place: str | None = None
    asked_at: datetime | None = None
    missed_state: str | None = None

    # The case (of the PIN step: the one whose number was keyed, opened or not).
    found_case_id: int | None = None
    case_closed_at: datetime | None = None
    pin_issued_at: datetime | None = None
    pin_kind: str | None = None
    changes_held_until: datetime | None = None
    registrant_id: int | None = None
    registrant_pace: str | None = None
    registrant_time_zone: str | None = None
    # The subject and what the feed said last.
    subject_as_of: datetime | None = None
    absent_since: datetime | None = None
    held_import_id: int | None = None
    record_id: int | None = None
    custody_status: str | None = None
    status_at: datetime | None = None
    releasable: bool | None = None
    removal_stage: str | None = None
    expected_release_at: datetime | None = None
    next_hearing_at: datetime | None = None
    next_hearing_place: str | None = None
    hearing_zone: str | None = None
    facility_name: str | None = None
    facility_phone: str | None = None
    # The callback that the case is still owed, and who could take a call now.
    open_callback_id: int | None = None
    open_callback_due_at: datetime | None = None
    open_callback_state: str | None = None
    open_callback_urgency: str | None = None
    open_callback_window_starts: datetime | None = None
    open_callback_window_ends: datetime | None = None
    #: Phones of the registrant that said stop, of which no verified caller was told (R33).
    stops_untold: int | None = None
    free_liaisons: int = 0
    liaisons_on_shift: int = 0
    # Of the PIN step alone.
    pin_hash: str | None = None
    # A member of staff whose number was keyed in the place of a case's.
    found_staff_id: int | None = None
    staff_pin_hash: str | None = None
    pin_expires_at: datetime | None = None
    letter_uses: int | None = None
    last_verified_at: datetime | None = None
    phone_is_known: bool = False
    phone_opened_lately: bool | None = False
    own_consecutive: int | None = None
    own_wait_until: datetime | None = None
    own_locked_at: datetime | None = None
    own_total: int = 0
    stranger_consecutive: int | None = None
    stranger_wait_until: datetime | None = None
    stranger_locked_at: datetime | None = None
    stranger_total: int = 0
    phone_numbers_unopened: int = 0
    number_has_failures: int = 0
    spraying_until: datetime | None = None
    wrong_untold: int = 0
    earlier_open_calls: int = 0
    # What the office decided, for `is_verified`.
    verification_minutes: float = VERIFICATION_MINUTES
    # The turn as it was read: a save finds out by it whether another was faster.
    turn_read: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.turn_read = self.turn
        if self.caller_id_doubted:
            # Under another's number nobody gets at the counters of the phone (R04, R07).
            self.phone_is_known = False
        if self.caller_id_doubted or not self.caller_id_attested:
            # A place in the queue can be felt: a faked number would learn whose case it is (R05, R07).
            self.phone_opened_lately = False

    @property
    def pin_counter(self) -> str:
        """The name of the counter that a try of this call adds to (R04).

        A known phone has two: one for calls that the carrier attests in full, which nobody can fake, and one
        for all others. Where a carrier attests nothing, only the second is ever used.
        """
        if not self.phone_is_known or self.phone_key is None:
            return STRANGERS
        return (ATTESTED if self.caller_id_attested else UNATTESTED) + self.phone_key

    def is_verified(self, now: datetime) -> bool:
        """Whether the PIN was right, is still the case's, and a key came lately (R11).

        Lately is within the last ``verification_minutes``.
        """
        if self.verified_at is None or not self.opened_its_case():
            return False
        return self._keyed_lately(self.verified_at, now)

    def may_choose_pin(self, now: datetime) -> bool:
        """Whether a mailed PIN was right in this call, is still the case's, and a key came lately (R02).

        It opens the choice of an own PIN alone, so the call is not verified until that is chosen.
        """
        if self.letter_at is None or self.case_id is None:
            return False
        if self.pin_issued_at is not None and self.pin_issued_at > self.letter_at:
            return False
        return self._keyed_lately(self.letter_at, now)

    def is_signed_in(self, now: datetime) -> bool:
        """Whether a member of staff gave their number and PIN in this call, and a key came lately."""
        if self.role != STAFF_LINE or self.staff_id is None or self.verified_at is None:
            return False
        return self._keyed_lately(self.verified_at, now)

    def has_lapsed(self, now: datetime) -> bool:
        """Whether a PIN was right in this call, of a case or of staff, and no key came lately (R11)."""
        since = self.verified_at or self.letter_at
        return since is not None and not self._keyed_lately(since, now)

    def _keyed_lately(self, since: datetime, now: datetime) -> bool:
        return now - (self.last_key_at or since) <= timedelta(minutes=self.verification_minutes)

    def holds_changes(self, now: datetime) -> bool:
        """Whether the case that this call opened, however long ago, keeps its phones and windows (R08)."""
        until = self.changes_held_until
        return self.opened_its_case() and until is not None and now < until

    def opened_its_case(self) -> bool:
        """Whether the PIN was right in this call and is still the case's, however long ago that was.

        For what was promised then and shows nothing of the case, such as a place in line.
        """
        if self.verified_at is None or self.case_id is None:
            return False
        return self.pin_issued_at is not None and self.pin_issued_at <= self.verified_at


def load_by_sid(
    session: Session, call_sid: str, now: datetime, *, for_pin: bool = False, opening: bool = False
) -> CallState | None:
    """The call with this CallSid, locked until the transaction ends, or None. One statement.

    ``for_pin`` is for the step that reserves a try: of the case whose number was keyed it reads what a
    try needs and nothing that could be told, so that a number without a case takes no less work (R05).
    ``opening`` is for the transaction after the hash, of a try that may open the case: it reads it all.
    """
    statement = _OPENING_BY_SID if opening else _PIN_BY_SID if for_pin else _BY_SID
    row = send(session, statement, {"sid": call_sid, **_moments(now, for_pin=for_pin or opening)}).first()
    return None if row is None else CallState(*row)


def glance(unit: Unit, call_sid: str) -> CallState | None:
    """The call with this CallSid as it stands now, or None: one statement, and no lock (``saving_turn``)."""
    row = unit.read(_GLANCE, {"sid": call_sid})
    if row is None:
        return None
    state = CallState(*tuple(row))
    unit.stands_on(_TURN_OF, {"id": state.id}, state.turn)
    return state


def load_by_leg(session: Session, leg_id: str, now: datetime) -> CallState | None:
    """The outbound call with this leg id, locked until the transaction ends, or None. One statement."""
    row = send(session, _BY_LEG, {"leg": leg_id, **_moments(now, for_pin=False)}).first()
    return None if row is None else CallState(*row)


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
    columns: list[Any] = [CALLS.c[column.name] for column in fields(CallState)[: len(CALLS.c)]]
    told: list[Any] = [
        _CASES.c.pin_kind, _CASES.c.changes_held_until,
        _REGISTRANTS.c.id, _REGISTRANTS.c.pace, _REGISTRANTS.c.time_zone,
        _SUBJECTS.c.as_of, _SUBJECTS.c.absent_since, _SUBJECTS.c.held_import_id, _RECORDS.c.id,
        _RECORDS.c.status, _RECORDS.c.status_at, _RECORDS.c.releasable, _RECORDS.c.removal_stage,
        _RECORDS.c.expected_release_at, _RECORDS.c.next_hearing_at, _COURTS.c.name, _COURTS.c.time_zone,
        _FACILITIES.c.name, _FACILITIES.c.phone,
        CALLBACKS.c.id, CALLBACKS.c.due_at, CALLBACKS.c.state, CALLBACKS.c.urgency,
        CALLBACKS.c.window_starts, CALLBACKS.c.window_ends,
        select(func.count()).select_from(_PHONES).where(
            _PHONES.c.registrant_id == _REGISTRANTS.c.id, _PHONES.c.stopped_at.is_not(None),
            _PHONES.c.stop_told_at.is_(None), _PHONES.c.unsafe_since.is_(None),
        ).correlate(_REGISTRANTS).scalar_subquery(),
    ]  # fmt: skip
    columns += [
        # Since when its PIN is in force: a caller who waits at the PIN may have given the one before.
        _CASES.c.id, _CASES.c.closed_at, _CASES.c.pin_issued_at, *(_without(told) if for_pin else told),
        select(func.count()).select_from(_STAFF)
            .where(
                _STAFF.c.on_shift == true(), _STAFF.c.busy_call_id.is_(None),
                _STAFF.c.resting_until.is_(None), _STAFF.c.wrap_up_until.is_(None),
                _STAFF.c.on_staff_line_until.is_(None),
            ).scalar_subquery(),
        select(func.count()).select_from(_STAFF).where(_STAFF.c.on_shift == true()).scalar_subquery(),
    ]  # fmt: skip
    by_number = for_pin or opening
    case_is_it = _CASES.c.number_key == CALLS.c.number_key if by_number else _CASES.c.id == CALLS.c.case_id
    own, stranger, person = _COUNTERS.alias(), _COUNTERS.alias(), _STAFF.alias()
    if by_number:
        columns += [
            _CASES.c.pin_hash, person.c.id, person.c.pin_hash,
            _CASES.c.pin_expires_at, _CASES.c.letter_uses, _CASES.c.last_verified_at,
            is_known(), _KNOWN.c.phone_key.is_not(None),
            own.c.consecutive, own.c.wait_until, own.c.locked_at, failures_of(own, OWN_COUNTER),
            stranger.c.consecutive, stranger.c.wait_until, stranger.c.locked_at,
            failures_of(stranger, literal_column("''")),
            numbers_unopened(),
            failures_at_number(),
            select(_GUARDS.c.raised_until).where(_GUARDS.c.name == "spraying").scalar_subquery(),
            failures_untold() if opening else literal_column("0").label("untold_tries"),
            earlier_open_calls(),
        ]  # fmt: skip
    statement = select(*columns).select_from(CALLS).outerjoin(_CASES, case_is_it)
    if not for_pin:
        statement = (
            statement.outerjoin(_REGISTRANTS, _REGISTRANTS.c.id == _CASES.c.registrant_id)
            .outerjoin(_SUBJECTS, and_(_SUBJECTS.c.id == _CASES.c.subject_id, _CASES.c.named_by.is_(None)))
            .outerjoin(_RECORDS, _RECORDS.c.id == _SUBJECTS.c.record_id)
            .outerjoin(_FACILITIES, _FACILITIES.c.name_key == _RECORDS.c.facility_key)
            .outerjoin(_COURTS, _COURTS.c.name_key == _RECORDS.c.court_key)
            .outerjoin(CALLBACKS, and_(CALLBACKS.c.case_id == _CASES.c.id, IS_OWED))
        )
    if by_number:
        statement = (
            statement.outerjoin(
                _KNOWN,
                and_(
                    _KNOWN.c.number_key == CALLS.c.number_key,
                    _KNOWN.c.phone_key == CALLS.c.phone_key,
                    _KNOWN.c.last_verified_at >= bindparam("known_since"),
                ),
            )
            .outerjoin(person, person.c.number_key == CALLS.c.number_key)
            .outerjoin(own, and_(own.c.number_key == CALLS.c.number_key, own.c.counter == OWN_COUNTER))
            .outerjoin(
                stranger,
                and_(stranger.c.number_key == CALLS.c.number_key, stranger.c.counter == literal_column("''")),
            )
        )
    return statement


def _without(columns: list[Any]) -> list[Any]:
    """The same number of columns, each empty."""
    return [literal_column("NULL").label(f"untold_{i}") for i in range(len(columns))]


def _locking(statement: Select[Any]) -> Select[Any]:
    # Not against who only names the call, as a promise that was asked for in it does: with a stronger lock
    # the two would wait for each other, since whoever writes such a row may hold what this turn wants next.
    return statement.with_for_update(of=CALLS, key_share=True)


_IS_IT = CALLS.c.call_sid == bindparam("sid")
_GLANCE = _select().where(_IS_IT)
_TURN_OF = select(CALLS.c.turn).where(CALLS.c.id == bindparam("id")).with_for_update(key_share=True)
_BY_SID = _locking(_GLANCE)
_BY_LEG = _locking(_select().where(CALLS.c.leg_id == bindparam("leg")))
_PIN_BY_SID = _locking(_select(for_pin=True).where(_IS_IT))
_OPENING_BY_SID = _locking(_select(opening=True).where(_IS_IT))
