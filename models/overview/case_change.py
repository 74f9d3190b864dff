"""Staff changes to a case: whom it is about, how to talk with its registrant, opening and closing it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import audit
from models.audit.audit import AuditEntry
from models.callbacks.promised_time import change_person
from models.cases.case import (
    Case,
    CaseError,
    add_case,
    begin_following,
    confirm_named,
    end_case,
    free_number,
    stop_following,
)
from models.cases.refusals import CaseRefusal
from models.cases.registrant import Registrant, name_of, name_registrant, register
from models.cases.subject import Subject, find_or_add_subject, rename_subject
from models.notices.spreading import spread_to_confirmed
from models.overview.case_opening import OPENED, TALKING_GROUNDS, Grounds, Person, open_to
from models.staff.staff import Staff
from models.staff.two_people import check_untied
from models.store.database import keyring_of
from models.store.policies import Policies

#: The roles that may say whom a case is about, and close it.
KEEPERS = frozenset({"supervisor", "administrator"})
#: No open tab with a form is older than its session.
_FORM_LIVES = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Details:
    """How to talk with a registrant; validated before against the office's own lists."""

    name: str | None = field(repr=False)
    language: str
    time_zone: str
    pace: str
    mail_safe: bool
    line: str | None = None


def begin_case(
    session: Session,
    person: Person,
    *,
    subject_id: str,
    subject_name: str,
    details: Details,
    evidence: str,
    now: datetime,
    policies: Policies,
    form: str = "",
) -> Case:
    """Add a case without a PIN: its first PIN needs a second person's approval. It is open to its author.

    That approval also confirms whom the case is about; until then the name is the one typed here.

    ``subject_id`` is the feed's id. ``evidence`` is how staff know the registrant (R08). ``form`` is the key
    by which ``added_by_form`` recognizes the same form.
    """
    registrant = register(
        session,
        name=details.name,
        language=details.language,
        time_zone=details.time_zone,
        phone=None,
        now=now,
    )
    registrant.pace, registrant.mail_safe = details.pace, details.mail_safe
    registrant.line = details.line
    case = add_case(
        session,
        number=free_number(session, subject_id, None),
        pin_hash="",
        subject=find_or_add_subject(session, feed_id=subject_id, name=subject_name, now=now),
        registrant=registrant,
        now=now,
        actor=person.email,
    )
    _name_alone(session, person, case, subject_name)
    open_to(session, person, case.id, "added", evidence, now, policies, {"form": form} if form else None)
    return case


def added_by_form(session: Session, person: Person, form: str, now: datetime) -> int | None:
    """The case that this same form has added, so that a double submit adds only one; None for a new form.

    If two arrive at once, the second waits here for the first.
    """
    session.execute(select(Staff.id).where(Staff.id == person.staff_id).with_for_update(key_share=True))
    lately = select(AuditEntry.target, AuditEntry.facts).where(
        AuditEntry.actor == person.email, AuditEntry.action == OPENED, AuditEntry.at > now - _FORM_LIVES
    )
    for target, facts in session.execute(lately.order_by(AuditEntry.at.desc())).all():
        if form and (facts or {}).get("form") == form:
            return int(target.removeprefix("case:"))
    return None


def change_details(
    session: Session, person: Person, case: Case, details: Details, grounds: Grounds, now: datetime
) -> None:
    """Save the changes; the audit entry names the fields but not their values.

    Raises CaseError for another time zone while phones and times are blocked: it would move every window; and
    for mail that staff mark safe who did not talk with the person (R08).
    """
    registrant = session.get_one(Registrant, case.registrant_id)
    known = name_of(session, registrant)
    changed = [
        name
        for name in ("language", "time_zone", "pace", "mail_safe", "line")
        if getattr(registrant, name) != getattr(details, name)
    ]
    is_held = case.changes_held_until is not None and now < case.changes_held_until
    if "time_zone" in changed and is_held:
        raise CaseError(CaseRefusal.TIME_ZONE_LOCKED, field="time_zone")
    if "mail_safe" in changed and details.mail_safe and grounds.ground not in TALKING_GROUNDS:
        raise CaseError(CaseRefusal.MAIL_WITHOUT_THE_PERSON, field="mail_safe")
    change_person(session, registrant, {name: getattr(details, name) for name in changed})
    if details.name != known:
        name_registrant(session, registrant, details.name)
        changed.append("name")
    session.flush()
    if changed:
        _record(session, person, "change_registrant", case, now, {"changed": changed})


def subject_of(session: Session, case: Case) -> tuple[str, str | None]:
    """The feed's id and the name of the person whom a case is about, as its page shows them."""
    subject, keyring = session.get_one(Subject, case.subject_id), keyring_of(session)
    sealed = case.named_sealed or subject.name_sealed
    name = None if sealed is None else keyring.unseal("subject.name", sealed)
    return keyring.unseal("subject.feed_id", subject.feed_id_sealed), name


def link_subject(
    session: Session, person: Person, case: Case, *, subject_id: str, subject_name: str, now: datetime
) -> None:
    """Make a case be about the person with this feed id; the same id again corrects their name.

    Another id waits for a second person's approval (``confirm_subject``). Until then the line and the console
    tell nothing about that person, and the name is the one typed, so a guessed id reveals nothing.

    Raises CaseError for a role that may not do this, or a closed case.
    """
    _may_keep(person, case)
    subject = find_or_add_subject(session, feed_id=subject_id, name=subject_name, now=now)
    if subject.id != case.subject_id or case.named_by is not None:
        _name_alone(session, person, case, subject_name)
    else:
        rename_subject(session, subject, subject_name)
    begin_following(session, subject.id)
    before, case.subject_id = case.subject_id, subject.id
    session.flush()
    session.expire(case, ["subject"])
    stop_following(session, before, now)
    _record(session, person, "link_subject", case, now)


def confirm_subject(session: Session, person: Person, case: Case, now: datetime, days: float) -> None:
    """Confirm, as a second person, whom a case is about; from then on the line tells about them.

    ``days`` is the policy of ``check_untied``. Raises CaseError for a role that may not do this, a closed
    case, the person who named them, or nothing to confirm; TiedError for two people who may not approve
    together (R40).
    """
    _may_keep(person, case)
    if case.named_by is None:
        raise CaseError(CaseRefusal.CONFIRMED)
    if case.named_by == person.staff_id:
        raise CaseError(CaseRefusal.SAME_PERSON)
    check_untied(session, case.named_by, person.staff_id, f"case:{case.id}", now, days)
    confirm_named(session, case)
    spread_to_confirmed(session, case.id, now)
    _record(session, person, "confirm_subject", case, now)


def _name_alone(session: Session, person: Person, case: Case, name: str) -> None:
    case.named_by = person.staff_id
    case.named_sealed = keyring_of(session).seal("subject.name", name)
    session.flush()


def close_found_case(session: Session, person: Person, case: Case, now: datetime) -> None:
    """Close an open case; a promised callback stays open. Raises CaseError for a role that may not."""
    _may_keep(person, case)
    end_case(session, case, now, person.email)


def reveal_number(session: Session, person: Person, case: Case, now: datetime) -> str:
    """The case number; the view is logged in the audit."""
    number = keyring_of(session).unseal("case.number", case.number_sealed)
    _record(session, person, "reveal_case_number", case, now)
    return number


def case_locked(session: Session, case_id: int) -> Case:
    """The case, locked until the transaction ends. Raises CaseError if there is none."""
    case = session.scalars(
        select(Case)
        .where(Case.id == case_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if case is None:
        raise CaseError(CaseRefusal.UNKNOWN)
    return case


def _may_keep(person: Person, case: Case) -> None:
    if person.role not in KEEPERS:
        raise CaseError(CaseRefusal.NOT_YOUR_ROLE)
    if case.closed_at is not None:
        raise CaseError(CaseRefusal.CLOSED)


def _record(
    session: Session,
    person: Person,
    action: str,
    case: Case,
    now: datetime,
    facts: dict[str, object] | None = None,
) -> None:
    audit.record(session, actor=person.email, action=action, target=f"case:{case.id}", facts=facts, now=now)
