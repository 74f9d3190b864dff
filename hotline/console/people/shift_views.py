"""My shift: on or off, the phone to call, languages, today's figures, rest after a hard call, days away."""

from datetime import UTC, date, datetime, time
from typing import Any

from babel.dates import get_day_names
from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from hotline.console.callbacks.list_rows import short_reason
from hotline.console.callbacks.words import OUTCOME_CHOICES
from hotline.console.people.absence_days import wrong_days
from hotline.console.people.area import area
from hotline.console.shell.console import console
from hotline.console.shell.durations import short, time_of_day
from hotline.console.shell.guard import guard_staff, me
from hotline.console.shell.live import EVERY, live_part, tag_of
from hotline.console.shell.phone_field import dialable, plain_number
from hotline.console.shell.refused import refused
from hotline.console.shell.words import _, language
from models.callbacks.claim import actor_of
from models.overview import my_shift, staff_menu
from models.staff import schedule
from models.staff.rest import begin_rest
from models.staff.staff import ROLES, Staff
from models.store.database import keyring_of
from models.store.refusal import RefusedError

#: So many digits of a phone show which one it is, and whoever looks over a shoulder cannot call it.
_SHOWN_DIGITS = 2


@area.get("/shift")
@guard_staff(*ROLES)
def shift() -> str:
    with console.database.reading() as session:
        return _page(session, {})


@area.get("/shift/now")
@guard_staff(*ROLES, live=True)
def shift_now() -> FlaskResponse:
    """The part of the page that changes by itself."""
    with console.database.reading() as session:
        shown = _now(session)
        staff = shown["staff"]
        facts = staff.on_shift, staff.resting_until, staff.spared_until, shown["figures"], shown["finished"]
        tag = tag_of(*facts, me().role, me().session_id, language())
        return live_part(tag, lambda: render_template("console/people/shift_now.html", **shown))


@area.post("/shift/turn/<word>")
@guard_staff(*ROLES)
def shift_change(word: str) -> Response:
    if word not in {"on", "off"}:
        raise NotFound
    with console.database.transaction() as session:
        staff_menu.set_shift(session, me().staff_id, on_shift=word == "on", now=console.clock())
    flash(
        _("Shift started. The line can call you now.") if word == "on" else _("Shift ended."),
        "success",
    )
    return _back()


@area.post("/shift/rest/<word>")
@guard_staff(*ROLES)
def shift_rest(word: str) -> Response:
    if word not in {"begin", "end"}:
        raise NotFound
    with console.database.transaction() as session:
        if word == "begin":
            begin_rest(session, me().staff_id, console.clock(), console.policies)
        else:
            my_shift.end_rest(session, me().staff_id, console.clock())
    return _back()


@area.post("/shift/phone")
@guard_staff(*ROLES, fresh=True)
def shift_phone() -> Response | tuple[str, int]:
    written = request.form.get("phone", "").strip()
    number = _number(written) if written else _own_phone()
    if number is None:
        sentence = _("Enter an ordinary phone number, such as 202 555 0180.")
        return _wrong({"phone": sentence})
    office_phone = request.form.get("kind") == "office"
    try:
        with console.database.transaction() as session:
            my_shift.change_phone(session, me().staff_id, number, console.clock(), office_phone=office_phone)
    except RefusedError as error:
        return _wrong({"kind": refused(error)})
    flash(_("Phone saved. The line calls it from now on."), "success")
    return _back()


@area.post("/shift/languages")
@guard_staff(*ROLES)
def shift_languages() -> Response | tuple[str, int]:
    chosen = [one for one in console.office.languages if request.form.get(f"speaks_{one}")]
    try:
        with console.database.transaction() as session:
            my_shift.change_languages(session, me().staff_id, chosen, console.clock())
    except RefusedError as error:
        first = f"speaks_{console.office.languages[0]}"
        return _wrong({first: refused(error)})
    flash(_("Languages saved."), "success")
    return _back()


@area.post("/shift/absences")
@guard_staff(*ROLES)
def shift_absence() -> Response | tuple[str, int]:
    first, last = _day(request.form.get("first_day", "")), _day(request.form.get("last_day", ""))
    today = console.today
    if first is None or first < today:
        return _wrong({"first_day": _("Enter a first day that is today or later.")})
    last = last or first
    if wrong := wrong_days(first, last, today):
        return _wrong(wrong)
    with console.database.transaction() as session:
        schedule.add_absence(
            session, me().email, first, last, actor=actor_of(me().staff_id), now=console.clock()
        )
    flash(_("Absence added."), "success")
    return _back()


@area.post("/shift/absences/<int:absence_id>/remove")
@guard_staff(*ROLES)
def shift_absence_removed(absence_id: int) -> Response:
    try:
        with console.database.transaction() as session:
            my_shift.remove_absence(session, me().staff_id, absence_id, console.clock())
    except RefusedError as error:
        flash(refused(error), "error")
    else:
        flash(_("Absence removed."), "success")
    return _back()


def _page(session: Session, errors: dict[str, str]) -> str:
    today = console.today
    staff = session.get_one(Staff, me().staff_id)
    return render_template(
        "console/people/shift.html",
        every=EVERY,
        phone_ending=keyring_of(session).unseal("staff.phone", staff.phone_sealed)[-_SHOWN_DIGITS:],
        speaks=[word.strip() for word in staff.languages.split(",")],
        office_languages=console.office.languages,
        absences=my_shift.absences_of(session, staff.id, today),
        week=[_span(one) for one in schedule.week_of(session, staff.id)],
        today=today.isoformat(),
        errors=errors,
        **_now(session),
    )


def _now(session: Session) -> dict[str, Any]:
    """The values of the part that changes by itself."""
    now, zone = console.clock(), console.office.zone
    begins = datetime.combine(console.today, time(0), zone).astimezone(UTC)
    staff = session.get_one(Staff, me().staff_id)
    return {
        "staff": staff,
        "figures": my_shift.today_of(session, staff.id, begins, now),
        "finished": my_shift.finished_since(session, staff.id, begins, now, console.policies.outcome_minutes),
        "short_reason": short_reason,
        "outcome_names": OUTCOME_CHOICES,
        "minutes": lambda span: int(span.total_seconds() // 60),
        "short": short,
        "rest_minutes": console.policies.hard_call_minutes,
    }


def _own_phone() -> str:
    """The phone that the line calls now: a form without a number says only whose phone it is."""
    with console.database.reading() as session:
        staff = session.get_one(Staff, me().staff_id)
        return keyring_of(session).unseal("staff.phone", staff.phone_sealed)


def _span(one: schedule.Schedule) -> tuple[str, str, str, str]:
    """A day, from, to, and whether it is a shift or on call, in words."""
    day = get_day_names("wide", locale=language())[one.weekday]
    starts, ends = (time_of_day(at, language()) for at in (one.starts, one.ends))
    return day, starts, ends, _("on shift") if one.kind == "on_shift" else _("on call")


def _wrong(errors: dict[str, str]) -> tuple[str, int]:
    with console.database.reading() as session:
        return _page(session, errors), 422


def _number(typed: str) -> str | None:
    """A phone that the line may call, in E.164, whatever way it was typed; None for any other."""
    number = plain_number(typed, console.office)
    return number if number is not None and dialable(number, console.office) else None


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _back() -> Response:
    return redirect(url_for("console.people.shift"), code=303)
