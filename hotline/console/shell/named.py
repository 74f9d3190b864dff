"""The names of actors on a page: staff by their names, never by their e-mails."""

from flask import g

from hotline.console.shell.console import console
from hotline.console.shell.words import N_, _
from models.staff.staff_name import StaffNames, read_staff_names

#: Parts of the app that write into the audit.
PARTS = {
    "sweeper": N_("the sweeper"),
    "import": N_("the import"),
    "console": N_("the console"),
    "command line": N_("the command line"),
    "schedule": N_("the schedule"),
    "worker": N_("a worker"),
    "carrier": N_("the carrier"),
    "sms": N_("a text message"),
    "demo data": N_("the demo office"),
}


def who(actor: str, staff: StaffNames) -> str:
    """The actor: a member of staff by name, a part of the app, or a caller without a name."""
    named = staff.of(actor)
    if named is not None:
        return named
    kind, colon, id_ = actor.partition(":")
    if colon and kind == "caller":
        return _("the caller of call %(id)s", id=id_)
    known = PARTS.get(actor)
    return _(known) if known else actor


def named(actor: str | None) -> str:
    """The name for an e-mail or for ``staff:7``; a part of the app in words; "" for nobody."""
    return who(actor, _names()) if actor else ""


def staff_name(actor: str) -> str | None:
    """The name of ``staff:7`` or of an e-mail; None for whoever was never on the staff list."""
    return _names().of(actor)


def named_all(actors: str) -> str:
    """Several names as in a sentence: with a comma and a space between."""
    return ", ".join(named(one) for one in actors.split(", "))


def _names() -> StaffNames:
    """Everyone's name, read once for each page that names somebody."""
    if "staff_names" not in g:
        with console.database.reading() as reading:
            g.staff_names = read_staff_names(reading)
    names: StaffNames = g.staff_names
    return names
