"""Supervisors find a case by a name, with a reason; the audit stores only the reason."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from models.audit import audit
from models.cases.case import Case
from models.cases.name_index import can_be_asked
from models.cases.name_search import find_names
from models.cases.registrant import Registrant
from models.cases.subject import Subject
from models.overview.case_opening import SEARCH_REASONS, Person
from models.overview.refusals import CaseSearchRefusal
from models.store.database import keyring_of
from models.store.refusal import RefusedError

#: How many cases one search shows.
MOST_SHOWN = 50
LONGEST_NAME = 200


class CaseSearchError(RefusedError):
    """A search is refused; ``field`` names what to change."""


@dataclass(frozen=True, slots=True)
class FoundCase:
    """A case that a name matches: its subject and its registrant; no number."""

    id: int
    subject_name: str | None = field(repr=False)
    registrant_name: str | None = field(repr=False)
    language: str
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class FoundCases:
    """What a search shows; ``more``: others may match as well."""

    cases: tuple[FoundCase, ...]
    more: bool


def search_cases(session: Session, person: Person, *, name: str, reason: str, now: datetime) -> FoundCases:
    """Cases whose subject's or registrant's name matches ``name``, open ones first, then the newest.

    Raises CaseSearchError for another role, an unknown reason, or a name with too little to search for.
    """
    if person.role != "supervisor":
        raise CaseSearchError(CaseSearchRefusal.NOT_SUPERVISOR, field="name")
    if len(name) > LONGEST_NAME:
        raise CaseSearchError(CaseSearchRefusal.NAME_TOO_LONG, field="name")
    if not can_be_asked(name):
        raise CaseSearchError(CaseSearchRefusal.NAME_TOO_SHORT, field="name")
    if reason not in SEARCH_REASONS:
        raise CaseSearchError(CaseSearchRefusal.NO_REASON, field="reason")
    matches = find_names(session, name, most=MOST_SHOWN + 1)
    rows = session.execute(
        select(
            Case.id, Case.opened_at, Case.closed_at, func.coalesce(Case.named_sealed, Subject.name_sealed),
            Registrant.name_sealed, Registrant.language,
        )
        .join(Subject, Subject.id == Case.subject_id)
        .join(Registrant, Registrant.id == Case.registrant_id)
        .where(
            or_(
                # With only one person's approval, a case must not be found by the name stored for a guessed
                # id.
                and_(Case.subject_id.in_(matches.subjects), Case.named_by.is_(None)),
                Case.registrant_id.in_(matches.registrants),
            ),
            Case.duress_of.is_(None),
        )
        .order_by(Case.closed_at.is_not(None), Case.id.desc())
        .limit(MOST_SHOWN + 1)
    ).all()  # fmt: skip
    keyring = keyring_of(session)

    def opened(purpose: str, sealed: str | None) -> str | None:
        return None if sealed is None else keyring.unseal(purpose, sealed)

    found = tuple(
        FoundCase(
            id=row[0], opened_at=row[1], closed_at=row[2], language=row[5],
            subject_name=opened("subject.name", row[3]),
            registrant_name=opened("registrant.name", row[4]),
        )
        for row in rows[:MOST_SHOWN]
    )  # fmt: skip
    audit.record(
        session,
        actor=person.email,
        action="search_cases",
        target=f"staff:{person.staff_id}",
        facts={"reason": reason, "found": len(found)},
        now=now,
    )
    for one in found:
        # Showing a name is a view of the case, so that the person concerned can be told.
        audit.record(
            session,
            actor=person.email,
            action="show_found_case",
            target=f"case:{one.id}",
            facts={"reason": reason},
            now=now,
        )
    return FoundCases(found, matches.more or len(rows) > MOST_SHOWN)
