"""The directories of the office: facilities with their phones, courts with their time zones (R12, R14)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from hotline.console.office.area import area
from hotline.console.office.form import KEEP, READ, Settings, typed_line
from hotline.console.office.names import change_name, entry_said
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.phone_field import dialable, plain_number
from hotline.console.shell.words import N_, _
from models.audit.office_change import changes_under
from models.custody import directory


@dataclass(frozen=True, slots=True)
class _Directory:
    """One directory: how its entries are read and stored, and the words of its pages.

    ``fact`` is the column and the field of an entry's other value, next to its name. ``typed`` reads that
    value from the form: the value, or None and what is wrong with it.
    """

    kind: str
    many: str
    fact: str
    typed: Callable[[], tuple[str | None, str]]
    entries: Callable[[Session], Sequence[Any]]
    numbered: Callable[[Session, int], Any]
    keep: Callable[..., Any]
    remove: Callable[..., bool]
    words: Mapping[str, str]

    @property
    def list_endpoint(self) -> str:
        """The endpoint of its list."""
        return f"console.office.office_{self.many}"


@area.get("/office/facilities")
@guard_staff(*READ)
def office_facilities() -> str:
    return _list_page(_FACILITIES)


@area.post("/office/facilities")
@guard_staff(*KEEP)
def add_facility() -> Response | tuple[str, int]:
    return _add(_FACILITIES)


@area.get("/office/facilities/<int:entry_id>")
@guard_staff(*KEEP)
def office_facility(entry_id: int) -> str:
    return _entry_page(_FACILITIES, entry_id)


@area.post("/office/facilities/<int:entry_id>")
@guard_staff(*KEEP)
def change_facility(entry_id: int) -> Response | tuple[str, int]:
    return _change(_FACILITIES, entry_id)


@area.get("/office/courts")
@guard_staff(*READ)
def office_courts() -> str:
    return _list_page(_COURTS)


@area.post("/office/courts")
@guard_staff(*KEEP)
def add_court() -> Response | tuple[str, int]:
    return _add(_COURTS)


@area.get("/office/courts/<int:entry_id>")
@guard_staff(*KEEP)
def office_court(entry_id: int) -> str:
    return _entry_page(_COURTS, entry_id)


@area.post("/office/courts/<int:entry_id>")
@guard_staff(*KEEP)
def change_court(entry_id: int) -> Response | tuple[str, int]:
    return _change(_COURTS, entry_id)


def _list_page(d: _Directory, errors: dict[str, str] | None = None) -> str:
    with console.database.reading() as session:
        rows, changes = d.entries(session), changes_under(session, f"{d.kind}.")
        session.expunge_all()
    zone = console.office.time_zone if d.fact == "time_zone" else ""
    return render_template(
        "console/office/directory.html",
        d=d,
        rows=rows,
        changes=changes,
        s=Settings.of_now(),
        errors=errors or {},
        usual=zone,
        change_name=change_name,
        entry_said=entry_said,
    )


def _add(d: _Directory) -> Response | tuple[str, int]:
    name = typed_line("name")
    value, wrong = d.typed()
    errors = {} if value is not None else {d.fact: wrong}
    if not name:
        errors["name"] = _("Enter the name of the place.")
    elif console.prompts.tells(name):
        errors["name"] = _("“%(name)s” has a word that reveals why a person is protected.", name=name)
    if not errors and value is not None:
        with console.database.transaction() as session:
            if any(directory.place_key(name) == one.name_key for one in d.entries(session)):
                errors = {"name": _("The directory has it already.")}
            else:
                _keep(d, session, name, value)
    if errors:
        return _list_page(d, errors), 422
    done = d.words["added"]
    flash(_(done), "success")
    return redirect(url_for(d.list_endpoint), code=303)


def _entry_page(d: _Directory, entry_id: int, **more: Any) -> str:
    with console.database.reading() as session:
        found = _found(d, session, entry_id)
        changes = directory.changes_of_entry(session, found)
        session.expunge_all()
    return render_template(
        "console/office/directory_entry.html",
        d=d,
        one=found,
        changes=changes,
        s=Settings.of_now(),
        change_name=change_name,
        entry_said=entry_said,
        **more,
    )


def _change(d: _Directory, entry_id: int) -> Response | tuple[str, int]:
    value, wrong = d.typed()
    removes = "remove" in request.form
    with console.database.transaction() as session:
        found = _found(d, session, entry_id)
        is_as_seen = getattr(found, d.fact) == request.form.get("seen", "")
        if is_as_seen and removes:
            d.remove(session, name=found.name, actor=me().email, now=console.clock())
        elif is_as_seen and value is not None:
            _keep(d, session, found.name, value)
    if not is_as_seen:
        told = _("Someone else has changed this meanwhile. Look at what it is now, then change it again.")
        return _entry_page(d, entry_id, wrong=told), 409
    if value is None and not removes:
        return _entry_page(d, entry_id, errors={d.fact: wrong}), 422
    done = d.words["removed" if removes else "changed"]
    flash(_(done), "success")
    return redirect(url_for(d.list_endpoint), code=303)


def _keep(d: _Directory, session: Session, name: str, value: str) -> None:
    d.keep(
        session, name=name, **{d.fact: value}, tells=console.prompts.tells, actor=me().email,
        now=console.clock(),
    )  # fmt: skip


def _found(d: _Directory, session: Session, entry_id: int) -> Any:
    found = d.numbered(session, entry_id)
    if found is None:
        raise NotFound("The directory has no such entry.")
    return found


def _typed_phone() -> tuple[str | None, str]:
    number = plain_number(request.form.get("phone", ""), console.office)
    if number is not None and dialable(number, console.office):
        return number, ""
    return None, _("Enter an ordinary phone number, such as 202 555 0180.")


def _typed_zone() -> tuple[str | None, str]:
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
            "Callers hear only the facilities in this list, with their phone. The name must match the feed;"
            " capitals and spaces do not matter."
        ),
        "caption": N_("Facilities that callers can hear"),
        "fact": N_("Phone"),
        "none": N_("No facilities yet."),
        "new": N_("Add a facility"),
        "add": N_("Add facility"),
        "added": N_("Facility added. Callers hear it from the next import on."),
        "save": N_("Save phone"),
        "changed": N_("Phone saved."),
        "without": N_("Callers then hear records of this place without its name."),
        "remove": N_("Remove facility"),
        "removed": N_("Facility removed. Callers no longer hear it."),
        "back": N_("Back to all facilities"),
    },
)  # fmt: skip
_COURTS = _Directory(
    "court", "courts", "time_zone", _typed_zone, directory.courts, directory.court_numbered,
    directory.set_court, directory.remove_court,
    {
        "title": N_("Courts"),
        "about": N_(
            "Callers hear only the courts in this list. A hearing's time is given in its court's time zone,"
            " or not at all."
        ),
        "caption": N_("Courts that callers can hear"),
        "fact": N_("Time zone"),
        "none": N_("No courts yet."),
        "new": N_("Add a court"),
        "add": N_("Add court"),
        "added": N_("Court added. Callers hear it from the next import on."),
        "save": N_("Save time zone"),
        "changed": N_("Time zone saved."),
        "without": N_(
            "Callers then hear records of this court without its name and without the time of a hearing."
        ),
        "remove": N_("Remove court"),
        "removed": N_("Court removed. Callers no longer hear it."),
        "back": N_("Back to all courts"),
    },
)  # fmt: skip
