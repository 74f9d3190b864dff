"""What needs a person now, row by row: promises at stake, imports, approvals, locks, and who is away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import case, func, or_, select, text, true
from sqlalchemy.orm import Session

from models.callbacks.callback import IS_OPEN, IS_PROMISED, Callback, gave_pin
from models.callbacks.callback_list import IN_ORDER, IS_LATE_ANYWAY
from models.callbacks.callback_state import TAKEN_UP_AGAIN
from models.callbacks.follow_up import NOT_CALLED, NOT_WAITED_FOR
from models.calls.two_lists import place_of
from models.cases.case import Case
from models.cases.pin import HAS_LOCK, PinCounter
from models.custody.imports.history import IS_ASKED_BACK
from models.custody.imports.record import CustodyImport
from models.custody.unlisted import WAITS as UNLISTED_WAITS
from models.overview.pin_request import PinRequest
from models.overview.untaken import untaken
from models.staff.audit_alarm import AuditAlarm
from models.staff.audit_export import IS_UNDECIDED, LIVES, AuditExport
from models.staff.lost_pin_report import WAITING, LostPinReport
from models.staff.schedule import Absence
from models.staff.staff import Staff

#: The most rows of one kind; the page counts the rest and links to their list.
MOST = 12
#: The exact words of the partial indexes, so that both databases use them.
_LEFT = text("callbacks.state = 'left_for_staff'")
_IS_NOT_ANEW = or_(
    Callback.state != TAKEN_UP_AGAIN, Callback.outcome.is_(None), Callback.outcome.not_in(NOT_WAITED_FOR)
)


@dataclass(frozen=True, slots=True)
class Promise:
    """A callback that a person should look at. ``holder_id`` is the staff member who has claimed it."""

    id: int
    state: str
    urgency: str
    reason: str
    verified: bool
    case_id: int | None
    begun_by_staff: bool
    language: str
    outcome: str | None
    requested_at: datetime
    due_at: datetime
    paged_at: datetime | None
    holder_id: int | None

    @property
    def gave_pin(self) -> bool | None:
        """Whether a caller gave the PIN for it; None if the line or staff began it."""
        return gave_pin(self.verified, self.case_id, self.begun_by_staff)

    @property
    def needs_attention(self) -> bool:
        """Whether the line offers it to nobody any more, or people were paged because nobody took it."""
        return self.is_left or (self.state == "requested" and self.paged_at is not None)

    @property
    def is_left(self) -> bool:
        """Whether a person must reopen it before the line calls again."""
        return self.state == TAKEN_UP_AGAIN

    @property
    def may_be_reopened(self) -> bool:
        """Whether somebody may call it: its phone did not say stop, and no wrong person answered there."""
        return self.is_left and self.outcome not in NOT_CALLED


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody whom the line does not call. ``why`` is set_away, absent, break or refused.

    ``since`` is when they were set away, after ``missed`` offers; ``until`` when a break ends, or a phone on
    shift that the carrier refuses is tried again; and ``last_day`` the end of an absence.
    """

    staff_id: int
    why: str
    missed: int = 0
    since: datetime | None = None
    until: datetime | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """An import that is held, or to be taken back, since when, and what is asked of a second person, or None.

    ``asked`` is release, reject, or, of one that landed and is heard meanwhile, retract.
    """

    id: int
    since: datetime
    asked: str | None
    asked_by_id: int | None


@dataclass(frozen=True, slots=True)
class Needs:
    """Everything at one moment. ``promises`` has at most MOST rows, the most pressing first."""

    promises: Sequence[Promise]
    #: Whether more callbacks than these need somebody.
    has_more: bool
    away: Sequence[Away]
    held: Sequence[Held]
    #: How many wait for a second person, and how many reports and alarms wait for a supervisor.
    pin_requests: int
    audit_files: int
    lost_pins: int
    alarms: int
    #: Cases that are locked for some phones after wrong PINs.
    locked_cases: int
    #: Names and codes of the feed that are in no directory, so that nobody hears them (R14, R15).
    unlisted: int


def needs(
    session: Session,
    now: datetime,
    *,
    day: date,
    risk: timedelta,
    soon: timedelta,
    pin_request_life: timedelta,
) -> Needs:
    """All of it, in a fixed number of indexed look-ups.

    ``day`` is today in the office. A promise is at stake from ``risk`` before it is due, and one that is due
    within ``soon`` counts as urgent.
    """
    promises = _promises(session, untaken(session, now, now + soon).first, now + risk)
    return Needs(
        promises=promises[:MOST],
        has_more=len(promises) > MOST,
        away=_away(session, day, now),
        held=_held(session),
        pin_requests=_count(
            session, PinRequest.state == "waiting", PinRequest.requested_at > now - pin_request_life
        ),
        audit_files=_count(session, IS_UNDECIDED, AuditExport.requested_at > now - LIVES),
        lost_pins=session.scalar(select(func.count()).select_from(LostPinReport).where(WAITING)) or 0,
        alarms=_count(session, AuditAlarm.settled_at.is_(None)),
        locked_cases=session.scalar(
            select(func.count(Case.id.distinct()))
            .join(PinCounter, PinCounter.number_key == Case.number_key)
            .where(HAS_LOCK)
        )
        or 0,
        unlisted=_count(session, UNLISTED_WAITS),
    )


def _promises(session: Session, untaken_ids: Sequence[int], at_risk: datetime) -> Sequence[Promise]:
    at_stake = IS_PROMISED, _IS_NOT_ANEW, Callback.state != "talking", Callback.due_at <= at_risk
    # Of each kind the most pressing ones: many ordinary promises hide no urgent one (R36).
    kinds = (
        select(Callback.id).where(*at_stake),
        select(Callback.id).where(IS_OPEN, IS_LATE_ANYWAY, Callback.due_at > at_risk),
        select(Callback.id).where(_LEFT, _IS_NOT_ANEW),
    )
    ids = set(untaken_ids[: MOST + 1])
    for kind in kinds:
        ids.update(session.scalars(kind.order_by(Callback.urgency != "urgent", *IN_ORDER).limit(MOST + 1)))
    columns = [getattr(Callback, name) for name in Promise.__dataclass_fields__ if name != "holder_id"]
    rows = session.execute(select(*columns, Callback.staff_id.label("holder_id")).where(Callback.id.in_(ids)))
    found = [Promise(**row._mapping) for row in rows]
    return sorted(found, key=lambda one: (one.urgency != "urgent", *place_of(one)))


def _away(session: Session, day: date, now: datetime) -> Sequence[Away]:
    absent_until = (
        select(func.max(Absence.last_day))
        .where(Absence.staff_id == Staff.id, Absence.first_day <= day, Absence.last_day >= day)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Staff.id,
            Staff.set_away_at,
            Staff.missed_offers,
            Staff.resting_until,
            Staff.spared_until,
            absent_until.label("last_day"),
        )
        .where(
            Staff.left_at.is_(None),
            or_(
                Staff.set_away_at.is_not(None),
                Staff.on_shift.is_(true()) & or_(Staff.resting_until.is_not(None), Staff.spared_until > now),
                absent_until.is_not(None),
            ),
        )
        .order_by(Staff.id)
    )
    found = [
        Away(one.id, "absent", last_day=one.last_day)
        if one.last_day is not None
        else Away(one.id, "set_away", missed=one.missed_offers, since=one.set_away_at)
        if one.set_away_at is not None
        else Away(one.id, "break", until=one.resting_until)
        if one.resting_until is not None
        else Away(one.id, "refused", until=one.spared_until)
        for one in rows
    ]
    return sorted(found, key=lambda one: ("set_away", "refused", "break", "absent").index(one.why))


def _held(session: Session) -> Sequence[Held]:
    rows = session.execute(
        select(
            CustodyImport.id,
            case(
                (CustodyImport.state == "landed", CustodyImport.asked_at),
                else_=func.coalesce(CustodyImport.decided_at, CustodyImport.started_at),
            ),
            CustodyImport.asked, CustodyImport.asked_by_id,
        )
        .where(or_(CustodyImport.state == "held", IS_ASKED_BACK))
        .order_by(CustodyImport.id)
        .limit(MOST)
    )  # fmt: skip
    return [Held(*row) for row in rows]


def _count(session: Session, *where: object) -> int:
    return session.scalar(select(func.count()).where(*where)) or 0  # type: ignore[arg-type]
