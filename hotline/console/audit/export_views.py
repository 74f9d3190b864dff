"""The audit as a file for outside examiners. Two people of different roles open it for one day (R40)."""

from dataclasses import replace
from typing import Any, cast

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline.console.audit import words as audit_words
from hotline.console.audit.area import area
from hotline.console.audit.csv_file import as_csv
from hotline.console.audit.form import asked_for, search_of, staff_emails
from hotline.console.audit.views import ROLES
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.refused import refused
from hotline.console.shell.words import N_, _
from models.audit.audit_search import count_found, newest_entry, search
from models.staff.audit_export import (
    MOST,
    ExportError,
    agree_to_export,
    ask_for_export,
    bars_to_agree,
    entries_of,
    reject_export,
    standing_exports,
    take_export,
)
from models.staff.staff import Staff


def _as_typed(asked: dict[str, str]) -> Response:
    typed: dict[str, Any] = {name: request.values.get(name, "") for name in asked}
    return redirect(url_for("console.audit.audit", **typed), code=303)


def _who(session: Session) -> Staff:
    return session.get_one(Staff, me().staff_id)


@area.get("/audit/export")
@guard_staff(*ROLES, fresh=True)
def ask_audit_export() -> Response | str:
    asked, errors = asked_for()
    if errors or not audit_words.is_chosen(asked):
        return _as_typed(asked)
    with console.database.reading() as reading:
        count = count_found(reading, search_of(asked, staff_emails(reading), console.office.zone), MOST)
    return render_template("console/audit/export.html", asked=asked, count=count, most=MOST)


@area.post("/audit/export")
@guard_staff(*ROLES, fresh=True, act=N_("Request file"))
def ask_for_audit_export() -> Response:
    asked, errors = asked_for(request.form)
    if errors or not audit_words.is_chosen(asked):
        return redirect(url_for("console.audit.audit"), code=303)
    # Read before the write transaction: on SQLite callers would wait for it.
    with console.database.reading() as reading:
        newest = newest_entry(reading)
        wanted = replace(search_of(asked, staff_emails(reading), console.office.zone), newest_id=newest)
        found, count = search(reading, wanted, size=1), count_found(reading, wanted, MOST)
    try:
        with console.database.transaction() as writing:
            ask_for_export(writing, _who(writing), asked, found, count, console.clock(), newest_id=newest)
    except ExportError as error:
        flash(refused(error), "error")
    else:
        flash(_("The file is requested. Someone with another role must approve it."), "success")
    return redirect(url_for("console.audit.audit_exports"), code=303)


@area.get("/audit/exports")
@guard_staff(*ROLES)
def audit_exports() -> str:
    now, days = console.clock(), console.policies.two_people_days
    with console.database.reading() as reading:
        found = standing_exports(reading, now)
        bars = bars_to_agree(reading, found, _who(reading), now, days)
    return render_template(
        "console/audit/exports.html", found=found, bars=bars, tied_days=f"{days:g}", most=MOST
    )


@area.post("/audit/exports/<int:export_id>/agree")
@guard_staff(*ROLES, fresh=True, act=N_("Approve file"))
def agree_to_audit_export(export_id: int) -> Response:
    try:
        with console.database.transaction() as writing:
            agree_to_export(
                writing, export_id, _who(writing), console.clock(),
                console.policies.two_people_days,
            )  # fmt: skip
    except ExportError as error:
        flash(refused(error), "error")
    else:
        flash(_("You approved the file. The person who requested it can download it for a day."), "success")
    return redirect(url_for("console.audit.audit_exports"), code=303)


@area.post("/audit/exports/<int:export_id>/reject")
@guard_staff(*ROLES)
def reject_audit_export(export_id: int) -> Response:
    try:
        with console.database.transaction() as writing:
            reject_export(writing, export_id, _who(writing), console.clock())
    except ExportError as error:
        flash(refused(error), "error")
    else:
        flash(_("The request is closed. Nobody can download the file."), "success")
    return redirect(url_for("console.audit.audit_exports"), code=303)


@area.post("/audit/exports/<int:export_id>/file")
@guard_staff(*ROLES, fresh=True, act=N_("Download file"), is_file=True)
def export_audit(export_id: int) -> Response:
    now = console.clock()
    try:
        with console.database.transaction() as writing:
            export = take_export(writing, export_id, _who(writing), now)
    except ExportError as error:
        flash(refused(error), "error")
        return redirect(url_for("console.audit.audit_exports"), code=303)
    with console.database.reading() as reading:
        fields = cast(dict[str, str], dict(export.search))
        entries = entries_of(
            reading, export_id, search_of(fields, staff_emails(reading), console.office.zone)
        )
    return Response(
        as_csv(entries, export, console.office.languages),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f"attachment; filename=audit-{export_id}.csv",
            "Cache-Control": "no-store",
        },
    )
