"""A caller's own new PIN: entered twice, hashed with no transaction open, and in force at once (R02, R03)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import case, null, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.cases.case import Case
from models.cases.duress import PinInForce
from models.cases.new_pin import is_guessable
from models.cases.pin import Match
from models.cases.pin_hash import PinHasher
from models.store.database import changed_one

if TYPE_CHECKING:
    from models.calls.call_state import CallState


@dataclass(frozen=True, slots=True)
class Weighed:
    """The result for a PIN entered the first time; ``pin_hash`` if the PIN is accepted."""

    word: Literal["good", "guessable", "same"]
    pin_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FirstEntry:
    """A new PIN on its way to the KDF. It contains no PIN; ``in_force`` is the PIN that it replaces."""

    call_id: int
    turn: int
    in_force: PinInForce | None = field(repr=False)
    #: The case number begins with it: at the PIN step it would be the number entered again.
    begins_number: bool = False
    #: The caller opened the case, so this is hashed before guesses from unknown phones.
    first: bool = True

    def work(self, hasher: PinHasher, pin: str) -> Weighed:
        """Refuse PINs that others would try first, and the PIN in force; hash any other.

        A PIN too near to the duress PIN is refused in the words for a guessable one. Every case, with or
        without a duress PIN, refuses as many, so the refusal tells of none (R10, R13).
        """
        is_near = self.in_force is not None and self.in_force.is_near(hasher, pin)
        if pin[:1] == "0" or self.begins_number or is_guessable(pin):
            return Weighed("guessable")
        stored = None if self.in_force is None else self.in_force.pin_hash
        if hasher.matches(stored, pin):
            return Weighed("same")
        return Weighed("guessable") if is_near else Weighed("good", hasher.hash(pin))

    def opens(self, _result: Any) -> Match:
        """A new PIN opens nothing."""
        return ""


@dataclass(frozen=True, slots=True)
class SecondEntry:
    """The new PIN entered again, to be compared with the first entry's hash."""

    call_id: int
    turn: int
    stored: str | None = field(repr=False)
    first: bool = True

    def work(self, hasher: PinHasher, pin: str) -> "Chosen":
        """Whether both entries were the same."""
        return Chosen(hasher.matches(self.stored, pin), hasher.mark(pin))

    def opens(self, _result: Any) -> Match:
        """A new PIN opens nothing."""
        return ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The result for a PIN entered the second time, and its mark, which only a duress PIN needs (R10)."""

    is_same: bool
    mark: str = field(repr=False)


def change_pin(session: Session, state: "CallState", new_hash: str, mark: str, now: datetime) -> bool:
    """Put the PIN that was entered twice into force, also for a closed case; the old one is void (R13).

    After the duress PIN it replaces the duress PIN, since the case is then the duress case (R10).
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
            pin_mark=case((Case.duress_of.is_not(None), mark), else_=null()),
            pin_issued_at=now,
            pin_expires_at=None,
            letter_uses=0,
            last_verified_at=now,
        )
    )
    if not changed_one(session, statement):
        return False
    audit.record(
        session, actor=f"caller:{state.id}", action="change_pin", target=f"case:{state.case_id}", now=now
    )
    return True
