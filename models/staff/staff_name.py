"""Display names of staff: the name, with the e-mail beside it when two people share a name."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.staff.staff import Staff
from models.store.database import keyring_of

#: The prefixes of an actor that is named by the id of a staff member.
STAFF_KINDS = ("staff", "liaison")


@dataclass(frozen=True, slots=True)
class StaffNames:
    """The display names of everyone who was ever on the staff list."""

    by_id: Mapping[int, str] = field(repr=False)
    by_email: Mapping[str, str] = field(repr=False)

    def of(self, actor: str) -> str | None:
        """The name for an actor: an e-mail, or ``staff:7``. None if the actor was never on the staff list."""
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
