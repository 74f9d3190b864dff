"""A stamp of the values a form was rendered with, so that an old tab cannot overwrite newer changes."""

from enum import StrEnum, auto

from sqlalchemy.orm import Session

from models.store.database import keyring_of


class FormRefusal(StrEnum):
    """Why the values of a form are not saved, whatever the form is about."""

    CHANGED = auto()


def stamp(session: Session, of_what: str, *held: object) -> str:
    """A keyed hash of what a form shows, which reveals none of it; ``of_what`` names the form."""
    return keyring_of(session).index(of_what, repr(held))
