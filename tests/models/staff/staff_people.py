"""Members of staff for tests of models that ask who does something."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from tests.factories import make_staff


@dataclass(frozen=True)
class Someone:
    """A signed-in person, as the console gives them to the models."""

    staff_id: int
    email: str
    role: str


def someone(session: Session, role: str = "liaison") -> Someone:
    """A new member of staff."""
    made = make_staff(session, role=role)
    return Someone(made.id, made.email, role)
