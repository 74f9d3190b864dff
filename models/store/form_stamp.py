"""What a form carries of what it was drawn with, so that an old tab puts nothing back that changed since."""

from sqlalchemy.orm import Session

from models.store.database import keyring_of

#: What is said where it does, whatever the form was about.
OTHERWISE = "Someone else has changed this meanwhile. Look at what it is now, then change it again."


def stamp(session: Session, of_what: str, *held: object) -> str:
    """A keyed hash of what a form shows, which tells nobody anything of it; ``of_what`` names the form."""
    return keyring_of(session).index(of_what, repr(held))
