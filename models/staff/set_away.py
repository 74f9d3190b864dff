"""Missed offers: after several in a row the line sets the liaison away and tells them (R36)."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.staff.alert import SET_AWAY, Alert
from models.staff.staff import Staff
from models.store.database import changed_one
from models.store.policies import Policies


def note_miss(session: Session, staff_id: int, now: datetime, policies: Policies) -> bool:
    """Count an offer that this person missed; True when it set them away.

    They are then off shift until they begin it again: by one click, by phone, or by command. Nothing is
    counted for somebody who is not on shift: they are on call, or a supervisor called for urgent work.
    """
    person = session.execute(
        update(Staff)
        .where(Staff.id == staff_id, Staff.on_shift)
        .values(missed_offers=Staff.missed_offers + 1)
        .returning(Staff.missed_offers)
        .execution_options(synchronize_session=False)
    ).first()
    if person is None or person.missed_offers < policies.away_after_misses:
        return False
    session.execute(
        update(Staff)
        .where(Staff.id == staff_id)
        .values(on_shift=False, shift_changed_at=now, set_away_at=now)
        .execution_options(synchronize_session=False)
    )
    misses = person.missed_offers
    session.add(Alert(staff_id=staff_id, channel="text", level=SET_AWAY, promises=misses, made_at=now))
    session.flush()
    audit.record(
        session, actor="worker", action="set_away", target=f"staff:{staff_id}",
        facts={"missed": misses}, now=now,
    )  # fmt: skip
    return True


def spare(session: Session, staff_id: int | None, now: datetime, pause: timedelta) -> bool:
    """Somebody who is not on shift did not take urgent work: the line calls them again after ``pause``.

    False for those on shift, and for a person whom this same offer set away.
    """
    not_on_shift = (~Staff.on_shift, Staff.set_away_at.is_distinct_from(now))
    spared = update(Staff).where(Staff.id == staff_id, *not_on_shift).values(spared_until=now + pause)
    return changed_one(session, spared)


def end_sparing(session: Session, now: datetime) -> None:
    """Let the line call those whose time is up."""
    session.execute(update(Staff).where(Staff.spared_until <= now).values(spared_until=None))


def end_sparing_of(session: Session, staff_id: int) -> None:
    """This person asks for a call, or takes one: they are there, and their phone is tried although it rests.

    If the carrier still refuses that phone, it rests again.
    """
    spared = update(Staff).where(Staff.id == staff_id, Staff.spared_until.is_not(None))
    session.execute(spared.values(spared_until=None))


def note_key(session: Session, staff_id: int | None) -> None:
    """Reset the missed offers after a key on an offer, to take it or to pass: the person is there.

    Somebody who was set away keeps theirs until a shift begins, since pages say how many those were.
    """
    missed = select(Staff.missed_offers).where(Staff.id == staff_id, Staff.set_away_at.is_(None))
    if staff_id is not None and session.scalar(missed):
        session.execute(update(Staff).where(Staff.id == staff_id).values(missed_offers=0))
