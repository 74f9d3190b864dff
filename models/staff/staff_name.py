"""Display names of staff: in full, or by first name, each so that no two people look alike."""

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


def read_first_names(session: Session) -> Mapping[int, str]:
    """The first name of everyone by id, with the first letter of the surname when two share it: "Ana D."

    People whose accounts are deactivated are in no call, so they make nobody's name longer. Two with the
    same letter are named in full.
    """
    keyring = keyring_of(session)
    rows = session.execute(select(Staff.id, Staff.left_at, Staff.name_sealed).order_by(Staff.id)).all()
    words = {row.id: keyring.unseal("staff.name", row.name_sealed).split() or [""] for row in rows}
    lettered = {one: f"{name[0]} {name[-1][0]}." if name[1:] else name[0] for one, name in words.items()}
    here = [row.id for row in rows if row.left_at is None]
    shared = Counter(words[one][0] for one in here)
    alike = Counter(lettered[one] for one in here)
    in_full = read_staff_names(session).by_id if any(count > 1 for count in alike.values()) else {}
    return {
        one: name[0] if shared[name[0]] < 2 else lettered[one] if alike[lettered[one]] < 2 else in_full[one]
        for one, name in words.items()
    }
