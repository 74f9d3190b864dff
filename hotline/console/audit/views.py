"""The audit: who did what and when, and what a supervisor should ask about."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hotline.console.audit import words as audit_words
from hotline.console.audit.area import area
from hotline.console.audit.form import asked_for, search_of, staff_emails
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.named import PARTS, who
from hotline.console.shell.refused import refused
from hotline.console.shell.words import _
from models.audit.audit_head import LATE, last_kept
from models.audit.audit_search import Place, has_target, search
from models.staff.audit_alarm import FINDINGS, AlarmError, is_about, open_alarms, settle_alarm, settled_alarms
from models.staff.staff_name import read_staff_names

ROLES = ("supervisor", "administrator")


@area.get("/audit")
@guard_staff(*ROLES)
def audit() -> str:
    return _page(*asked_for(), Place.from_text(request.args.get("after", "")))


@area.post("/audit")
@guard_staff(*ROLES)
def search_audit() -> Response | str:
    asked, errors = asked_for(request.form)
    with console.database.reading() as reading:
        target = "" if errors else search_of(asked, {}, console.office.zone).target
        is_known = not target or has_target(reading, target)
    # A number without any entry may be a phone number typed by mistake, which no URL may contain.
    if errors or not is_known:
        return _page(asked, errors, None)
    found: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return redirect(url_for("console.audit.audit", **found), code=303)


def _page(asked: dict[str, str], errors: dict[str, str], after: Place | None) -> str:
    with console.database.reading() as reading:
        staff, names = staff_emails(reading), read_staff_names(reading)
        found = search(reading, search_of(asked, staff, console.office.zone), after) if not errors else None
        alarms = len(open_alarms(reading))
        written, _is_failing = last_kept(reading)
    return render_template(
        "console/audit/audit.html",
        asked=asked,
        errors=errors,
        found=found,
        staff=staff,
        names=names,
        alarms=alarms,
        written=written,
        is_late=written is None or console.clock() - written > LATE,
        is_first=after is None,
        older={**asked, "after": found.older.to_text()} if found and found.older else None,
        words=audit_words,
        who=who,
        parts=PARTS,
    )


@area.get("/audit/alarms")
@guard_staff(*ROLES)
def audit_alarms() -> str:
    with console.database.reading() as reading:
        raised, settled = open_alarms(reading), settled_alarms(reading)
        return render_template(
            "console/audit/alarms.html",
            raised=raised,
            settled=settled,
            mine={alarm.id for alarm in raised if is_about(alarm, me().email)},
            findings=[(one, _(audit_words.FINDINGS[one])) for one in FINDINGS],
            words=audit_words,
        )


@area.post("/audit/alarms/<int:alarm_id>/settle")
@guard_staff(*ROLES)
def settle_audit_alarm(alarm_id: int) -> Response:
    finding = request.form.get("finding", "")
    try:
        with console.database.transaction() as writing:
            settle_alarm(
                writing,
                alarm_id,
                finding=finding,
                by=me().email,
                now=console.clock(),
            )
    except AlarmError as error:
        flash(refused(error), "error")
    else:
        flash(_("The alarm is closed."), "success")
    return redirect(url_for("console.audit.audit_alarms"), code=303)
