"""A caller's own new PIN: entered twice, hashed with no transaction open, and in force at once (R02, R03)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.cases.case import Case
from models.cases.new_pin import is_guessable
from models.cases.pin_hash import PinHasher

if TYPE_CHECKING:
    from models.calls.call_state import CallState


@dataclass(frozen=True, slots=True)
class Weighed:
    """The result for a PIN entered the first time; ``pin_hash`` if the PIN is accepted."""

    word: Literal["good", "guessable", "same"]
    pin_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FirstEntry:
    """A new PIN on its way to the KDF. It contains no PIN; ``stored`` is the hash in force."""

    call_id: int
    turn: int
    stored: str | None = field(repr=False)
    #: The case number begins with it: at the PIN step it would be the number entered again.
    begins_number: bool = False
    #: The caller opened the case, so this is hashed before guesses from unknown phones.
    first: bool = True

    def work(self, hasher: PinHasher, pin: str) -> Weighed:
        """Refuse PINs that others would try first, and the PIN in force; hash any other."""
        if pin[:1] == "0" or self.begins_number or is_guessable(pin):
            return Weighed("guessable")
        if hasher.matches(self.stored, pin):
            return Weighed("same")
        return Weighed("good", hasher.hash(pin))

    def opens(self, _result: Any) -> bool:
        """A new PIN opens nothing."""
        return False


@dataclass(frozen=True, slots=True)
class SecondEntry:
    """The new PIN entered again, to be compared with the first entry's hash."""

    call_id: int
    turn: int
    stored: str | None = field(repr=False)
    first: bool = True

    def work(self, hasher: PinHasher, pin: str) -> bool:
        """Whether both entries were the same."""
        return hasher.matches(self.stored, pin)

    def opens(self, _result: Any) -> bool:
        """A new PIN opens nothing."""
        return False


def hash_in_force(session: Session, case_id: int) -> str | None:
    """The stored hash of a case's PIN."""
    return session.scalar(select(Case.pin_hash).where(Case.id == case_id))


def change_pin(session: Session, state: "CallState", new_hash: str, now: datetime) -> bool:
    """Put the PIN that was entered twice into force, also for a closed case; the old one is void (R13).

    Returns False and changes nothing when the case got another PIN since this call opened it.
    """
    letter = state.verified_at is None
    statement = (
        update(Case)
        .where(
            Case.id == state.case_id,
            Case.pin_issued_at <= (state.letter_at if letter else state.verified_at),
        )
        .values(
            pin_hash=new_hash,
            pin_kind="standing",
            pin_issued_at=now,
            pin_expires_at=None,
            letter_uses=0,
            last_verified_at=now,
        )
    )
    if cast(CursorResult[Any], session.execute(statement)).rowcount != 1:
        return False
    audit.record(
        session, actor=f"caller:{state.id}", action="change_pin", target=f"case:{state.case_id}", now=now
    )
    return True
