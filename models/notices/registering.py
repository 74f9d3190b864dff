"""Registering for notices: to be called when custody changes, in the words that were agreed to (R28).

Nothing here asks whether anything may be told about the case. A denied, a closed and an unknown case are
registered in the same words, and so is a duress case, whose own later calls then agree with it (R13).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
from models.notices.lapse import close_asked
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
#: The hours of a phone: the first and the last, or none for any time of day.
Hours = tuple[time | None, time | None]
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


@dataclass(frozen=True, slots=True)
class ReadBack:
    """The facts of a registration, to be said in the words of the line or shown to staff.

    ``phones`` are the phones that are called, in the registrant's order. Without one, the other facts are
    what was agreed for the phones before. ``stopped`` are phones that said stop, which stay in it and are not
    called (R33). ``night_allowed`` is the answer for this case. ``is_due`` says that the consent ends soon or
    before the end of a pause, or has ended, and is to be asked again.
    """

    registration_id: int
    state: str
    phones: tuple[Phone, ...] = field(repr=False)
    stopped: tuple[Phone, ...] = field(repr=False)
    cap_per_day: int
    by_text: bool
    night_allowed: bool | None
    has_code: bool
    paused_until: datetime | None
    lapses_at: datetime
    is_due: bool
    words: tuple[str, ...] = field(repr=False)


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


def registration_of(session: Session, case_id: int) -> Registration | None:
    """The registration of a case that was not stopped, also one whose consent has ended."""
    mine = select(Registration).where(Registration.case_id == case_id, Registration.state != "stopped")
    return session.scalars(mine.execution_options(populate_existing=True)).first()


def is_pause_over(session: Session, case_id: int, now: datetime) -> bool:
    """Whether the case's registration was paused, and the pause has ended by itself."""
    found = registration_of(session, case_id)
    return found is not None and found.paused_until is not None and found.paused_until <= now


def choices_of(session: Session, case_id: int) -> Choices:
    """What a standing registration says now, to change a part of it with ``dataclasses.replace``.

    The choices outlive the phones: without a phone that may be called, another one is chosen with them.
    """
    found = _standing(session, case_id)
    agreed = _agreed(session, found)
    voice = [one for one in agreed if one.channel == "voice"]
    by_text = any(one.channel == "text" for one in agreed)
    if not voice:
        raise RegistrationError(RegistrationRefusal.NO_PHONE)
    phone_ids = tuple(dict.fromkeys(one.phone_id for one in voice if one.withdrawn_at is None))
    return Choices(phone_ids, found.code_key, voice[-1].cap_per_day, by_text)


def read_back(session: Session, case_id: int, now: datetime, policies: Policies) -> ReadBack | None:
    """The facts of a case's registration, or None when nothing stands."""
    found = registration_of(session, case_id)
    if found is None:
        return None
    agreed = _agreed(session, found)
    voice = {one.phone_id: one for one in agreed if one.channel == "voice"}
    case = session.get_one(Case, case_id)
    is_paused = found.state == "paused" and found.paused_until is not None and found.paused_until > now
    safe = safe_phones(session, case.registrant_id)
    phones = tuple(one for one in safe if one.id in voice and voice[one.id].withdrawn_at is None)
    nights = [session.get_one(Phone, phone_id).night_allowed for phone_id in voice]
    paused_until = found.paused_until if is_paused else None
    ask_until = max(now + timedelta(days=policies.consent_renew_days), paused_until or now)
    return ReadBack(
        registration_id=found.id,
        state="paused" if is_paused else "standing",
        phones=phones,
        stopped=tuple(_stopped_of(session, found).values()),
        cap_per_day=max((one.cap_per_day for one in voice.values()), default=0),
        by_text=any(one.channel == "text" for one in agreed),
        night_allowed=found.nights(phones[0].night_allowed if phones else next(iter(nights), None)),
        has_code=found.code_key is not None,
        paused_until=paused_until,
        lapses_at=found.lapses_at,
        is_due=found.lapses_at <= ask_until,
        words=tuple(dict.fromkeys(one.words for one in agreed)),
    )


def hours_by_phone(session: Session, case_id: int, phones: Sequence[Phone]) -> list[Hours]:
    """The hours of each of these phones once they are saved with ``change`` or ``register_for_notices``."""
    found = registration_of(session, case_id)
    agreed = {} if found is None else _agreed_phones(session, found)
    return [_hours_to_keep(phone, agreed) for phone in phones]


def begins_at(phones: Sequence[Phone], now: datetime) -> datetime | None:
    """When the calls begin, while nothing of the case may be told on any of these phones (R09)."""
    held = [one.content_held_until for one in phones if one.content_held_until is not None]
    return None if len(held) < len(phones) or min(held) <= now else min(held)


def is_called_without_code(session: Session, phone_id: int, *, but: int | None = None) -> bool:
    """Whether anybody who answers this phone and presses a key hears the news of a notice.

    ``but`` is the id of a registration that does not count.
    """
    alone = (
        select(Consent.id)
        .join(Registration, Registration.id == Consent.registration_id)
        .where(
            Consent.phone_id == phone_id,
            Consent.withdrawn_at.is_(None),
            Registration.code_key.is_(None),
            Registration.state != "stopped",
        )
    )
    if but is not None:
        alone = alone.where(Registration.id != but)
    return session.execute(alone.limit(1)).first() is not None


def nights_at(session: Session, case_id: int, phone: Phone) -> bool | None:
    """Whether urgent news of this case may ring this phone at night; None if nobody was asked (R28)."""
    found = registration_of(session, case_id)
    return phone.night_allowed if found is None else found.nights(phone.night_allowed)


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
    known = safe if found is None else safe | _stopped_of(session, found)
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


def _stopped_of(session: Session, found: Registration) -> dict[int, Phone]:
    """The phones of a registration that said stop since."""
    agreed = {one.phone_id for one in _consents(session, found)}
    stopped = select(Phone).where(
        Phone.id.in_(agreed), Phone.stopped_at.is_not(None), Phone.unsafe_since.is_(None)
    )
    return {phone.id: phone for phone in session.scalars(stopped.order_by(Phone.position))}


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
    agreed = _agreed_phones(session, found)
    for phone in phones:
        if phone.id in agreed:
            continue
        if any(one.night_allowed is False for one in agreed.values()):
            phone.night_allowed = False
        phone.window_starts, phone.window_ends = _hours_to_keep(phone, agreed)
        if not any(one.voicemail_allowed for one in agreed.values()):
            phone.voicemail_allowed, phone.voicemail_text = False, None
    session.flush()


def _agreed_phones(session: Session, found: Registration) -> dict[int, Phone]:
    """The phones that were agreed last, in the registrant's order."""
    agreed = dict.fromkeys(one.phone_id for one in _agreed(session, found) if one.channel == "voice")
    return {phone_id: session.get_one(Phone, phone_id) for phone_id in agreed}


def _hours_to_keep(phone: Phone, agreed: Mapping[int, Phone]) -> Hours:
    """The hours of this phone; one that is added without hours takes over those of the others."""
    if phone.id in agreed or phone.window_starts is not None:
        return phone.window_starts, phone.window_ends
    hours = ((one.window_starts, one.window_ends) for one in agreed.values() if one.window_starts)
    return next(hours, (None, None))


def _end(found: Registration, made_by: str, now: datetime) -> None:
    """Note who stopped or paused it, of which neither staff nor a later caller were told yet."""
    found.ended_at, found.ended_by = now, made_by
    found.end_task_at = found.end_told_at = None


def _withdraw(session: Session, found: Registration, now: datetime) -> None:
    for consent in _consents(session, found):
        consent.withdrawn_at = now
    session.flush()


def _consents(session: Session, found: Registration) -> list[Consent]:
    """The consents of a registration that stand, by the registrant's order of phones."""
    return [one for one in _every_consent(session, found) if one.withdrawn_at is None]


def _agreed(session: Session, found: Registration) -> list[Consent]:
    """The consents of what was agreed last: those that stand, or the last ones before no phone was left.

    A phone that is marked unsafe takes its consents with it, and not what was chosen (R09).
    """
    every = _every_consent(session, found)
    if standing := [one for one in every if one.withdrawn_at is None]:
        return standing
    if not every:
        return []
    last = max(every, key=lambda one: one.id)
    return [one for one in every if (one.granted_at, one.words) == (last.granted_at, last.words)]


def _every_consent(session: Session, found: Registration) -> list[Consent]:
    mine = (
        select(Consent)
        .join(Phone, Phone.id == Consent.phone_id)
        .where(Consent.registration_id == found.id)
        .order_by(Phone.position, Consent.id)
    )
    return list(session.scalars(mine))


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
