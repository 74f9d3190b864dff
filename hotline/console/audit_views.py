"""The audit: who did what and when, and what a supervisor should ask about."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline.console import audit_words
from hotline.console.console import Console
from hotline.console.guard import guard_staff, me
from hotline.console.words import N_, _
from models.audit_alarm import FINDINGS, AlarmError, is_about, open_alarms, settle_alarm, settled_alarms
from models.audit_head import HEAD_WRITTEN
from models.audit_search import Place, Search, names_of, search
from models.pin import Guard
from models.staff import Staff

ROLES = ("supervisor", "administrator")
#: A head should be kept each day; one that is older than this shows that it is not.
HEAD_IS_LATE = timedelta(hours=26)


def register_audit(blueprint: Blueprint, console: Console) -> None:
    """``/console/audit`` and its alarms."""
    console.navigation.add("audit", N_("Audit"), ROLES, place=80)
    zone = ZoneInfo(console.office.time_zone)

    @blueprint.get("/audit")
    @guard_staff(*ROLES)
    def audit() -> str:
        asked, errors = _asked()
        after = Place.from_text(request.args.get("after", ""))
        with console.database.reading() as reading:
            staff = _staff(reading)
            found = search(reading, _search(asked, staff, zone), after) if not errors else None
            alarms = len(open_alarms(reading))
            written = reading.scalar(select(Guard.measured_at).where(Guard.name == HEAD_WRITTEN))
        return render_template(
            "console/audit/audit.html",
            asked=asked,
            errors=errors,
            found=found,
            staff=staff,
            alarms=alarms,
            written=written,
            is_late=written is None or console.clock() - written > HEAD_IS_LATE,
            is_first=after is None,
            older={**asked, "after": found.older.to_text()} if found and found.older else None,
            words=audit_words,
        )

    @blueprint.get("/audit/alarms")
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

    @blueprint.post("/audit/alarms/<int:alarm_id>/settle")
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
            flash(_(error.sentence, **error.slots) if error.slots else _(error.sentence), "error")
        else:
            flash(_("The alarm is settled."), "success")
        return redirect(url_for("console.audit_alarms"), code=303)


def _asked() -> tuple[dict[str, str], dict[str, str]]:
    """What was asked for, as it stands in the address, and what is wrong with it."""
    given = {
        name: request.args.get(name, "").strip()[:64]
        for name in ("who", "what", "kind", "number", "since", "until")
    }
    errors = {}
    for name in ("since", "until"):
        if given[name] and _day(given[name]) is None:
            # A browser's own field for dates shows nothing else.
            given[name], errors[name] = "", _("This is no date.")
    if given["number"] and not (given["number"].isascii() and given["number"].isdecimal()):
        errors["number"] = _("Its number has digits alone.")
    if given["kind"] and not given["number"] and not errors:
        errors["number"] = _("Give its number as well.")
    return given, errors


def _search(asked: dict[str, str], staff: dict[int, str], zone: ZoneInfo) -> Search:
    since, until = _day(asked["since"]), _day(asked["until"])
    return Search(
        since=_midnight(since, zone),
        until=_midnight(until + timedelta(days=1) if until else None, zone),
        actors=_actors(asked["who"], staff),
        action=asked["what"],
        target=f"{asked['kind']}:{int(asked['number'])}" if asked["kind"] and asked["number"] else "",
    )


def _actors(who: str, staff: dict[int, str]) -> tuple[str, ...]:
    kind, _colon, id_ = who.partition(":")
    if kind == "staff" and id_.isdecimal() and int(id_) in staff:
        return names_of(int(id_), staff[int(id_)])
    return (who,) if who else ()


def _staff(session: Session) -> dict[int, str]:
    rows = session.execute(select(Staff.id, Staff.email).order_by(Staff.email))
    return {row.id: row.email for row in rows}


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year < 2200 else None


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return None if day is None else datetime.combine(day, time(0), zone)
