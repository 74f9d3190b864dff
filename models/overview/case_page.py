"""Everything on the page of one case, read in a fixed number of statements, however large the case is."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.audit.audit import AuditEntry
from models.callbacks.callback import IS_OPEN, IS_PAST, Callback
from models.callbacks.case_words import case_standing
from models.calls.call import Call
from models.cases.case import Case
from models.cases.pin import STRANGERS, PinCounter
from models.cases.registrant import Phone, Registrant
from models.cases.subject import Subject
from models.custody.custody_status import NEUTRAL, Heard, HeardRules, heard
from models.overview.pin_request import PinRequest
from models.staff.staff_name import StaffNames, read_staff_names
from models.store.database import keyring_of
from models.talks.talk import Talk

MOST_CALLBACKS, MOST_ENTRIES, MOST_REQUESTS = 20, 50, 10


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """A phone as the page shows it: its last two digits; a click that shows the rest gets an audit entry."""

    phone: Phone
    last_digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CasePage:
    """One case with everything its page shows."""

    case: Case
    registrant: Registrant
    registrant_name: str | None = field(repr=False)
    subject_name: str | None = field(repr=False)
    subject_feed_id: str = field(repr=False)
    phones: tuple[PhoneRow, ...]
    heard: Heard
    callbacks: tuple[Callback, ...]
    #: Talks with callers at 0 who had opened the case by its PIN, the last first.
    talks_at_0: tuple[Talk, ...]
    entries: tuple[AuditEntry, ...]
    requests: tuple[PinRequest, ...]
    #: The names of the staff whom the entries mention.
    staff: StaffNames
    locked_for_known: bool
    locked_for_strangers: bool


def heard_of_case(session: Session, case_id: int, now: datetime, rules: HeardRules) -> Heard:
    """What may be told about the person of a case: exactly what a caller with its PIN may hear."""
    standing = case_standing(session, case_id)
    return NEUTRAL if standing is None else heard(standing, now, rules)


def read_case_page(session: Session, case_id: int, now: datetime, rules: HeardRules) -> CasePage:
    """The page of a case that is open to the reader. Raises NoResultFound for an unknown id."""
    case = session.get_one(Case, case_id)
    registrant = session.get_one(Registrant, case.registrant_id)
    subject = session.get_one(Subject, case.subject_id)
    phones = session.scalars(
        select(Phone)
        .where(Phone.registrant_id == registrant.id)
        .order_by(Phone.position)
        .options(selectinload(Phone.consents))
    ).all()
    # Two statements, since each has an index of its own.
    of_case = select(Callback).where(Callback.case_id == case_id).order_by(Callback.id.desc())
    callbacks = [
        *session.scalars(of_case.where(IS_OPEN)),
        *session.scalars(of_case.where(IS_PAST).limit(MOST_CALLBACKS)),
    ]
    talks_at_0 = session.scalars(
        select(Talk)
        .join(Call, Call.id == Talk.caller_call_id)
        .where(Call.case_id == case_id, Call.verified_at.is_not(None), Talk.callback_id.is_(None))
        .order_by(Talk.id.desc())
        .limit(MOST_CALLBACKS)
    )
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.target == f"case:{case_id}")
        .order_by(AuditEntry.id.desc())
        .limit(MOST_ENTRIES)
    ).all()
    requests = session.scalars(
        select(PinRequest)
        .where(PinRequest.case_id == case_id)
        .order_by(PinRequest.id.desc())
        .limit(MOST_REQUESTS)
    ).all()
    locked = set(
        session.scalars(
            select(PinCounter.counter).where(
                PinCounter.number_key == case.number_key, PinCounter.locked_at.is_not(None)
            )
        )
    )
    keyring = keyring_of(session)
    return CasePage(
        case=case,
        registrant=registrant,
        registrant_name=_opened(session, "registrant.name", registrant.name_sealed),
        subject_name=_opened(session, "subject.name", case.named_sealed or subject.name_sealed),
        subject_feed_id=keyring.unseal("subject.feed_id", subject.feed_id_sealed),
        phones=tuple(
            PhoneRow(phone, keyring.unseal("phone.number", phone.number_sealed)[-2:]) for phone in phones
        ),
        heard=heard_of_case(session, case_id, now, rules),
        callbacks=tuple(callbacks),
        talks_at_0=tuple(talks_at_0),
        entries=tuple(entries),
        requests=tuple(requests),
        staff=read_staff_names(session),
        locked_for_known=bool(locked - {STRANGERS}),
        locked_for_strangers=STRANGERS in locked,
    )


def _opened(session: Session, purpose: str, sealed: str | None) -> str | None:
    return None if sealed is None else keyring_of(session).unseal(purpose, sealed)
