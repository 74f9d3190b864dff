"""A lost PIN: a caller's word that it is lost, and the new one that two members of staff give (R08)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import audit
from models.abandoned_wait import Job, PromisingOffice
from models.callback import IS_OWED, Callback
from models.callback_request import Promise, asked_lately, hold_phone, promise_callback
from models.case import Case, find_open_case, give_new_pin
from models.database import keyring_of
from models.new_pin import new_pin
from models.pin_hash import PinHasher
from models.registrant import Registrant
from models.safe_phone import next_window, safe_phones
from models.staff import Staff
from models.wishes import wishes_of_phone

if TYPE_CHECKING:
    from models.caller_state import CallState

#: How staff may come to believe that someone is the registrant; the code is kept (R08).
EVIDENCE = ("rang_confirmed_phone", "agency_vouched", "met_in_person")


class LostPinError(ValueError):
    """A lost PIN cannot be replaced like this; the sentence names the option."""


def report_lost_pin(
    session: Session, state: "CallState", now: datetime, office: PromisingOffice, *, a_day: int
) -> list[Job]:
    """Write what staff need, if the number keyed last in this call is a case's; else nothing.

    The caller hears the same either way. A liaison is to ring the case's first safe phone in its window,
    never the phone that called: whoever calls may have found the number alone. Without a safe phone the
    row is left for staff at once. ``a_day`` bounds how often one case's phone is rung for this.
    """
    case = _case_of(session, state.number_key)
    if case is None:
        return []
    registrant = session.get_one(Registrant, case.registrant_id)
    phone = next(
        (
            (one, number)
            for one in safe_phones(session, registrant.id)
            if office.can_dial(number := keyring_of(session).unseal("phone.number", one.number_sealed))
        ),
        None,
    )
    number = phone[1] if phone is not None else ""
    number_key = keyring_of(session).index("phone", number)
    hold_phone(session, number_key)
    if phone is not None and (
        _is_open(session, number_key) or asked_lately(session, number_key, now) >= a_day
    ):
        return []
    window = next_window(phone[0], registrant.time_zone, now) if phone is not None else None
    first_at = office.calling_window(max(now, window[0]) if window else now, registrant.time_zone)
    promise = Promise(
        number=number, urgency="other", reason="lost_pin", verified=False, language=registrant.language,
        time_zone=registrant.time_zone, requested_at=now, due_at=max(office.due_at("other", now), first_at),
        next_attempt_at=first_at, registrant_id=registrant.id, call_id=state.id,
        silent=bool(state.silent), window=window,
        state="requested" if phone is not None else "left_for_staff",
        outcome=None if phone is not None else "no_safe_phone",
    )  # fmt: skip
    made = promise_callback(session, promise, actor=f"caller:{state.id}", now=now)
    return [("dial_liaison", made)] if made is not None and phone is not None else []


def replace_lost_pin(
    session: Session,
    hasher: PinHasher,
    number: str,
    *,
    evidence: str,
    by: str,
    and_by: str,
    hold: timedelta,
    office: PromisingOffice,
    now: datetime,
) -> tuple[str, int]:
    """Give a case a new PIN on the word of two people; answers it, shown this once, and how many are told.

    Every safe phone gets a callback in its window to tell its owner, and for ``hold`` phones and windows
    stay as they are (R08). Raises LostPinError for an unknown code or person, or one
    person twice, and CaseError for an unknown number.
    """
    if evidence not in EVIDENCE:
        raise LostPinError(f"--evidence must be one of {', '.join(EVIDENCE)}.")
    pin = new_pin()
    pin_hash = hasher.hash(pin)
    people = [_staff(session, by, "--by"), _staff(session, and_by, "--and")]
    if people[0].id == people[1].id:
        raise LostPinError("--and: a second person must approve a new PIN.")
    case = find_open_case(session, number)
    give_new_pin(session, case, pin_hash, now, by_two_people=True)
    case.changes_held_until = now + hold
    session.flush()
    told = tell_safe_phones(session, case, "pin_changed", people[0].email, office, now)
    for person in people:
        audit.record(
            session,
            actor=person.email,
            action="replace_lost_pin",
            target=f"case:{case.id}",
            facts={"evidence": evidence, "phones_told": told},
            now=now,
        )
    return pin, told


def tell_of_letter(session: Session, case_id: int, actor: str, office: PromisingOffice, now: datetime) -> int:
    """Tell every safe phone that the PIN in a letter was used: somebody else may have opened it (R02)."""
    case = session.get_one(Case, case_id)
    return tell_safe_phones(session, case, "letter_pin_used", actor, office, now)


def tell_safe_phones(
    session: Session,
    case: Case,
    reason: str,
    actor: str,
    office: PromisingOffice,
    now: datetime,
    *,
    but: int | None = None,
) -> int:
    """A callback to each safe phone, in its window: its owner may not be the one who asked. How many.

    ``reason`` is ``pin_changed``, ``letter_pin_used`` or ``phone_added``; ``but`` is the id of a phone that
    need not be told.
    """
    registrant = session.get_one(Registrant, case.registrant_id)
    told = 0
    for phone in safe_phones(session, registrant.id):
        number = keyring_of(session).unseal("phone.number", phone.number_sealed)
        if phone.id == but or not office.can_dial(number):
            continue
        window = next_window(phone, registrant.time_zone, now)
        first_at = office.calling_window(max(now, window[0]) if window else now, registrant.time_zone)
        # Confirmed by its owner, so it counts as verified; without a case it opens none (R37).
        promise = Promise(
            number=number, urgency="other", reason=reason, verified=True, language=registrant.language,
            time_zone=registrant.time_zone, requested_at=now,
            due_at=max(office.due_at("other", now), first_at), next_attempt_at=first_at, window=window,
            registrant_id=registrant.id, wishes=wishes_of_phone(phone),
        )  # fmt: skip
        told += promise_callback(session, promise, actor=actor, now=now) is not None
    return told


def _case_of(session: Session, number_key: str | None) -> Case | None:
    if number_key is None:
        return None
    return session.scalars(select(Case).where(Case.number_key == number_key)).first()


def _is_open(session: Session, number_key: str) -> bool:
    standing = select(Callback.id).where(
        Callback.number_key == number_key, Callback.reason == "lost_pin", IS_OWED
    )
    return session.execute(standing.limit(1)).first() is not None


def _staff(session: Session, email: str, option: str) -> Staff:
    person = session.scalar(
        select(Staff).where(func.lower(Staff.email) == email.strip().lower(), Staff.left_at.is_(None))
    )
    if person is None:
        raise LostPinError(f"{option}: nobody of the staff has this e-mail address.")
    return person
