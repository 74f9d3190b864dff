"""Which of a registrant's phones we may call: confirmed, not unsafe, not stopped, in order of choice."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Boolean, ColumnElement, and_, bindparam, column, func, or_, select, table
from sqlalchemy.orm import Session, aliased

from models.cases.case import Case
from models.cases.daily_window import ALL_DAY, DailyWindow, calling_hours
from models.cases.duress import is_calling_paused
from models.cases.registrant import Phone
from models.store.database import keyring_of
from models.store.policies import Policies

SAFE: tuple[ColumnElement[bool], ...] = (
    Phone.confirmed_at.is_not(None),
    Phone.unsafe_since.is_(None),
    Phone.stopped_at.is_(None),
)
_REAL = aliased(Case)
#: The registrants of a duress case and of its real case, where one of them is this registrant.
_SAME_PERSON = (
    select(Case.registrant_id, _REAL.registrant_id)
    .join(_REAL, _REAL.id == Case.duress_of)
    .where(
        or_(
            Case.registrant_id == bindparam("registrant"),
            _REAL.registrant_id == bindparam("registrant"),
        )
    )
)


def awaits_code(now: datetime) -> ColumnElement[bool]:
    """A new phone whose code is valid now: staff call it to say the code to it (R09)."""
    is_new = and_(Phone.confirmed_at.is_(None), Phone.unsafe_since.is_(None), Phone.stopped_at.is_(None))
    return and_(is_new, Phone.code_key.is_not(None), Phone.code_until > now)


@dataclass(frozen=True, slots=True)
class PhoneStanding:
    """What a registrant said about a callback's phone: whether we may call it, and when (R29).

    ``night_allowed``: their answer about calls at night for urgent news; None if they never gave one.
    ``is_paused``: nothing is called or texted by itself, since the duress PIN was used (R10).
    """

    is_barred: bool = False
    window: DailyWindow | None = None
    is_paused: bool = False
    night_allowed: bool | None = None


def standing_of(
    session: Session, case_id: int | None, phone_key: str, registrant_id: int | None = None
) -> PhoneStanding:
    """A registrant's choices for a phone; one that they never named has no window.

    The callback's case determines whose phone it is, or ``registrant_id`` for a callback that opens no case
    (R08, R09).
    """
    if case_id is None and registrant_id is None:
        return PhoneStanding()
    whose = {"case_id": case_id, "registrant_id": registrant_id, "phone_key": phone_key}
    found = session.execute(_STANDING, whose).all()
    is_barred = any(row.unsafe_since is not None or row.stopped_at is not None for row in found)
    return PhoneStanding(
        is_barred,
        DailyWindow.of(found[0].window_starts, found[0].window_ends) if found else None,
        is_calling_paused(session, case_id, registrant_id),
        found[0].night_allowed if found else None,
    )


def is_barred(session: Session, registrant_id: int, phone_key: str) -> bool:
    """Whether the registrant marked this phone unsafe, or it said stop: it is not called (R09, R33)."""
    barred = select(Phone.id).where(
        Phone.registrant_id == registrant_id,
        Phone.phone_key == phone_key,
        or_(Phone.unsafe_since.is_not(None), Phone.stopped_at.is_not(None)),
    )
    return session.execute(barred.limit(1)).first() is not None


def is_safe(session: Session, registrant_id: int, phone_key: str) -> bool:
    """Whether this is one of the registrant's safe phones (R09, R33)."""
    safe = select(Phone.id).where(Phone.registrant_id == registrant_id, Phone.phone_key == phone_key, *SAFE)
    return session.execute(safe.limit(1)).first() is not None


def may_call_while_held(session: Session, registrant_id: int, phone_key: str) -> bool:
    """Whether a callback may go to this phone while the registrant's phones cannot be changed (R08).

    It may to a safe one; if they have none, to any that they did not bar.
    """
    theirs = session.scalars(select(Phone.phone_key).where(Phone.registrant_id == registrant_id, *SAFE)).all()
    return phone_key in theirs or not (theirs or is_barred(session, registrant_id, phone_key))


def is_shared_with_others(session: Session, registrant_id: int, phone_key: str) -> bool:
    """Whether another registrant has this phone as well, safe or not.

    The registrant of a duress case is the same person (R10).
    """
    same = same_person(session, registrant_id)
    others = select(Phone.id).where(Phone.phone_key == phone_key, Phone.registrant_id.not_in(same))
    return session.execute(others.limit(1)).first() is not None


def same_person(session: Session, registrant_id: int) -> set[int]:
    """The ids of this registrant, and of the registrant of the duress case, or of the real one (R10)."""
    return {registrant_id}.union(*session.execute(_SAME_PERSON, {"registrant": registrant_id}).all())


def safe_numbers(session: Session, registrant_id: int) -> list[str]:
    """The registrant's safe numbers in E.164, first choice first (R09, R33)."""
    sealed = session.scalars(
        select(Phone.number_sealed)
        .where(Phone.registrant_id == registrant_id, *SAFE)
        .order_by(Phone.position)
    )
    return [keyring_of(session).unseal("phone.number", number) for number in sealed]


def safe_phones(session: Session, registrant_id: int) -> list[Phone]:
    """The phones themselves, first choice first."""
    of_registrant = select(Phone).where(Phone.registrant_id == registrant_id, *SAFE)
    return list(session.scalars(of_registrant.order_by(Phone.position)))


def proving_phones(session: Session, registrant_id: int, now: datetime) -> list[Phone]:
    """The safe phones at which a call may prove who the person is, or ask if it was them, in their order.

    Not one that replaces an unsafe phone: whoever had that one marked with a PIN that they found out would
    answer there (R08, R09).
    """
    return [
        phone
        for phone in safe_phones(session, registrant_id)
        if phone.content_held_until is None or phone.content_held_until <= now
    ]


def next_window(phone: Phone, time_zone: str, at: datetime) -> tuple[datetime, datetime] | None:
    """The phone's next window that is not over at ``at``, or None when its owner set none (R29)."""
    if phone.window_starts is None or phone.window_ends is None:
        return None
    return next_hours(phone.window_starts, phone.window_ends, time_zone, at)


def next_hours(
    starts_at: time, ends_at: time, time_zone: str, at: datetime
) -> tuple[datetime, datetime] | None:
    """These hours on the first day, today or tomorrow, on which they are not over at ``at``."""
    zone = ZoneInfo(time_zone)
    day = at.astimezone(zone).date()
    for ahead in (0, 1):
        date = day + timedelta(days=ahead)
        ends_on = date + timedelta(days=ends_at <= starts_at)
        starts = datetime.combine(date, starts_at, zone).astimezone(at.tzinfo)
        ends = datetime.combine(ends_on, ends_at, zone).astimezone(at.tzinfo)
        if ends > at:
            return starts, ends
    return None


def kept_hours(
    own: DailyWindow | None, time_zone: str, at: datetime, policies: Policies
) -> tuple[datetime, datetime] | None:
    """The next hours of a phone from which nobody asked for an urgent call: its own, else the office's (R29).

    None if it may ring at every hour.
    """
    hours = own or calling_hours(policies)
    return None if hours == ALL_DAY else next_hours(hours.starts, hours.ends, time_zone, at)


_REGISTRATIONS = table("registrations", column("case_id"), column("state"), column("night_allowed", Boolean))
#: The answer for the case; a phone may be called for several, each with its own.
_NIGHTS = select(_REGISTRATIONS.c.night_allowed).where(
    _REGISTRATIONS.c.case_id == bindparam("case_id"), _REGISTRATIONS.c.state != "stopped"
)
_STANDING = (
    select(
        Phone.unsafe_since,
        Phone.stopped_at,
        Phone.window_starts,
        Phone.window_ends,
        func.coalesce(_NIGHTS.scalar_subquery(), Phone.night_allowed).label("night_allowed"),
    )
    .where(
        Phone.phone_key == bindparam("phone_key"),
        or_(
            Phone.registrant_id == bindparam("registrant_id"),
            Phone.registrant_id.in_(select(Case.registrant_id).where(Case.id == bindparam("case_id"))),
        ),
    )
    .order_by(Phone.position)
)
