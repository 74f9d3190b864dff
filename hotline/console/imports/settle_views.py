"""Settling a held import: one person asks, and a second one, signed in separately, approves (R16)."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from hotline.console.imports import words as import_words
from hotline.console.imports.area import area
from hotline.console.imports.views import ROLES
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.refused import refused
from hotline.console.shell.words import N_, _
from models.custody.imports.brake import HoldReason
from models.custody.imports.custody_import import ImportBusyError
from models.custody.imports.held import SettleError
from models.custody.imports.history import one_import
from models.custody.imports.request import agree, ask, withdraw
from models.custody.imports.upload import By
from models.staff.two_people import tied_to


@area.get("/imports/<int:import_id>/settle")
@guard_staff(*ROLES, fresh=True)
def import_settle(import_id: int) -> str | Response:
    with console.database.reading() as reading:
        one = one_import(reading, import_id)
        if one is None:
            raise NotFound("There is no such import.")
        asker, days = one.entry.asked_by_id, console.policies.two_people_days
        is_release = asker is not None and one.entry.asked == "release"
        tied = is_release and bool(tied_to(reading, me().staff_id, [asker or 0], console.clock(), days))
    if one.entry.state != "held":
        return redirect(url_for("console.imports.import_page", import_id=import_id), code=303)
    return render_template(
        "console/imports/settle.html",
        one=one,
        entry=one.entry,
        reasons=[HoldReason.from_text(text) for text in one.entry.hold_reasons],
        is_mine=asker == me().staff_id,
        is_tied=tied,
        tied_days=f"{days:g}",
        words=import_words,
    )


@area.post("/imports/<int:import_id>/ask")
@guard_staff(*ROLES, fresh=True, act=N_("Ask a second person"))
def ask_to_settle(import_id: int) -> Response:
    try:
        with console.database.transaction() as writing:
            ask(writing, import_id, request.form.get("way", ""), _by(), console.clock())
    except SettleError as error:
        flash(refused(error), "error")
    else:
        flash(_("A second person must approve it now, signed in on their own computer."), "success")
    return _shown(import_id)


@area.post("/imports/<int:import_id>/withdraw")
@guard_staff(*ROLES, fresh=True, act=N_("Close request"))
def withdraw_settling(import_id: int) -> Response:
    try:
        with console.database.transaction() as writing:
            withdraw(writing, import_id, _by(), console.clock())
    except SettleError as error:
        flash(refused(error), "error")
    else:
        flash(_("The request is closed. The import is still held."), "success")
    return _shown(import_id)


@area.post("/imports/<int:import_id>/agree")
@guard_staff(*ROLES, fresh=True, act=N_("Approve import request"))
def agree_to_settle(import_id: int) -> Response:
    way = request.form.get("way", "")
    try:
        tied_days = console.policies.two_people_days
        agree(console.database, import_id, way, _by(), console.clock(), tied_days)
    except SettleError as error:
        flash(refused(error), "error")
    except ImportBusyError:
        flash(_("Another import is running. Try again in a moment."), "warning")
    else:
        flash(
            _("You approved. The import is applied now.")
            if way == "release"
            else _("You approved. The import is discarded."),
            "success",
        )
    return _shown(import_id)


def _shown(import_id: int) -> Response:
    return redirect(url_for("console.imports.import_settle", import_id=import_id), code=303)


def _by() -> By:
    return By(me().staff_id, me().email)
