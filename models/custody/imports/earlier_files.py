"""What the files of the last hour, day and month changed, so that splitting a file never helps (R16)."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.custody.imports.brake import EarlierChanges
from models.custody.imports.record import COUNTED_STATES, CustodyImport

HOUR, DAY, PEAK_DAYS = timedelta(hours=1), timedelta(hours=24), timedelta(days=30)
#: Among so many of the last snapshots the newest is looked for.
_LATELY = 25


def earlier_changes(session: Session, now: datetime) -> EarlierChanges:
    """The changes of files that landed without being held; imports released by two people do not count."""
    rows = session.execute(
        select(
            CustodyImport.decided_at, CustodyImport.status_changes, CustodyImport.from_denial,
            CustodyImport.hold_reasons, CustodyImport.moved_releases, CustodyImport.moved_hearings,
        ).where(CustodyImport.state.in_(COUNTED_STATES), CustodyImport.decided_at > now - PEAK_DAYS - DAY)
    ).all()  # fmt: skip
    hour = day = denials = releases = hearings = 0
    hours: Counter[datetime] = Counter()
    days: Counter[datetime] = Counter()
    for at, changes, from_denial, was_held, moved_releases, moved_hearings in rows:
        if at is None or was_held:
            continue
        if at > now - HOUR:
            hour += changes
            denials += from_denial
        else:
            hours[at.replace(minute=0, second=0, microsecond=0)] += changes
        if at > now - DAY:
            day += changes
            releases += moved_releases
            hearings += moved_hearings
        else:
            days[at.replace(hour=0, minute=0, second=0, microsecond=0)] += changes
    peaks = max(hours.values(), default=0), max(days.values(), default=0)
    return EarlierChanges(hour, day, denials, *peaks, releases, hearings)


def last_snapshot_rows(session: Session, now: datetime) -> int | None:
    """The usable rows that a full snapshot is compared with; None before the first one landed.

    It is the highest count among the snapshots that landed within a day, so that many small drops count as
    one large drop. It looks no further back than the last one that two people released.
    """
    snapshots = session.execute(
        select(
            CustodyImport.rows - CustodyImport.rejected, CustodyImport.decided_at, CustodyImport.hold_reasons
        )
        .where(CustodyImport.state == "landed", CustodyImport.full)
        .order_by(CustodyImport.id.desc())
        .limit(1000)
    )
    most: int | None = None
    for usable, at, was_held in snapshots:
        if most is None or (at is not None and at > now - DAY):
            most = max(most or 0, usable)
        else:
            break
        if was_held:
            break
    return most


def newest_snapshot(session: Session) -> datetime | None:
    """The moment of which the newest full snapshot that landed speaks; None before the first one.

    An older one may land last, so the newest moment is looked for in a few of them.
    """
    lately = session.scalars(
        select(CustodyImport.newest_as_of)
        .where(CustodyImport.state == "landed", CustodyImport.full)
        .order_by(CustodyImport.id.desc())
        .limit(_LATELY)
    )
    return max((moment for moment in lately if moment is not None), default=None)
