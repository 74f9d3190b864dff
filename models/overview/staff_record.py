"""The staff list: changing a person's record, deactivating an account, and restoring one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks import claim
from models.callbacks.callback import Callback
from models.calls.staff_line_stay import sign_out
from models.calls.staff_secret import code_key
from models.cases.pin import PinCounter
from models.overview.case_opening import close_all_of
from models.overview.pin_request import count_waiting_of, withdraw_all_of
from models.staff.passkey import forget_passkeys
from models.staff.recovery_code import forget_recovery_codes
from models.staff.refusals import StaffRefusal
from models.staff.schedule import Schedule
from models.staff.staff import ROLES, Staff, StaffError
from models.staff.staff_session import end_sessions_of
from models.store.database import keyring_of
from models.store.form_stamp import FormRefusal, stamp


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What the staff list has about a person and an administrator may change; ``phone`` is E.164."""

    name: str = field(repr=False)
    role: str
    phone: str = field(repr=False)
    office_phone: bool
    languages: Sequence[str]


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What a person is in the middle of, as counts: claimed callbacks, calls, and PIN requests that wait."""

    claimed: int
    calls: int
    pin_requests: int


def open_work(session: Session, staff_id: int) -> OpenWork:
    """What is taken from a person when their account is deactivated, and the call that goes on."""

    def count(of: Any, *which: Any) -> int:
        return session.scalar(select(func.count()).select_from(of).where(*which)) or 0

    return OpenWork(
        claimed=count(Callback, Callback.staff_id == staff_id, Callback.state == "claimed"),
        calls=count(Staff, Staff.id == staff_id, Staff.busy_call_id.is_not(None)),
        pin_requests=count_waiting_of(session, staff_id),
    )


def person_numbered(session: Session, staff_id: int) -> Staff:
    """One person, even with a deactivated account. Raises StaffError if nobody has this id."""
    person = session.get(Staff, staff_id)
    if person is None:
        raise StaffError(StaffRefusal.UNKNOWN)
    return person


def record_of(session: Session, person: Staff) -> Record:
    """A person's record on the list."""
    keyring = keyring_of(session)
    return Record(
        name=keyring.unseal("staff.name", person.name_sealed),
        role=person.role,
        phone=keyring.unseal("staff.phone", person.phone_sealed),
        office_phone=person.office_phone,
        languages=tuple(word.strip() for word in person.languages.split(",")),
    )


def stamp_of(session: Session, record: Record) -> str:
    """The stamp a form carries of the record it was rendered with: a keyed hash, which reveals nothing."""
    held = (record.name, record.role, record.phone, record.office_phone, *record.languages)
    return stamp(session, "staff.record", *held)


def change_record(
    session: Session,
    staff_id: int,
    record: Record,
    *,
    by_id: int,
    actor: str,
    now: datetime,
    seen: str | None = None,
) -> list[str]:
    """Change a person's record on the list; returns the names of the changed fields, empty for no change.

    ``seen`` is the stamp of the record that the author saw: a form contains the whole record, and an old one
    would overwrite other people's changes, including a role. None skips this check. Raises StaffError for an
    outdated stamp, for a deactivated account, for one's own role, and for the last administrator's.
    """
    person = _active(session, staff_id)
    before = record_of(session, person)
    if record.role not in ROLES:
        raise StaffError(StaffRefusal.UNKNOWN_ROLE)
    if not record.languages:
        raise StaffError(StaffRefusal.NO_LANGUAGE)
    if record.role != before.role:
        if staff_id == by_id:
            raise StaffError(StaffRefusal.OWN_ROLE)
        if before.role == "administrator":
            _leaves_an_administrator(session, staff_id)
    changed = [
        name
        for name in ("name", "role", "phone", "office_phone", "languages")
        if _plain(getattr(record, name)) != _plain(getattr(before, name))
    ]
    if not changed:
        return []
    if seen is not None and seen != stamp_of(session, before):
        raise StaffError(FormRefusal.CHANGED)
    keyring = keyring_of(session)
    if "name" in changed:
        person.name_sealed = keyring.seal("staff.name", record.name)
    if "phone" in changed:
        person.phone_sealed = keyring.seal("staff.phone", record.phone)
        person.phone_key = keyring.index("phone", record.phone)
        person.spared_until = None
    person.role, person.office_phone = record.role, record.office_phone
    person.languages = ",".join(record.languages)
    session.flush()
    # A name or a phone is in no entry; only that it changed.
    facts: dict[str, Any] = {"changed": changed}
    if "role" in changed:
        close_all_of(session, staff_id, now)
        facts |= {"role": record.role, "role_before": before.role}
    audit.record(
        session, actor=actor, action="change_staff", target=f"staff:{staff_id}", facts=facts, now=now
    )
    return changed


def let_go(session: Session, staff_id: int, *, by_id: int, actor: str, now: datetime) -> None:
    """Deactivate an account: the line does not call the person, and nothing they have gives access any more.

    Callbacks that they had claimed are returned at once. Their row and everything that refers to it stay.
    Raises StaffError for oneself and for the last administrator.
    """
    sign_out(session, staff_id)
    # An approval locks requests first, before the case and before people; so does this.
    withdraw_all_of(session, staff_id, actor=actor, now=now)
    # Callbacks before people, the order in which every claim and call locks them.
    kept = select(Callback).where(Callback.staff_id == staff_id, Callback.state == "claimed")
    claimed = session.scalars(kept.order_by(Callback.id).with_for_update(key_share=True)).all()
    person = _active(session, staff_id)
    if staff_id == by_id:
        raise StaffError(StaffRefusal.OWN_LEAVING)
    if person.role == "administrator":
        _leaves_an_administrator(session, staff_id)
    person.left_at = now
    # A deactivated account is away forever, so the search for people to call needs no further condition.
    person.on_shift, person.on_call, person.away, person.scheduled_shift = False, False, True, None
    person.pin_hash, person.code_hash, person.new_hash = None, None, None
    _take_ways_in(session, person, now)
    close_all_of(session, staff_id, now)
    session.execute(delete(Schedule).where(Schedule.staff_id == staff_id))
    session.execute(delete(PinCounter).where(PinCounter.number_key == code_key(session, staff_id)))
    session.flush()
    for callback in claimed:
        claim.let_go(session, callback, claim.actor_of(by_id), now)
    audit.record(session, actor=actor, action="let_go_staff", target=f"staff:{staff_id}", now=now)


def take_back(session: Session, staff_id: int, password_hash: str, *, actor: str, now: datetime) -> None:
    """Restore an account, off shift, with a one-time password. Raises StaffError if not deactivated."""
    person = person_numbered(session, staff_id)
    if person.left_at is None:
        raise StaffError(StaffRefusal.NOT_GONE)
    person.left_at, person.away = None, False
    person.password_hash, person.password_is_one_time = password_hash, True
    session.flush()
    audit.record(session, actor=actor, action="take_back_staff", target=f"staff:{staff_id}", now=now)


def _active(session: Session, staff_id: int) -> Staff:
    # Locked until the transaction ends: if two people change one person at once, the second sees the first
    # one's change. Locked with the administrators and in one order, so that two who end each other's role
    # wait and do not deadlock.
    held = select(Staff.id).where(or_(Staff.id == staff_id, Staff.role == "administrator"))
    session.execute(held.order_by(Staff.id).with_for_update(key_share=True))
    person = session.get(Staff, staff_id, populate_existing=True)
    if person is None:
        raise StaffError(StaffRefusal.UNKNOWN)
    if person.left_at is not None:
        raise StaffError(StaffRefusal.GONE)
    return person


def _leaves_an_administrator(session: Session, staff_id: int) -> None:
    """Raise StaffError if there is no other administrator; of two who end each other's role one waits."""
    administrators = session.scalars(
        select(Staff.id)
        .where(Staff.role == "administrator", Staff.left_at.is_(None))
        .order_by(Staff.id)
        .with_for_update(key_share=True)
    ).all()
    if set(administrators) <= {staff_id}:
        raise StaffError(StaffRefusal.LAST_ADMINISTRATOR)


def _take_ways_in(session: Session, person: Staff, now: datetime) -> None:
    # No password has this hash.
    person.password_hash, person.password_is_one_time = "none", True
    person.totp_sealed, person.totp_step = None, None
    forget_passkeys(session, person.id)
    forget_recovery_codes(session, person.id)
    end_sessions_of(session, person.id, now)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | bool) else list(value)
