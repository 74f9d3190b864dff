"""What staff are called on pages: by their name, with the e-mail beside it where two people share a name."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.staff.staff import Staff
from models.store.database import keyring_of

#: How an actor begins who is named by the id of a member of staff.
STAFF_KINDS = ("staff", "liaison")


@dataclass(frozen=True, slots=True)
class StaffNames:
    """Everyone who ever was on the staff list, as they are called."""

    by_id: Mapping[int, str] = field(repr=False)
    by_email: Mapping[str, str] = field(repr=False)

    def of(self, actor: str) -> str | None:
        """Who that is: an e-mail, or ``staff:7``. None for whoever is not of the staff list."""
        kind, colon, number = actor.partition(":")
        if colon and kind in STAFF_KINDS and number.isdecimal():
            return self.by_id.get(int(number))
        return self.by_email.get(actor)


def read_staff_names(session: Session) -> StaffNames:
    """Everyone's name, in one statement; the staff list is short."""
    keyring = keyring_of(session)
    rows = session.execute(select(Staff.id, Staff.email, Staff.name_sealed).order_by(Staff.id)).all()
    names = {row.id: keyring.unseal("staff.name", row.name_sealed) for row in rows}
    shared = Counter(names.values())
    called = {
        row.id: f"{names[row.id]} ({row.email})" if shared[names[row.id]] > 1 else names[row.id]
        for row in rows
    }
    return StaffNames(called, {row.email: called[row.id] for row in rows})
