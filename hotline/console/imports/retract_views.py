"""Taking back an import that was applied: one person asks, and a second one approves (R16, R40)."""

from flask import flash, redirect, render_template, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from hotline.console.imports import words as import_words
from hotline.console.imports.area import area
from hotline.console.imports.views import ROLES
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.refused import refused
from hotline.console.shell.words import N_, _
from models.custody.imports.custody_import import ImportBusyError
from models.custody.imports.held import SettleError
from models.custody.imports.history import one_import
from models.custody.imports.upload import By
from models.notices.taking_back.request import WAY, agree_retraction, ask_retraction, withdraw_retraction
from models.notices.taking_back.retraction import count_uncorrected
from models.staff.two_people import tied_to


@area.get("/imports/<int:import_id>/retract")
@guard_staff(*ROLES, fresh=True)
def import_retract(import_id: int) -> str | Response:
    with console.database.reading() as reading:
        one = one_import(reading, import_id)
        if one is None:
            raise NotFound("There is no such import.")
        is_asked, days = one.entry.asked == WAY, console.policies.two_people_days
        asker = one.entry.asked_by_id if is_asked else None
        landed_at = one.entry.settled_at or one.entry.started_at
        uncorrected = count_uncorrected(reading, import_id, landed_at)
        tied = bool(asker and tied_to(reading, me().staff_id, [asker], console.clock(), days))
    if one.entry.state != "landed":
        return redirect(url_for("console.imports.import_page", import_id=import_id), code=303)
    return render_template(
        "console/imports/retract.html",
        one=one,
        entry=one.entry,
        is_asked=is_asked,
        is_mine=asker == me().staff_id,
        is_tied=tied,
        tied_days=f"{days:g}",
        uncorrected=uncorrected,
        words=import_words,
    )


@area.post("/imports/<int:import_id>/retract/ask")
@guard_staff(*ROLES, fresh=True, act=N_("Ask a second person"))
def ask_to_retract(import_id: int) -> Response:
    try:
        with console.database.transaction() as writing:
            ask_retraction(writing, import_id, _by(), console.clock())
    except SettleError as error:
        flash(refused(error), "error")
    else:
        flash(_("A second person must approve it now, signed in on their own computer."), "success")
    return _shown(import_id)


@area.post("/imports/<int:import_id>/retract/withdraw")
@guard_staff(*ROLES, fresh=True, act=N_("Close request"))
def withdraw_retracting(import_id: int) -> Response:
    try:
        with console.database.transaction() as writing:
            withdraw_retraction(writing, import_id, _by(), console.clock())
    except SettleError as error:
        flash(refused(error), "error")
    else:
        flash(_("The request is closed. The import still counts."), "success")
    return _shown(import_id)


@area.post("/imports/<int:import_id>/retract/agree")
@guard_staff(*ROLES, fresh=True, act=N_("Approve import request"))
def agree_to_retract(import_id: int) -> Response:
    try:
        tied_days = console.policies.two_people_days
        agree_retraction(console.database, import_id, _by(), console.clock(), tied_days)
    except SettleError as error:
        flash(refused(error), "error")
    except ImportBusyError:
        flash(_("Another import is running. Try again in a moment."), "warning")
    else:
        flash(_("You approved. The import is taken back now."), "success")
    return _shown(import_id)


def _shown(import_id: int) -> Response:
    return redirect(url_for("console.imports.import_retract", import_id=import_id), code=303)


def _by() -> By:
    return By(me().staff_id, me().email)
