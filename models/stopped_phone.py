"""A phone that is not called any more: it said STOP, or staff learned that it is somebody else's (R33)."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from models import audit
from models.callback import leave_stopped
from models.registrant import Phone


def stop_phone(session: Session, number_key: str, actor: str, now: datetime) -> None:
    """Stop every registrant's phone with this number, and hand its open callbacks to staff.

    An audit entry for each; a second time does nothing.
    """
    stopped = session.scalars(
        update(Phone)
        .where(Phone.number_key == number_key, Phone.stopped_at.is_(None))
        .values(stopped_at=now)
        .returning(Phone.id)
        .execution_options(synchronize_session=False)
    ).all()
    for phone_id in sorted(stopped):
        audit.record(session, actor=actor, action="stop_phone", target=f"phone:{phone_id}", now=now)
    leave_stopped(session, number_key, now)
