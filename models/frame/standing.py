"""What every console page shows its reader about their own shift, and about urgent work that nobody has."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.overview.untaken import Untaken
from models.staff.staff import Staff
from models.staff.wrap_up import MOST_EXTENSIONS
from models.store.database import keyring_of
from models.store.keyring import SealError

Presence = Literal["away", "break", "wrap_up", "on_shift", "on_call", "off"]

# Built once, for every open page.
_PERSON = select(
    Staff.on_shift,
    Staff.on_call,
    Staff.role,
    Staff.shift_changed_at,
    Staff.set_away_at,
    Staff.missed_offers,
    Staff.resting_until,
    Staff.wrap_up_until,
    Staff.wrap_up_extended,
    Staff.office_phone,
    Staff.phone_sealed,
).where(Staff.id == bindparam("staff_id"))


@dataclass(frozen=True, slots=True)
class Standing:
    """``rings``: whether a sound is to alert this person to ``untaken``.

    ``presence`` is one word for what they do now, ``since`` when their shift began or ended, and ``until``
    when a break or a wrap-up ends. ``missed`` is the number of offers after which they were set away, 0 if
    they were not. ``may_extend``: whether they may extend their wrap-up. ``phone_ending`` has the last two
    digits of the phone that the line calls; the rest of the number is on no page but My shift.
    """

    untaken: Untaken
    rings: bool
    presence: Presence
    on_shift: bool
    since: datetime | None
    until: datetime | None
    missed: int
    may_extend: bool
    office_phone: bool
    phone_ending: str


def standing_for(session: Session, staff_id: int, pressing: Untaken) -> Standing:
    """The current state for one person, beside the work that nobody has."""
    person = session.execute(_PERSON, {"staff_id": staff_id}).one()
    presence = _presence_of(person)
    return Standing(
        untaken=pressing,
        rings=person.on_shift or person.on_call or person.role == "supervisor",
        presence=presence,
        on_shift=person.on_shift,
        since=person.set_away_at if presence == "away" else person.shift_changed_at,
        until={"break": person.resting_until, "wrap_up": person.wrap_up_until}.get(presence),
        missed=person.missed_offers if presence == "away" else 0,
        may_extend=person.wrap_up_extended < MOST_EXTENSIONS,
        office_phone=person.office_phone,
        phone_ending=_ending(session, person.phone_sealed),
    )


def _presence_of(person: Any) -> Presence:
    if person.set_away_at is not None:
        return "away"
    if person.resting_until is not None:
        return "break"
    if person.wrap_up_until is not None:
        return "wrap_up"
    if person.on_shift:
        return "on_shift"
    return "on_call" if person.on_call else "off"


def _ending(session: Session, phone_sealed: str) -> str:
    try:
        return keyring_of(session).unseal("staff.phone", phone_sealed)[-2:]
    except SealError:
        return ""
