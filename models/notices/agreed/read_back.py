"""What was agreed about calls when custody changes, as it stands now: to be read back, or kept (R28).

Nothing here asks whether anything may be told about the case: a denied and an unknown one read alike (R13).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases.case import Case
from models.cases.registrant import Consent, Phone
from models.cases.safe_phone import safe_phones
from models.notices.registration import Registration
from models.store.policies import Policies

#: The hours of a phone: the first and the last, or none for any time of day.
Hours = tuple[time | None, time | None]


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


def registration_of(session: Session, case_id: int) -> Registration | None:
    """The registration of a case that was not stopped, also one whose consent has ended."""
    mine = select(Registration).where(Registration.case_id == case_id, Registration.state != "stopped")
    return session.scalars(mine.execution_options(populate_existing=True)).first()


def is_pause_over(session: Session, case_id: int, now: datetime) -> bool:
    """Whether the case's registration was paused, and the pause has ended by itself."""
    found = registration_of(session, case_id)
    return found is not None and found.paused_until is not None and found.paused_until <= now


def read_back(session: Session, case_id: int, now: datetime, policies: Policies) -> ReadBack | None:
    """The facts of a case's registration, or None when nothing stands."""
    found = registration_of(session, case_id)
    if found is None:
        return None
    agreed = agreed_consents(session, found)
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
        stopped=tuple(stopped_phones(session, found).values()),
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
    agreed = {} if found is None else agreed_phones(session, found)
    return [hours_to_keep(phone, agreed) for phone in phones]


def messages_by_phone(session: Session, case_id: int, phones: Sequence[Phone]) -> list[str | None]:
    """The message that each of these phones may get, once they are saved; None for none (R31)."""
    found = registration_of(session, case_id)
    agreed = None if found is None else agreed_phones(session, found)
    return [message_of(phone) if agreed is None else message_to_keep(phone, agreed) for phone in phones]


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


def stopped_phones(session: Session, found: Registration) -> dict[int, Phone]:
    """The phones of a registration that said stop since."""
    agreed = {one.phone_id for one in standing_consents(session, found)}
    stopped = select(Phone).where(
        Phone.id.in_(agreed), Phone.stopped_at.is_not(None), Phone.unsafe_since.is_(None)
    )
    return {phone.id: phone for phone in session.scalars(stopped.order_by(Phone.position))}


def agreed_phones(session: Session, found: Registration) -> dict[int, Phone]:
    """The phones that were agreed last, in the registrant's order."""
    agreed = dict.fromkeys(one.phone_id for one in agreed_consents(session, found) if one.channel == "voice")
    return {phone_id: session.get_one(Phone, phone_id) for phone_id in agreed}


def hours_to_keep(phone: Phone, agreed: Mapping[int, Phone]) -> Hours:
    """The hours of this phone; one that is added without hours takes over those of the others."""
    if phone.id in agreed or phone.window_starts is not None:
        return phone.window_starts, phone.window_ends
    hours = ((one.window_starts, one.window_ends) for one in agreed.values() if one.window_starts)
    return next(hours, (None, None))


def message_of(phone: Phone) -> str | None:
    """The message that a machine at this phone may record, a word of ``VOICEMAIL_TEXTS``."""
    return (phone.voicemail_text or "please_call") if phone.voicemail_allowed else None


def message_to_keep(phone: Phone, agreed: Mapping[int, Phone]) -> str | None:
    """The message of this phone; one that is added gets none if the others get none."""
    if phone.id in agreed or any(one.voicemail_allowed for one in agreed.values()):
        return message_of(phone)
    return None


def standing_consents(session: Session, found: Registration) -> list[Consent]:
    """The consents of a registration that stand, by the registrant's order of phones."""
    return [one for one in _every_consent(session, found) if one.withdrawn_at is None]


def agreed_consents(session: Session, found: Registration) -> list[Consent]:
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
