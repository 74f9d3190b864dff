"""The directory of courts, with the time zone in which each tells its hours (R14)."""

from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from hotline.console.console import Console
from hotline.console.guard import guard_staff, me
from hotline.console.office_form import KEEP, READ, typed_line
from hotline.console.words import _
from models.directory import court_numbered, courts, place_key, remove_court, set_court


def register_courts(blueprint: Blueprint, console: Console) -> None:
    """``/console/office/courts`` and the page of one court."""

    def courts_page(errors: dict[str, str] | None = None) -> str:
        with console.database.reading() as session:
            rows = courts(session)
            session.expunge_all()
        return render_template(
            "console/office/courts.html", rows=rows, errors=errors or {}, zone=console.office.time_zone
        )

    @blueprint.get("/office/courts")
    @guard_staff(*READ)
    def office_courts() -> str:
        return courts_page()

    @blueprint.post("/office/courts")
    @guard_staff(*KEEP)
    def add_court() -> Response | tuple[str, int]:
        name, zone = typed_line("name"), typed_line("time_zone")
        errors = _zone_errors(zone)
        if not name:
            errors["name"] = _("Enter the name of the place.")
        elif console.prompts.tells(name):
            errors["name"] = _("“%(name)s” has a word that would tell why somebody is shielded.", name=name)
        if not errors:
            with console.database.transaction() as session:
                if any(place_key(name) == one.name_key for one in courts(session)):
                    errors = {"name": _("The directory has it already.")}
                else:
                    _set(session, name, zone)
        if errors:
            return courts_page(errors), 422
        flash(_("The court is in the directory. It is spoken from the next import on."), "success")
        return redirect(url_for("console.office_courts"), code=303)

    @blueprint.get("/office/courts/<int:court_id>")
    @guard_staff(*KEEP)
    def office_court(court_id: int) -> str:
        return court_page(court_id)

    def court_page(court_id: int, **more: Any) -> str:
        with console.database.reading() as session:
            found = court_numbered(session, court_id)
            session.expunge_all()
        if found is None:
            raise NotFound("There is no such court.")
        return render_template("console/office/court.html", one=found, **more)

    @blueprint.post("/office/courts/<int:court_id>")
    @guard_staff(*KEEP)
    def change_court(court_id: int) -> Response | tuple[str, int]:
        zone, removes = typed_line("time_zone"), "remove" in request.form
        errors = {} if removes else _zone_errors(zone)
        with console.database.transaction() as session:
            found = court_numbered(session, court_id)
            if found is None:
                raise NotFound("There is no such court.")
            name, is_as_seen = found.name, found.time_zone == request.form.get("seen", "")
            if is_as_seen and removes:
                remove_court(session, name=name, actor=me().email, now=console.clock())
            elif is_as_seen and not errors:
                _set(session, name, zone)
        if not is_as_seen:
            wrong = _(
                "Someone else has changed this meanwhile. Look at what it is now, then change it again."
            )
            return court_page(court_id, wrong=wrong), 409
        if errors:
            return court_page(court_id, errors=errors), 422
        flash(_("The court was removed.") if removes else _("The time zone is changed."), "success")
        return redirect(url_for("console.office_courts"), code=303)

    def _set(session: Any, name: str, zone: str) -> None:
        set_court(
            session, name=name, time_zone=zone, tells=console.prompts.tells, actor=me().email,
            now=console.clock(),
        )  # fmt: skip


def _zone_errors(zone: str) -> dict[str, str]:
    if zone in available_timezones():
        return {}
    return {"time_zone": _("Enter a time zone by its name, such as America/Chicago.")}
