"""What staff change about their own working day, and its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import cast

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.callback import UNASKED, Callback
from models.callbacks.claim import actor_of
from models.calls.call import Call
from models.outcomes.promise_due import NOT_TALKED
from models.overview.outcome import which_are_saved
from models.staff.refusals import ShiftRefusal
from models.staff.schedule import Absence
from models.staff.staff import Staff
from models.store.database import keyring_of
from models.store.refusal import RefusedError
from models.talks.talk import Talk

#: How long before the day a leg that talks in it may have begun; longer than anybody works.
_LONGEST = timedelta(hours=12)
#: More than anybody leads in a day.
_MOST_FINISHED = 200


@dataclass(frozen=True, slots=True)
class Today:
    """``talks`` are today's talks that this person was in, including those at 0 and those handed over.

    ``kept`` counts the callbacks among them that reached the person who was promised one; ``talked`` is this
    person's own part of all. ``typical_wait`` is the median from the request to two people talking (p50),
    None without a callback.
    """

    talks: int
    kept: int
    talked: timedelta
    typical_wait: timedelta | None


def today_of(session: Session, staff_id: int, since: datetime, now: datetime) -> Today:
    """The figures of one person from ``since``, the beginning of the office's day, in two statements."""
    legs = session.scalars(
        select(Call).where(
            Call.staff_id == staff_id, Call.accepted_at.is_not(None), Call.started_at >= since - _LONGEST
        )
    ).all()
    mine = or_(
        Talk.staff_id == staff_id,
        Talk.callback_id.in_({leg.callback_id for leg in legs}),
        Talk.caller_call_id.in_({leg.parent_call_id for leg in legs}),
    )
    found = session.execute(
        select(Talk, Callback.requested_at)
        # Nobody waited for a call that nobody asked for.
        .outerjoin(Callback, and_(Callback.id == Talk.callback_id, Callback.reason.not_in(UNASKED)))
        .where(mine, Talk.began_at >= since)
    ).all()
    lengths = [(talk, asked, _part(talk, staff_id, legs, now)) for talk, asked in found]
    own = [(talk, asked, length) for talk, asked, length in lengths if length is not None]
    waits = [
        max(0.0, (talk.began_at - asked).total_seconds())
        for talk, asked, _ in own
        if asked and talk.outcome not in NOT_TALKED
    ]
    return Today(
        talks=len(own),
        kept=sum(
            asked is not None and talk.is_over and talk.outcome not in NOT_TALKED for talk, asked, _ in own
        ),
        talked=sum((length for _, _, length in own), timedelta()),
        typical_wait=timedelta(seconds=median(waits)) if waits else None,
    )


@dataclass(frozen=True, slots=True)
class Finished:
    """A talk of today that this person led to its end; without ``callback_id`` it was with a caller at 0.

    ``outcome`` is None where nobody has saved one: it counts as reached. ``may_be_saved``: it still may be.
    """

    talk_id: int
    over_at: datetime
    outcome: str | None
    callback_id: int | None
    reason: str | None
    may_be_saved: bool


def finished_since(
    session: Session, staff_id: int, since: datetime, now: datetime, outcome_minutes: float
) -> list[Finished]:
    """The talks that this person led to their end from ``since``, the newest first."""
    found = session.execute(
        select(Talk, Callback.reason)
        .outerjoin(Callback, Callback.id == Talk.callback_id)
        .where(Talk.staff_id == staff_id, Talk.closed_at >= since)
        .order_by(Talk.closed_at.desc(), Talk.id.desc())
        .limit(_MOST_FINISHED)
    ).all()
    saved = which_are_saved(session, [talk for talk, _ in found])
    shortly = now - timedelta(minutes=outcome_minutes)
    return [
        Finished(
            talk_id=talk.id,
            over_at=talk.closed_at,
            outcome=talk.outcome if talk.id in saved else None,
            callback_id=talk.callback_id,
            reason=reason,
            may_be_saved=talk.closed_at > shortly,
        )
        for talk, reason in found
        if talk.closed_at is not None
    ]


def _part(talk: Talk, staff_id: int, legs: Sequence[Call], now: datetime) -> timedelta | None:
    """How long this person was in a talk, by their legs in it; None if they were not in it."""
    over = talk.closed_at or now
    own = [
        (max(talk.began_at, leg.accepted_at), min(over, leg.ended_at or now))
        for leg in legs
        if leg.accepted_at is not None and _is_of(leg, talk) and (leg.ended_at or now) >= talk.began_at
    ]
    if own:
        return sum((max(timedelta(), end - start) for start, end in own), timedelta())
    return over - talk.began_at if talk.staff_id == staff_id else None


def _is_of(leg: Call, talk: Talk) -> bool:
    if talk.callback_id is None:
        return leg.parent_call_id == talk.caller_call_id
    return leg.callback_id == talk.callback_id


def change_phone(session: Session, staff_id: int, number: str, now: datetime, *, office_phone: bool) -> None:
    """Call this person on another phone from now on; ``number`` is E.164, one that we may dial.

    Accepting on a personal phone requires their code, so they need one first. Only an administrator can mark
    a phone as the office's, because answering there needs no code. Raises RefusedError for either. The audit
    entry contains neither number.
    """
    person = session.get_one(Staff, staff_id, with_for_update={"key_share": True})
    if not office_phone and person.code_hash is None:
        raise RefusedError(ShiftRefusal.NO_CODE)
    keyring = keyring_of(session)
    key = keyring.index("phone", number)
    theirs = select(Staff.id).where(
        Staff.phone_key == key, Staff.office_phone.is_(True), Staff.left_at.is_(None)
    )
    if office_phone and session.scalars(theirs.limit(1)).first() is None:
        raise RefusedError(ShiftRefusal.UNKNOWN_OFFICE_PHONE)
    person.phone_sealed = keyring.seal("staff.phone", number)
    person.phone_key = key
    person.office_phone = office_phone
    # The carrier may have refused the old phone (models/callbacks/lone_refusal.py).
    person.spared_until = None
    session.flush()
    _note(session, staff_id, "change_phone", now, {"office_phone": office_phone})


def change_languages(session: Session, staff_id: int, languages: Sequence[str], now: datetime) -> None:
    """Save the languages this person speaks with callers, the best first. Raises RefusedError for none."""
    if not languages:
        raise RefusedError(ShiftRefusal.NO_LANGUAGE)
    session.execute(update(Staff).where(Staff.id == staff_id).values(languages=",".join(languages)))
    _note(session, staff_id, "change_languages", now, {"languages": list(languages)})


def end_rest(session: Session, staff_id: int, now: datetime) -> None:
    """End a rest early; without a rest nothing changes. Idle time counts from now."""
    resting = update(Staff).where(Staff.id == staff_id, Staff.resting_until.is_not(None))
    ended = session.scalar(resting.values(resting_until=None, last_offered_at=now).returning(Staff.id))
    if ended is not None:
        _note(session, staff_id, "end_rest", now)


def absences_of(session: Session, staff_id: int, today: date) -> list[Absence]:
    """The days on which this person is or will be away, the next first."""
    mine = select(Absence).where(Absence.staff_id == staff_id, Absence.last_day >= today)
    return list(session.scalars(mine.order_by(Absence.first_day, Absence.id)))


def remove_absence(session: Session, staff_id: int, absence_id: int, now: datetime) -> None:
    """Remove an absence of this person's own. Raises RefusedError for an id that is not theirs."""
    mine = delete(Absence).where(Absence.id == absence_id, Absence.staff_id == staff_id)
    removed = session.execute(mine.returning(Absence.first_day, Absence.last_day)).first()
    if removed is None:
        raise RefusedError(ShiftRefusal.UNKNOWN_ABSENCE)
    first_day, last_day = cast(date, removed.first_day), cast(date, removed.last_day)
    facts: dict[str, object] = {"first_day": first_day.isoformat(), "last_day": last_day.isoformat()}
    _note(session, staff_id, "remove_absence", now, facts)


def _note(
    session: Session, staff_id: int, action: str, now: datetime, facts: dict[str, object] | None = None
) -> None:
    audit.record(
        session, actor=actor_of(staff_id), action=action, target=f"staff:{staff_id}", facts=facts, now=now
    )
