"""Who may view a case and until when: by a call, a logged verification, a search, or a request (R37)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ForeignKey, Index, Select, String, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit import audit
from models.callbacks.callback import IS_OPEN, IS_PAST, STAFF_CALL, Callback
from models.callbacks.to_new_phone import is_to_new_phone
from models.calls.call import Call
from models.cases.case import Case
from models.custody.imports.paging import has_call_list
from models.custody.imports.preview import would_hear_else
from models.custody.imports.record import CustodyImport
from models.overview.lost_pin import EVIDENCE, has_phone_for
from models.overview.refusals import CaseOpeningRefusal
from models.staff.staff import Staff
from models.store.base import Base, UtcDateTime
from models.store.database import keyring_of
from models.store.policies import Policies
from models.store.refusal import RefusedError
from models.talks.call_queue import OPENS_ITS_CASE
from models.talks.talk import Talk

#: Why a supervisor searches for a case by a name; the code is stored, the name is not.
SEARCH_REASONS = (
    "lost_case_number",
    "change_of_details",
    "agency_asks",
    "complaint",
    "correct_record",
    "find_duplicates",
)
#: The grounds that let staff add a phone: the person entered their PIN, or staff who opened the case know
#: them (R09).
BINDING_GROUNDS = frozenset({"callback", "call", "verification", "added"})
#: The grounds that let staff give a duress PIN: they noted how they recognized the person. A caller at 0 gave
#: a PIN alone, which may be the duress PIN, and what its case cannot do would tell so (R10).
RECOGNIZED_GROUNDS = BINDING_GROUNDS - {"call"}
#: The grounds of staff who have talked with the person, or met them: what the person allows may become more.
TALKING_GROUNDS = BINDING_GROUNDS | {STAFF_CALL}
#: The grounds that let staff say who has a new phone: more than a PIN, which may be stolen (R09).
VOUCHING_GROUNDS = frozenset({"verification", "added"})
#: Failed verifications of one person in an hour, after which none of theirs opens a case.
MOST_FAILED = 5
_HOUR = timedelta(hours=1)
#: The action of the audit entry for opening a case to somebody.
OPENED = "open_case_to_staff"


class CaseOpeningError(RefusedError):
    """A case is not opened this way; the message says why and is the same whether or not the case exists."""


class Person(Protocol):
    """The person who asks: a signed-in staff member."""

    @property
    def staff_id(self) -> int: ...
    @property
    def email(self) -> str: ...
    @property
    def role(self) -> str: ...


class CaseOpening(Base):
    """A case is open to one person until a moment. ``case_id`` is None for a failed verification.

    ``ground`` is ``verification``, ``search``, ``call_list``, ``added`` or ``approval``; ``reason`` is the
    code given.
    """

    __tablename__ = "case_openings"
    __table_args__ = (
        Index("ix_case_openings_of_staff", "staff_id", "case_id", "until"),
        Index("ix_case_openings_case_id", "case_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    ground: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(32))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why someone may view a case now. ``until`` is None while a call or callback about it continues."""

    ground: str
    reason: str
    until: datetime | None


def grounds_for(
    session: Session, person: Person, case_id: int, now: datetime, policies: Policies
) -> Grounds | None:
    """Why this person may view this case now, or None.

    Of several grounds it is one that lets them do more: that they know the registrant, or talk with them.
    """
    openings = session.execute(
        select(CaseOpening.ground, CaseOpening.reason, CaseOpening.until)
        .where(
            CaseOpening.staff_id == person.staff_id,
            CaseOpening.case_id == case_id,
            CaseOpening.until > now,
        )
        .order_by(CaseOpening.until.desc())
    ).all()
    opened = [Grounds(ground, reason, until) for ground, reason, until in openings]
    known = [one for one in opened if one.ground in VOUCHING_GROUNDS]
    talk = None if known else _grounds_of_talk(session, person, case_id, now, policies)
    return next((one for one in (*known, talk, *opened) if one is not None), None)


def _grounds_of_talk(
    session: Session, person: Person, case_id: int, now: datetime, policies: Policies
) -> Grounds | None:
    shortly = now - timedelta(minutes=policies.outcome_minutes)
    theirs = select(Callback.begun_by_staff).where(
        Callback.case_id == case_id,
        Callback.verified,
        # Anybody could have pressed key 1 on a call that we placed (R37).
        Callback.recognized_by.is_not(None),
        Callback.staff_id == person.staff_id,
        # On a phone that replaces an unsafe one, nothing about the case is told yet (R09).
        ~is_to_new_phone(now),
    )
    # Two statements, since each has an index of its own.
    begun_by_staff = set(session.scalars(theirs.where(IS_OPEN)))
    if False not in begun_by_staff:
        begun_by_staff |= set(session.scalars(theirs.where(IS_PAST, Callback.closed_at > shortly)))
    if False in begun_by_staff:
        return Grounds("callback", "verified_callback", None)
    talk = session.execute(_of_talk(person, now, policies).where(Call.case_id == case_id).limit(1)).first()
    if talk is not None:
        return Grounds("call", "verified_call", None)
    # Nobody gave a PIN for a call that staff began, nor for one that follows it, so it adds no phone (R09).
    return Grounds(STAFF_CALL, STAFF_CALL, None) if begun_by_staff else None


def open_among(
    session: Session, person: Person, case_ids: Sequence[int], now: datetime, policies: Policies
) -> set[int]:
    """Those of these cases that this person may view now."""
    opened = select(CaseOpening.case_id).where(
        CaseOpening.staff_id == person.staff_id, CaseOpening.case_id.in_(case_ids), CaseOpening.until > now
    )
    called = select(Callback.case_id).where(
        Callback.staff_id == person.staff_id, Callback.case_id.in_(case_ids)
    )
    talked = _of_talk(person, now, policies).where(Case.id.in_(case_ids))
    # A long list has few of them, and only these are looked at one by one.
    return {
        one
        for one in session.scalars(opened.union(called, talked)).all()
        if one is not None and grounds_for(session, person, one, now, policies) is not None
    }


def case_in_talk(session: Session, person: Person, now: datetime, policies: Policies) -> int | None:
    """The case of the caller at 0 with whom this person talks, or just did, opened by its PIN; else None."""
    return session.scalars(_of_talk(person, now, policies).order_by(Talk.id.desc()).limit(1)).first()


def _of_talk(person: Person, now: datetime, policies: Policies) -> Select[int]:
    """The case of this person's caller at 0, who began to wait verified, by the PIN still in force."""
    shortly = now - timedelta(minutes=policies.outcome_minutes)
    return (
        select(Case.id)
        .join(Call, OPENS_ITS_CASE)
        .join(Talk, Talk.caller_call_id == Call.id)
        .where(
            Talk.staff_id == person.staff_id,
            or_(Talk.closed_at.is_(None), Talk.closed_at > shortly),
        )
    )


def look_at(session: Session, person: Person, case_id: int, now: datetime, policies: Policies) -> Grounds:
    """Log that this person views the case. Raises CaseOpeningError when nothing opens it to them."""
    grounds = grounds_for(session, person, case_id, now, policies)
    if grounds is None:
        raise CaseOpeningError(CaseOpeningRefusal.NOT_OPEN)
    audit.record(
        session,
        actor=person.email,
        action="look_at_case",
        target=f"case:{case_id}",
        facts={"ground": grounds.ground, "reason": grounds.reason},
        now=now,
    )
    return grounds


def open_by_verification(
    session: Session, person: Person, number: str, evidence: str, now: datetime, policies: Policies
) -> int | None:
    """Open a case because a staff member states that they know whom they are talking with (R37).

    Returns None for a number that no case has, and after MOST_FAILED such tries in an hour for every number,
    so that nobody finds out by trying which cases exist. A callback to a case that has no phone to call is
    refused alike: it never happened, and an open case lets staff add a phone (R09). A closed case opens,
    since its caller was promised a person (R13).

    Raises CaseOpeningError for an unknown evidence code.
    """
    if evidence not in EVIDENCE:
        raise CaseOpeningError(CaseOpeningRefusal.NO_EVIDENCE)
    # Simultaneous tries each wait for the previous one, and so count it.
    session.execute(select(Staff.id).where(Staff.id == person.staff_id).with_for_update(key_share=True))
    failed = session.scalar(
        select(func.count())
        .select_from(CaseOpening)
        .where(
            CaseOpening.staff_id == person.staff_id,
            CaseOpening.case_id.is_(None),
            CaseOpening.opened_at > now - _HOUR,
        )
    )
    key = keyring_of(session).index("case", number)
    case = session.scalar(select(Case).where(Case.number_key == key))
    is_possible = case is not None and has_phone_for(session, evidence, case, now)
    case_id = case.id if case is not None and is_possible and (failed or 0) < MOST_FAILED else None
    _open(session, person, case_id, "verification", evidence, now, policies)
    return case_id


def open_from_search(
    session: Session, person: Person, case_id: int, reason: str, now: datetime, policies: Policies
) -> None:
    """Open a case that a supervisor found by name, open or closed. Raises CaseOpeningError."""
    if person.role != "supervisor":
        raise CaseOpeningError(CaseOpeningRefusal.NOT_SUPERVISOR)
    if reason not in SEARCH_REASONS:
        raise CaseOpeningError(CaseOpeningRefusal.NO_REASON)
    if session.get(Case, case_id) is None:
        raise CaseOpeningError(CaseOpeningRefusal.UNKNOWN)
    _open(session, person, case_id, "search", reason, now, policies)


def open_from_call_list(
    session: Session, person: Person, import_id: int, case_id: int, now: datetime, policies: Policies
) -> None:
    """Open a case on the call list to a supervisor, who finds its phones there. Raises CaseOpeningError.

    Nobody gave a PIN, so this ground changes no phone, like a search (R37).
    """
    if person.role != "supervisor":
        raise CaseOpeningError(CaseOpeningRefusal.NOT_SUPERVISOR)
    entry = session.get(CustodyImport, import_id)
    is_due = entry is not None and entry.state == "held" and has_call_list(entry.pages, policies)
    if not is_due or not would_hear_else(session, import_id, case_id):
        raise CaseOpeningError(CaseOpeningRefusal.NOT_OPEN)
    _open(session, person, case_id, "call_list", "call_list", now, policies)


def open_to(
    session: Session,
    person: Person,
    case_id: int,
    ground: str,
    reason: str,
    now: datetime,
    policies: Policies,
    facts: dict[str, str] | None = None,
) -> None:
    """Open a case to a person who added it, or was asked to approve its PIN; ``facts`` for the entry."""
    _open(session, person, case_id, ground, reason, now, policies, facts)


def close_all_of(session: Session, staff_id: int, now: datetime) -> None:
    """Close all cases to this person: their account was deactivated, or their role changed."""
    theirs = update(CaseOpening).where(CaseOpening.staff_id == staff_id, CaseOpening.until > now)
    session.execute(theirs.values(until=now))


def _open(
    session: Session,
    person: Person,
    case_id: int | None,
    ground: str,
    reason: str,
    now: datetime,
    policies: Policies,
    facts: dict[str, str] | None = None,
) -> None:
    until = now + timedelta(minutes=policies.case_open_minutes)
    session.add(
        CaseOpening(
            case_id=case_id, staff_id=person.staff_id, ground=ground, reason=reason, opened_at=now,
            until=until if case_id is not None else now,
        )
    )  # fmt: skip
    session.flush()
    audit.record(
        session,
        actor=person.email,
        action=OPENED if case_id is not None else "fail_to_open_case",
        target=f"case:{case_id}" if case_id is not None else f"staff:{person.staff_id}",
        facts={"ground": ground, "reason": reason, **(facts or {})},
        now=now,
    )
