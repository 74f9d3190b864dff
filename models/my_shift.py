"""What a member of staff changes of their own working day, and its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import cast

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models import audit
from models.callback import Callback
from models.claim import actor_of
from models.database import keyring_of
from models.refusal import RefusedError
from models.schedule import Absence
from models.staff import Staff


@dataclass(frozen=True, slots=True)
class Today:
    """``talks`` began today, and ``kept`` of them are over.

    ``typical_wait`` is the median from the request to two people talking (p50), None without a talk.
    """

    talks: int
    kept: int
    talked: timedelta
    typical_wait: timedelta | None


def today_of(session: Session, staff_id: int, since: datetime, now: datetime) -> Today:
    """The figures of one person from ``since``, the begin of the office's day, in one statement."""
    rows = session.execute(
        select(Callback.requested_at, Callback.talking_at, Callback.closed_at, Callback.state)
        .where(Callback.staff_id == staff_id, Callback.talking_at >= since)
        .order_by(Callback.talking_at)
    ).all()
    lengths = [(row.closed_at or now) - row.talking_at for row in rows]
    waits = [max(0.0, (row.talking_at - row.requested_at).total_seconds()) for row in rows]
    return Today(
        talks=len(rows),
        kept=sum(row.state == "reached" for row in rows),
        talked=sum(lengths, timedelta()),
        typical_wait=timedelta(seconds=median(waits)) if waits else None,
    )


def change_phone(session: Session, staff_id: int, number: str, now: datetime, *, office_phone: bool) -> None:
    """Ring this person at another phone from now on; ``number`` is E.164, one that may be dialled.

    On a personal phone accepting asks their code, so they need one first. Raises RefusedError without one.
    The entry names neither phone.
    """
    person = session.get_one(Staff, staff_id, with_for_update={"key_share": True})
    if not office_phone and person.code_hash is None:
        raise RefusedError("On a personal phone accepting asks your staff code; have one issued first.")
    keyring = keyring_of(session)
    person.phone_sealed = keyring.seal("staff.phone", number)
    person.phone_key = keyring.index("phone", number)
    person.office_phone = office_phone
    session.flush()
    _note(session, staff_id, "change_phone", now, {"office_phone": office_phone})


def change_languages(session: Session, staff_id: int, languages: Sequence[str], now: datetime) -> None:
    """Note which languages this person speaks with callers, the best first. Raises RefusedError for none."""
    if not languages:
        raise RefusedError("Choose at least one language.")
    session.execute(update(Staff).where(Staff.id == staff_id).values(languages=",".join(languages)))
    _note(session, staff_id, "change_languages", now, {"languages": list(languages)})


def end_rest(session: Session, staff_id: int, now: datetime) -> None:
    """End a rest before its time; without one nothing changes. Idleness counts from now."""
    resting = update(Staff).where(Staff.id == staff_id, Staff.resting_until.is_not(None))
    ended = session.scalar(resting.values(resting_until=None, last_offered_at=now).returning(Staff.id))
    if ended is not None:
        _note(session, staff_id, "end_rest", now)


def absences_of(session: Session, staff_id: int, today: date) -> list[Absence]:
    """The days on which this person is or will be away, the next first."""
    mine = select(Absence).where(Absence.staff_id == staff_id, Absence.last_day >= today)
    return list(session.scalars(mine.order_by(Absence.first_day, Absence.id)))


def remove_absence(session: Session, staff_id: int, absence_id: int, now: datetime) -> None:
    """Take back days of this person's own. Raises RefusedError for an id that is none of theirs."""
    mine = delete(Absence).where(Absence.id == absence_id, Absence.staff_id == staff_id)
    removed = session.execute(mine.returning(Absence.first_day, Absence.last_day)).first()
    if removed is None:
        raise RefusedError("There are no such days of yours.")
    first_day, last_day = cast(date, removed.first_day), cast(date, removed.last_day)
    facts: dict[str, object] = {"first_day": first_day.isoformat(), "last_day": last_day.isoformat()}
    _note(session, staff_id, "remove_absence", now, facts)


def _note(
    session: Session, staff_id: int, action: str, now: datetime, facts: dict[str, object] | None = None
) -> None:
    audit.record(
        session, actor=actor_of(staff_id), action=action, target=f"staff:{staff_id}", facts=facts, now=now
    )
