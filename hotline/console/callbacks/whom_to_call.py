"""Whom staff may call about an open case, besides its own phones."""

from sqlalchemy.orm import Session

from hotline.console.shell.console import console
from hotline.console.shell.words import language
from models.callouts.party import agencies, interpreted


def whom_to_call(session: Session) -> dict[str, object]:
    """The agencies by code and name, and the languages of the interpreters, for `call_out.html`."""
    return {
        "agencies": agencies(session, console.office, language()),
        "interpreters": interpreted(console.office),
    }
