"""Schedules: everyone's week at a glance, one person's week as a form, and when they are away."""

from collections import defaultdict
from datetime import time
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from hotline.console.office.form import typed_day
from hotline.console.office.views import DAYS
from hotline.console.people.absence_days import wrong_days
from hotline.console.people.area import area
from hotline.console.people.staff_views import find_person
from hotline.console.shell.console import console
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.refused import refused
from hotline.console.shell.typed_fields import typed
from hotline.console.shell.words import N_, _
from models.staff.schedule import (
    KINDS,
    add_absence,
    all_absences,
    remove_absence,
    set_schedule,
    week_of,
    weeks,
)
from models.staff.staff import StaffError, everyone
from models.staff.staff_name import read_staff_names
from models.store.form_stamp import FormRefusal

READ = ("supervisor", "administrator")
KIND_NAMES = {"on_shift": N_("On shift"), "on_call": N_("On call")}

Span = tuple[time, time]


@area.get("/schedule")
@guard_staff(*READ)
def schedule() -> str:
    today = console.today
    with console.database.reading() as session:
        names = read_staff_names(session).by_id
        people = [(person, names[person.id]) for person in everyone(session) if person.left_at is None]
        spans: dict[tuple[int, int], list[Any]] = defaultdict(list)
        for one in weeks(session):
            spans[one.staff_id, one.weekday].append(one)
        away: dict[int, list[Any]] = defaultdict(list)
        for absence in all_absences(session, today):
            away[absence.staff_id].append(absence)
        session.expunge_all()
    return render_template(
        "console/people/schedule.html", people=people, spans=spans, away=away, days=DAYS, today=today
    )


def _page(staff_id: int, errors: dict[str, str] | None = None, *, is_overtaken: bool = False) -> str:
    """The week as a form. ``is_overtaken``: it shows another's changes, and the next save is based on it."""
    today = console.today
    with console.database.reading() as session:
        person = find_person(session, staff_id)
        name = read_staff_names(session).by_id[staff_id]
        spans = {(one.kind, one.weekday): one for one in week_of(session, staff_id)}
        seen = _stamp(session, staff_id)
        absences = [one for one in all_absences(session, today) if one.staff_id == staff_id]
        session.expunge_all()
    return render_template(
        "console/people/week.html", one=person, name=name, spans=spans, absences=absences, days=DAYS,
        kinds=KIND_NAMES, errors=errors or {}, today=today,
        seen=seen if is_overtaken else typed("seen", seen),
    )  # fmt: skip


@area.get("/schedule/<int:staff_id>")
@guard_staff(*READ)
def schedule_week(staff_id: int) -> str:
    return _page(staff_id)


@area.post("/schedule/<int:staff_id>")
@guard_staff(*READ)
def save_schedule_week(staff_id: int) -> Response | tuple[str, int]:
    week, errors = _typed_week()
    if errors:
        return _page(staff_id, errors), 422
    changed = 0
    try:
        with console.database.transaction() as session:
            person = find_person(session, staff_id)
            # Locked: of two people who save the same week at once, the second one sees the first one's
            # changes.
            session.refresh(person, with_for_update=True)
            seen = _stamp(session, staff_id)
            now = {(one.kind, one.weekday): (one.starts, one.ends) for one in week_of(session, staff_id)}
            # The same span on several days is one change and one entry.
            alike: dict[tuple[str, Span | None], list[int]] = defaultdict(list)
            for (kind, day), span in week.items():
                if now.get((kind, day)) != span:
                    alike[kind, span].append(day)
            if alike:
                _is_drawn_with(seen)
            for (kind, span), days in alike.items():
                set_schedule(
                    session, person.email, kind=kind, weekdays=days, span=span, actor=me().email,
                    now=console.clock(),
                )  # fmt: skip
                changed += len(days)
    except StaffError as error:
        if error.code is FormRefusal.CHANGED:
            return _page(staff_id, {"": refused(error)}, is_overtaken=True), 409
        return _page(staff_id, {"": refused(error)}), 422
    flash(_("Saved.") if changed else _("Nothing was changed."), "success" if changed else "info")
    return redirect(url_for("console.people.schedule_week", staff_id=staff_id), code=303)


@area.post("/schedule/<int:staff_id>/absences")
@guard_staff(*READ)
def add_schedule_absence(staff_id: int) -> Response | tuple[str, int]:
    first, last = typed_day("first_day"), typed_day("last_day")
    if first is None or last is None:
        entered = {"first_day": first, "last_day": last}
        return _page(staff_id, {name: _("Enter a day.") for name, day in entered.items() if day is None}), 422
    today = console.today
    if wrong := wrong_days(first, last, today):
        return _page(staff_id, wrong), 422
    try:
        with console.database.transaction() as session:
            email = find_person(session, staff_id).email
            add_absence(session, email, first, last, actor=me().email, now=console.clock())
    except StaffError as error:
        return _page(staff_id, {"": refused(error)}), 422
    flash(_("Saved."), "success")
    return redirect(url_for("console.people.schedule_week", staff_id=staff_id), code=303)


@area.post("/schedule/absences/<int:absence_id>/remove")
@guard_staff(*READ)
def remove_schedule_absence(absence_id: int) -> Response:
    with console.database.transaction() as session:
        staff_id = remove_absence(session, absence_id, actor=me().email, now=console.clock())
    if staff_id is None:
        raise NotFound("There is no such absence.")
    flash(_("Absence removed."), "success")
    return redirect(url_for("console.people.schedule_week", staff_id=staff_id), code=303)


def _stamp(session: Any, staff_id: int) -> str:
    """A text of the whole week, which shows whether it changed after a form was drawn."""
    week = sorted((one.kind, one.weekday, one.starts, one.ends) for one in week_of(session, staff_id))
    return " ".join(f"{kind}-{day}-{starts:%H%M}-{ends:%H%M}" for kind, day, starts, ends in week)


def _is_drawn_with(seen: str) -> None:
    """Raise StaffError for an outdated form: it has the whole week, and would undo another's change."""
    if request.form.get("seen", "") != seen:
        raise StaffError(FormRefusal.CHANGED)


def _typed_week() -> tuple[dict[tuple[str, int], Span | None], dict[str, str]]:
    week: dict[tuple[str, int], Span | None] = {}
    errors: dict[str, str] = {}
    for kind in KINDS:
        for day in range(len(DAYS)):
            name = f"{kind}-{day}"
            texts = [request.form.get(f"{name}-{end}", "").strip()[:5] for end in ("from", "to")]
            if not any(texts):
                week[kind, day] = None
                continue
            try:
                starts, ends = (time.fromisoformat(text) for text in texts)
            except ValueError:
                errors[f"{name}-from"] = _("%(day)s: enter a start and an end.", day=_(DAYS[day]))
            else:
                week[kind, day] = starts, ends
                if starts == ends:
                    errors[f"{name}-from"] = _("%(day)s: start and end are the same.", day=_(DAYS[day]))
    return week, errors
