"""The directories of the office: facilities with their phones, courts with their time zones (R12, R14)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from hotline.console.office.form import KEEP, READ, typed_line
from hotline.console.shell.console import Console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.phone_field import dialable, plain_number
from hotline.console.shell.words import N_, _
from models.custody import directory


@dataclass(frozen=True, slots=True)
class _Directory:
    """One directory: how its entries are read and kept, and the words of its pages.

    ``fact`` is the column and the field of what an entry has beside its name. ``typed`` reads that from the
    form: the value, or None and what is wrong with it.
    """

    kind: str
    many: str
    fact: str
    typed: Callable[[Console], tuple[str | None, str]]
    entries: Callable[[Session], Sequence[Any]]
    numbered: Callable[[Session, int], Any]
    keep: Callable[..., Any]
    remove: Callable[..., bool]
    words: Mapping[str, str]


def register_directories(blueprint: Blueprint, console: Console) -> None:
    """``/console/office/facilities``, ``/console/office/courts``, and the page of one entry of each."""
    for one in (_FACILITIES, _COURTS):
        _register(blueprint, console, one)


def _register(blueprint: Blueprint, console: Console, d: _Directory) -> None:
    path = f"/office/{d.many}"

    def list_page(errors: dict[str, str] | None = None) -> str:
        with console.database.reading() as session:
            rows = d.entries(session)
            session.expunge_all()
        zone = console.office.time_zone if d.fact == "time_zone" else ""
        return render_template(
            "console/office/directory.html", d=d, rows=rows, errors=errors or {}, usual=zone
        )

    def entry_page(entry_id: int, **more: Any) -> str:
        with console.database.reading() as session:
            found = _found(d, session, entry_id)
            session.expunge_all()
        return render_template("console/office/directory_entry.html", d=d, one=found, **more)

    def keep(session: Session, name: str, value: str) -> None:
        d.keep(
            session, name=name, **{d.fact: value}, tells=console.prompts.tells, actor=me().email,
            now=console.clock(),
        )  # fmt: skip

    @blueprint.get(path, endpoint=f"office_{d.many}")
    @guard_staff(*READ)
    def listed() -> str:
        return list_page()

    @blueprint.post(path, endpoint=f"add_{d.kind}")
    @guard_staff(*KEEP)
    def add() -> Response | tuple[str, int]:
        name = typed_line("name")
        value, wrong = d.typed(console)
        errors = {} if value is not None else {d.fact: wrong}
        if not name:
            errors["name"] = _("Enter the name of the place.")
        elif console.prompts.tells(name):
            errors["name"] = _("“%(name)s” has a word that would tell why somebody is shielded.", name=name)
        if not errors and value is not None:
            with console.database.transaction() as session:
                if any(directory.place_key(name) == one.name_key for one in d.entries(session)):
                    errors = {"name": _("The directory has it already.")}
                else:
                    keep(session, name, value)
        if errors:
            return list_page(errors), 422
        done = d.words["added"]
        flash(_(done), "success")
        return redirect(url_for(f"console.office_{d.many}"), code=303)

    @blueprint.get(f"{path}/<int:entry_id>", endpoint=f"office_{d.kind}")
    @guard_staff(*KEEP)
    def entry(entry_id: int) -> str:
        return entry_page(entry_id)

    @blueprint.post(f"{path}/<int:entry_id>", endpoint=f"change_{d.kind}")
    @guard_staff(*KEEP)
    def change(entry_id: int) -> Response | tuple[str, int]:
        value, wrong = d.typed(console)
        removes = "remove" in request.form
        with console.database.transaction() as session:
            found = _found(d, session, entry_id)
            is_as_seen = getattr(found, d.fact) == request.form.get("seen", "")
            if is_as_seen and removes:
                d.remove(session, name=found.name, actor=me().email, now=console.clock())
            elif is_as_seen and value is not None:
                keep(session, found.name, value)
        if not is_as_seen:
            told = _("Someone else has changed this meanwhile. Look at what it is now, then change it again.")
            return entry_page(entry_id, wrong=told), 409
        if value is None and not removes:
            return entry_page(entry_id, errors={d.fact: wrong}), 422
        done = d.words["removed" if removes else "changed"]
        flash(_(done), "success")
        return redirect(url_for(f"console.office_{d.many}"), code=303)


def _found(d: _Directory, session: Session, entry_id: int) -> Any:
    found = d.numbered(session, entry_id)
    if found is None:
        raise NotFound("The directory has no such entry.")
    return found


def _typed_phone(console: Console) -> tuple[str | None, str]:
    number = plain_number(request.form.get("phone", ""), console.office)
    if number is not None and dialable(number, console.office):
        return number, ""
    return None, _("Enter an ordinary phone number, such as 202 555 0180.")


def _typed_zone(_console: Console) -> tuple[str | None, str]:
    zone = typed_line("time_zone")
    if zone in available_timezones():
        return zone, ""
    return None, _("Enter a time zone by its name, such as America/Chicago.")


_FACILITIES = _Directory(
    "facility", "facilities", "phone", _typed_phone, directory.facilities, directory.facility_numbered,
    directory.set_facility, directory.remove_facility,
    {
        "title": N_("Facilities"),
        "about": N_(
            "Only a place in this directory is ever spoken, with its phone. A name in the feed must be the"
            " same but for capitals and spaces."
        ),
        "caption": N_("Facilities that may be spoken"),
        "fact": N_("Phone"),
        "none": N_("No facility may be spoken yet."),
        "new": N_("A new facility"),
        "add": N_("Add facility"),
        "added": N_("The facility is in the directory. It is spoken from the next import on."),
        "save": N_("Save phone"),
        "changed": N_("The phone is changed."),
        "without": N_("Records that name this place are then spoken without it."),
        "remove": N_("Remove facility"),
        "removed": N_("The facility is spoken no more."),
        "back": N_("Back to all facilities"),
    },
)  # fmt: skip
_COURTS = _Directory(
    "court", "courts", "time_zone", _typed_zone, directory.courts, directory.court_numbered,
    directory.set_court, directory.remove_court,
    {
        "title": N_("Courts"),
        "about": N_(
            "Only a court in this directory is kept and spoken. The hour of a hearing is told in the time"
            " zone of its court, or not at all."
        ),
        "caption": N_("Courts that may be spoken"),
        "fact": N_("Time zone"),
        "none": N_("No court may be spoken yet."),
        "new": N_("A new court"),
        "add": N_("Add court"),
        "added": N_("The court is in the directory. It is spoken from the next import on."),
        "save": N_("Save time zone"),
        "changed": N_("The time zone is changed."),
        "without": N_(
            "Records that name this court are then spoken without it, and without the hour of a hearing."
        ),
        "remove": N_("Remove court"),
        "removed": N_("The court was removed."),
        "back": N_("Back to all courts"),
    },
)  # fmt: skip
