"""What whoever did something is called on a page: staff by their names, never by their e-mails."""

from flask import g

from hotline.console.audit import words as audit_words
from hotline.console.shell.console import console
from models.staff.staff_name import StaffNames, read_staff_names


def named(actor: str | None) -> str:
    """The name for an e-mail or for ``staff:7``; a part of the house in words; "" for nobody."""
    return audit_words.who(actor, _names()) if actor else ""


def named_all(actors: str) -> str:
    """The names for several, as a sentence has them: with a comma and a space between."""
    return ", ".join(named(one) for one in actors.split(", "))


def _names() -> StaffNames:
    """Everyone's name, read once for each page that names somebody."""
    if "staff_names" not in g:
        with console.database.reading() as reading:
            g.staff_names = read_staff_names(reading)
    names: StaffNames = g.staff_names
    return names
