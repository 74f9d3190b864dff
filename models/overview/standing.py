"""What every console page shows its reader: untaken urgent work, and why the line does not call them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.overview.untaken import Untaken, untaken
from models.staff.staff import Staff
from models.staff.wrap_up import MOST_EXTENSIONS

# Built once, for every open page.
_PERSON = select(
    Staff.on_shift,
    Staff.on_call,
    Staff.role,
    Staff.set_away_at,
    Staff.missed_offers,
    Staff.wrap_up_until,
    Staff.wrap_up_extended,
).where(Staff.id == bindparam("staff_id"))


@dataclass(frozen=True, slots=True)
class Standing:
    """``rings``: whether a sound is to alert this person to ``untaken``.

    ``missed`` is the number of offers after which they were set away, 0 if they were not. ``wrap_up_until``
    is when the line calls them again after a talk, and ``may_extend`` whether they may extend that.
    """

    untaken: Untaken
    rings: bool
    missed: int
    wrap_up_until: datetime | None
    may_extend: bool


def standing_for(session: Session, staff_id: int, soon: datetime) -> Standing:
    """The current state for one person; a promise due by ``soon`` counts as urgent (R36)."""
    person = session.execute(_PERSON, {"staff_id": staff_id}).one()
    return Standing(
        untaken=untaken(session, soon),
        rings=person.on_shift or person.on_call or person.role == "supervisor",
        missed=person.missed_offers if person.set_away_at is not None else 0,
        wrap_up_until=person.wrap_up_until,
        may_extend=person.wrap_up_extended < MOST_EXTENSIONS,
    )
