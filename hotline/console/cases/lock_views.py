"""The page of locks after wrong PINs, and of lost PINs that wait for a supervisor (R04, R08)."""

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hotline.console.cases.area import area
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.refused import refused
from hotline.console.shell.words import N_, _
from models.overview.lost_pin import LostPinError, decide_lost_pin, waiting_lost_pins
from models.staff.pin_lock import KNOWN, STRANGE, UNATTESTED, LockError, lift_lock, standing_locks

KINDS = {
    STRANGE: N_("Phones that the case does not know"),
    KNOWN: N_("A phone that the case knows, on calls that the carrier vouches for"),
    UNATTESTED: N_("A phone that the case knows, on calls that the carrier does not vouch for"),
}


@area.get("/locks")
@guard_staff("supervisor")
def locks() -> str:
    with console.database.reading() as session:
        standing, reports = standing_locks(session), waiting_lost_pins(session)
    return render_template("console/cases/pins/locks.html", locks=standing, reports=reports, kinds=KINDS)


@area.post("/locks/<int:case_id>/lift")
@guard_staff("supervisor", fresh=True, act=N_("Lift lock"))
def lock_lift(case_id: int) -> Response:
    kind = request.form.get("kind", "")
    if kind not in KINDS:
        abort(400)
    try:
        with console.database.transaction() as session:
            lift_lock(session, case_id, kind, by=me().email, now=console.clock())
    except LockError as error:
        flash(refused(error), "error")
    else:
        flash(_("The lock is lifted. The PIN works again for these phones."), "success")
    return redirect(url_for("console.cases.locks"), code=303)


@area.post("/locks/lost-pins/<int:report_id>")
@guard_staff("supervisor", fresh=True)
def lock_lost_pin(report_id: int) -> Response:
    decision = request.form.get("decision", "")
    if decision not in ("call", "drop"):
        abort(400)
    try:
        with console.database.transaction() as session:
            jobs = decide_lost_pin(
                session,
                report_id,
                call=decision == "call",
                by=me().email,
                now=console.clock(),
                policy=console.callback_policy,
            )
    except LostPinError as error:
        flash(refused(error), "error")
    else:
        for name, row_id in jobs:
            console.jobs.enqueue(name, row_id)
        if decision == "drop":
            flash(_("The report is dropped."), "success")
        elif jobs:
            flash(_("The confirmed phone will be called."), "success")
        else:
            flash(_("The case has no safe phone for this call. It needs attention."), "warning")
    return redirect(url_for("console.cases.locks"), code=303)
