"""One PIN try: counted as failed before the PIN is hashed, opened only if everything is right (R04-R06).

The two functions here make the decisions of two short transactions; the KDF runs between them with no
transaction open. What is counted, and why:

- A try is a failure until `record` says otherwise, so a process that dies in between forgives nothing.
- Counts belong to the entered number, whether or not a case has it. Each phone that is confirmed in the case,
  or recently verified it, has its own counters, which no other phone's try reads or changes.
- A try during a wait or a lock is answered like a wrong one and adds to the 30-day total, but it neither adds
  to the consecutive count nor prolongs the wait. Otherwise ten quick tries would lock a number for strangers;
  this way a lock takes the half hour of waits that leads to it, and a wait ends when the caller was told it
  would.
- The duress PIN is a right PIN to the counters as it is to the ear: it ends waits, its try is no failure and
  its phone is known. Anything else would show in what the same phone may try next (R10, R13).
- SQL updates counters from the row's current values, so simultaneous tries at one number all count, even one
  that was admitted because it read the row before another try made it wait.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calls.call_state import CallState
from models.cases.case import Case
from models.cases.pin import STRANGERS, Match
from models.cases.pin_hash import PinHasher
from models.cases.pin_writes import (
    CLEARING,
    COUNTING,
    DOUBLINGS,
    KNOWING,
    OPENING,
    TELLING,
    TRYING,
    USING_LETTER,
    VERIFYING,
)
from models.staff.paging import AHEAD
from models.store.database import Write
from models.store.policies import Policies


def wait_after(consecutive: int, policies: Policies) -> timedelta | None:
    """The wait after the ``consecutive``-th failure in a row, or None (R04)."""
    doublings = consecutive - policies.wait_after_failures
    if doublings < 0:
        return None
    if doublings >= DOUBLINGS:
        return timedelta(seconds=policies.wait_most_seconds)
    return timedelta(seconds=min(policies.wait_first_seconds << doublings, policies.wait_most_seconds))


@dataclass(frozen=True, slots=True)
class Guess:
    """A reserved try, on its way to the KDF. It contains no PIN, and its repr reveals nothing about the case.

    ``tightened``: if this try is wrong, the call gets no other (R06).
    """

    call_id: int
    turn: int
    at: datetime = field(repr=False)
    number_key: str = field(repr=False)
    phone_key: str | None = field(repr=False)
    counter: str = field(repr=False)
    opened_lately: bool = field(repr=False)
    stored: str | None = field(repr=False)
    allowed: bool = field(repr=False)
    tightened: bool = field(repr=False)
    spent: bool = field(repr=False)
    found_case_id: int | None = field(repr=False)
    found_staff_id: int | None = field(default=None, repr=False)
    duress_stored: str | None = field(default=None, repr=False)
    duress_case_id: int | None = field(default=None, repr=False)

    @property
    def first(self) -> bool:
        """Whether this guess goes before others: the carrier attests a phone that recently opened the case.

        Any other call gets no such priority: a faked number would reveal whose case it is (R05).
        """
        return self.opened_lately and self.counter != STRANGERS

    def work(self, hasher: PinHasher, pin: str) -> Match:
        """Which of the case's PINs this is: two runs of the KDF, whatever was found (R05, R10).

        A PIN that matches both is the case's own: whoever chose it after the duress PIN must not lock the
        owner out.
        """
        is_own, is_duress = hasher.matches(self.stored, pin), hasher.matches(self.duress_stored, pin)
        return "pin" if is_own else "duress" if is_duress else ""

    def opens(self, result: Match) -> Match:
        """Which case this try may open, so that the second transaction reads it."""
        return result if self.allowed else ""

    def only_duress(self) -> "Guess":
        """The same try, in which only the duress PIN is right."""
        return replace(self, stored=None)


def reserve(
    state: CallState, now: datetime, policies: Policies, *, shared_phone: bool = False
) -> tuple[Guess, list[Write]]:
    """Count a try at ``state.tried_key`` as failed, and decide whether a right PIN may open the case.

    ``state`` was loaded with ``for_pin=True`` in this transaction; its ``tries`` counts the tries of this
    call, including this one. ``shared_phone``: the caller's phone is on the office's list of shared phones.
    The PIN itself is not needed yet. The writes do nothing if this call and turn were already reserved.
    Raises ValueError when no number was entered.
    """
    if state.tried_key is None:
        raise ValueError("A PIN was tried before a case number was keyed.")
    tightened = _is_tightened(state, now, policies, shared_phone=shared_phone)
    guess = Guess(
        call_id=state.id,
        turn=state.turn,
        at=now,
        number_key=state.tried_key,
        phone_key=state.phone_key,
        counter=state.pin_counter,
        opened_lately=bool(state.phone_opened_lately),
        # A staff number may be entered instead of a case number; one key is never that of both.
        stored=_stored(state, now, policies),
        duress_stored=state.duress_pin_hash,
        duress_case_id=state.duress_case_id,
        # The first try of a call is never tightened away: a right PIN then opens the case.
        allowed=state.tries <= (1 if tightened else policies.tries_per_call)
        and _is_open(state, now, policies),
        tightened=tightened,
        spent=_total_of(state) + 1 >= policies.total_failures_limit,
        found_case_id=state.found_case_id,
        found_staff_id=state.found_staff_id,
    )
    # The counter goes first: its statement checks whether the try's row already exists.
    return guess, [(COUNTING, _count_values(guess, policies)), (TRYING, _try_values(guess))]


def record(
    state: CallState, guess: Guess, matched: Match, now: datetime
) -> tuple[Literal["right", "letter", "wrong"], list[Write]]:
    """Say whether the try was right, and what a right one changes; `reserve` has written a wrong one.

    ``letter`` is right as well, by a PIN that was mailed.

    ``state`` was loaded in this transaction, the one after the KDF, with ``opening=guess.opens(matched)``:
    only a try that may open reads the case, and after the duress PIN that is the duress case. A PIN that was
    changed, or a number that an earlier try locked, during the hash is wrong. Every kind of wrong try
    (unknown number, wrong PIN, wait, lock) reads only the call and writes nothing here.
    """
    right = bool(guess.opens(matched)) and not was_locked_meanwhile(state, guess)
    if right and guess.found_staff_id is not None:
        if (state.found_staff_id, state.staff_pin_hash) == (guess.found_staff_id, guess.stored):
            return "right", opening(state, guess, now)
        return "wrong", []
    found, stored = state.found_case_id, state.pin_hash
    expected = (guess.found_case_id, guess.stored)
    if matched == "duress":
        expected = (guess.duress_case_id, guess.duress_stored)
    if not right or found is None or (found, stored) != expected:
        return "wrong", []
    verified = {
        "verified_case_id": found,
        "verified_told": None if state.wrong_untold else now,
    }
    if state.pin_kind == "one_time":
        return "letter", [*opening(state, guess, now), (USING_LETTER, verified)]
    return "right", [*opening(state, guess, now), (VERIFYING, verified | {"verified_now": now})]


def is_since_last_call(session: Session, state: CallState) -> bool:
    """Whether all wrong tries to tell came after the last call, and that call left none untold."""
    told_at = session.scalar(select(Case.tries_told_at).where(Case.id == state.case_id))
    return state.last_call_at is not None and told_at is not None and told_at >= state.last_call_at


def tries_told(state: CallState) -> list[Write]:
    """The caller has heard about the wrong tries before this call's right PIN (R04)."""
    if state.case_id is None or state.verified_at is None:
        return []
    return [(TELLING, {"told_case_id": state.case_id, "told_at": state.verified_at})]


def opening(state: CallState, guess: Guess, now: datetime) -> list[Write]:
    """What any right secret changes: its try is no failure, its counter is cleared, its phone is known."""
    writes: list[Write] = [
        (OPENING, {"opened_call_id": guess.call_id, "opened_turn": guess.turn}),
        (
            CLEARING,
            {"cleared_key": guess.number_key, "cleared_counter": guess.counter, "cleared_since": guess.at},
        ),
    ]
    # A call that the carrier says is not from this phone does not make it known (R07).
    if guess.phone_key is not None and not state.caller_id_doubted:
        known = {"known_key": guess.number_key, "known_phone": guess.phone_key, "known_now": now}
        writes.append((KNOWING, known))
    return writes


def _is_open(state: CallState, now: datetime, policies: Policies) -> bool:
    """Whether the number, for this kind of phone, has no wait and no lock, and is under its 30-day total."""
    if state.pin_counter != STRANGERS:
        wait_until, locked_at, total = state.own_wait_until, state.own_locked_at, state.own_total
    else:
        wait_until, locked_at, total = (
            state.stranger_wait_until,
            state.stranger_locked_at,
            state.stranger_total,
        )
    # A wait that ends later than the longest one was made by a clock that was set back since.
    latest = now + timedelta(seconds=policies.wait_most_seconds) + AHEAD
    return (
        locked_at is None
        and (wait_until is None or not now < wait_until <= latest)
        and total < policies.total_failures_limit
    )


def _stored(state: CallState, now: datetime, policies: Policies) -> str | None:
    """The hash of the PIN in force, of a case or of staff; a mailed PIN that is over has none.

    The case's duress PIN does not end with a letter.
    """
    if state.found_staff_id is not None:
        return state.staff_pin_hash
    is_over = (state.pin_expires_at is not None and now >= state.pin_expires_at) or (
        (state.letter_uses or 0) >= policies.one_time_pin_uses
    )
    return None if is_over else state.pin_hash


def _total_of(state: CallState) -> int:
    return state.stranger_total if state.pin_counter == STRANGERS else state.own_total


def _is_tightened(state: CallState, now: datetime, policies: Policies, *, shared_phone: bool) -> bool:
    """Whether this call has one try: its phone has too many open calls, or failures (R06, R38).

    The same applies when the number has failures while the whole line is sprayed. Failures of this call
    itself do not make it suspect, or a raised guard would tighten everyone. A withheld caller ID has no
    counts of its own, so it never counts as one phone that sprays.
    """
    if not shared_phone and state.earlier_open_calls >= policies.calls_at_once:
        return True
    unopened = 0 if shared_phone else state.phone_numbers_unopened
    if unopened >= policies.spray_numbers:
        return True
    if state.spraying_until is None or state.spraying_until <= now:
        return False
    before_in_this_call = state.tries - 1
    if state.number_has_failures > before_in_this_call:
        return True
    return unopened > before_in_this_call


def was_locked_meanwhile(state: CallState, guess: Guess) -> bool:
    """Whether an earlier try locked the number while this one was being hashed."""
    own = guess.counter != STRANGERS
    locked_at = state.own_locked_at if own else state.stranger_locked_at
    return locked_at is not None and locked_at < guess.at


def _count_values(guess: Guess, policies: Policies) -> dict[str, Any]:
    moments = {
        f"counted_wait_{n}": _moment(guess.at, wait_after(policies.wait_after_failures + n, policies))
        for n in range(DOUBLINGS + 1)
    }
    return {
        "counted_key": guess.number_key,
        "counted_counter": guess.counter,
        "counted_allowed": guess.allowed,
        "counted_call_id": guess.call_id,
        "counted_turn": guess.turn,
        "counted_now": guess.at,
        "counted_wait_from": policies.wait_after_failures,
        "counted_lock_from": policies.lock_after_failures,
        "counted_first_wait": _moment(guess.at, wait_after(1, policies)),
        "counted_first_lock": guess.at if policies.lock_after_failures <= 1 else None,
        "counted_spent": guess.at if guess.spent else None,
        **moments,
    }


def _moment(at: datetime, wait: timedelta | None) -> datetime | None:
    return None if wait is None else at + wait


def _try_values(guess: Guess) -> dict[str, Any]:
    return {
        "tried_call_id": guess.call_id,
        "tried_turn": guess.turn,
        "tried_key": guess.number_key,
        "tried_counter": guess.counter,
        "tried_phone": guess.phone_key,
        "tried_at": guess.at,
        "tried_opened": False,
    }
