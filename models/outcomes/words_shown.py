"""When the staff of a talk had the words about a case before them, and so could tell them (R16, R37)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit.audit import AuditEntry
from models.callbacks.callback import Callback
from models.callbacks.claim import actor_of
from models.staff.staff import Staff
from models.talks.talk import Talk


def words_shown(
    session: Session, talk: Talk, callback: Callback | None, case_id: int, now: datetime
) -> Sequence[datetime]:
    """The moments of the talk at which staff viewed what may be told of this case, oldest first.

    They view it on the page of the talk, whoever leads it then; or its leader does on the page of the case,
    which a verification may have opened before the call: then they tell it as the talk begins. A view after
    the talk told nobody anything.
    """
    since = talk.began_at if callback is None else min(callback.requested_at, talk.began_at)
    email = session.scalar(select(Staff.email).where(Staff.id == talk.staff_id))
    who = [actor_of(talk.staff_id or 0), *([] if email is None else [email])]
    looks = (
        select(AuditEntry.at, AuditEntry.actor, AuditEntry.facts)
        .where(
            AuditEntry.action == "look_at_case",
            AuditEntry.target == f"case:{case_id}",
            AuditEntry.at >= since,
            AuditEntry.at <= (talk.closed_at or now),
        )
        .order_by(AuditEntry.at)
    )
    mine = ("talk", talk.id) if callback is None else ("callback", callback.id)
    return [
        max(look.at, talk.began_at)
        for look in session.execute(looks)
        if look.actor in who or (look.facts or {}).get(mine[0]) == mine[1]
    ]
