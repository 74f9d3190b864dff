"""What a form carries of what it was drawn with, so that an old tab puts nothing back that changed since."""

from enum import StrEnum, auto

from sqlalchemy.orm import Session

from models.store.database import keyring_of


class FormRefusal(StrEnum):
    """Why what a form holds is not saved, whatever the form is about."""

    CHANGED = auto()


def stamp(session: Session, of_what: str, *held: object) -> str:
    """A keyed hash of what a form shows, which tells nobody anything of it; ``of_what`` names the form."""
    return keyring_of(session).index(of_what, repr(held))
