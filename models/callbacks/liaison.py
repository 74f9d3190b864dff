"""Picks, reserves and frees liaisons: those on shift without a leg are free; the longest idle goes first."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.orm import Session, aliased

from models.callbacks.callback import Callback
from models.calls.call import Call
from models.calls.offer import last_offers
from models.calls.pacing import is_refused
from models.calls.two_lists import Owed, owed_to
from models.staff.staff import Staff
from models.store.database import changed_one, keyring_of


class Pool(Enum):
    """Whom the line may call for a callback (R36)."""

    #: Those on shift.
    LIAISONS = "liaisons"
    #: For an urgent callback: those on shift; out of hours, or when nobody is, also those on call.
    URGENT = "urgent"
    #: For an urgent one that liaisons missed too often: also those on call, and supervisors, who are at their
    #: office phone during opening hours.
    EVERYONE = "everyone"


#: On shift, at a phone that the line calls: one that the carrier refuses rests, and is tried seldom.
_CALLED_ON_SHIFT = and_(Staff.on_shift == true(), Staff.spared_until.is_(None))
#: On shift or on call, free or not; nobody whose phone is not called for a while, as after a miss of theirs.
IS_AT_HAND = and_(or_(Staff.on_shift, Staff.on_call), Staff.spared_until.is_(None))
#: Any number that no other lock in the app uses; it makes picking a liaison one at a time.
_PICKING = 5_102_884_317
# The staff who work, and those of them who serve an unverified caller: on shift, and on call. Built once,
# since building a table alias takes longer than the query.
_PEOPLE = select(func.count(case((Staff.on_shift, 1))), func.count(case((Staff.on_call, 1))))
_PARENT = aliased(Call)
_SERVING_UNVERIFIED = (
    _PEOPLE.select_from(Staff)
    .join(Call, Call.id == Staff.busy_call_id)
    .outerjoin(_PARENT, _PARENT.id == Call.parent_call_id)
    .outerjoin(Callback, Callback.id == Call.callback_id)
    .where(or_(~Callback.verified, Call.parent_call_id.is_not(None) & _PARENT.verified_at.is_(None)))
)


@dataclass(frozen=True, slots=True)
class Liaison:
    """A staff member who is free to take a call; ``phone`` is E.164."""

    id: int
    phone: str = field(repr=False)
    language: str


def free_liaisons(session: Session) -> int:
    """How many of those on shift could be called now."""
    return session.scalar(_HOW_MANY_FREE) or 0


def count_free(session: Session, *, is_open: bool) -> dict[Pool, int]:
    """How many of each pool could be called now; ``is_open``: whether the office is open."""
    at_hand, idle = or_(Staff.on_shift, Staff.on_call), _IDLE
    found = session.execute(
        select(
            func.count(case((_CALLED_ON_SHIFT, 1))),
            func.count(case((and_(Staff.on_shift, idle), 1))),
            func.count(case((IS_AT_HAND, 1))),
            func.count(case((and_(at_hand, idle), 1))),
            func.count(case((and_(or_(at_hand, _supervises(is_open)), idle), 1))),
        )
    ).one()
    on_shift, on_shift_idle, at_hand_all, at_hand_idle, everyone_idle = found
    fetched = at_hand_idle if at_hand_all else everyone_idle
    return {
        Pool.LIAISONS: on_shift_idle,
        Pool.URGENT: on_shift_idle if on_shift and is_open else fetched,
        Pool.EVERYONE: everyone_idle,
    }


def count_crew(session: Session, *, is_open: bool) -> tuple[int, int]:
    """How many people can take urgent work now, and how many of them are busy or resting.

    Those on shift; out of hours, or when nobody is, also those on call; in opening hours else supervisors.
    """
    at_hand = or_(Staff.on_shift, Staff.on_call)
    groups = (Staff.on_shift, at_hand, _supervises(is_open))[0 if is_open else 1 :]
    found = session.execute(
        select(*(func.count(case((and_(*one), 1))) for who in groups for one in ((who,), (who, ~_IDLE))))
    ).one()
    people = [(found[n], found[n + 1]) for n in range(0, len(found), 2)]
    return next((one for one in people if one[0]), (0, 0))


def is_anyone_at_hand(session: Session) -> bool:
    """Whether anybody is on shift or on call, at a phone that the line calls, free or not."""
    return session.scalar(select(Staff.id).where(IS_AT_HAND).limit(1)) is not None


def pick_alone(session: Session) -> None:
    """Until the end of the transaction nobody else can pick a liaison; on SQLite only one writes anyway.

    Code that changes a callback and then picks calls this first: an audit entry makes others wait as well,
    and two that wait for each other would deadlock.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_PICKING)))


def choose_liaison(
    session: Session,
    language: str,
    now: datetime,
    *,
    verified: bool,
    pool: Pool = Pool.LIAISONS,
    is_open: bool = True,
    missed_by: int | None = None,
    who_know: Collection[int | None] | None = None,
) -> Liaison | None:
    """The free liaison who speaks the language, else any, longest idle first; None when none may be taken.

    The liaison who missed this callback last (``missed_by``) comes after everyone else. ``who_know`` as in
    ``are_among``. Only one transaction at a time picks, so no two legs get the same person. For an unverified
    caller see ``unverified_may_take``.
    """
    pick_alone(session)
    if not verified and not unverified_may_take(session, now):
        return None
    row = session.execute(
        select(Staff.id, Staff.phone_sealed, Staff.languages)
        .where(_members(session, pool, is_open), _IDLE, are_among(who_know))
        .order_by(
            case((Staff.id == (missed_by or 0), 1), else_=0),
            # People on shift go before people who would have to be reached elsewhere.
            Staff.on_shift.desc() if pool is not Pool.LIAISONS else literal(0),
            _speaks(language).desc(),
            _IDLE_SINCE.asc().nulls_first(),
            Staff.id,
        )
        .limit(1)
    ).first()
    return _liaison_of(session, row, language)


def are_among(who_know: Collection[int | None] | None) -> ColumnElement[bool]:
    """The staff who may come after a use of the duress PIN: those who know of it, and supervisors (R10).

    Everybody where ``who_know`` is None, as ``who_know_of_use`` says.
    """
    return true() if who_know is None else or_(Staff.id.in_(who_know), Staff.role == "supervisor")


def choose_by_name(session: Session, staff_id: int, language: str) -> Liaison | None:
    """The person whom somebody chose, spoken to in ``language`` if possible; None unless they are free."""
    pick_alone(session)
    chosen = select(Staff.id, Staff.phone_sealed, Staff.languages).where(Staff.id == staff_id, IS_FREE)
    return _liaison_of(session, session.execute(chosen).first(), language)


def _liaison_of(session: Session, row: Any, language: str) -> Liaison | None:
    if row is None:
        return None
    spoken = [word.strip() for word in row.languages.split(",")]
    phone = keyring_of(session).unseal("staff.phone", row.phone_sealed)
    return Liaison(row.id, phone, language if language in spoken else spoken[0])


def unverified_may_take(session: Session, now: datetime) -> bool:
    """Whether an unverified caller may have a free liaison: half of the capacity is reserved (R36).

    At most half of those on shift (of those on call, while nobody is), rounded up, serve unverified callers
    at once; a person who is neither does not count toward that half. But of any four offers one goes to an
    unverified caller, however long the other talks last.
    """
    if owed_to(last_offers(session, now)) is Owed.UNVERIFIED:
        return True
    people = session.execute(_PEOPLE).one()
    serves = session.execute(_SERVING_UNVERIFIED).one()
    count, served = (people[0], serves[0]) if people[0] else (people[1], serves[1])
    # If nobody is either, a supervisor takes urgent work.
    return served < max(1, (count + 1) // 2)


def unverified_may_take_at_0(session: Session, now: datetime) -> bool:
    """The same for a caller who waits at 0, who also leaves liaisons to due callbacks of verified callers.

    But of any four offers one goes to an unverified caller (R36), and while the carrier refuses the account
    no callback can be placed.
    """
    if owed_to(last_offers(session, now)) is Owed.UNVERIFIED or is_refused(session):
        return True
    if not unverified_may_take(session, now):
        return False
    for waits in (
        # Each by its own index: those on the list, and those whose time came a moment ago.
        text("callbacks.state = 'requested' AND callbacks.rank < 2"),
        text("callbacks.state = 'requested' AND callbacks.rank IS NULL AND callbacks.urgency = 'urgent'"),
        text("callbacks.state = 'requested' AND callbacks.rank IS NULL AND callbacks.urgency = 'other'"),
    ):
        waiting = select(Callback.id).where(waits, Callback.verified, Callback.next_attempt_at <= now)
        if session.execute(waiting.limit(1)).first() is not None:
            return False
    return True


def reserve_liaison(session: Session, staff_id: int, call_id: int, now: datetime) -> bool:
    """Reserve the person for a leg; False when another leg was faster."""
    held = update(Staff).where(Staff.id == staff_id, _IDLE)
    return changed_one(session, held.values(busy_call_id=call_id, busy_since=now, last_offered_at=now))


def free_liaison(session: Session, call_id: int, now: datetime) -> bool:
    """Free the person whom this leg rings or has. Idle time counts from now, also after a missed offer."""
    freed = update(Staff).where(Staff.busy_call_id == call_id)
    return changed_one(session, freed.values(busy_call_id=None, busy_since=None, last_offered_at=now))


#: A leg that they have not accepted yet, so it may still go to somebody else.
_RINGS = (
    exists()
    .where(Call.id == Staff.busy_call_id, Call.direction == "outbound", Call.accepted_at.is_(None))
    .correlate(Staff)
)
#: What a colleague who may be asked does now: free, rings, in_call, wrap_up, break or off_shift.
DOES_NOW: ColumnElement[str] = case(
    (_RINGS, "rings"),
    (or_(Staff.busy_call_id.is_not(None), Staff.on_staff_line_until.is_not(None)), "in_call"),
    (Staff.on_shift == false(), "off_shift"),
    (Staff.resting_until.is_not(None), "break"),
    # A phone that the carrier refuses is tried seldom: they cannot come now.
    (or_(Staff.wrap_up_until.is_not(None), Staff.spared_until.is_not(None)), "wrap_up"),
    else_="free",
)
_IDLE: ColumnElement[bool] = and_(
    Staff.busy_call_id.is_(None),
    Staff.resting_until.is_(None),
    Staff.wrap_up_until.is_(None),
    Staff.spared_until.is_(None),
    Staff.on_staff_line_until.is_(None),
)
#: On shift, with no leg, no rest, no wrap-up, and a phone that is not in a call to the staff line.
IS_FREE: ColumnElement[bool] = and_(Staff.on_shift == true(), _IDLE)
_HOW_MANY_FREE = select(func.count()).select_from(Staff).where(IS_FREE)
#: ``last_offered_at`` is when the last offer began or ended; a person who came on shift since is idle from
#: then.
_IDLE_SINCE = case(
    (Staff.last_offered_at > Staff.shift_changed_at, Staff.last_offered_at),
    else_=func.coalesce(Staff.shift_changed_at, Staff.last_offered_at),
)


def _members(session: Session, pool: Pool, is_open: bool) -> ColumnElement[bool]:
    if pool is Pool.LIAISONS:
        return Staff.on_shift == true()
    at_hand = or_(Staff.on_shift, Staff.on_call)
    if pool is Pool.URGENT and is_anyone_at_hand(session):
        nobody = session.scalar(select(Staff.id).where(_CALLED_ON_SHIFT).limit(1)) is None
        return at_hand if nobody or not is_open else Staff.on_shift == true()
    return or_(at_hand, _supervises(is_open))


def _supervises(is_open: bool) -> ColumnElement[bool]:
    """In opening hours a supervisor is at their office phone; at night only one who is at hand is woken."""
    at_hand = or_(Staff.on_shift, Staff.on_call)
    return and_(Staff.role == "supervisor", ~Staff.away, or_(literal(is_open, Boolean), at_hand))


def _speaks(language: str) -> ColumnElement[int]:
    listed = literal(",") + func.replace(Staff.languages, " ", "") + literal(",")
    return case((listed.contains(f",{language},", autoescape=True), 1), else_=0)
