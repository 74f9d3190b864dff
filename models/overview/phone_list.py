"""A registrant's phones in the console: adding one, its code, its wishes, its place, and unsafe (R09)."""

import secrets
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import case as sa_case
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, aliased

from models.audit import audit
from models.callbacks.callback import CALLBACKS, IS_OWED, Callback, advance
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.follow_up import CANNOT_DIAL
from models.callbacks.wishes import VOICEMAIL_TEXTS, WHO_MAY_ANSWER, Wishes
from models.cases.case import Case
from models.cases.duress_likeness import follow_staff_changes, follow_wishes, wishes_by_kind
from models.cases.new_phone import restrict_bound, restrict_new
from models.cases.pin import KnownPhone
from models.cases.registrant import CALLS_PER_DAY, SAFEST_WORDS, Consent, Phone
from models.notices.agreed.read_back import is_called_without_code
from models.overview.case_opening import BINDING_GROUNDS, TALKING_GROUNDS, VOUCHING_GROUNDS, Grounds, Person
from models.overview.lost_pin import tell_safe_phones
from models.overview.phone_stop import leave_waiting, lift_stop, waiting_locked
from models.overview.refusals import PhoneRefusal
from models.store.database import keyring_of
from models.store.job import Job
from models.store.policies import Policies
from models.store.refusal import RefusedError

MOST_PHONES = 8
CODE_DIGITS, CODE_TRIES, CODE_LIFE = 4, 3, timedelta(minutes=15)
_MAY_ANSWER_WORDS = {
    "only_me": "Speak with no one but me.",
    "ask_for_me": "Whoever answers, ask if someone there expects this call.",
    "anyone": "Speak with whoever answers.",
}


class PhoneListError(RefusedError):
    """A phone cannot be saved this way; ``field`` names what to change.

    ``until`` is set while phones and times cannot be changed, since a lost PIN was replaced (R08).
    """


@dataclass(frozen=True, slots=True)
class PhoneWishes:
    """What is agreed for one phone: how it is called, and between which times of its owner's day."""

    wishes: Wishes
    window_starts: time | None = None
    window_ends: time | None = None


def add_phone(
    session: Session, person: Person, case: Case, number: str, grounds: Grounds, now: datetime
) -> Phone:
    """Add a phone (E.164, one we may dial) in the last place. It is not called until it is confirmed.

    Raises PhoneListError while changes are blocked, without grounds, or for a phone already on the list.
    """
    _may_bind(case, grounds, now)
    phones = _locked(session, case)
    keyring = keyring_of(session)
    key = keyring.index("phone", number)
    if any(phone.phone_key == key for phone in phones):
        raise PhoneListError(PhoneRefusal.ON_LIST, field="phone")
    if len(phones) >= MOST_PHONES:
        raise PhoneListError(PhoneRefusal.TOO_MANY, field="phone")
    phone = Phone(
        registrant_id=case.registrant_id,
        position=max((one.position for one in phones), default=0) + 1,
        number_sealed=keyring.seal("phone.number", number),
        phone_key=key,
    )
    session.add(phone)
    session.flush()
    follow_staff_changes(session, case)
    _record(session, person, "add_phone", phone, now, {"ground": grounds.ground})
    return phone


def give_code(
    session: Session, person: Person, case: Case, phone_id: int, grounds: Grounds, now: datetime
) -> str:
    """A code to be spoken to this phone and repeated by the person in the current talk (R09)."""
    _may_bind(case, grounds, now)
    phone = phone_locked(session, case, phone_id)
    code = "".join(secrets.choice("23456789") for _ in range(CODE_DIGITS))
    phone.code_key, phone.code_until, phone.code_tries = _code_key(session, phone, code), now + CODE_LIFE, 0
    session.flush()
    _record(session, person, "give_phone_code", phone, now)
    return code


def confirm_phone(
    session: Session,
    person: Person,
    case: Case,
    phone_id: int,
    code: str,
    grounds: Grounds,
    now: datetime,
    policy: CallbackPolicy,
) -> bool:
    """Confirm the phone if the code that came back is the one spoken to it; False if it is not.

    Each other safe phone is called in its window, so that its owner hears about the new one (R09). This makes
    an unsafe phone safe again, with its own count of wrong PINs (R04), and one that said stop is called again
    (R33). On a phone that replaces an unsafe one, nothing about a case is told yet
    (models/cases/new_phone.py). Raises PhoneListError when no code is valid any more.
    """
    _may_bind(case, grounds, now)
    phone = phone_locked(session, case, phone_id)
    if phone.code_key is None or phone.code_until is None or phone.code_until <= now:
        raise PhoneListError(PhoneRefusal.NO_CODE, field="code")
    if phone.code_key != _code_key(session, phone, code):
        phone.code_tries += 1
        if phone.code_tries >= CODE_TRIES:
            phone.code_key = None
        session.flush()
        _record(session, person, "fail_phone_code", phone, now)
        return False
    phone.code_key, phone.code_until = None, None
    phone.confirmed_at, phone.unsafe_since = now, None
    if phone.stopped_at is not None:
        lift_stop(session, phone, person.email, now)
    session.flush()
    restrict_bound(_locked(session, case), phone, _hold(policy.numbers))
    _mark_known(session, case, phone, unsafe_at=None)
    phone.consents.append(
        Consent(channel="voice", words=SAFEST_WORDS, cap_per_day=CALLS_PER_DAY, granted_at=now)
    )
    session.flush()
    told = tell_safe_phones(session, case, "phone_added", person.email, policy, now, but=phone.id)
    facts = {"ground": grounds.ground, "phones_told": told}
    follow_staff_changes(session, case)
    _record(session, person, "confirm_phone", phone, now, facts)
    return True


def vouch_for_phone(
    session: Session, person: Person, case: Case, phone_id: int, grounds: Grounds, now: datetime
) -> None:
    """Record that a staff member knows who has a new phone: the case may now be discussed there (R09).

    Raises PhoneListError for staff who have only the person's PIN to go by, and for a phone without a wait.
    """
    if grounds.ground not in VOUCHING_GROUNDS:
        raise PhoneListError(PhoneRefusal.NOT_VERIFIED_BY_YOU, field="phone")
    phone = phone_locked(session, case, phone_id)
    if phone.content_held_until is None or phone.content_held_until <= now:
        raise PhoneListError(PhoneRefusal.NOT_HELD_BACK)
    phone.content_held_until = None
    session.flush()
    follow_staff_changes(session, case)
    _record(session, person, "vouch_for_phone", phone, now, {"ground": grounds.ground})


def mark_unsafe(
    session: Session, person: Person, case: Case, phone_id: int, now: datetime, policies: Policies
) -> list[Job]:
    """Stop every call to this phone at once, even while changes are blocked; the jobs to enqueue after (R09).

    Callbacks that would call it, also after a call about news, are left for staff, who may agree on another
    phone with the person; so is what follows a talk on it (``follow_up``). On a phone that was added lately,
    nothing about a case is told for some days (models/cases/new_phone.py).
    """
    phone = phone_locked(session, case, phone_id)
    if phone.unsafe_since is not None:
        return []
    phone.unsafe_since, phone.voicemail_allowed, phone.code_key = now, False, None
    for consent in phone.consents:
        consent.withdrawn_at = consent.withdrawn_at or now
    session.flush()
    restrict_new(_locked(session, case), phone, now, _hold(policies))
    session.flush()
    _mark_known(session, case, phone, unsafe_at=now)
    # First, since one that comes back at this same moment is among those that stand.
    waiting = waiting_locked(session, *_to_phone(case, phone))
    for callback in waiting:
        leave_waiting(callback, CANNOT_DIAL)
    session.flush()
    jobs: list[Job] = []
    # Locked, so that a leg created at this same moment is released as well.
    standing = session.execute(
        select(Callback.id, Callback.liaison_call_id, Callback.caller_call_id)
        .where(
            *_to_phone(case, phone),
            Callback.state.in_(("requested", "claimed", "ringing_liaison", "ringing_caller")),
        )
        .order_by(Callback.id)
        .with_for_update(key_share=True)
    ).all()
    actor = f"liaison:{person.staff_id}"
    for callback_id, *legs in standing:
        if advance(session, callback_id, "leave", actor=actor, now=now, outcome=CANNOT_DIAL):
            jobs += [("release_leg", leg) for leg in legs if leg is not None]
    _leave_no_message(session, case, phone)
    follow_staff_changes(session, case)
    left = len(standing) + len(waiting)
    _record(session, person, "mark_phone_unsafe", phone, now, {"callbacks_left": left})
    return jobs


def keep_wishes(
    session: Session,
    person: Person,
    case: Case,
    phone_id: int,
    agreed: PhoneWishes,
    grounds: Grounds,
    now: datetime,
) -> None:
    """Save how and when a phone may be called.

    Raises PhoneListError while changes are blocked, for a window that is not valid, for a phone that only its
    owner answers while it gets notices without a code (R30), and for staff who did not talk with the person
    and would allow more than the person does (R28, R31).

    A callback keeps its own answers, except for voicemail: if none is wanted now, none is left, in whatever
    state it is. What follows a talk, or waited behind one about news, copies its answers.
    """
    _is_not_held(case, now)
    wishes = agreed.wishes
    if wishes.may_answer not in WHO_MAY_ANSWER or wishes.voicemail_text not in VOICEMAIL_TEXTS:
        raise PhoneListError(PhoneRefusal.NO_WISHES, field="may_answer")
    if (agreed.window_starts is None) != (agreed.window_ends is None):
        raise PhoneListError(PhoneRefusal.HALF_A_WINDOW, field="window_starts")
    if agreed.window_starts is not None and agreed.window_starts == agreed.window_ends:
        raise PhoneListError(PhoneRefusal.EMPTY_WINDOW, field="window_ends")
    phone = phone_locked(session, case, phone_id)
    if wishes.may_answer == "only_me" and is_called_without_code(session, phone.id):
        raise PhoneListError(PhoneRefusal.KEY_ALONE, field="may_answer")
    if grounds.ground not in TALKING_GROUNDS and (wider := _wider(phone, agreed)):
        raise PhoneListError(PhoneRefusal.WITHOUT_THE_PERSON, field=wider)
    before = wishes_by_kind(phone)
    phone.may_answer, phone.voicemail_text = wishes.may_answer, wishes.voicemail_text
    phone.voicemail_allowed = wishes.voicemail_text is not None
    phone.window_starts, phone.window_ends, phone.wishes_at = agreed.window_starts, agreed.window_ends, now
    if phone.confirmed_at is not None:
        for consent in phone.consents:
            is_for_callbacks = consent.channel == "voice" and consent.registration_id is None
            if is_for_callbacks and consent.withdrawn_at is None:
                consent.withdrawn_at = now
        words = f"{SAFEST_WORDS.partition('. ')[0]}. {_MAY_ANSWER_WORDS[wishes.may_answer]} " + (
            "You may leave a message." if phone.voicemail_allowed else "Leave no message."
        )
        phone.consents.append(
            Consent(channel="voice", words=words, cap_per_day=CALLS_PER_DAY, granted_at=now)
        )
    session.flush()
    follow_wishes(session, phone, before)
    if not phone.voicemail_allowed:
        _leave_no_message(session, case, phone)
    # Queued callbacks are checked again, since the window may be closed now.
    session.execute(
        update(CALLBACKS).where(*_to_phone(case, phone), Callback.state == "requested").values(rank=None)
    )
    _record(session, person, "change_phone_wishes", phone, now)


def _wider(phone: Phone, agreed: PhoneWishes) -> str:
    """The first field that would allow more than is agreed for the phone, or "".

    Another message is more as well: the person chose the words that somebody may hear.
    """
    if WHO_MAY_ANSWER.index(agreed.wishes.may_answer) > WHO_MAY_ANSWER.index(phone.may_answer):
        return "may_answer"
    message = agreed.wishes.voicemail_text
    allowed = (phone.voicemail_text or "please_call") if phone.voicemail_allowed else None
    if message not in (None, allowed):
        return "voicemail_text"
    is_inside = phone.window_starts is None or phone.window_ends is None
    if not is_inside and agreed.window_starts is not None and agreed.window_ends is not None:
        later = _minutes(phone.window_starts, agreed.window_starts)
        length = _minutes(agreed.window_starts, agreed.window_ends)
        is_inside = later + length <= _minutes(phone.window_starts, phone.window_ends)
    return "" if is_inside else "window_starts"


def _minutes(first: time | None, then: time | None) -> int:
    """From one time of day to the next other one."""
    if first is None or then is None:
        return 0
    return ((then.hour - first.hour) * 60 + then.minute - first.minute) % (24 * 60)


def move_phone(
    session: Session, person: Person, case: Case, phone_id: int, *, up: bool, now: datetime
) -> bool:
    """Swap a phone with its neighbor in the list; False at the end of the list."""
    _is_not_held(case, now)
    phones = _locked(session, case)
    place = next((i for i, phone in enumerate(phones) if phone.id == phone_id), None)
    if place is None:
        raise PhoneListError(PhoneRefusal.NOT_ON_LIST)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(phones):
        return False
    mine, theirs = phones[place], phones[other]
    first, second = mine.position, theirs.position
    # Two phones never have the same position, not even between two statements.
    for phone, position in ((mine, -1), (theirs, first), (mine, second)):
        phone.position = position
        session.flush()
    follow_staff_changes(session, case)
    _record(session, person, "move_phone", mine, now)
    return True


def reveal_phone(session: Session, person: Person, case: Case, phone_id: int, now: datetime) -> str:
    """The number of a phone, in E.164; the view is logged in the audit."""
    phone = phone_locked(session, case, phone_id)
    number = keyring_of(session).unseal("phone.number", phone.number_sealed)
    _record(session, person, "reveal_phone", phone, now)
    return number


def _hold(policies: Policies) -> timedelta:
    return timedelta(hours=policies.unsafe_phone_hold_hours)


def _may_bind(case: Case, grounds: Grounds, now: datetime) -> None:
    _is_not_held(case, now)
    if grounds.ground not in BINDING_GROUNDS:
        raise PhoneListError(PhoneRefusal.NOT_VERIFIED, field="phone")


def _is_not_held(case: Case, now: datetime) -> None:
    if case.changes_held_until is not None and now < case.changes_held_until:
        raise PhoneListError(PhoneRefusal.LOCKED, until=case.changes_held_until)


def _locked(session: Session, case: Case) -> list[Phone]:
    """Every phone of the registrant in order, locked until the transaction ends."""
    return list(
        session.scalars(
            select(Phone)
            .where(Phone.registrant_id == case.registrant_id)
            .order_by(Phone.position)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def phone_locked(session: Session, case: Case, phone_id: int) -> Phone:
    """A phone of the case, locked with the others of its list. Raises PhoneListError if there is none."""
    phone = next((one for one in _locked(session, case) if one.id == phone_id), None)
    if phone is None:
        raise PhoneListError(PhoneRefusal.NOT_ON_LIST)
    return phone


def _to_phone(case: Case, phone: Phone) -> tuple[Any, ...]:
    """Callbacks to this phone: those of the registrant's cases, and those for them that open no case.

    What was asked for after the duress PIN is among them: its liaison must not call an unsafe phone, and its
    later calls agree with those of a denied case (R10, R13).
    """
    real = aliased(Case)
    duress = select(Case).join(real, real.id == Case.duress_of)
    duress = duress.where(real.registrant_id == case.registrant_id)
    theirs = select(Case.id).where(Case.registrant_id == case.registrant_id)
    of_them = or_(
        Callback.case_id.in_(theirs.union_all(duress.with_only_columns(Case.id))),
        Callback.registrant_id == case.registrant_id,
        Callback.registrant_id.in_(duress.with_only_columns(Case.registrant_id)),
    )
    return Callback.phone_key == phone.phone_key, of_them


def _leave_no_message(session: Session, case: Case, phone: Phone) -> None:
    """No callback to this phone, nor one that follows it, leaves a message from now on (R31)."""
    theirs = (*_to_phone(case, phone), Callback.voicemail_allowed)
    # Locked first, so that the callback that an outcome makes of one at this same moment is found as well;
    # what a case is owed before what waits, as everywhere.
    in_order = sa_case((IS_OWED, 0), else_=1), Callback.id
    locked = select(Callback.id).where(*theirs).order_by(*in_order)
    session.execute(locked.with_for_update(key_share=True)).all()
    none = {"voicemail_allowed": False, "voicemail_text": None}
    session.execute(update(CALLBACKS).where(*theirs).values(none))


def _mark_known(session: Session, case: Case, phone: Phone, *, unsafe_at: datetime | None) -> None:
    """A phone that verified a number of this registrant counts with strangers while it is unsafe (R04)."""
    numbers = select(Case.number_key).where(Case.registrant_id == case.registrant_id)
    known = KnownPhone.phone_key == phone.phone_key, KnownPhone.number_key.in_(numbers)
    session.execute(update(KnownPhone).where(*known).values(unsafe_at=unsafe_at))


def _code_key(session: Session, phone: Phone, code: str) -> str:
    return keyring_of(session).index("phone.code", f"{phone.id}:{code.strip()}")


def _record(
    session: Session,
    person: Person,
    action: str,
    phone: Phone,
    now: datetime,
    facts: dict[str, Any] | None = None,
) -> None:
    audit.record(session, actor=person.email, action=action, target=f"phone:{phone.id}", facts=facts, now=now)
