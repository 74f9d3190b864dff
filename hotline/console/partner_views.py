"""Partner lines of the help menu, and the directory of facilities."""

from itertools import count
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
from hotline.console.typed_fields import DRAWN, given
from hotline.console.words import _
from models.directory import facilities, facility_numbered, place_key, remove_facility, set_facility


def register_partners(blueprint: Blueprint, console: Console) -> None:
    """``/console/office/partners`` and ``/console/office/facilities``."""

    def partners_page(settings: Settings, wrong: str | None = None) -> str:
        names = {code: language_name(code) for code in settings.office.languages}
        rows, both = _laid_over(settings.value("services") or [], tuple(names))
        return render_template(
            "console/office/partners.html", s=settings, rows=rows, both=both, names=names, wrong=wrong
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
        _give_keys(services)
        if wrong := save(console, ("services", services)):
            return partners_page(Settings.of(console), wrong), 422
        return redirect(url_for("console.office_partners"), code=303)

    def facilities_page(wrong: str | None = None, errors: dict[str, str] | None = None) -> str:
        with console.database.reading() as session:
            rows = facilities(session)
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
            if any(place_key(name) == one.name_key for one in facilities(session)):
                errors = {"name": _("The directory has it already.")}
            else:
                set_facility(
                    session, name=name, phone=number, tells=console.prompts.tells, actor=me().email,
                    now=console.clock(),
                )  # fmt: skip
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
                set_facility(
                    session, name=name, phone=number, tells=console.prompts.tells, actor=me().email,
                    now=console.clock(),
                )  # fmt: skip
        if not is_as_seen:
            wrong = _(
                "Someone else has changed this meanwhile. Look at what it is now, then change it again."
            )
            return facility_page(facility_id, wrong=wrong), 409
        if errors:
            return facility_page(facility_id, errors=errors), 422
        flash(_("The facility is spoken no more.") if removes else _("The phone is changed."), "success")
        return redirect(url_for("console.office_facilities"), code=303)


def _laid_over(
    listed: list[dict[str, Any]], languages: tuple[str, ...]
) -> tuple[list[tuple[dict[str, Any], dict[str, Any]]], list[str]]:
    """Each row of the form with what holds now, and the lines that its author and somebody else changed.

    A line is one whole and is known by its key: what the author left alone is shown as it is now, wherever
    it stands by now.
    """
    rows: list[tuple[dict[str, Any], dict[str, Any]]] = [(one, one) for one in listed]
    both: list[str] = []
    for n in range(MOST_SERVICES):
        line, drawn = _row(n, languages), _row(n, languages, DRAWN)
        if line is None or drawn is None or _words(line) == _words(drawn):
            continue
        place = next((at for at, (_, now) in enumerate(rows) if now.get("key") == line["key"]), None)
        if place is not None:
            now = rows[place][1]
            rows[place] = line, now
            is_others = _words(now) not in (_words(drawn), _words(line))
        else:
            # A new line; or one that somebody else has taken away, which is new if it is saved.
            is_others = bool(line["key"]) and any(_words(line))
            if any(_words(line)) and len(rows) < MOST_SERVICES:
                rows.append((line, {}))
            elif any(_words(line)):
                is_others = True
        if is_others:
            both.append(next(word for word in (*_words(line), *_words(drawn)) if word))
    return rows + [({}, {})] * (MOST_SERVICES - len(rows)), both


def _row(n: int, languages: tuple[str, ...], kind: str = "") -> dict[str, Any] | None:
    """A line as it was typed, or as its form was drawn; None where no such form is at hand."""
    phone = given(f"{kind}phone-{n}")
    if phone is None:
        return None
    names = {code: given(f"{kind}name-{n}-{code}") or "" for code in languages}
    return {"key": given(f"key-{n}") or "", "name": names, "phone": phone}


def _words(line: dict[str, Any]) -> list[str]:
    """What a line says, in the order of its languages, and its phone last."""
    names = line.get("name") or {}
    return [*(names[code] for code in sorted(names)), line.get("phone") or ""]


def _give_keys(services: list[dict[str, Any]]) -> None:
    """A new line gets a key that no other line has."""
    taken = {one["key"] for one in services}
    free = (key for n in count(1) if (key := f"service_{n}") not in taken)
    for one in services:
        one["key"] = one["key"] or next(free)


def _service(settings: Settings, position: int) -> dict[str, Any] | None:
    """One row of the form; None when it is empty. A new one has no key yet."""
    names = {code: typed_line(f"name-{position}-{code}") for code in settings.office.languages}
    phone, key = typed_line(f"phone-{position}", 30), typed_line(f"key-{position}", 40)
    if not phone and not any(names.values()):
        return None
    number = phone if phone.isdecimal() and len(phone) <= 6 else plain_number(phone, settings.office) or phone
    return {"key": key, "name": names, "phone": number}


def _facility_errors(console: Console, name: str, number: str | None) -> dict[str, str]:
    errors = {}
    if not name:
        errors["name"] = _("Enter the name of the place.")
    elif console.prompts.tells(name):
        errors["name"] = _("“%(name)s” has a word that would tell why somebody is shielded.", name=name)
    if number is None or not dialable(number, console.office):
        errors["phone"] = _("Enter an ordinary phone number, such as 202 555 0180.")
    return errors
