"""The demo office: invented people, places and staff, with case numbers and PINs that everyone may know.

Nothing here belongs to a real person: the names are invented and every phone is reserved for fiction. It is
refused in production, because everyone who reads this file can open its cases.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from config.office import Office
from config.settings import Settings
from hotline.demo_callbacks import keep_promises
from hotline.demo_staff import STAFF, add_missing_staff
from models import Case, Court, CustodyImport, CustodyRecord, Facility, Staff, Subject
from models.cases.case import add_case
from models.cases.pin_hash import PinHasher
from models.cases.registrant import register
from models.cases.subject import find_or_add_subject
from models.custody.directory import place_key
from models.notices.notice_code import code_key
from models.notices.registering import register_for_notices, safest
from models.store.database import Database, keyring_of
from workers.office_rules import policies_of

ACTOR = "demo data"
#: What a registered person of the demo agreed to.
_AGREED = "Please call me on this phone when custody changes."
#: How long ago the feed confirmed a person, counted from the start of the demo.
FRESH, A_WHILE, STALE = timedelta(minutes=2), timedelta(hours=3), timedelta(hours=30)

FLATS, POINT, CREEK = (
    "Juniper Flats Detention Center",
    "Harbor Point Processing Center",
    "Alder Creek County Jail",
)
#: The demo's court, in the office's own time zone.
COURT = "Juniper Flats Immigration Court"
FACILITIES = ((FLATS, "+12025550180"), (POINT, "+12025550181"), (CREEK, "+12025550182"))


class DemoError(RuntimeError):
    """The demo office cannot be loaded here; the message says why."""


@dataclass(frozen=True)
class DemoCase:
    """A case to try: which keys to press, and one line about what the caller will hear."""

    number: str
    pin: str
    language: str
    says: str


@dataclass(frozen=True, kw_only=True)
class _Person:
    """A registrant's case and what the feed says; ``status`` is None if it does not mention the person."""

    number: str
    pin: str
    subject: str
    name: str
    says: str
    language: str = "en"
    status: str | None = None
    days_ago: int = 3
    facility: str | None = None
    age: timedelta = FRESH
    releasable: bool = True
    absent: bool = False
    closed: bool = False
    removal_stage: str | None = None
    hearing_in_days: int | None = None
    release_in_days: int | None = None
    phone: str | None = None
    notice_code: str | None = None


PEOPLE = (
    _Person(
        number="41000723", pin="739482", subject="DEMO-01", name="Ivo Arden", status="in_custody",
        days_ago=12, facility=FLATS, removal_stage="proceedings_open", hearing_in_days=21,
        phone="+12025550110", notice_code="2593",
        says="in custody, with a hearing to come; called when that changes, notice code 2593",
    ),
    _Person(
        number="27503183", pin="402857", subject="DEMO-01", name="Ivo Arden", language="es",
        phone="+12025550111", says="in Spanish: the same person, another registrant",
    ),
    _Person(
        number="63819408", pin="937001", subject="DEMO-02", name="Marek Vale", language="es", age=A_WHILE,
        status="in_custody", facility=CREEK, says="in Spanish: in custody, as of some hours ago",
    ),
    _Person(
        number="50291730", pin="826697", subject="DEMO-03", name="Oren Pike", status="transferred",
        days_ago=1, facility=POINT, release_in_days=30,
        says="moved to another place, with a date when they may get out",
    ),
    _Person(
        number="81642056", pin="186407", subject="DEMO-04", name="Tomas Reed", language="es",
        facility=FLATS, status="returned_to_custody", removal_stage="appeal_pending",
        says="in Spanish: back in custody",
    ),
    _Person(
        number="39075166", pin="608690", subject="DEMO-05", name="Cyril Stone", status="released_on_bond",
        says="hard news: released on bond",
    ),
    _Person(
        number="72408695", pin="518692", subject="DEMO-06", name="Emil Frost", language="es",
        status="released_on_supervision", says="in Spanish, hard news: released, with rules to follow",
    ),
    _Person(
        number="16834924", pin="709542", subject="DEMO-07", name="Hugo Lane", status="released", days_ago=2,
        says="hard news: released",
    ),
    _Person(
        number="94150271", pin="556176", subject="DEMO-08", name="Igor Field", status="removed", days_ago=9,
        says="hard news: sent out of the country",
    ),
    _Person(
        number="58736103", pin="681169", subject="DEMO-09", name="Nils Brook", language="es",
        status="escaped", days_ago=1, says="in Spanish, hard news: escaped",
    ),
    _Person(
        number="20963849", pin="107513", subject="DEMO-10", name="Otto Marsh", status="deceased",
        days_ago=5, says="hard news: has died",
    ),
    _Person(
        number="47381596", pin="603900", subject="DEMO-11", name="Paul Heath", status="unknown",
        says="the neutral words (the feed gave a status that it does not know)",
    ),
    _Person(
        number="69520417", pin="682656", subject="DEMO-12", name="Rolf Glen", status="in_custody",
        facility=FLATS, releasable=False, says="the neutral words (denied)",
    ),
    _Person(
        number="83079262", pin="808833", subject="DEMO-13", name="Sven Cove", language="es",
        says="in Spanish, the neutral words (no record)",
    ),
    _Person(
        number="35614781", pin="109507", subject="DEMO-14", name="Theo Ford", status="in_custody",
        facility=POINT, age=STALE, says="the neutral words (not confirmed for more than a day)",
    ),
    _Person(
        number="70182537", pin="744061", subject="DEMO-15", name="Ulf Dale", status="in_custody",
        facility=CREEK, absent=True, says="the neutral words (gone from the last full list)",
    ),
    _Person(
        number="91406520", pin="385039", subject="DEMO-16", name="Wim Shore", status="in_custody",
        facility=FLATS, closed=True, says="the neutral words (the case is closed)",
    ),
)  # fmt: skip


def load(
    database: Database,
    settings: Settings,
    office: Office,
    now: datetime | None = None,
    *,
    callbacks: bool = False,
) -> list[DemoCase]:
    """Add the missing parts of the demo office, confirm its people as of now, and list its cases.

    Loading again duplicates nothing. It only moves the moments at which the feed confirmed each person, so a
    demo started tomorrow is just as fresh. A case whose PIN was changed, or that was closed meanwhile, is not
    listed. ``callbacks`` also adds a few callbacks to the list. ``now`` is the clock's unless given. Raises
    DemoError in production.
    """
    if settings.production:
        raise DemoError("The demo office is refused when HOTLINE_ENV is production: everyone knows its PINs.")
    now = now or datetime.now(UTC)
    add_missing_staff(database, office, ACTOR, now)
    hashes = _hash_missing(database, PinHasher(settings.pin_pepper))
    with database.transaction() as session:
        for name, phone in FACILITIES:
            _add_facility(session, name, phone, now)
        _add_court(session, office.time_zone, now)
        landed = _add_import(session, now)
        for person in PEOPLE:
            if person.number in hashes:
                _add_person(session, person, hashes[person.number], office, landed, now)
            _confirm(session, person, now)
        keep_promises(session, office, ACTOR, now, missing_too=callbacks)
        landed.rows = landed.new = len({one.subject for one in PEOPLE if one.status is not None})
        landed.newest_as_of = now - FRESH
        return [
            DemoCase(person.number, person.pin, _language(person, office), person.says)
            for person in PEOPLE
            if _is_as_it_was(session, person)
        ]


def is_any_loaded(session: Session) -> bool:
    """Whether a person of the demo may sign in, or a case of it opens with its known PIN."""
    emails = [email for email, *_ in STAFF]
    if session.scalar(select(Staff.id).where(Staff.email.in_(emails), Staff.left_at.is_(None)).limit(1)):
        return True
    return any(not person.closed and _is_as_it_was(session, person) for person in PEOPLE)


def _hash_missing(database: Database, hasher: PinHasher) -> dict[str, str]:
    """Hash the PIN of every case that does not exist yet, with no transaction open."""
    with database.reading() as session:
        missing = [person for person in PEOPLE if _case_of(session, person) is None]
    return {person.number: hasher.hash(person.pin) for person in missing}


def _case_of(session: Session, person: _Person) -> Case | None:
    key = keyring_of(session).index("case", person.number)
    return session.scalars(select(Case).where(Case.number_key == key)).one_or_none()


def _is_as_it_was(session: Session, person: _Person) -> bool:
    case = _case_of(session, person)
    if case is None or case.pin_issued_at != case.opened_at:
        return False
    return person.closed or case.closed_at is None


def _language(person: _Person, office: Office) -> str:
    return person.language if person.language in office.languages else office.languages[0]


def _add_facility(session: Session, name: str, phone: str, now: datetime) -> None:
    key = place_key(name)
    if session.scalar(select(Facility.id).where(Facility.name_key == key)) is None:
        session.add(Facility(name=name, name_key=key, phone=phone, created_at=now))
        session.flush()


def _add_court(session: Session, time_zone: str, now: datetime) -> None:
    key = place_key(COURT)
    if session.scalar(select(Court.id).where(Court.name_key == key)) is None:
        session.add(Court(name=COURT, name_key=key, time_zone=time_zone, created_at=now))
        session.flush()


def _add_import(session: Session, now: datetime) -> CustodyImport:
    """Add the one file from which all of the demo's records came."""
    key = keyring_of(session).index("feed", PEOPLE[0].subject)
    its_records = (
        select(func.min(CustodyRecord.import_id))
        .join(Subject, Subject.id == CustodyRecord.subject_id)
        .where(Subject.feed_key == key)
    )
    landed = session.scalar(select(CustodyImport).where(CustodyImport.id == its_records.scalar_subquery()))
    if landed is not None:
        return landed
    landed = CustodyImport(state="landed", full=False, started_at=now, settled_at=now)
    session.add(landed)
    session.flush()
    return landed


def _add_person(
    session: Session, person: _Person, pin_hash: str, office: Office, landed: CustodyImport, now: datetime
) -> None:
    subject = find_or_add_subject(session, feed_id=person.subject, name=person.name, now=now)
    registrant = register(
        session,
        language=_language(person, office),
        time_zone=office.time_zone,
        phone=person.phone,
        now=now,
    )
    case = add_case(
        session,
        number=person.number,
        pin_hash=pin_hash,
        subject=subject,
        registrant=registrant,
        now=now,
        actor=ACTOR,
    )
    if person.closed:
        case.closed_at = now
    if person.notice_code is not None:
        key = code_key(keyring_of(session), case.id, person.notice_code)
        policies = policies_of(office)
        register_for_notices(
            session, case.id, safest(registrant.phones[0], key, policies), words=_AGREED, made_by=ACTOR,
            call_id=None, now=now, policies=policies,
        )  # fmt: skip
    if person.status is not None and subject.record_id is None:
        subject.record_id = _add_record(session, person, person.status, subject, landed, now)


def _add_record(
    session: Session, person: _Person, status: str, subject: Subject, landed: CustodyImport, now: datetime
) -> int:
    kept = (
        {}
        if not person.releasable
        else {
            "facility_key": None if person.facility is None else place_key(person.facility),
            "removal_stage": person.removal_stage,
            "expected_release_at": _ahead(now, person.release_in_days),
            "next_hearing_at": _ahead(now, person.hearing_in_days),
            "court_key": place_key(COURT) if person.hearing_in_days is not None else None,
        }
    )
    record = CustodyRecord(
        subject_id=subject.id,
        import_id=landed.id,
        status=status if person.releasable else "unknown",
        status_at=now - timedelta(days=person.days_ago) if person.releasable else None,
        releasable=person.releasable,
        **kept,
        as_of=now - person.age,
        recorded_at=now,
    )
    session.add(record)
    session.flush()
    return record.id


def _ahead(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now + timedelta(days=days)


def _confirm(session: Session, person: _Person, now: datetime) -> None:
    """Set the moment at which the feed confirmed the demo's own record, as its line says."""
    if person.status is None:
        return
    key = keyring_of(session).index("feed", person.subject)
    absent_since = now - timedelta(hours=1) if person.absent else None
    session.execute(
        update(Subject)
        .where(Subject.feed_key == key)
        .values(as_of=now - person.age, absent_since=absent_since)
    )
