"""Registering for notices: to be called when custody changes, in the words that were agreed to (R28).

What stands, and is read back, is in ``agreed/read_back.py``.

Nothing here asks whether anything may be told about the case. A denied, a closed and an unknown case are
registered in the same words, and so is a duress case, whose own later calls then agree with it (R13).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.promised_time import change_person
from models.callbacks.wishes import VOICEMAIL_TEXTS, WHO_MAY_ANSWER
from models.cases.case import Case
from models.cases.registrant import Consent, Phone, Registrant
from models.cases.safe_phone import safe_phones
from models.notices.agreed.lapse import close_asked
from models.notices.agreed.read_back import (
    agreed_consents,
    agreed_phones,
    hours_to_keep,
    message_to_keep,
    registration_of,
    standing_consents,
    stopped_phones,
)
from models.notices.notice_code import code_key, why_refused
from models.notices.notice_moves import end_calls
from models.notices.refusals import RegistrationRefusal
from models.notices.registration import IS_END_UNTOLD, Registration
from models.store.database import keyring_of
from models.store.job import Job
from models.store.policies import Policies
from models.store.refusal import RefusedError

#: The longest pause, in days: a pause that somebody else asked for ends by itself.
MOST_PAUSE_DAYS = 30
#: A cap at or above this is never reached: one call each half hour of a day.
MOST_CALLS_A_DAY = 48
_PHONE_WISHES = frozenset({"may_answer", "voicemail_text", "night_allowed", "window_starts", "window_ends"})
_PERSON_WISHES = frozenset({"time_zone", "line"})


class RegistrationError(RefusedError):
    """A registration cannot be made or changed this way.

    ``until`` is set while phones and times are locked, since a lost PIN was replaced (R08).
    """


@dataclass(frozen=True, slots=True)
class Choices:
    """What a registrant chose.

    ``phone_ids`` are the phones to call, and ``code_key`` is the key of the notice code, or None for a key
    alone. ``wishes`` are columns of each of these phones, and ``person`` those of the registrant; what is not
    in them stays as it is.
    """

    phone_ids: tuple[int, ...]
    code_key: str | None = field(repr=False)
    cap_per_day: int
    by_text: bool = False
    wishes: Mapping[str, Any] = field(default_factory=dict, repr=False)
    person: Mapping[str, str | None] = field(default_factory=dict, repr=False)


def safest(phone: Phone, code_key: str, policies: Policies) -> Choices:
    """The express choice: this phone, urgent events at any hour, a code, no message and no text (R28)."""
    return Choices(
        (phone.id,),
        code_key,
        policies.notice_calls_a_day,
        wishes={"night_allowed": True, "voicemail_text": None},
    )


def register_for_notices(
    session: Session,
    case_id: int,
    choices: Choices,
    *,
    words: str,
    made_by: str,
    call_id: int | None,
    now: datetime,
    policies: Policies,
) -> Registration:
    """Register a case's registrant; ``words`` is what was said to them, in the language it was said in.

    ``made_by`` is ``caller`` or ``staff:ID``. Raises RegistrationError while changes are locked, for choices
    that cannot be kept, and if the case is registered already.
    """
    case = _locked_case(session, case_id, now)
    if registration_of(session, case_id) is not None:
        raise RegistrationError(RegistrationRefusal.REGISTERED)
    phones = _chosen(session, case, choices)
    made = Registration(
        case_id=case_id, state="standing", code_key=choices.code_key, made_at=now, made_by=made_by,
        call_id=call_id, lapses_at=now + timedelta(days=policies.consent_max_days),
    )  # fmt: skip
    # Who registers again knows that the calls were stopped.
    leave_ended(session, case_id, now)
    session.add(made)
    session.flush()
    _keep(session, made, case, phones, choices, words, now)
    _record(session, made, "register_for_notices", made_by, call_id, now, _facts(choices))
    return made


def change(
    session: Session,
    case_id: int,
    choices: Choices,
    *,
    words: str | Callable[[], str],
    made_by: str,
    call_id: int | None,
    now: datetime,
    policies: Policies,
) -> Registration:
    """Replace what was agreed; the old consents are withdrawn, and the consent begins anew.

    A function as ``words`` is called once added phones have taken over what was agreed for those before.
    Raises RegistrationError like ``register_for_notices``, and if nothing stands.
    """
    case = _locked_case(session, case_id, now)
    found = _standing(session, case_id)
    phones = _chosen(session, case, choices, found)
    found.code_key = choices.code_key
    _renew(session, found, case, policies, _actor(made_by, call_id), now)
    _carry_over(session, found, phones)
    said = words if isinstance(words, str) else words()
    _keep(session, found, case, phones, choices, said, now)
    _record(session, found, "change_registration", made_by, call_id, now, _facts(choices))
    return found


def pause(
    session: Session, case_id: int, until: datetime, *, made_by: str, call_id: int | None, now: datetime
) -> list[Job]:
    """Call nobody by itself until a moment, at most ``MOST_PAUSE_DAYS`` ahead; the jobs that end calls."""
    _locked_case(session, case_id, now)
    if not now < until <= now + timedelta(days=MOST_PAUSE_DAYS):
        raise RegistrationError(RegistrationRefusal.PAUSE)
    found = _standing(session, case_id)
    found.state, found.paused_until = "paused", until
    _end(found, made_by, now)
    session.flush()
    _record(session, found, "pause_registration", made_by, call_id, now)
    return end_calls(session, found.id, "paused", now, _actor(made_by, call_id))


def resume(session: Session, case_id: int, *, made_by: str, call_id: int | None, now: datetime) -> None:
    """End a pause."""
    _locked_case(session, case_id, now)
    found = _standing(session, case_id)
    found.state, found.paused_until = "standing", None
    session.flush()
    _record(session, found, "resume_registration", made_by, call_id, now)


def stop_registration(
    session: Session, case_id: int, *, made_by: str, call_id: int | None, now: datetime
) -> list[Job]:
    """Stop it until the case is registered again; returns the jobs that end calls.

    STOP and "wrong person" never come here: they stop a phone (models/overview/phone_stop.py, R33).
    """
    case = _locked_case(session, case_id, now)
    found = _standing(session, case_id)
    found.state, found.paused_until = "stopped", None
    _end(found, made_by, now)
    _withdraw(session, found, now)
    session.flush()
    close_asked(session, case.registrant_id, _actor(made_by, call_id), now)
    _record(session, found, "stop_registration", made_by, call_id, now)
    return end_calls(session, found.id, "withdrawn", now, _actor(made_by, call_id))


def leave_ended(session: Session, case_id: int, now: datetime, until: datetime | None = None) -> None:
    """A caller with the PIN was told that the calls were stopped or paused: no later one is told.

    ``until`` is the moment that they were told of: of what was ended after it, the next call tells.
    """
    untold = update(Registration).where(Registration.case_id == case_id, IS_END_UNTOLD)
    if until is not None:
        untold = untold.where(Registration.ended_at <= until)
    session.execute(untold.values(end_told_at=now), execution_options={"synchronize_session": "fetch"})


def renew(
    session: Session, case_id: int, *, made_by: str, call_id: int | None, now: datetime, policies: Policies
) -> Registration:
    """The registrant still wants it, in the words that were agreed: the consent is good for as long again."""
    case = _locked_case(session, case_id, now)
    found = _standing(session, case_id)
    _renew(session, found, case, policies, _actor(made_by, call_id), now)
    _record(session, found, "renew_registration", made_by, call_id, now)
    return found


def choices_of(session: Session, case_id: int) -> Choices:
    """What a standing registration says now, to change a part of it with ``dataclasses.replace``.

    The choices outlive the phones: without a phone that may be called, another one is chosen with them.
    """
    found = _standing(session, case_id)
    agreed = agreed_consents(session, found)
    voice = [one for one in agreed if one.channel == "voice"]
    by_text = any(one.channel == "text" for one in agreed)
    if not voice:
        raise RegistrationError(RegistrationRefusal.NO_PHONE)
    phone_ids = tuple(dict.fromkeys(one.phone_id for one in voice if one.withdrawn_at is None))
    return Choices(phone_ids, found.code_key, voice[-1].cap_per_day, by_text)


def new_code_key(session: Session, case_id: int, code: str, phones: Iterable[str]) -> str:
    """The key of a chosen notice code. Raises RegistrationError for one that is easy to guess (R30).

    ``phones`` are numbers that the one who chooses may know: each refusal tells four digits of one.
    """
    case = session.get_one(Case, case_id)
    keyring = keyring_of(session)
    if why_refused(code, phones, keyring.unseal("case.number", case.number_sealed)) is not None:
        raise RegistrationError(RegistrationRefusal.GUESSABLE_CODE, field="code")
    return code_key(keyring, case_id, code)


def phone_numbers(session: Session, case_id: int) -> list[str]:
    """Every number of a case's registrant, for staff, who may see them."""
    case = session.get_one(Case, case_id)
    phones = session.scalars(select(Phone.number_sealed).where(Phone.registrant_id == case.registrant_id))
    return [keyring_of(session).unseal("phone.number", sealed) for sealed in phones]


def _locked_case(session: Session, case_id: int, now: datetime) -> Case:
    """The case, locked: two calls at once make one registration. Raises RegistrationError while it is held.

    For some hours after staff gave a new PIN, a person who obtained it by deceit must not turn the calls to
    the registrant off, nor lead them to another phone (R08).
    """
    locked = select(Case).where(Case.id == case_id).with_for_update(key_share=True)
    case = session.scalars(locked.execution_options(populate_existing=True)).one()
    if case.changes_held_until is not None and now < case.changes_held_until:
        raise RegistrationError(RegistrationRefusal.LOCKED, until=case.changes_held_until)
    return case


def _standing(session: Session, case_id: int) -> Registration:
    found = registration_of(session, case_id)
    if found is None:
        raise RegistrationError(RegistrationRefusal.GONE)
    return found


def _chosen(session: Session, case: Case, choices: Choices, found: Registration | None = None) -> list[Phone]:
    """The chosen phones. Raises RegistrationError for choices that cannot be kept.

    A phone of the registration ``found`` that said stop stays in it beside a safe one, and is not called:
    whoever lets it be called again has the calls about changes there too (R33).
    """
    safe = {phone.id: phone for phone in safe_phones(session, case.registrant_id)}
    if not choices.phone_ids:
        raise RegistrationError(RegistrationRefusal.NO_PHONE, field="phones")
    wanted_ids = set(choices.phone_ids)
    known = safe if found is None else safe | stopped_phones(session, found)
    if not wanted_ids <= known.keys() or not wanted_ids & safe.keys():
        raise RegistrationError(RegistrationRefusal.NOT_A_SAFE_PHONE, field="phones")
    if not 1 <= choices.cap_per_day <= MOST_CALLS_A_DAY:
        raise RegistrationError(RegistrationRefusal.CAP, field="cap")
    if unknown := (choices.wishes.keys() - _PHONE_WISHES) | (choices.person.keys() - _PERSON_WISHES):
        raise ValueError(f"There is no choice of {', '.join(sorted(unknown))}.")
    phones = [known[phone_id] for phone_id in dict.fromkeys(choices.phone_ids)]
    for phone in phones:
        wanted = {name: choices.wishes.get(name, getattr(phone, name)) for name in _PHONE_WISHES}
        if wanted["may_answer"] not in WHO_MAY_ANSWER or wanted["voicemail_text"] not in VOICEMAIL_TEXTS:
            raise ValueError("There is no such wish.")
        if not _is_window(wanted["window_starts"], wanted["window_ends"]):
            raise RegistrationError(RegistrationRefusal.NO_WINDOW, field="window_starts")
        # Without a code anybody who answers and presses a key hears the news (R30).
        if choices.code_key is None and wanted["may_answer"] == "only_me":
            raise RegistrationError(RegistrationRefusal.KEY_ALONE, field="code")
    return phones


def _is_window(starts: time | None, ends: time | None) -> bool:
    return (starts is None) == (ends is None) and (starts is None or starts != ends)


def _keep(
    session: Session,
    found: Registration,
    case: Case,
    phones: list[Phone],
    choices: Choices,
    words: str,
    now: datetime,
) -> None:
    """Store the consents and the wishes of the phones."""
    _withdraw(session, found, now)
    found.night_allowed = choices.wishes.get("night_allowed", found.night_allowed)
    for phone in phones:
        for name, value in choices.wishes.items():
            setattr(phone, name, value)
        if "voicemail_text" in choices.wishes:
            phone.voicemail_allowed = phone.voicemail_text is not None
        if choices.wishes:
            phone.wishes_at = now
        for channel in ("voice", "text") if choices.by_text else ("voice",):
            session.add(
                Consent(
                    phone_id=phone.id, registration_id=found.id, channel=channel, words=words,
                    cap_per_day=choices.cap_per_day, granted_at=now,
                )
            )  # fmt: skip
    change_person(session, session.get_one(Registrant, case.registrant_id), choices.person)


def _carry_over(session: Session, found: Registration, phones: list[Phone]) -> None:
    """A phone that is added rings by what the registrant has agreed to for the others.

    They hear one answer read back for all of their phones. What forbids a call or a message is carried over;
    what allows one is not, since the owner of that phone may have refused it there.
    """
    agreed = agreed_phones(session, found)
    for phone in phones:
        if phone.id in agreed:
            continue
        if any(one.night_allowed is False for one in agreed.values()):
            phone.night_allowed = False
        phone.window_starts, phone.window_ends = hours_to_keep(phone, agreed)
        if message_to_keep(phone, agreed) is None:
            phone.voicemail_allowed, phone.voicemail_text = False, None
    session.flush()


def _end(found: Registration, made_by: str, now: datetime) -> None:
    """Note who stopped or paused it, of which neither staff nor a later caller were told yet."""
    found.ended_at, found.ended_by = now, made_by
    found.end_task_at = found.end_told_at = None


def _withdraw(session: Session, found: Registration, now: datetime) -> None:
    for consent in standing_consents(session, found):
        consent.withdrawn_at = now
    session.flush()


def _renew(
    session: Session, found: Registration, case: Case, policies: Policies, actor: str, now: datetime
) -> None:
    found.lapses_at, found.lapse_told_at = now + timedelta(days=policies.consent_max_days), None
    session.flush()
    close_asked(session, case.registrant_id, actor, now)


def _facts(choices: Choices) -> dict[str, Any]:
    """What changed, for the audit: names of choices and counts, no number, hour or code."""
    return {
        "phones": len(choices.phone_ids),
        "code": choices.code_key is not None,
        "text": choices.by_text,
        "changed": sorted({*choices.wishes, *choices.person}),
    }


def _actor(made_by: str, call_id: int | None) -> str:
    return f"caller:{call_id}" if made_by == "caller" else made_by


def _record(
    session: Session,
    found: Registration,
    action: str,
    made_by: str,
    call_id: int | None,
    now: datetime,
    facts: dict[str, Any] | None = None,
) -> None:
    # Not the case: a registration made after the duress PIN must not be told apart by a case page.
    actor = _actor(made_by, call_id)
    audit.record(session, actor=actor, action=action, target=f"registration:{found.id}", facts=facts, now=now)
