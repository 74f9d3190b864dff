"""How a staff member signs in: what they have set up, and what an administrator can reset."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, exists, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.staff.passkey import Passkey, forget_passkeys
from models.staff.recovery_code import forget_recovery_codes
from models.staff.sign_in_counter import counter_key, forgive
from models.staff.staff import Staff, find_staff
from models.staff.staff_session import StaffSession, end_sessions_of


@dataclass(frozen=True, slots=True)
class Access:
    """What someone has to sign in with. ``stamp`` changes with the password."""

    staff_id: int
    email: str
    password_hash: str = field(repr=False)
    is_one_time: bool
    has_totp: bool
    has_passkey: bool

    @property
    def stamp(self) -> str:
        """Ties a sign-in that began with a password to that password."""
        return hashlib.sha256(self.password_hash.encode()).hexdigest()[:16]

    @property
    def is_set_up(self) -> bool:
        """Whether they have a password of their own and a second factor."""
        return not self.is_one_time and (self.has_totp or self.has_passkey)


def access_of_email(session: Session, email: str) -> Access | None:
    """What the person with this e-mail signs in with, or None; one look-up in either case."""
    return _read(session, _ACCESS.where(Staff.email == email.strip().lower()))


def access_of(session: Session, staff_id: int) -> Access | None:
    """What this person signs in with, or None."""
    return _read(session, _ACCESS.where(Staff.id == staff_id))


def access_locked(session: Session, staff_id: int) -> Access | None:
    """What this person signs in with, locked until the transaction ends, or None."""
    return _read(session, _ACCESS.where(Staff.id == staff_id).with_for_update(of=Staff, key_share=True))


def set_password(session: Session, staff_id: int, password_hash: str) -> None:
    """Put a person's own password into force."""
    session.execute(
        update(Staff)
        .where(Staff.id == staff_id)
        .values(password_hash=password_hash, password_is_one_time=False)
    )


def unlock(session: Session, email: str, *, actor: str, now: datetime) -> None:
    """Lift the lock and waits after failed sign-ins. Raises StaffError for an unknown e-mail."""
    person = find_staff(session, email)
    _forgive_all(session, person)
    audit.record(session, actor=actor, action="unlock_sign_in", target=f"staff:{person.id}", now=now)


def reset(session: Session, email: str, password_hash: str, *, actor: str, now: datetime) -> None:
    """Let a person set up again with a one-time password; sessions, passkeys, authenticator and codes end.

    Raises StaffError for an unknown e-mail.
    """
    person = find_staff(session, email)
    person.password_hash, person.password_is_one_time = password_hash, True
    person.totp_sealed, person.totp_step = None, None
    session.flush()
    forget_passkeys(session, person.id)
    forget_recovery_codes(session, person.id)
    ended = end_sessions_of(session, person.id, now)
    _forgive_all(session, person)
    facts = {"sessions_ended": ended}
    audit.record(
        session, actor=actor, action="reset_sign_in", target=f"staff:{person.id}", facts=facts, now=now
    )


def _forgive_all(session: Session, person: Staff) -> None:
    browsers = select(StaffSession.known_browser).where(
        StaffSession.staff_id == person.id, StaffSession.known_browser.is_not(None)
    )
    keys = [counter_key(session, "browser", known) for known in set(session.scalars(browsers)) if known]
    keys += [
        counter_key(session, "account", person.email),
        counter_key(session, "code", str(person.id)),
    ]
    forgive(session, keys)


#: A deactivated account has nothing to sign in with.
_ACCESS: Select[Staff, bool] = select(Staff, exists().where(Passkey.staff_id == Staff.id)).where(
    Staff.left_at.is_(None)
)


def _read(session: Session, statement: "Select[Staff, bool]") -> Access | None:
    found = session.execute(statement).first()
    if found is None:
        return None
    person, has_passkey = found
    return Access(
        staff_id=person.id,
        email=person.email,
        password_hash=person.password_hash,
        is_one_time=person.password_is_one_time,
        has_totp=person.totp_sealed is not None,
        has_passkey=has_passkey,
    )
