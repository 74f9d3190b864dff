"""PIN requests: a second person approves, and only then is the PIN created and shown once (R08)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, func, select, text
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from models.audit import audit
from models.callbacks.callback_policy import CallbackPolicy
from models.cases.case import Case, confirm_named, give_new_pin
from models.cases.duress_likeness import follow_staff_changes
from models.cases.registrant import Registrant
from models.notices.spreading import spread_to_confirmed
from models.overview.case_opening import Person
from models.overview.lost_pin import EVIDENCE, has_phone_for, tell_safe_phones
from models.overview.refusals import PinRequestRefusal
from models.staff.staff import Staff
from models.staff.two_people import check_untied, tied_to
from models.store.base import Base, UtcDateTime
from models.store.policies import Policies
from models.store.refusal import RefusedError

#: How a PIN reaches the person. Mailed only where mail is safe; told in a talk, it is a standing one (R02).
DELIVERIES = ("handed_over", "posted", "told")
#: The roles that may approve a PIN that somebody else requested.
APPROVERS = frozenset({"supervisor", "administrator"})
#: A first PIN is for a person whose phones nobody has confirmed yet.
FIRST_EVIDENCE = ("met_in_person", "agency_vouched")
STATES = ("waiting", "approved", "declined", "withdrawn")
MOST_WAITING = 200
#: How long a settled request stays on the page.
_SHOWN_FOR, _MOST_SETTLED = timedelta(days=1), 25
_WAITING = text("state = 'waiting'")


class PinRequestError(RefusedError):
    """A PIN cannot be requested or settled this way; ``field`` names what to change."""


class PinRequest(Base):
    """``kind`` is ``first`` or ``lost``; ``state`` is one of STATES.

    ``evidence`` is the code for how the requester knows the person. A case has at most one waiting request.
    The PIN itself is in no row.
    """

    __tablename__ = "pin_requests"
    __table_args__ = (
        Index(
            "uq_pin_requests_waiting",
            "case_id",
            unique=True,
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index("ix_pin_requests_case_id", "case_id", "id"),
        Index("ix_pin_requests_state", "state", "requested_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str] = mapped_column(String(8))
    delivery: Mapped[str] = mapped_column(String(16))
    evidence: Mapped[str] = mapped_column(String(32))
    requested_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class WaitingPin:
    """A PIN request that waits for a second person, as they see it before they open the case.

    ``mine``: the reader made it. ``tied``: the reader may not approve it with the requester (R40).
    ``outdated``: nobody may approve it, since the case has a newer PIN.
    """

    id: int
    case_id: int
    kind: str
    delivery: str
    evidence: str
    requested_at: datetime
    requested_by: str
    language: str
    mine: bool
    tied: bool
    outdated: bool


@dataclass(frozen=True, slots=True)
class SettledPin:
    """A PIN request that was approved, declined or withdrawn; people are e-mails.

    ``settled_by`` is None if the requester's account was deactivated.
    """

    id: int
    kind: str
    delivery: str
    state: str
    requested_at: datetime
    requested_by: str
    settled_at: datetime
    settled_by: str | None


@dataclass(frozen=True, slots=True)
class ApprovedPin:
    """The result of an approval, and how many phones will be called."""

    case_id: int
    kind: str
    delivery: str
    language: str
    phones_told: int


def request_pin(
    session: Session,
    person: Person,
    case: Case,
    *,
    evidence: str,
    delivery: str,
    now: datetime,
    policies: Policies,
) -> PinRequest:
    """Request a PIN, also for a closed case (R13).

    Raises PinRequestError for an unknown code, calling as evidence without a phone, or mail that is not safe.
    """
    kind = "first" if case.pin_kind == "none" else "lost"
    if evidence not in (FIRST_EVIDENCE if kind == "first" else EVIDENCE):
        raise PinRequestError(PinRequestRefusal.NO_EVIDENCE, field="evidence")
    if not has_phone_for(session, evidence, case, now):
        raise PinRequestError(
            PinRequestRefusal.NO_PHONE,
            field="evidence",
        )
    if delivery not in DELIVERIES:
        raise PinRequestError(PinRequestRefusal.NO_DELIVERY, field="delivery")
    if delivery == "posted" and not case.registrant.mail_safe:
        raise PinRequestError(PinRequestRefusal.MAIL_NOT_SAFE, field="delivery")
    # If two people ask at the same moment, the second waits for the case's row and then finds the first
    # request.
    session.execute(select(Case.id).where(Case.id == case.id).with_for_update(key_share=True))
    waiting = session.scalars(select(PinRequest).where(PinRequest.case_id == case.id, _WAITING)).first()
    if waiting is not None and still_waits(waiting, now, policies) and not is_outdated(waiting, case):
        raise PinRequestError(PinRequestRefusal.WAITING)
    if waiting is not None:
        _settle(session, person, waiting, "withdrawn", now)
        _record(session, person, "withdraw_pin_request", waiting, now)
    asked = PinRequest(
        case_id=case.id, kind=kind, delivery=delivery, evidence=evidence, requested_by=person.staff_id,
        requested_at=now,
    )  # fmt: skip
    session.add(asked)
    session.flush()
    _record(session, person, "request_pin", asked, now)
    return asked


def waiting_pins(session: Session, person: Person, now: datetime, policies: Policies) -> Sequence[WaitingPin]:
    """Waiting requests, oldest first: all of them for approvers, for others their own."""
    query = (
        select(PinRequest, Staff.email, Registrant.language, Case)
        .join(Staff, Staff.id == PinRequest.requested_by)
        .join(Case, Case.id == PinRequest.case_id)
        .join(Registrant, Registrant.id == Case.registrant_id)
        .where(PinRequest.state == "waiting", PinRequest.requested_at > now - _life(policies))
        .order_by(PinRequest.requested_at, PinRequest.id)
        .limit(MOST_WAITING)
    )
    if person.role not in APPROVERS:
        query = query.where(PinRequest.requested_by == person.staff_id)
    found = session.execute(query).all()
    askers = {one.requested_by for one, *_ in found}
    tied = tied_to(session, person.staff_id, askers, now, policies.two_people_days)
    return [
        WaitingPin(
            one.id, one.case_id, one.kind, one.delivery, one.evidence, one.requested_at, email,
            language, one.requested_by == person.staff_id, one.requested_by in tied,
            is_outdated(one, case),
        )
        for one, email, language, case in found
    ]  # fmt: skip


def settled_pins(
    session: Session, person: Person, now: datetime, policies: Policies, request_id: int | None = None
) -> Sequence[SettledPin]:
    """The requests that were settled within a day, newest first, or the one of this id.

    Approvers see all of them, others their own.
    """
    asker, settler = aliased(Staff), aliased(Staff)
    query = (
        select(PinRequest, asker.email, settler.email)
        .join(asker, asker.id == PinRequest.requested_by)
        .outerjoin(settler, settler.id == PinRequest.settled_by)
        .where(PinRequest.state != "waiting")
        .order_by(PinRequest.settled_at.desc(), PinRequest.id.desc())
        .limit(_MOST_SETTLED)
    )
    if request_id is not None:
        query = query.where(PinRequest.id == request_id)
    else:
        # By the index of states and requests: what was settled lately was not asked for long before.
        query = query.where(
            PinRequest.state.in_(STATES[1:]),
            PinRequest.requested_at > now - _life(policies) - _SHOWN_FOR,
            PinRequest.settled_at > now - _SHOWN_FOR,
        )
    if person.role not in APPROVERS:
        query = query.where(PinRequest.requested_by == person.staff_id)
    return [
        SettledPin(
            one.id, one.kind, one.delivery, one.state, one.requested_at, asked_by,
            one.settled_at or one.requested_at, settled_by,
        )
        for one, asked_by, settled_by in session.execute(query)
    ]  # fmt: skip


def count_to_decide(session: Session, person: Person, now: datetime, policies: Policies) -> int:
    """How many requests wait for this person: those by others, if this person may approve PINs."""
    if person.role not in APPROVERS:
        return 0
    asked = select(func.count()).where(
        PinRequest.state == "waiting",
        PinRequest.requested_at > now - _life(policies),
        PinRequest.requested_by != person.staff_id,
    )
    return session.scalar(asked) or 0


def find_waiting(
    session: Session, person: Person, request_id: int, now: datetime, policies: Policies
) -> tuple[PinRequest, Case]:
    """A request that this person may approve now, and its case. Raises PinRequestError with the reason."""
    asked = _waiting(session, request_id, now, policies)
    _is_second(person, asked)
    return asked, session.get_one(Case, asked.case_id)


def approve_pin(
    session: Session, person: Person, request_id: int, pin_hash: str, now: datetime, policy: CallbackPolicy
) -> ApprovedPin:
    """Put the new PIN into force with a second person's approval (R08); it was hashed before.

    A PIN for a letter is a one-time PIN. When it replaces another, every safe phone is called to tell its
    owner, and for ``lost_pin_hold_hours`` phones and times cannot be changed.

    The PIN that the person has chosen, or was given, since the request stays in force (R02). Raises
    PinRequestError, and TiedError for two people who may not approve together (R40).
    """
    asked = _waiting(session, request_id, now, policy.numbers)
    _is_second(person, asked)
    _may_still_approve(session, person)
    check_untied(
        session, asked.requested_by, person.staff_id, f"case:{asked.case_id}", now,
        policy.numbers.two_people_days,
    )  # fmt: skip
    case = session.scalars(select(Case).where(Case.id == asked.case_id).with_for_update(key_share=True)).one()
    if is_outdated(asked, case):
        raise PinRequestError(PinRequestRefusal.OUTDATED)
    if asked.delivery == "posted" and not case.registrant.mail_safe:
        raise PinRequestError(PinRequestRefusal.MAIL_NO_LONGER_SAFE)
    replaces = case.pin_kind != "none"
    one_time = asked.delivery != "told"
    expires_at = now + timedelta(days=policy.numbers.one_time_pin_days) if one_time else None
    give_new_pin(session, case, pin_hash, now, expires_at=expires_at, by_two_people=True)
    if asked.kind == "first" and case.named_by == asked.requested_by:
        # The same two people confirm whom the case is about.
        confirm_named(session, case)
        spread_to_confirmed(session, case.id, now)
    told = 0
    if replaces:
        case.changes_held_until = now + timedelta(hours=policy.numbers.lost_pin_hold_hours)
        session.flush()
        follow_staff_changes(session, case)
        told = tell_safe_phones(session, case, "pin_changed", person.email, policy, now)
    _settle(session, person, asked, "approved", now)
    _record(session, person, "approve_pin", asked, now, phones_told=told)
    return ApprovedPin(case.id, asked.kind, asked.delivery, case.registrant.language, told)


def decline_pin(session: Session, person: Person, request_id: int, now: datetime, policies: Policies) -> None:
    """Reject somebody else's request, or withdraw one's own. Raises PinRequestError."""
    asked = _waiting(session, request_id, now, policies)
    if asked.requested_by == person.staff_id:
        _settle(session, person, asked, "withdrawn", now)
        _record(session, person, "withdraw_pin_request", asked, now)
        return
    _is_second(person, asked)
    _settle(session, person, asked, "declined", now)
    _record(session, person, "decline_pin", asked, now)


def withdraw_all_of(session: Session, staff_id: int, *, actor: str, now: datetime) -> None:
    """Withdraw the requests of a person whose account is deactivated: they no longer count."""
    theirs = select(PinRequest).where(PinRequest.requested_by == staff_id, _WAITING)
    for asked in session.scalars(theirs.order_by(PinRequest.id).with_for_update()).all():
        asked.state, asked.settled_at = "withdrawn", now
        audit.record(
            session, actor=actor, action="withdraw_pin_request", target=f"case:{asked.case_id}",
            facts=_facts(asked), now=now,
        )  # fmt: skip


def count_waiting_of(session: Session, staff_id: int) -> int:
    """How many requests ``withdraw_all_of`` would withdraw."""
    theirs = select(func.count()).select_from(PinRequest).where(PinRequest.requested_by == staff_id, _WAITING)
    return session.scalar(theirs) or 0


def _waiting(session: Session, request_id: int, now: datetime, policies: Policies) -> PinRequest:
    asked = session.scalars(
        select(PinRequest)
        .where(PinRequest.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if asked is None:
        raise PinRequestError(PinRequestRefusal.UNKNOWN)
    if asked.state != "waiting":
        raise PinRequestError(PinRequestRefusal.SETTLED)
    if not still_waits(asked, now, policies):
        raise PinRequestError(PinRequestRefusal.EXPIRED)
    return asked


def _is_second(person: Person, asked: PinRequest) -> None:
    if person.role not in APPROVERS:
        raise PinRequestError(PinRequestRefusal.NOT_YOUR_ROLE)
    if asked.requested_by == person.staff_id:
        raise PinRequestError(PinRequestRefusal.SAME_PERSON)


def _may_still_approve(session: Session, person: Person) -> None:
    """Their role may have changed, or their account been deactivated, since their page was loaded."""
    is_now = session.execute(select(Staff.role, Staff.left_at).where(Staff.id == person.staff_id)).one()
    if is_now.role not in APPROVERS or is_now.left_at is not None:
        raise PinRequestError(PinRequestRefusal.NOT_YOUR_ROLE)


def still_waits(asked: PinRequest, now: datetime, policies: Policies) -> bool:
    """Whether a second person can still approve it; one that is too old must be requested again."""
    return asked.state == "waiting" and asked.requested_at > now - _life(policies)


def is_outdated(asked: PinRequest, case: Case) -> bool:
    """Whether the case has a newer PIN than the request: nobody approves it, and another can be made."""
    return case.pin_kind != "none" and case.pin_issued_at > asked.requested_at


def _life(policies: Policies) -> timedelta:
    return timedelta(hours=policies.pin_request_hours)


def _settle(session: Session, person: Person, asked: PinRequest, state: str, now: datetime) -> None:
    asked.state, asked.settled_by, asked.settled_at = state, person.staff_id, now
    session.flush()


def _record(
    session: Session, person: Person, action: str, asked: PinRequest, now: datetime, **more: int
) -> None:
    facts = _facts(asked) | more
    audit.record(
        session, actor=person.email, action=action, target=f"case:{asked.case_id}", facts=facts, now=now
    )


def _facts(asked: PinRequest) -> dict[str, int | str]:
    return {
        "request": asked.id, "kind": asked.kind, "delivery": asked.delivery, "evidence": asked.evidence,
        "asked_by": asked.requested_by,
    }  # fmt: skip
