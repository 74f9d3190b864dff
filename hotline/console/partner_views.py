"""Partner lines of the help menu, and the directory of facilities."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from config.office_file import MOST_SERVICES
from hotline.console.console import Console
from hotline.console.guard import guard_staff, me
from hotline.console.office_form import KEEP, READ, Settings, save, typed_line
from hotline.console.phone_field import dialable, plain_number
from hotline.console.prompt_views import language_name
from hotline.console.words import _
from models.custody import directory, facility_key, facility_numbered, remove_facility, set_facility


def register_partners(blueprint: Blueprint, console: Console) -> None:
    """``/console/office/partners`` and ``/console/office/facilities``."""

    def partners_page(settings: Settings, wrong: str | None = None) -> str:
        listed = settings.value("services") or []
        rows = [listed[n] if n < len(listed) else {} for n in range(MOST_SERVICES)]
        names = {code: language_name(code) for code in settings.office.languages}
        return render_template(
            "console/office/partners.html", s=settings, rows=rows, names=names, wrong=wrong
        )

    @blueprint.get("/office/partners")
    @guard_staff(*READ)
    def office_partners() -> str:
        return partners_page(Settings.of(console))

    @blueprint.post("/office/partners")
    @guard_staff(*KEEP)
    def save_partners() -> Response | tuple[str, int]:
        settings = Settings.of(console)
        services = [one for n in range(MOST_SERVICES) if (one := _service(settings, n)) is not None]
        if wrong := save(console, ("services", services)):
            return partners_page(Settings.of(console), wrong), 422
        return redirect(url_for("console.office_partners"), code=303)

    def facilities_page(wrong: str | None = None, errors: dict[str, str] | None = None) -> str:
        with console.database.reading() as session:
            rows = directory(session)
            session.expunge_all()
        return render_template("console/office/facilities.html", rows=rows, wrong=wrong, errors=errors or {})

    @blueprint.get("/office/facilities")
    @guard_staff(*READ)
    def office_facilities() -> str:
        return facilities_page()

    @blueprint.post("/office/facilities")
    @guard_staff(*KEEP)
    def add_facility() -> Response | tuple[str, int]:
        name = typed_line("name")
        number = plain_number(request.form.get("phone", ""), console.office)
        errors = _facility_errors(console, name, number)
        if errors or number is None:
            return facilities_page(errors=errors), 422
        with console.database.transaction() as session:
            if any(facility_key(name) == one.name_key for one in directory(session)):
                errors = {"name": _("The directory has it already.")}
            else:
                set_facility(session, name=name, phone=number, actor=me().email, now=console.clock())
        if errors:
            return facilities_page(errors=errors), 422
        flash(_("The facility is in the directory, and is spoken from now on."), "success")
        return redirect(url_for("console.office_facilities"), code=303)

    @blueprint.get("/office/facilities/<int:facility_id>")
    @guard_staff(*KEEP)
    def office_facility(facility_id: int) -> str:
        return facility_page(facility_id)

    def facility_page(facility_id: int, **more: Any) -> str:
        with console.database.reading() as session:
            found = facility_numbered(session, facility_id)
            session.expunge_all()
        if found is None:
            raise NotFound("There is no such facility.")
        return render_template("console/office/facility.html", one=found, **more)

    @blueprint.post("/office/facilities/<int:facility_id>")
    @guard_staff(*KEEP)
    def change_facility(facility_id: int) -> Response | tuple[str, int]:
        number = plain_number(request.form.get("phone", ""), console.office)
        removes = "remove" in request.form
        with console.database.transaction() as session:
            found = facility_numbered(session, facility_id)
            if found is None:
                raise NotFound("There is no such facility.")
            name, is_as_seen = found.name, found.phone == request.form.get("seen", "")
            errors = {} if removes else _facility_errors(console, name, number)
            if is_as_seen and removes:
                remove_facility(session, name=name, actor=me().email, now=console.clock())
            elif is_as_seen and not errors and number is not None:
                set_facility(session, name=name, phone=number, actor=me().email, now=console.clock())
        if not is_as_seen:
            wrong = _(
                "Someone else has changed this meanwhile. Look at what it is now, then change it again."
            )
            return facility_page(facility_id, wrong=wrong), 409
        if errors:
            return facility_page(facility_id, errors=errors), 422
        flash(_("The facility is spoken no more.") if removes else _("The phone is changed."), "success")
        return redirect(url_for("console.office_facilities"), code=303)


def _service(settings: Settings, position: int) -> dict[str, Any] | None:
    """One row of the form; None when it is empty."""
    names = {code: typed_line(f"name-{position}-{code}") for code in settings.office.languages}
    phone, key = typed_line(f"phone-{position}", 30), typed_line(f"key-{position}", 40)
    if not phone and not any(names.values()):
        return None
    number = phone if phone.isdecimal() and len(phone) <= 6 else plain_number(phone, settings.office) or phone
    return {"key": key or f"service_{position + 1}", "name": names, "phone": number}


def _facility_errors(console: Console, name: str, number: str | None) -> dict[str, str]:
    errors = {}
    if not name:
        errors["name"] = _("Enter the name of the place.")
    elif console.prompts.tells(name):
        errors["name"] = _("“%(name)s” has a word that would tell why somebody is shielded.", name=name)
    if number is None or not dialable(number, console.office):
        errors["phone"] = _("Enter an ordinary phone number, such as 202 555 0180.")
    return errors
