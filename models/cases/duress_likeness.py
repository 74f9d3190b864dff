"""The registrant of a duress case: like the real one in all that a caller hears, and without a name (R10)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from models.cases.case import Case
from models.cases.registrant import Consent, Phone, Registrant

#: What a caller may hear the effect of, by field of a registrant.
HEARD = frozenset({"language", "time_zone", "pace", "line"})
#: The columns of what staff agree on for a phone, by choice.
_WISHES = (
    ("may_answer",),
    ("voicemail_text", "voicemail_allowed"),
    ("window_starts", "window_ends"),
)


def likeness_of(session: Session, registrant: Registrant, now: datetime) -> Registrant:
    """A registrant with the same language, zone, pace and phones, and no name.

    The line asks it which phone to call. It must have one where the real registrant has one, or a caller
    with a withheld number would hear a difference, and so would one at a phone that is unsafe (R13).
    """
    made = Registrant(
        language=registrant.language, time_zone=registrant.time_zone, pace=registrant.pace,
        mail_safe=False, line=registrant.line, created_at=now,
    )  # fmt: skip
    made.phones = [_likeness_of_phone(phone) for phone in registrant.phones]
    session.add(made)
    session.flush()
    return made


def follow_staff_changes(session: Session, case: Case) -> None:
    """Bring the duress cases of this registrant up to what staff have just changed about the person.

    These are phones that were added, confirmed, moved or marked unsafe, and the hours in which nothing can be
    changed. What was stopped after the duress PIN stays. The wishes for a phone: ``follow_wishes``.
    """
    real = aliased(Case)
    theirs = select(Case, real).join(real, real.id == Case.duress_of)
    for duress, own in session.execute(theirs.where(real.registrant_id == case.registrant_id)).all():
        duress.changes_held_until = own.changes_held_until
        _follow_phones(session, duress.registrant, own.registrant)
    session.flush()


def follow_person(
    session: Session, registrant: Registrant, before: Mapping[str, object]
) -> Sequence[Registrant]:
    """Let the duress cases of a registrant be heard as the registrant is after a change (R13, R32).

    ``before`` has the fields that changed, with their old values; those of HEARD are followed. A choice made
    after the duress PIN stays: its later calls agree with it. Returns the registrants of the duress cases.
    """
    real = aliased(Case)
    theirs = (
        select(Registrant)
        .join(Case, Case.registrant_id == Registrant.id)
        .join(real, real.id == Case.duress_of)
        .where(real.registrant_id == registrant.id)
        .order_by(Registrant.id)
    )
    likenesses = session.scalars(theirs).all()
    for likeness in likenesses:
        for name in HEARD & before.keys():
            if getattr(likeness, name) == before[name]:
                setattr(likeness, name, getattr(registrant, name))
    session.flush()
    return likenesses


def wishes_by_kind(phone: Phone) -> dict[tuple[str, ...], tuple[object, ...]]:
    """How and when a phone may be called: the columns of each choice, and their values."""
    return {names: tuple(getattr(phone, name) for name in names) for names in _WISHES}


def follow_wishes(
    session: Session, phone: Phone, before: Mapping[tuple[str, ...], tuple[object, ...]]
) -> None:
    """Let the copies of a phone be called as staff have just agreed with the person (R13, R31).

    ``before`` is ``wishes_by_kind`` as it was. What was chosen after the duress PIN stays.
    """
    real = aliased(Case)
    twins = (
        select(Phone)
        .join(Case, Case.registrant_id == Phone.registrant_id)
        .join(real, real.id == Case.duress_of)
        .where(real.registrant_id == phone.registrant_id, Phone.phone_key == phone.phone_key)
        .order_by(Phone.id)
        .with_for_update(of=Phone)
    )
    for twin in session.scalars(twins.execution_options(populate_existing=True)).all():
        for names, values in before.items():
            if tuple(getattr(twin, name) for name in names) != values:
                continue
            for name in names:
                setattr(twin, name, getattr(phone, name))
        twin.wishes_at = phone.wishes_at
    session.flush()


def _follow_phones(session: Session, likeness: Registrant, registrant: Registrant) -> None:
    session.refresh(registrant, ["phones"])
    session.refresh(likeness, ["phones"])
    known = {phone.phone_key: phone for phone in likeness.phones}
    # Two phones never have the same position, not even between two statements.
    for phone in likeness.phones:
        phone.position = -1 - phone.position
    session.flush()
    for phone in registrant.phones:
        twin = known.pop(phone.phone_key, None)
        if twin is None:
            likeness.phones.append(_likeness_of_phone(phone))
            continue
        twin.position = phone.position
        twin.confirmed_at, twin.unsafe_since = phone.confirmed_at, phone.unsafe_since
        twin.content_held_until = phone.content_held_until
        if phone.unsafe_since is not None:
            twin.voicemail_allowed = False
            # The calls about changes to it are over there too, or later calls would differ (R13).
            for consent in twin.consents:
                if consent.registration_id is not None:
                    consent.withdrawn_at = consent.withdrawn_at or phone.unsafe_since
        if phone.stopped_at is None:
            # Staff let it be called again.
            twin.stopped_at = twin.stop_told_at = None
    # A phone that a colleague added while they took the caller for the registrant comes last.
    last = max((phone.position for phone in registrant.phones), default=0)
    for place, phone in enumerate(known.values(), last + 1):
        phone.position = place
    session.flush()


def _likeness_of_phone(phone: Phone) -> Phone:
    return Phone(
        position=phone.position, number_sealed=phone.number_sealed, phone_key=phone.phone_key,
        confirmed_at=phone.confirmed_at, unsafe_since=phone.unsafe_since, stopped_at=phone.stopped_at,
        stop_told_at=phone.stop_told_at, content_held_until=phone.content_held_until,
        window_starts=phone.window_starts, window_ends=phone.window_ends, may_answer=phone.may_answer,
        voicemail_allowed=phone.voicemail_allowed, voicemail_text=phone.voicemail_text,
        wishes_at=phone.wishes_at, night_allowed=phone.night_allowed,
        consents=[
            Consent(
                channel=one.channel, words=one.words, cap_per_day=one.cap_per_day,
                granted_at=one.granted_at, withdrawn_at=one.withdrawn_at,
            )
            for one in phone.consents
            # No registration for notices is shown after the duress PIN.
            if one.registration_id is None
        ],
    )  # fmt: skip
