"""Office settings: an overview, hours, closures, the fixed fields, and every change with its undo."""

from datetime import date
from typing import Any

from babel.dates import get_day_names
from flask import flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from config.closures import LONGEST_NAME, day_of
from config.office import Office
from config.office_changes import FIXED
from config.office_file import WEEKDAYS
from config.public_holidays import holiday_names, public_holidays
from hotline.console.office.area import area
from hotline.console.office.form import KEEP, READ, Settings, save, typed_day, typed_line
from hotline.console.office.names import change_name, entry_said, field_name, holiday_said
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.refused import refused
from hotline.console.shell.words import N_, _, country_name, language, written_in
from models.audit.office_change import COURT, OfficeChange, change_before, change_numbered, changes_of
from models.custody.directory import DirectoryError, courts, facilities, undo_directory

#: The days of the week, as a page says them.
DAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip
LATEST = 100


@area.get("/office")
@guard_staff(*READ)
def office() -> str:
    settings = Settings.of_now()
    with console.database.reading() as session:
        places = {"facilities": len(facilities(session)), "courts": len(courts(session))}
        changes = changes_of(session, limit=5)
        session.expunge_all()
    holidays = _holidays(settings.office, console.today)
    overdue = [name for name, one in settings.office.policies.items() if one.review_by < console.today]
    return render_template(
        "console/office/office.html",
        s=settings, days=list(zip(WEEKDAYS, DAYS, strict=True)), changes=changes, **places,
        overdue=overdue, today=console.today,
        closures=[day for day in sorted(settings.office.extra_closures) if day >= console.today],
        next_holiday=holidays[0] if holidays else None,
        holiday_name=_holiday_names(settings.office, console.today).get(holidays[0]) if holidays else None,
        announced=[one for one in settings.office.announcements if one.is_on(console.today)],
        is_open=settings.office.is_open(console.clock()), field_name=field_name, change_name=change_name,
    )  # fmt: skip


@area.get("/office/hours")
@guard_staff(*READ)
def office_hours() -> str:
    return _hours_page(Settings.of_now())


@area.post("/office/hours")
@guard_staff(*KEEP)
def save_office_hours() -> Response | tuple[str, int]:
    changes: list[tuple[str, Any]] = [
        (f"hours.{day}", _spans(request.form.get(f"hours-{day}", ""))) for day in WEEKDAYS
    ]
    if wrong := save(*changes):
        return _hours_page(Settings.of_now(), wrong), 422
    return redirect(url_for("console.office.office_hours"), code=303)


@area.get("/office/closures")
@guard_staff(*READ)
def office_closures() -> str:
    return _closures_page(Settings.of_now(), console.today)


@area.post("/office/closures")
@guard_staff(*KEEP)
def save_office_closures() -> Response | tuple[str, int]:
    settings = Settings.of_now()
    which = "worked_holidays" if request.form.get("which") == "worked_holidays" else "extra_closures"
    name = f"holidays.{which}"
    days = {day_of(entry): entry for entry in settings.value(name) or []}
    if (gone := request.form.get("remove")) is not None:
        days.pop(gone, None)
    elif (day := typed_day("day")) is not None:
        if day < console.today:
            return _closures_page(
                settings, console.today, _("This day is in the past. Enter today or a later day.")
            ), 422
        named = typed_line("name") if which == "extra_closures" else ""
        days[day.isoformat()] = {"day": day.isoformat(), "name": named} if named else day.isoformat()
    else:
        return _closures_page(settings, console.today, _("Enter a day.")), 422
    if wrong := save((name, [days[each] for each in sorted(days)])):
        return _closures_page(Settings.of_now(), console.today, wrong), 422
    return redirect(url_for("console.office.office_closures"), code=303)


@area.get("/office/fixed")
@guard_staff(*READ)
def office_fixed() -> str:
    table = console.office_settings.base.table
    rows = [(name, _fixed_value(table, name), why) for name, why in FIXED.items()]
    return render_template("console/office/fixed.html", rows=rows, field_name=field_name)


@area.get("/office/changes")
@guard_staff(*READ)
def office_changes() -> str:
    settings = Settings.of_now()
    with console.database.reading() as session:
        changes = changes_of(session, limit=LATEST)
        session.expunge_all()
    return render_template(
        "console/office/changes.html",
        changes=changes,
        s=settings,
        change_name=change_name,
        entry_said=entry_said,
    )


def _undo_entry(change: OfficeChange) -> Response:
    """Undo a change of a directory entry; its directory shows the result, as it does a change's."""
    try:
        with console.database.transaction() as session:
            is_undone = undo_directory(
                session, change, tells=console.prompts.tells, actor=me().email, now=console.clock()
            )
    except DirectoryError as error:
        flash(refused(error), "error")
    else:
        if is_undone:
            flash(_("Undone: the directory is as it was before."), "success")
        else:
            flash(
                _("Someone else has changed this meanwhile. Look at what it is now, then change it again."),
                "error",
            )
    listed = "office_courts" if change.field.startswith(COURT) else "office_facilities"
    return redirect(url_for(f"console.office.{listed}"), code=303)


@area.post("/office/changes/<int:change_id>/undo")
@guard_staff(*KEEP)
def undo_office_change(change_id: int) -> Response:
    with console.database.reading() as session:
        change = change_numbered(session, change_id)
        before = None if change is None else change_before(session, change)
        session.expunge_all()
    if change is None:
        raise NotFound("There is no such change.")
    if change.place is not None:
        return _undo_entry(change)
    value = None if before is None else before.value
    if wrong := save((change.field, value)):
        flash(wrong, "error")
    return redirect(url_for("console.office.office_changes"), code=303)


def _hours_page(settings: Settings, wrong: str | None = None) -> str:
    days = [
        (day, name, ", ".join(settings.value(f"hours.{day}") or []))
        for day, name in zip(WEEKDAYS, DAYS, strict=True)
    ]
    return render_template("console/office/hours.html", s=settings, days=days, wrong=wrong)


def _closures_page(settings: Settings, today: date, wrong: str | None = None) -> str:
    office = settings.office
    return render_template(
        "console/office/closures.html",
        s=settings,
        wrong=wrong,
        today=today,
        country="–" if office.holiday_country is None else country_name(office.holiday_country),
        weekdays=get_day_names("abbreviated", locale=written_in(language())),
        closures=sorted(office.extra_closures),
        worked=sorted(office.worked_holidays),
        holidays=_holidays(office, today),
        names=_holiday_names(office, today) | dict(office.closure_names),
        longest_name=LONGEST_NAME,
    )


def _holidays(office: Office, today: date) -> list[date]:
    """The upcoming public holidays of this year and the next."""
    place = office.holiday_country, office.holiday_subdivision
    days = {day for year in (today.year, today.year + 1) for day in public_holidays(*place, year)}
    return sorted(day for day in days if day >= today and day not in office.worked_holidays)


def _holiday_names(office: Office, today: date) -> dict[date, str]:
    """The name of each holiday of this year and the next, in the page's language if it is known."""
    place = office.holiday_country, office.holiday_subdivision
    said = {
        day: name
        for year in (today.year, today.year + 1)
        for day, name in holiday_names(*place, year, language()).items()
    }
    return {day: "; ".join(holiday_said(one) for one in name.split("; ")) for day, name in said.items()}


def _spans(text: str) -> list[str]:
    """Reads "08:00-12:00, 13:00-17:00", with any kind of dash. The check reports what is not a span."""
    plain = text[:200].replace("–", "-").replace("—", "-").replace(";", ",").replace(" ", "")
    return [span for span in plain.split(",") if span]


def _fixed_value(table: Any, name: str) -> Any:
    found = table
    for part in name.split("."):
        found = found.get(part, {}) if isinstance(found, dict) else {}
    return found
