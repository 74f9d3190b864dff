"""What staff enter on a phone: a staff number and its PIN to sign in, and a code to accept calls (Legs, R04).

Tries at either are counted, slowed and locked by the same rules as case PINs, under their own key.
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.calls import pin_try
from models.calls.call import CALLS
from models.calls.pin_try import Guess
from models.calls.staff_line_stay import sign_out
from models.cases.new_pin import is_guessable, new_pin
from models.cases.pin import Match, PinCounter
from models.cases.pin_hash import PinHasher
from models.staff.staff import Staff, find_staff
from models.store.database import Write, keyring_of
from models.store.keyring import Keyring
from models.store.policies import Policies

if TYPE_CHECKING:
    from models.calls.call_state import CallState

NUMBER_DIGITS = 5
#: A generated code has this many digits; people may choose from LEAST to MOST.
CODE_DIGITS, LEAST_CODE, MOST_CODE = 5, 4, 6
PIN_DIGITS = 6

Kind = Literal["pin", "code"]
_COLUMNS = {"pin": Staff.pin_hash, "code": Staff.code_hash}


@dataclass(frozen=True, slots=True)
class StaffTry:
    """A reserved try at a PIN or a code of ``staff_id`` (None: a number that nobody has)."""

    reserved: Guess = field(repr=False)
    kind: Kind
    staff_id: int | None = field(repr=False)

    @property
    def call_id(self) -> int:
        """The call in which the try is made."""
        return self.reserved.call_id

    @property
    def turn(self) -> int:
        """The turn of the call."""
        return self.reserved.turn

    @property
    def first(self) -> bool:
        """Whether it is hashed before others."""
        return self.reserved.first

    def work(self, hasher: PinHasher, keyed: str) -> bool:
        """One run of the KDF, whatever was found (R05)."""
        return hasher.matches(self.reserved.stored, keyed)

    def opens(self, found: bool) -> Match:
        """Whether the second transaction reads the current counters."""
        return "pin" if found and self.reserved.allowed else ""


@dataclass(frozen=True, slots=True)
class FirstKeying:
    """A new PIN or code on its way to the KDF, entered for the first time."""

    call_id: int
    turn: int
    kind: Kind
    stored: str | None = field(repr=False)
    first: bool = True

    def work(self, hasher: PinHasher, keyed: str) -> str | None:
        """Its hash, or None for one that others would try first, or that is already in force."""
        if is_weak(keyed) or hasher.matches(self.stored, keyed):
            return None
        return hasher.hash(keyed)

    def opens(self, _found: Any) -> Match:
        """It opens nothing."""
        return ""


@dataclass(frozen=True, slots=True)
class SecondKeying:
    """The same PIN or code, entered again."""

    call_id: int
    turn: int
    kind: Kind
    stored: str | None = field(repr=False)
    first: bool = True

    def work(self, hasher: PinHasher, keyed: str) -> bool:
        """Whether both were the same."""
        return hasher.matches(self.stored, keyed)

    def opens(self, _found: Any) -> Match:
        """It opens nothing."""
        return ""


def is_weak(keyed: str) -> bool:
    """Whether a PIN or a code of 4 to 6 digits is one that people would think of."""
    if len(keyed) == PIN_DIGITS and (keyed[0] == "0" or is_guessable(keyed)):
        return True
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(keyed)}
    return len(set(keyed)) < 3 or steps in ({1}, {9})


def number_key(keyring: Keyring, digits: str) -> str:
    """The key that tries at a staff number are counted under; unlike any case number's key."""
    return keyring.index("staff.number", digits)


def code_key(session: Session, staff_id: int) -> str:
    """The key that tries at this person's code are counted under."""
    return keyring_of(session).index("staff.code", str(staff_id))


def issue_pin(session: Session, email: str, hasher_hash: str, actor: str, now: datetime) -> str:
    """Put a new PIN's hash into force and lift a lock; returns the staff number, created the first time."""
    person = find_staff(session, email)
    # A person who signed in with the old PIN may be the reason for the new one.
    sign_out(session, person.id)
    number = _own_number(session, person)
    person.pin_hash, person.new_hash = hasher_hash, None
    _forgive(session, number_key(keyring_of(session), number))
    session.flush()
    audit.record(session, actor=actor, action="issue_staff_pin", target=f"staff:{person.id}", now=now)
    return number


def issue_code(session: Session, email: str, hasher_hash: str, actor: str, now: datetime) -> None:
    """Put a new code's hash into force and lift a lock. Raises StaffError for an unknown e-mail."""
    person = find_staff(session, email)
    person.code_hash, person.new_hash = hasher_hash, None
    _forgive(session, code_key(session, person.id))
    session.flush()
    audit.record(session, actor=actor, action="issue_staff_code", target=f"staff:{person.id}", now=now)


def fresh_pin() -> str:
    """A PIN that nobody would guess."""
    return new_pin()


def fresh_code() -> str:
    """A code of five digits that nobody would guess."""
    while True:
        code = str(secrets.choice(range(10 ** (CODE_DIGITS - 1), 10**CODE_DIGITS)))
        if not is_weak(code):
            return code


def reserve(
    session: Session, state: "CallState", kind: Kind, now: datetime, policies: Policies
) -> tuple[StaffTry, list[Write]]:
    """Count a try at ``state.tried_key`` as failed before it is hashed; one look-up in any case."""
    whose = Staff.number_key == state.tried_key if kind == "pin" else Staff.id == state.staff_id
    found = session.execute(select(Staff.id, _COLUMNS[kind]).where(whose, Staff.left_at.is_(None))).first()
    guess, writes = pin_try.reserve(state, now, policies)
    stored = None if found is None else found[1]
    staff_id = None if found is None else found[0]
    return StaffTry(replace(guess, stored=stored), kind, staff_id), writes


def record(
    session: Session, state: "CallState", tried: StaffTry, matched: bool, now: datetime
) -> tuple[Literal["right", "wrong"], list[Write]]:
    """Say whether the try was right, and what that changes; all wrong tries look the same (R05)."""
    guess = tried.reserved
    if not (matched and guess.allowed and tried.staff_id is not None):
        return "wrong", []
    stored = session.scalar(select(_COLUMNS[tried.kind]).where(Staff.id == tried.staff_id))
    if stored is None or stored != guess.stored or pin_try.was_locked_meanwhile(state, guess):
        return "wrong", []
    return "right", pin_try.opening(state, guess, now)


def sign_in(session: Session, state: "CallState", staff_id: int, now: datetime) -> None:
    """Mark this call as that of a staff member from now on."""
    session.execute(update(CALLS).where(CALLS.c.id == state.id).values(staff_id=staff_id))
    state.staff_id, state.verified_at, state.last_key_at, state.tries = staff_id, now, now, 0
    audit.record(session, actor=f"staff:{staff_id}", action="sign_in", target=f"call:{state.id}", now=now)


def first_keying(session: Session, state: "CallState", kind: Kind) -> FirstKeying:
    """A new PIN or code of the person who signed in, entered once."""
    stored = session.scalar(select(_COLUMNS[kind]).where(Staff.id == state.staff_id))
    return FirstKeying(state.id, state.turn, kind, stored)


def keep_first(session: Session, state: "CallState", hashed: str | None) -> bool:
    """Keep the hash of the first entry for the second; False when it is not acceptable."""
    session.execute(update(Staff).where(Staff.id == state.staff_id).values(new_hash=hashed))
    return hashed is not None


def second_keying(session: Session, state: "CallState", kind: Kind) -> SecondKeying:
    """The second entry, to be compared with what was kept."""
    kept = session.scalar(select(Staff.new_hash).where(Staff.id == state.staff_id))
    return SecondKeying(state.id, state.turn, kind, kept)


def change(session: Session, state: "CallState", keying: SecondKeying, same: bool, now: datetime) -> bool:
    """Put a PIN or code entered twice into force; False if the entries differ or another came between.

    An account that was deactivated during this call gets nothing to sign in with.
    """
    person = (
        session.get(Staff, state.staff_id, populate_existing=True) if state.staff_id is not None else None
    )
    if (
        person is None
        or person.left_at is not None
        or not same
        or keying.stored is None
        or person.new_hash != keying.stored
    ):
        return False
    if keying.kind == "pin":
        person.pin_hash = keying.stored
    else:
        person.code_hash = keying.stored
    person.new_hash = None
    session.flush()
    audit.record(
        session,
        actor=f"staff:{person.id}",
        action=f"change_staff_{keying.kind}",
        target=f"staff:{person.id}",
        now=now,
    )
    return True


def _own_number(session: Session, person: Staff) -> str:
    keyring = keyring_of(session)
    if person.number_sealed is not None:
        return keyring.unseal("staff.number", person.number_sealed)
    while True:
        number = str(secrets.choice(range(10 ** (NUMBER_DIGITS - 1), 10**NUMBER_DIGITS)))
        key = number_key(keyring, number)
        if session.scalar(select(Staff.id).where(Staff.number_key == key)) is None:
            person.number_sealed, person.number_key = keyring.seal("staff.number", number), key
            return number


def _forgive(session: Session, key: str) -> None:
    session.execute(delete(PinCounter).where(PinCounter.number_key == key))
